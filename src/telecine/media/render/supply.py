"""Makes sprites and opens sources before they are first drawn, so that drawing never waits.

One thread draws sprites (skia and its fonts are not for two), two open sources and have them
decode their first picture. What was not announced is made when it is asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from fractions import Fraction
from typing import Final

from msgspec.structs import replace

from telecine.kit.errors import InternalError, MediaError, MediaLimitError
from telecine.media.render.decoding.facts import SourceFacts
from telecine.media.render.decoding.sources import open_source
from telecine.media.render.display import Frame, Layer
from telecine.media.render.drawing.keying import Keyed
from telecine.media.render.drawing.sprites import Find, Sprites
from telecine.media.render.measuring import Measuring
from telecine.media.render.planes import FrameSource, Planes, Sprite
from telecine.media.render.shortage import shortage
from telecine.media.render.sound.waveforms import WaveformSource, loudness_of
from telecine.media.timeline.model import Image, Rect, Source, Style, Video, Waveform

#: Closer than this to its own size a picture is not scaled by the decoder, but when drawn.
_NEARLY: Final = 0.98
#: What films may hold that one frame shows. Each holds some pictures of its own size, those that
#: others refer to above all, whatever the size at which it is shown; and a decoder.
_MOST_BYTES: Final = 2 * 2**30
_PICTURES_HELD: Final = 6
_DECODER_BYTES: Final = 3 * 2**20


class Supply:
    """What a composer asks for its layers' pixels. For one thread, which also closes it."""

    def __init__(
        self, layers: Sequence[Layer], *, sprites: Sprites, measuring: Measuring, find: Find
    ) -> None:
        self._layers = layers
        self._maker = sprites
        self._measuring = measuring
        self._find = find
        self._announced: set[int] = set()
        self._sprites: dict[int, Future[Sprite]] = {}
        self._sources: dict[int, Future[FrameSource]] = {}
        self._drawing = ThreadPoolExecutor(1, thread_name_prefix="sprites")
        self._opening = ThreadPoolExecutor(2, thread_name_prefix="sources")

    def announce(self, frame: Frame) -> None:
        """Begin to make what this frame needs and no frame before it did.

        Raises `MediaLimitError` where it shows more films than fit into memory.
        """
        self._require_room(frame)
        for draw in frame.draws:
            if draw.layer in self._announced:
                continue
            self._announced.add(draw.layer)
            layer = self._layers[draw.layer]
            if draw.source_seconds is None:
                self._sprites[layer.index] = self._drawing.submit(self._drawn, layer)
            else:
                self._sources[layer.index] = self._opening.submit(
                    self._opened, layer, draw.source_seconds
                )

    def _require_room(self, frame: Frame) -> None:
        moving = {draw.layer for draw in frame.draws if draw.source_seconds is not None}
        if moving <= self._announced:
            return
        held = 0.0
        for layer in (self._layers[index] for index in sorted(moving)):
            if isinstance(layer.content, Waveform):
                continue
            source = _source_of(layer)
            facts = self._measuring.facts(source)
            held += _PICTURES_HELD * 1.5 * facts.width * facts.height + _DECODER_BYTES
            if held > _MOST_BYTES:
                raise MediaLimitError(
                    "So many films at once need too much memory: show fewer, or smaller ones.",
                    field=source.path,
                )

    def sprite(self, layer: Layer) -> Sprite:
        """Return a layer's pixels. Raises `MediaError`s that name the JSON path."""
        made = self._sprites.pop(layer.index, None)
        if made is None:
            made = self._drawing.submit(self._drawn, layer)
        return made.result()

    def source(self, layer: Layer) -> FrameSource:
        """Return a layer's moving pixels; whoever asked closes them."""
        opened = self._sources.pop(layer.index, None)
        if opened is None:
            return self._opened(layer, None)
        return opened.result()

    def close(self) -> None:
        """Stop making; sources that nobody asked for are closed."""
        self._drawing.shutdown(cancel_futures=True)
        self._opening.shutdown(cancel_futures=True)
        for opened in self._sources.values():
            if not opened.cancelled() and opened.exception() is None:
                opened.result().close()
        self._sources.clear()
        self._sprites.clear()

    def _drawn(self, layer: Layer) -> Sprite:
        with naming(layer.path):
            return self._maker.sprite(layer)

    def _opened(self, layer: Layer, first: Fraction | None) -> FrameSource:
        opened = self._moving(layer)
        if first is not None:
            try:
                opened.frame_at(first)
            except BaseException:
                opened.close()
                raise
        return opened

    def _moving(self, layer: Layer) -> FrameSource:
        content = layer.content
        if isinstance(content, Waveform):
            path = content.sound.source.path
            return _Named(lambda: self._waveform(layer, content), path=path)
        source = _source_of(layer)
        size = decoded_size(layer, self._measuring.facts(source))

        def opened() -> FrameSource:
            moving = open_source(self._find(source), size=size)
            key = getattr(content, "key", None)
            return moving if key is None else Keyed(moving, key)

        return _Named(opened, path=source.path)

    def _waveform(self, layer: Layer, content: Waveform) -> FrameSource:
        box = replace(layer, content=Rect(paint=content.paint), style=Style(), is_moving=False)
        y, u, v, alpha, alpha_half, *_ = self._drawing.submit(self._maker.sprite, box).result()
        paint = Planes(y, u, v, alpha, alpha_half)
        loudness = loudness_of(content, self._find(content.sound.source))
        return WaveformSource(content, loudness=loudness, paint=paint)


class _Named:
    """A source whose errors say which part of the document they are about."""

    def __init__(self, opened: Callable[[], FrameSource], *, path: str) -> None:
        self._path = path
        with naming(path):
            self._source = opened()
        self.close = self._source.close

    def frame_at(self, seconds: Fraction) -> Planes | None:
        with naming(self._path):
            return self._source.frame_at(seconds)


@contextmanager
def naming(path: str) -> Iterator[None]:
    """Put the JSON path on a `MediaError` that has none, and on a want of memory."""
    try:
        yield
    except MediaError as error:
        error.field = error.field or path
        raise
    except MemoryError as error:
        raise shortage(field=path) from error


def _source_of(layer: Layer) -> Source:
    if isinstance(layer.content, Video | Image):
        return layer.content.source
    raise InternalError(f"{type(layer.content).__name__} does not move.")


def decoded_size(layer: Layer, facts: SourceFacts) -> tuple[int, int]:
    """Return how large the whole picture is drawn at most, and no larger than it is.

    Decoders average when they shrink, once a picture; what is drawn smaller later is not
    worth their while.
    """
    style = layer.style
    scale_x = layer.width / (max(1 - style.crop.left - style.crop.right, 1e-6) * facts.width)
    scale_y = layer.height / (max(1 - style.crop.top - style.crop.bottom, 1e-6) * facts.height)
    if style.fit == "contain":
        scale_x = scale_y = min(scale_x, scale_y)
    elif style.fit == "cover":
        scale_x = scale_y = max(scale_x, scale_y)
    scale_x, scale_y = scale_x * layer.raster_scale, scale_y * layer.raster_scale
    if min(scale_x, scale_y) >= _NEARLY:
        return facts.width, facts.height
    width = max(2, min(facts.width, round(facts.width * scale_x)))
    height = max(2, min(facts.height, round(facts.height * scale_y)))
    return width, height
