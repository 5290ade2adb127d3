"""Timeline, track, clip: what both dialects of video JSON are translated to, once.

Units and conventions, everywhere below:

- Time on the timeline is whole frames; time inside a clip (keyframes, delays, trims) is
  seconds. A clip is visible on frames `start_frame <= n < end_frame`.
- Space is canvas pixels, y down. A clip's place is its anchor point relative to the canvas
  centre; its box is `width` x `height` before scale, rotation and skew, all about the anchor.
- Angles are degrees, clockwise. Opacity, ratios and colour components are 0 to 1.
- Colour is sRGB with straight alpha.
- `path` is the JSON path in the document that was sent (`tracks[0].clips[2]`), for messages.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Literal

from telecine.media.timeline.easing import Easing

Fit = Literal["contain", "cover", "fill"]
BlendMode = Literal[
    "source-over", "multiply", "screen", "overlay", "darken", "lighten", "color-dodge",
    "color-burn", "hard-light", "soft-light", "difference", "exclusion", "hue", "saturation",
    "color", "luminosity", "lighter", "destination-in", "destination-out",
]  # fmt: skip
Direction = Literal["left", "right", "up", "down"]
Align = Literal["left", "center", "right"]
TextDirection = Literal["ltr", "rtl", "auto"]
FilterKind = Literal[
    "blur", "brightness", "contrast", "saturate", "hue", "grayscale", "sepia", "invert"
]
AnimationKind = Literal[
    "fadeIn", "fadeOut", "move", "scale", "rotate", "filter", "slideIn", "slideOut", "zoomIn",
    "zoomOut",
]  # fmt: skip
TransitionKind = Literal[
    "fade", "slide", "zoom", "wipe", "blur", "push", "iris", "spin", "lightSweep"
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Colour:
    """sRGB, straight alpha, each component 0 to 1."""

    red: float
    green: float
    blue: float
    alpha: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class GradientStop:
    """A colour at a place along the gradient, 0 to 1."""

    offset: float
    colour: Colour


@dataclass(frozen=True, slots=True, kw_only=True)
class Gradient:
    """Fills a box. `angle` 0 runs left to right, 90 top to bottom."""

    kind: Literal["linear", "radial", "conic"]
    stops: tuple[GradientStop, ...]
    angle: float = 0.0


Paint = Colour | Gradient


@dataclass(frozen=True, slots=True, kw_only=True)
class Stroke:
    """A line around text or a shape, centred on its edge."""

    paint: Colour
    width: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Shadow:
    """Drawn below the clip; `blur` is the CSS blur radius (twice the Gaussian's sigma)."""

    colour: Colour
    blur: float
    offset: tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """CSS meaning: blur in px, hue in degrees, the others 1 or 0 for no change."""

    kind: FilterKind
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Crop:
    """The shares of the source that are cut off, before it is fitted."""

    left: float = 0.0
    top: float = 0.0
    right: float = 0.0
    bottom: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """Where a clip's box is. None for a side: the natural size, fitted inside the canvas."""

    x: float = 0.0
    y: float = 0.0
    width: float | None = None
    height: float | None = None
    scale: tuple[float, float] = (1.0, 1.0)
    rotation: float = 0.0
    skew: tuple[float, float] = (0.0, 0.0)
    #: The point of the box that lies on (x, y) and that it turns about: shares of its sides.
    anchor: tuple[float, float] = (0.5, 0.5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """How a clip looks, whatever it shows. `corner_radii` run clockwise from top left, in px."""

    opacity: float = 1.0
    fit: Fit = "contain"
    crop: Crop = Crop()
    corner_radii: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)
    filters: tuple[Filter, ...] = ()
    blend: BlendMode = "source-over"
    shadow: Shadow | None = None
    stroke: Stroke | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CurvePoint:
    """A value at a time inside the clip; `easing` governs the way that ends here."""

    time_seconds: float
    value: float | tuple[float, float] | Colour
    easing: Easing


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """The keyframes of one property (`x`, `opacity`, `scale`, `fill`, ...), in order of time.

    Before the first and after the last the value holds. It replaces the static value.
    """

    property: str
    points: tuple[CurvePoint, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Animation:
    """A preset movement on top of the curves: opacity and scale multiply, the others add.

    `delay_seconds` None means the usual one: 0, and for fadeOut, slideOut and zoomOut the
    clip's end less the duration. `repeats` None goes on until the clip ends.
    """

    kind: AnimationKind
    duration_seconds: float
    easing: Easing
    delay_seconds: float | None = None
    repeats: int | None = 1
    start: float | tuple[float, float] | None = None
    end: float | tuple[float, float] | None = None
    direction: Direction = "left"
    distance: float = 200.0
    filter: FilterKind | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """An entry or exit of a clip, or the way from the clip before it on the same track."""

    kind: TransitionKind
    duration_seconds: float
    easing: Easing
    direction: Direction = "left"
    blur: float | None = None
    intensity: float | None = None
    rotation: float | None = None
    scale: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A media file by the name that the document gives it; whoever renders finds the file."""

    src: str
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GainPoint:
    """A point of a volume envelope: linear gain at a time inside the clip."""

    time_seconds: float
    gain: float
    easing: Easing


@dataclass(frozen=True, slots=True, kw_only=True)
class Ducking:
    """Lowers this sound to `gain` while any of the clips named is heard."""

    targets: tuple[str, ...]
    gain: float = 0.25
    attack_seconds: float = 0.1
    release_seconds: float = 0.4


@dataclass(frozen=True, slots=True, kw_only=True)
class Sound:
    """What is heard of a source. `gain` is linear, 1 leaves it as it is; `pan` -1 is left."""

    source: Source
    trim_start_seconds: float = 0.0
    trim_end_seconds: float | None = None
    rate: float = 1.0
    keeps_pitch: bool = True
    detune_cents: float = 0.0
    gain: float = 1.0
    pan: float = 0.0
    fade_in_seconds: float = 0.0
    fade_out_seconds: float = 0.0
    is_looped: bool = False
    envelope: tuple[GainPoint, ...] = ()
    ducking: Ducking | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Video:
    """Moving pictures. Past the trimmed end the last frame holds, or it starts again, or nothing."""

    source: Source
    trim_start_seconds: float = 0.0
    trim_end_seconds: float | None = None
    rate: float = 1.0
    is_reversed: bool = False
    after_end: Literal["hold", "loop", "blank"] = "hold"


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """A picture, or an animated GIF or WebP, which loops."""

    source: Source
    start_seconds: float = 0.0
    rate: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Font:
    """Which face, and how large in px."""

    family: str = "Inter"
    size: float = 48.0
    weight: int = 400
    is_italic: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TextBackground:
    """A box behind a text, that much larger than it."""

    colour: Colour
    horizontal_padding: float = 0.0
    vertical_padding: float = 0.0
    corner_radius: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A paragraph. `line_height` is a multiple of the size, `letter_spacing` in px."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Rect:
    """Fills the clip's box."""

    paint: Paint


@dataclass(frozen=True, slots=True, kw_only=True)
class Circle:
    """A disc, or a sector from `start_angle` to `end_angle`; `diameter` in px."""

    diameter: float
    paint: Paint
    start_angle: float = 0.0
    end_angle: float = 360.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Polygon:
    """A regular polygon in a circle of `diameter`, a corner at the top."""

    sides: int
    diameter: float
    paint: Paint


@dataclass(frozen=True, slots=True, kw_only=True)
class PathLine:
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Svg:
    """A drawing, inline or from a file; it has been stripped of scripts and references."""

    svg: str | None
    source: Source | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Icon:
    """A bundled drawing by name, `set:name`, in one colour."""

    name: str
    colour: Colour


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """Program text with highlighting."""

    code: str
    font: Font
    language: str = "text"
    line_height: float = 1.4


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """One spoken word and when it is heard, in seconds inside the clip."""

    text: str
    start_seconds: float
    end_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Captions:
    """Words shown as they are spoken: in pages with the spoken word marked, or one by one."""

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
    outline: Stroke | None = None
    fades_in: bool = False
    position: Literal["bottom", "top", "center"] = "bottom"
    padding: float = 80.0
    line_height: float = 1.2
    letter_spacing: float = 0.0
    max_lines: int = 2
    direction: TextDirection = "auto"


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """A box that arranges its children in a row or a column; they live as long as it does."""

    children: tuple[Clip, ...]
    direction: Literal["horizontal", "vertical"] = "vertical"
    gap: float = 0.0
    padding: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)
    align: Literal["start", "center", "end", "stretch"] = "start"
    justify: Literal["start", "center", "end", "space-between", "space-around"] = "start"
    is_clipped: bool = False


#: What a clip shows. None: it is only heard.
Content = (
    Video
    | Image
    | Text
    | Rect
    | Circle
    | Polygon
    | PathLine
    | Svg
    | Icon
    | Code
    | Captions
    | Layout
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Clip:
    """Something at a place for a while: what it shows, what is heard, how it moves."""

    id: str
    path: str
    start_frame: int
    end_frame: int
    content: Content | None
    sound: Sound | None = None
    placement: Placement = Placement()
    style: Style = Style()
    curves: tuple[Curve, ...] = ()
    animations: tuple[Animation, ...] = ()
    transition_in: Transition | None = None
    transition_out: Transition | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """Clips that belong together; those of one track may follow one another by transition."""

    id: str
    clips: tuple[Clip, ...]
    opacity: float = 1.0
    gain: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class FontFace:
    """A font file that the document brings along."""

    family: str
    weight: int
    is_italic: bool
    source: Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """A whole edited video. `paint_order` lists clip ids from the back to the front."""

    width: int
    height: int
    frame_rate: Fraction
    duration_frames: int
    background: Paint
    tracks: tuple[Track, ...]
    paint_order: tuple[str, ...]
    fonts: tuple[FontFace, ...] = ()
    seed: int = 0
    warnings: tuple[str, ...] = field(default=())
