"""Composed frames to an animated GIF with one palette, chosen from all of its pictures.

The palette is known only after the last picture, so pictures wait in a lossless file beside the
output: memory does not grow. GIF counts in hundredths of a second, and viewers slow down what
is shown for less than two: faster videos lose the pictures between.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Final, NamedTuple

import av
import av.error
from av import VideoFrame, VideoStream
from av.container import OutputContainer
from av.filter import Graph
from av.filter.context import FilterContext
from av.video.format import VideoFormat

from telecine.kit.errors import InternalError
from telecine.media.render.encoding.canvas import EncoderCanvas
from telecine.media.render.encoding.conveyor import Conveyor
from telecine.media.render.encoding.outfile import Block, OutputFacts, translated
from telecine.media.render.planes import Planes

_CLOCK: Final = Fraction(1, 100)
_LEAST_DELAY: Final = 2
_QUEUE_LENGTH: Final = 3
_TO_RGB: Final = "in_color_matrix=bt709:in_range=tv:out_range=pc:flags=bicubic+accurate_rnd"
#: Only what changed is dithered anew, so that what stands still does not shimmer.
_DITHER: Final = "dither=sierra2_4a:diff_mode=rectangle"


class _Shown(NamedTuple):
    planes: Planes
    n_frames: int


class GifEncoder:
    """An output that loops for ever and has no sound."""

    wants_pictures = True
    wants_sound = False

    def __init__(self, path: Path, *, width: int, height: int, frame_rate: Fraction) -> None:
        self._path = path
        self._waiting = path.with_name(path.name + ".pictures")
        self._frame_rate = frame_rate
        self._n_frames = 0
        self._stamp = -_LEAST_DELAY
        self._size = (width, height)
        self._store = _Store(self._waiting, width=width, height=height)
        self._colours = _Colours(width, height)
        self._conveyor = Conveyor(self._keep, length=_QUEUE_LENGTH, name="keep pictures")

    def submit(self, planes: Planes, *, n_frames: int = 1) -> None:
        """Show an opaque picture for so many frames. It must stay as it is for a while."""
        self._conveyor.put(_Shown(planes, n_frames))

    def audio(self, block: Block) -> None:  # noqa: ARG002 - the protocol's
        """Refuse: see `wants_sound`."""
        raise InternalError("A GIF has no sound.")

    def finish(self) -> OutputFacts:
        """Choose the palette and write the file."""
        try:
            self._conveyor.close()
            if not self._n_frames:
                raise InternalError("There was no picture.")
            with translated():
                self._store.close()
                self._write()
        except BaseException:
            self.abort()
            raise
        self._waiting.unlink(missing_ok=True)
        return OutputFacts(
            width=self._size[0],
            height=self._size[1],
            n_frames=self._n_frames,
            duration_seconds=self._n_frames / self._frame_rate,
            n_samples=0,
            size_bytes=self._path.stat().st_size,
        )

    def abort(self) -> None:
        """Give up and delete both files."""
        self._conveyor.drop()
        with contextlib.suppress(av.error.FFmpegError, OSError):
            self._store.close()
        self._waiting.unlink(missing_ok=True)
        self._path.unlink(missing_ok=True)

    def _keep(self, shown: _Shown) -> None:
        stamp = self._stamp_at(self._n_frames)
        self._n_frames += shown.n_frames
        is_too_soon = stamp - self._stamp < _LEAST_DELAY
        if is_too_soon and self._stamp_at(self._n_frames) - self._stamp <= _LEAST_DELAY:
            return
        self._stamp = max(stamp, self._stamp + _LEAST_DELAY)
        # A new frame each time: filters keep what they are given for a while.
        canvas = EncoderCanvas(self._size, coded=self._size)
        canvas.fill(shown.planes)
        canvas.frame.pts = self._stamp
        canvas.frame.time_base = _CLOCK
        with translated():
            self._store.keep(canvas.frame)
            self._colours.add(canvas.frame)

    def _stamp_at(self, number: int) -> int:
        return round(number / self._frame_rate / _CLOCK)

    def _write(self) -> None:
        palette = self._colours.palette()
        last_delay = max(_LEAST_DELAY, self._stamp_at(self._n_frames) - self._stamp)
        options = {"loop": "0", "final_delay": str(last_delay)}
        with av.open(str(self._path), "w", format="gif", container_options=options) as out:
            stream = _gif_stream(out, self._size)
            for indexed in _indexed(self._store.pictures(), palette):
                indexed.time_base = _CLOCK
                out.mux(stream.encode(indexed))
            out.mux(stream.encode(None))


class _Store:
    """Pictures in a file, without loss."""

    def __init__(self, path: Path, *, width: int, height: int) -> None:
        self._path = path
        with translated():
            self._file = av.open(str(path), "w", format="matroska")
        self._stream = self._file.add_stream("ffv1", rate=Fraction(25))
        self._stream.width, self._stream.height = width, height
        self._stream.pix_fmt = "yuv420p"
        self._stream.codec_context.time_base = _CLOCK

    def keep(self, frame: VideoFrame) -> None:
        self._file.mux(self._stream.encode(frame))

    def close(self) -> None:
        """Harmless when it was closed before."""
        self._file.close()

    def pictures(self) -> Iterator[VideoFrame]:
        with av.open(str(self._path), format="matroska") as file:
            for frame in file.decode(video=0):
                assert frame.pts is not None
                assert frame.time_base is not None
                frame.pts = round(frame.pts * frame.time_base / _CLOCK)
                frame.time_base = _CLOCK
                yield frame


class _Colours:
    """Counts colours, to choose 256 of them."""

    def __init__(self, width: int, height: int) -> None:
        self._graph = Graph()
        self._source = _pictures_into(self._graph, width, height)
        chosen = self._graph.add("palettegen", "stats_mode=full:reserve_transparent=1")
        self._sink = self._graph.add("buffersink")
        self._source[1].link_to(chosen)
        chosen.link_to(self._sink)
        self._graph.configure()

    def add(self, frame: VideoFrame) -> None:
        self._source[0].push(frame)
        with contextlib.suppress(av.error.BlockingIOError):
            self._sink.pull()  # nothing comes yet, but the frame is counted and let go

    def palette(self) -> VideoFrame:
        self._source[0].push(None)
        return _video(self._sink.pull())


def _indexed(pictures: Iterator[VideoFrame], palette: VideoFrame) -> Iterator[VideoFrame]:
    graph: Graph | None = None
    push: Callable[[VideoFrame | None], None] = _nowhere
    sink: FilterContext | None = None
    for picture in pictures:
        if graph is None or sink is None:
            graph = Graph()
            source, last = _pictures_into(graph, picture.width, picture.height)
            colours = graph.add_buffer(
                width=palette.width,
                height=palette.height,
                format=VideoFormat("bgra"),
                time_base=_CLOCK,
            )
            used = graph.add("paletteuse", _DITHER)
            sink = graph.add("buffersink")
            last.link_to(used, 0, 0)
            colours.link_to(used, 0, 1)
            used.link_to(sink)
            graph.configure()
            palette.pts, palette.time_base = 0, _CLOCK
            colours.push(palette)
            colours.push(None)
            push = source.push
        push(picture)
        yield from _ready(sink)
    push(None)
    if sink is not None:
        yield from _ready(sink)


def _ready(sink: FilterContext) -> Iterator[VideoFrame]:
    with contextlib.suppress(av.error.BlockingIOError, av.error.EOFError):
        while True:
            yield _video(sink.pull())


def _pictures_into(graph: Graph, width: int, height: int) -> tuple[FilterContext, FilterContext]:
    """Return where pictures go in, and the filter that they come out of as RGB."""
    source = graph.add_buffer(
        width=width, height=height, format=VideoFormat("yuv420p"), time_base=_CLOCK
    )
    scaled = graph.add("scale", _TO_RGB)
    rgb = graph.add("format", "pix_fmts=bgra")
    source.link_to(scaled)
    scaled.link_to(rgb)
    return source, rgb


def _gif_stream(container: OutputContainer, size: tuple[int, int]) -> VideoStream:
    stream = container.add_stream("gif", rate=Fraction(100))
    assert isinstance(stream, VideoStream)
    stream.width, stream.height = size
    stream.pix_fmt = "pal8"
    stream.codec_context.time_base = _CLOCK
    return stream


def _video(frame: object) -> VideoFrame:
    assert isinstance(frame, VideoFrame)
    return frame


def _nowhere(_: VideoFrame | None) -> None:
    """Take the place of a graph that no picture came to need."""
