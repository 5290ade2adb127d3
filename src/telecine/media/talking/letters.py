"""From the letters of a word to the shapes that a mouth makes: English rules of thumb.

Not a pronunciation: what can be seen on lips has a dozen classes, and of these the ones that
close (p, b, m) or round them matter most. Words of other languages in Latin letters are read by
the same rules; in other scripts nothing is found, and the sound alone moves the mouth.
"""

from __future__ import annotations

import re
import unicodedata
from types import MappingProxyType
from typing import Final, NamedTuple


class Shape(NamedTuple):
    """One shape: how far open (0 to 1), wide (1) or round (-1), whether the lips are shut, and
    how long it lasts beside others.
    """

    opening: float
    width: float
    closure: float
    weight: float


_SHAPES: Final = MappingProxyType(
    {
        "p": Shape(0.0, 0.0, 1.0, 1.1),
        "f": Shape(0.1, 0.1, 0.35, 1.0),
        "t": Shape(0.2, 0.15, 0.0, 0.8),
        "k": Shape(0.3, 0.0, 0.0, 0.8),
        "s": Shape(0.14, 0.35, 0.0, 1.0),
        "c": Shape(0.2, -0.5, 0.0, 1.0),  # sh, ch, j
        "r": Shape(0.25, -0.35, 0.0, 0.8),
        "w": Shape(0.1, -0.95, 0.0, 0.9),
        "A": Shape(1.0, 0.0, 0.0, 1.7),
        "Æ": Shape(0.85, 0.35, 0.0, 1.5),
        "E": Shape(0.62, 0.45, 0.0, 1.4),
        "I": Shape(0.42, 0.5, 0.0, 1.1),
        "Y": Shape(0.32, 0.85, 0.0, 1.6),  # ee
        "O": Shape(0.75, -0.6, 0.0, 1.7),
        "U": Shape(0.28, -0.9, 0.0, 1.5),
        "V": Shape(0.5, 0.0, 0.0, 1.1),  # uh
    }
)

#: Tried in this order at each letter; `^` and `$` are the word's ends.
_RULES: Final = tuple(
    (re.compile(pattern), shapes)
    for pattern, shapes in (
        *(("(?<=[bcdfgklmnprstvz])e$", ""), ("(?<=[bcdfgklmnprtv])es$", "s"), ("mb$", "p")),
        *(("(?<=[aeiou])gh(?=t|$)", ""), ("^kn", "t"), ("^wr", "r"), ("^gn", "t"), ("^ps", "s")),
        *(("^the$", "tV"), ("^to$", "tU"), ("^do$", "tU"), ("^you", "YU"), ("^one", "wVt")),
        *(("tion", "cVt"), ("sion", "cVt"), ("cious", "cVs"), ("ture", "cVr"), ("tch", "c")),
        *(("ch|sh", "c"), ("ph", "f"), ("th", "t"), ("ck", "k"), ("ng", "k"), ("qu", "kw")),
        *(("wh(?=o)", ""), ("wh", "w"), ("dge", "c"), ("g(?=e$)", "c"), ("igh", "AI")),
        *(("oo", "U"), ("ee|ea|ie", "Y"), ("ou|ow(?!$)", "AU"), ("ow$|oa", "OU"), ("oi|oy", "OI")),
        *(("ai|ay|ei|ey", "EI"), ("au|aw", "O"), ("ew|ue|ui", "U"), ("y$", "Y"), ("^y", "Y")),
        *(("a(?=[^aeiouwyr]e$)", "EI"), ("i(?=[^aeiouwyr]e$)", "AI")),
        *(("o(?=[^aeiouwyr]e$)", "OU"), ("u(?=[^aeiouwyr]e$)", "U")),
        *(
            ("ar", "Ar"),
            ("or", "Or"),
            ("er|ir|ur", "Vr"),
            ("^i$", "AI"),
            ("^a$", "V"),
            ("o$", "OU"),
        ),
        *(("[pbm]+", "p"), ("[fv]+", "f"), ("[tdnl]+", "t"), ("x", "ks"), ("c(?=[eiy])", "s")),
        *(("[kgcqh]+", "k"), ("[sz]+", "s"), ("j", "c"), ("r+", "r"), ("w", "w")),
        *(("a", "Æ"), ("e", "E"), ("[iy]", "I"), ("o", "O"), ("u", "V")),
    )
)
_DIGITS: Final = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


def shapes_of(word: str) -> tuple[Shape, ...]:
    """Return the shapes of a word, in their order; nothing where it has no Latin letter."""
    spoken = "".join(f" {_DIGITS[int(each)]} " if each in "0123456789" else each for each in word)
    plain = unicodedata.normalize("NFKD", spoken.lower())
    names = "".join(_names_of(part) for part in re.findall("[a-z]+", plain.replace("'", "")))
    return tuple(_SHAPES[name] for name in names)


def _names_of(word: str) -> str:
    names = ""
    at = 0
    while at < len(word):
        for pattern, shapes in _RULES:
            found = pattern.match(word, at)
            if found is not None:
                names += shapes
                at = found.end()
                break
        else:
            at += 1
    return names
