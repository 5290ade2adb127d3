"""Answers what a plan must know of pixels: text is measured by the sprites, files are probed."""

from __future__ import annotations

from fractions import Fraction

from telecine.kit.errors import MediaError, UndecodableMediaError, UnsupportedMediaError
from telecine.media.render.decoding.facts import SourceFacts, probe_source
from telecine.media.render.display import CaptionPage
from telecine.media.render.drawing.sprites import Find, Sprites
from telecine.media.render.measure import Box, Size
from telecine.media.timeline.model import Code, Image, PathLine, Source, Svg, Text, Video


class Measuring:
    """The `Measure` of one timeline. Every file is probed once, whatever asks for it."""

    def __init__(self, sprites: Sprites, *, find: Find) -> None:
        self._sprites = sprites
        self._find = find
        self._facts: dict[str, SourceFacts] = {}

    def facts(self, source: Source) -> SourceFacts:
        """Return what is in a file. Raises `MediaError`s that name the source's path."""
        known = self._facts.get(source.src)
        if known is None:
            path = self._find(source)
            if not path.is_file():
                raise UndecodableMediaError("There is no such file.", field=source.path)
            try:
                known = probe_source(path)
            except MediaError as error:
                error.field = source.path
                raise
            self._facts[source.src] = known
        return known

    def natural_size(self, picture: Image | Video) -> Size:
        """Return the size as shown. A file without pictures, or of the other kind, is refused."""
        source = picture.source
        facts = self.facts(source)
        wrong = ""
        if facts.width <= 0 or facts.height <= 0:
            wrong = "There is no picture in this file."
        elif isinstance(picture, Image) and facts.has_video:
            wrong = "This is a film: its type is video, not image."
        elif isinstance(picture, Video) and not (facts.has_video or facts.is_animated):
            wrong = "This is a still picture: its type is image, not video."
        if wrong:
            raise UnsupportedMediaError(wrong, field=source.path)
        return (facts.width, facts.height)

    def duration_seconds(self, source: Source) -> Fraction | None:
        """Return how long a video or an animated image runs."""
        return self.facts(source).duration_seconds

    def is_animated(self, source: Source) -> bool:
        """Say whether an image has more than one frame."""
        return self.facts(source).is_animated

    def may_have_holes(self, source: Source) -> bool:
        """Say whether pictures have alpha, all opaque though it may be."""
        return self.facts(source).may_have_holes

    def text_size(self, text: Text, max_width: float | None) -> Size:
        """Return the laid-out size, its background's padding included."""
        return self._sprites.text_size(text, max_width)

    def caption_size(self, page: CaptionPage, max_width: float) -> Size:
        """Return the size of the whole page."""
        return self._sprites.caption_size(page, max_width)

    def word_box(self, page: CaptionPage, word: int, size: Size) -> Box:
        """Return where a word stands on a page of that size."""
        return self._sprites.word_box(page, word, size)

    def code_size(self, code: Code) -> Size:
        """Return the size of the lines as written."""
        return self._sprites.code_size(code)

    def svg_size(self, svg: Svg) -> Size:
        """Return the drawing's own size."""
        return self._sprites.svg_size(svg)

    def path_size(self, path: PathLine) -> Size:
        """Return the smallest box about (0, 0) that holds the line."""
        return self._sprites.path_size(path)
