"""What a plan must know of pixels before there are any: natural sizes and durations.

The plan asks; whoever rasterises and decodes answers. All sizes are px at scale 1, and width
comes first.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Protocol

from telecine.media.render.display import CaptionPage
from telecine.media.timeline.model import Code, Image, PathLine, Source, Svg, Text, Video

Size = tuple[float, float]
#: Left, top, right, bottom.
Box = tuple[float, float, float, float]


class Measure(Protocol):
    """Sizes and durations. What cannot be read raises a `MediaError` that names the path."""

    def text_size(self, text: Text, max_width: float | None) -> Size:
        """Return the laid-out size, its background's padding included. None: never wrapped."""
        ...

    def caption_size(self, page: CaptionPage, max_width: float) -> Size:
        """Return the size of the whole page, whatever of it is visible."""
        ...

    def word_box(self, page: CaptionPage, word: int, size: Size) -> Box:
        """Return where a word stands on a page of that size."""
        ...

    def code_size(self, code: Code) -> Size:
        """Return the size of the lines as written."""
        ...

    def svg_size(self, svg: Svg) -> Size:
        """Return the drawing's own size: its width and height, else its view box."""
        ...

    def path_size(self, path: PathLine) -> Size:
        """Return the smallest box about (0, 0) that holds the line, arrows included."""
        ...

    def natural_size(self, picture: Image | Video) -> Size:
        """Return the size as shown: turned upright, pixels square. What is of the other kind, a
        film for an image, is refused."""
        ...

    def duration_seconds(self, source: Source) -> Fraction | None:
        """Return how long a video or an animated image runs. None: it does not say."""
        ...

    def is_animated(self, source: Source) -> bool:
        """Say whether an image has more than one frame."""
        ...

    def may_have_holes(self, source: Source) -> bool:
        """Say whether pictures have alpha, all opaque though it may be."""
        ...
