"""How captions of clips look: one row a style, for every canvas.

A look is what a captions clip of a composition says in its `config`. Lengths are in shares of
the size of type, which is a share of the canvas's shorter side; so a style is one picture, on a
phone's screen and on a wide one. `docs/gallery` has a picture of each row.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

#: How far above the lower edge captions end, in shares of the height: by the canvas's shape. What
#: apps write over tall videos stays below.
_PADDING: Final = MappingProxyType({"tall": 0.25, "square": 0.12, "wide": 0.1})
_BOX_WIDTH: Final = "82%"
_NO_LOOK: Final[Mapping[str, Any]] = MappingProxyType({})
_NO_LENGTHS: Final[Mapping[str, float]] = MappingProxyType({})
_RIGHT_TO_LEFT: Final = frozenset({"ar", "fa", "he", "ur", "ps", "sd", "yi"})


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptionStyle:
    """One row. `size` is of the type, in shares of the shorter side; `lengths` are in sizes.

    `preset` is the renderer's own, which `look` goes before; empty: none. `most_words` stand on
    a page. `is_upper`: written in capitals, where the script has any.
    """

    description: str
    size: float
    most_words: int = 3
    is_upper: bool = True
    preset: str = ""
    look: Mapping[str, Any] = field(default_factory=lambda: _NO_LOOK)
    lengths: Mapping[str, float] = field(default_factory=lambda: _NO_LENGTHS)


STYLES: Final[Mapping[str, CaptionStyle]] = MappingProxyType(
    {
        "white_bold": CaptionStyle(
            description="White capitals with a black border.",
            preset="white_bold",
            size=0.074,
            look={"fontFamily": "Montserrat"},
            lengths={"borderWidth": 0.1},
        ),
        "yellow_bold": CaptionStyle(
            description="Yellow capitals with a black border; the spoken word is white.",
            preset="yellow_bold",
            size=0.074,
            look={"fontFamily": "Montserrat"},
            lengths={"borderWidth": 0.1},
        ),
        "karaoke": CaptionStyle(
            description="White; the spoken word turns cyan.",
            preset="karaoke",
            size=0.074,
            look={"fontFamily": "Poppins"},
            lengths={"borderWidth": 0.07},
        ),
        "boxed": CaptionStyle(
            description="On a dark box; the spoken word is yellow.",
            preset="boxed",
            size=0.058,
            most_words=5,
            is_upper=False,
            look={"fontFamily": "Inter"},
        ),
        "marker": CaptionStyle(
            description="An orange box jumps from word to word.",
            preset="marker",
            size=0.074,
            look={
                "fontFamily": "Montserrat",
                "borderColor": "#000000",
                "shadowColor": "#00000099",
            },
            lengths={"shadowBlur": 0.16, "borderWidth": 0.08},
        ),
        "minimal": CaptionStyle(
            description="Small and quiet, with a thin dark edge; no word is marked.",
            preset="minimal",
            size=0.05,
            most_words=6,
            is_upper=False,
            look={"fontFamily": "Inter", "fontWeight": 600, "borderColor": "#111827"},
            lengths={"shadowBlur": 0.2, "borderWidth": 0.11},
        ),
        "pop": CaptionStyle(
            description="Tall and narrow; the spoken word is green and pops in.",
            size=0.1,
            look={
                "fontFamily": "Anton",
                "fontWeight": 400,
                "borderColor": "#000000",
                "highlightColor": "#4ade80",
                "highlightStyle": "pop-in",
            },
            lengths={"borderWidth": 0.08},
        ),
        "neon": CaptionStyle(
            description="White; the spoken word shines pink.",
            size=0.07,
            is_upper=False,
            look={
                "fontFamily": "Poppins",
                "fontWeight": 700,
                "borderColor": "#2a0726",
                "highlightColor": "#ff6ad5",
                "highlightStyle": "glow",
            },
            lengths={"borderWidth": 0.09},
        ),
        "bounce": CaptionStyle(
            description="Rounded and friendly; the spoken word is orange and hops.",
            size=0.074,
            is_upper=False,
            look={
                "fontFamily": "Poppins",
                "fontWeight": 800,
                "borderColor": "#1f2937",
                "highlightColor": "#fb923c",
                "highlightStyle": "bounce",
            },
            lengths={"borderWidth": 0.09},
        ),
    }
)
DEFAULT: Final = "white_bold"


def config(
    style: CaptionStyle, *, width: int, height: int, words_per_page: int, language: str = ""
) -> dict[str, Any]:
    """Return what a captions clip of this style says on a canvas of that size."""
    size = style.size * min(width, height)
    lengths = {name: round(share * size, 1) for name, share in style.lengths.items()}
    named = {"preset": style.preset} if style.preset else {}
    direction = {"direction": "rtl"} if language in _RIGHT_TO_LEFT else {}
    return {
        **named,
        "fontSize": round(size),
        "wordsPerBatch": words_per_page,
        "maxLines": 2,
        "position": "bottom",
        "paddingBottom": round(_PADDING[shape(width, height)] * height),
        "safeArea": True,
        "textBoxWidth": _BOX_WIDTH,
        **style.look,
        **lengths,
        **direction,
    }


def shape(width: int, height: int) -> str:
    """Return `tall`, `square` or `wide`: which rows of a canvas captions leave free."""
    if height > 1.2 * width:
        return "tall"
    return "wide" if width > 1.2 * height else "square"
