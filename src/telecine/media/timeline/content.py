"""What clips show: one type for each kind of thing. Layouts, which hold clips, are in `model`."""

from __future__ import annotations

from typing import Literal

import msgspec

from telecine.media.timeline.look import Colour, Paint, Stroke

Align = Literal["left", "center", "right"]
TextDirection = Literal["ltr", "rtl", "auto"]
#: What the spoken word does: grows in, stays larger, hops, shines. It is over with the word.
Emphasis = Literal["none", "pop-in", "scale", "bounce", "glow"]


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """A media file by the name that the document gives it; whoever renders finds the file."""

    src: str
    path: str


class ChromaKey(msgspec.Struct, frozen=True, kw_only=True):
    """A colour that is taken out: all that is as near as `similarity`, and some as far as
    `blend` beyond it. Distances are shares of the longest between two chromas."""

    colour: Colour
    similarity: float = 0.1
    blend: float = 0.05


class Video(msgspec.Struct, frozen=True, kw_only=True):
    """Moving pictures. Past the trimmed end the last frame holds, or it starts again, or nothing."""

    source: Source
    trim_start_seconds: float = 0.0
    trim_end_seconds: float | None = None
    rate: float = 1.0
    is_reversed: bool = False
    after_end: Literal["hold", "loop", "blank"] = "hold"
    key: ChromaKey | None = None


class Image(msgspec.Struct, frozen=True, kw_only=True):
    """A picture, or an animated GIF or WebP, which loops."""

    source: Source
    start_seconds: float = 0.0
    rate: float = 1.0
    key: ChromaKey | None = None


class Font(msgspec.Struct, frozen=True, kw_only=True):
    """Which face, and how large in px."""

    family: str = "Inter"
    size: float = 48.0
    weight: int = 400
    is_italic: bool = False


class TextBackground(msgspec.Struct, frozen=True, kw_only=True):
    """A box behind a text, that much larger than it."""

    colour: Colour
    horizontal_padding: float = 0.0
    vertical_padding: float = 0.0
    corner_radius: float = 0.0


class Span(msgspec.Struct, frozen=True, kw_only=True):
    """So many characters of a text, set in another way than the rest; `scale` is of the size."""

    n_characters: int
    is_bold: bool = False
    is_italic: bool = False
    is_code: bool = False
    scale: float = 1.0


class Text(msgspec.Struct, frozen=True, kw_only=True):
    """A paragraph. `line_height` is a multiple of the size, `letter_spacing` in px.

    `n_seen` is how many of its characters are painted; all of them have their places. A fitted
    text is as large as its box can hold, whatever the size of its font; one that only shrinks is
    never larger than that. `spans` are none, or all of the text, one after the other.
    """

    text: str
    font: Font
    paint: Paint
    align: Align = "center"
    vertical_align: Literal["top", "middle", "bottom"] = "middle"
    line_height: float = 1.2
    letter_spacing: float = 0.0
    is_wrapped: bool = True
    direction: TextDirection = "auto"
    background: TextBackground | None = None
    max_lines: int | None = None
    n_seen: int | None = None
    is_fitted: bool = False
    only_shrinks: bool = False
    spans: tuple[Span, ...] = ()


class Rect(msgspec.Struct, frozen=True, kw_only=True):
    """Fills the clip's box."""

    paint: Paint


class Circle(msgspec.Struct, frozen=True, kw_only=True):
    """A disc, or a sector from `start_angle` to `end_angle`; `diameter` in px."""

    diameter: float
    paint: Paint
    start_angle: float = 0.0
    end_angle: float = 360.0


class Polygon(msgspec.Struct, frozen=True, kw_only=True):
    """A regular polygon in a circle of `diameter`, a corner at the top."""

    sides: int
    diameter: float
    paint: Paint


class PathLine(msgspec.Struct, frozen=True, kw_only=True):
    """A line along points or an SVG path, perhaps drawn in part, with arrow heads.

    `data` is SVG path data, in px from the clip's centre. `draw_start` and `draw_end` are
    shares of the length.
    """

    data: str
    paint: Paint | None
    line_paint: Paint
    line_width: float = 4.0
    is_closed: bool = False
    draw_start: float = 0.0
    draw_end: float = 1.0
    start_offset: float = 0.0
    end_offset: float = 0.0
    has_start_arrow: bool = False
    has_end_arrow: bool = False
    arrow_size: float = 24.0
    cap: Literal["butt", "round", "square"] = "butt"
    join: Literal["miter", "round", "bevel"] = "miter"


class Svg(msgspec.Struct, frozen=True, kw_only=True):
    """A drawing, inline or from a file, as it was sent: whoever draws it strips it first."""

    svg: str | None
    source: Source | None
    #: Where inline markup stands in the document, for messages.
    path: str = ""


class Icon(msgspec.Struct, frozen=True, kw_only=True):
    """A bundled drawing by name, `set:name`, in one colour."""

    name: str
    colour: Colour


class Code(msgspec.Struct, frozen=True, kw_only=True):
    """Program text with highlighting.

    `selection` holds (first, last) lines, both included, counted from 0; where there is any,
    all other lines are dimmed. `theme` is one of pygments' styles.
    """

    code: str
    font: Font
    language: str = "text"
    line_height: float = 1.4
    selection: tuple[tuple[int, int], ...] = ()
    theme: str = "one-dark"
    has_line_numbers: bool = False


class Word(msgspec.Struct, frozen=True, kw_only=True):
    """One spoken word and when it is heard, in seconds inside the clip.

    `ends_page`: the next word begins a new page, however short this one is.
    """

    text: str
    start_seconds: float
    end_seconds: float
    ends_page: bool = False


class Captions(msgspec.Struct, frozen=True, kw_only=True):
    """Words shown as they are spoken: in pages with the spoken word marked, or one by one.

    `background` is a box behind the page, `spoken_background` one behind the spoken word. What
    `emphasis` does it does in a stream to the word that came last.
    """

    words: tuple[Word, ...]
    font: Font
    mode: Literal["batch", "stream"] = "batch"
    words_per_page: int = 4
    page_seconds: float | None = None
    align: Align = "center"
    box_width: float | None = None
    colour: Colour = Colour(red=1, green=1, blue=1)
    highlight: Colour = Colour(red=1, green=0.831, blue=0)
    background: Colour | None = None
    spoken_background: Colour | None = None
    emphasis: Emphasis = "none"
    outline: Stroke | None = None
    fades_in: bool = False
    position: Literal["bottom", "top", "center"] = "bottom"
    padding: float = 80.0
    line_height: float = 1.2
    letter_spacing: float = 0.0
    max_lines: int = 2
    direction: TextDirection = "auto"
