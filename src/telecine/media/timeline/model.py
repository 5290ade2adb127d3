"""Timeline, track, clip: what both dialects of video JSON are translated to, once.

Units and conventions, everywhere below:

- Time on the timeline is whole frames; time inside a clip (keyframes, delays, trims) is
  seconds. A clip is visible on frames `start_frame <= n < end_frame`.
- Space is canvas pixels, y down. A clip's place is its anchor point relative to the canvas
  centre; its box is `width` x `height` before scale, rotation and skew, all about the anchor.
- Angles are degrees, clockwise. Opacity, ratios and colour components are 0 to 1.
- Colour is sRGB with straight alpha.
- `path` is the JSON path in the document that was sent (`tracks[0].clips[2]`), for messages.

Data of this room and of `render` are structs of msgspec, not dataclasses: each process that
draws a film makes their hundred classes first, and a dataclass costs it a millisecond.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Literal

import msgspec

from telecine.media.timeline.content import (
    Align,
    Captions,
    ChromaKey,
    Circle,
    Code,
    Emphasis,
    Font,
    Icon,
    Image,
    PathLine,
    Polygon,
    Rect,
    Source,
    Span,
    Svg,
    Text,
    TextBackground,
    TextDirection,
    Video,
    Word,
)
from telecine.media.timeline.look import (
    CLEARING_MODES,
    BlendMode,
    Colour,
    Crop,
    Filter,
    FilterKind,
    Fit,
    Gradient,
    GradientStop,
    Paint,
    Placement,
    Shadow,
    Stroke,
    Style,
)
from telecine.media.timeline.motion import (
    Animation,
    AnimationKind,
    Curve,
    CurvePoint,
    Direction,
    Transition,
    TransitionKind,
)
from telecine.media.timeline.sound import (
    Ducking,
    GainPoint,
    Sound,
    Waveform,
)

__all__ = [
    "CLEARING_MODES",
    "Align",
    "Animation",
    "AnimationKind",
    "BlendMode",
    "Captions",
    "ChromaKey",
    "Circle",
    "Clip",
    "Code",
    "Colour",
    "Content",
    "Crop",
    "Curve",
    "CurvePoint",
    "Direction",
    "Ducking",
    "Emphasis",
    "Filter",
    "FilterKind",
    "Fit",
    "Font",
    "FontFace",
    "GainPoint",
    "Gradient",
    "GradientStop",
    "Icon",
    "Image",
    "Layout",
    "Paint",
    "PathLine",
    "Placement",
    "Polygon",
    "Rect",
    "Shadow",
    "Sound",
    "Source",
    "Span",
    "Stroke",
    "Style",
    "Svg",
    "Text",
    "TextBackground",
    "TextDirection",
    "Timeline",
    "Track",
    "Transition",
    "TransitionKind",
    "Video",
    "Waveform",
    "Word",
]


class Layout(msgspec.Struct, frozen=True, kw_only=True):
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
    | Waveform
    | Layout
)


class Clip(msgspec.Struct, frozen=True, kw_only=True):
    """Something at a place for a while: what it shows, what is heard, how it moves.

    `view` moves a picture inside its box, which cuts it: `scale.x`, `scale.y`, `x` and `y` about
    the box's centre, 1 and 0 at rest.
    """

    id: str
    path: str
    start_frame: int
    end_frame: int
    content: Content | None
    sound: Sound | None = None
    placement: Placement = Placement()
    style: Style = Style()
    curves: tuple[Curve, ...] = ()
    view: tuple[Curve, ...] = ()
    animations: tuple[Animation, ...] = ()
    transition_in: Transition | None = None
    transition_out: Transition | None = None


class Track(msgspec.Struct, frozen=True, kw_only=True):
    """Clips that belong together; those of one track may follow one another by transition."""

    id: str
    clips: tuple[Clip, ...]
    opacity: float = 1.0
    gain: float = 1.0


class FontFace(msgspec.Struct, frozen=True, kw_only=True):
    """A font file that the document brings along."""

    family: str
    weight: int
    is_italic: bool
    source: Source


class Timeline(msgspec.Struct, frozen=True, kw_only=True):
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
    warnings: tuple[str, ...] = msgspec.field(default=())
