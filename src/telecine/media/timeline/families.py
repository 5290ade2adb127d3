"""The families of type that every Telecine has, and a word about those that it has not.

A name is known by this list and the document's own fonts alone: what the machine has besides
differs from one to the next, and a composition is checked elsewhere than it is drawn.
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from typing import Final

from telecine.media.timeline.reader import MAX_PROBLEMS, Report

#: Of the packages that come with Telecine (decision 9).
BUNDLED: Final = (
    "Anton", "Bebas Neue", "Inter", "JetBrains Mono", "Montserrat", "Noto Emoji", "Noto Sans",
    "Noto Sans Arabic", "Noto Sans Armenian", "Noto Sans Bengali", "Noto Sans CJK HK",
    "Noto Sans CJK JP", "Noto Sans CJK KR", "Noto Sans CJK SC", "Noto Sans CJK TC",
    "Noto Sans Devanagari", "Noto Sans Ethiopic", "Noto Sans Georgian", "Noto Sans Gujarati",
    "Noto Sans Gurmukhi", "Noto Sans Hebrew", "Noto Sans Kannada", "Noto Sans Khmer",
    "Noto Sans Lao", "Noto Sans Malayalam", "Noto Sans Myanmar", "Noto Sans Oriya",
    "Noto Sans Sinhala", "Noto Sans Symbols", "Noto Sans Tamil", "Noto Sans Telugu",
    "Noto Sans Thai", "Noto Serif", "Open Sans", "Oswald", "Playfair Display", "Poppins", "Roboto",
)  # fmt: skip
#: CSS's generic names, and what many documents name though few machines have it.
SAME_AS: Final = {
    "sans-serif": "Inter",
    "system-ui": "Inter",
    "arial": "Inter",
    "helvetica": "Inter",
    "serif": "Noto Serif",
    "times": "Noto Serif",
    "times new roman": "Noto Serif",
    "georgia": "Noto Serif",
    "monospace": "JetBrains Mono",
    "courier": "JetBrains Mono",
    "courier new": "JetBrains Mono",
}
#: Among so many of a document's own names a nearest one is looked for: looking is slow.
_MOST_NEAR: Final = 100
_PLAIN: Final = {name.casefold(): name for name in BUNDLED}


def names(text: str) -> list[str]:
    """Return the names of a CSS list of families, in small letters."""
    return [name.strip(" '\"").casefold() for name in text.split(",")]


def warn_of_unknown(report: Report, *, own: Sequence[str]) -> None:
    """Warn, once for each, of families that neither come with Telecine nor with the document."""
    known = {**_PLAIN, **{name.casefold(): name for name in own}}
    near = list(known)[: len(_PLAIN) + _MOST_NEAR]
    for text, value in report.families.items():
        if len(report.warnings) >= MAX_PROBLEMS:
            return
        wanted = names(text)
        if any(name in known or name in SAME_AS for name in wanted):
            continue
        alike = difflib.get_close_matches(wanted[0][:60], near, n=3)
        value.warn(
            "FONT",
            "No such family is in the assets or comes with Telecine: Inter is drawn,"
            " unless the machine that renders has it.",
            allowed=", ".join(known[name] for name in alike) or "Inter, Roboto, Noto Serif, …",
        )
