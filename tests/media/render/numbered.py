"""Videos whose every picture says which one it is: twelve squares, black or white, its number.

So a test can see which source frame came out, after any scaling, mirroring and encoding.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt

from telecine.media.render.planes import Planes

_COLUMNS, _ROWS = 4, 3


def picture(number: int, *, width: int = 160, height: int = 120) -> npt.NDArray[np.uint8]:
    """Return the picture of a number from 0 to 4095 as yuv420p, rows below one another."""
    bits = np.array([(number >> bit) & 1 for bit in range(_COLUMNS * _ROWS)], np.uint8)
    squares = (bits * 200 + 30).reshape(_ROWS, _COLUMNS)
    luma = np.kron(squares, np.ones((height // _ROWS, width // _COLUMNS), np.uint8))
    grey = np.full((height // 2, width), 128, np.uint8)
    return np.concatenate([luma, grey]).astype(np.uint8)


def number_of(luma: npt.NDArray[np.uint8]) -> int:
    """Read the number back."""
    height, width = luma.shape
    ys = [height * (2 * row + 1) // (2 * _ROWS) for row in range(_ROWS)]
    xs = [width * (2 * column + 1) // (2 * _COLUMNS) for column in range(_COLUMNS)]
    squares = luma[np.ix_(ys, xs)].ravel()
    return sum(1 << bit for bit, value in enumerate(squares) if value > 128)


def number_on(planes: Planes) -> int:
    """Read the number of a composed or decoded picture."""
    return number_of(planes.y)


def make_numbered(
    path: Path,
    *,
    stamps: Sequence[int],
    time_base: Fraction,
    size: tuple[int, int] = (160, 120),
    gop: int = 12,
    options: dict[str, str] | None = None,
    rotation: int = 0,
    aspect: Fraction | None = None,
) -> Path:
    """Encode one numbered picture for each stamp, with B-frames, H.264."""
    movie = {"video_track_timescale": str(time_base.denominator)} if path.suffix == ".mp4" else {}
    with av.open(str(path), "w", options=movie) as container:
        stream = container.add_stream("libx264", rate=Fraction(30))
        stream.width, stream.height = size
        stream.pix_fmt = "yuv420p"
        stream.time_base = time_base
        context = stream.codec_context
        context.time_base = time_base
        context.gop_size = gop
        context.color_range, context.colorspace = 1, 1
        context.color_primaries, context.color_trc = 1, 1
        context.options = {"preset": "veryfast", "crf": "18", **(options or {})}
        if aspect is not None:
            context.sample_aspect_ratio = aspect
        if rotation:
            stream.set_display_rotation(rotation)
        for number, stamp in enumerate(stamps):
            shown = picture(number, width=size[0], height=size[1])
            frame = av.VideoFrame.from_ndarray(shown, format="yuv420p")
            frame.pts, frame.time_base = stamp, time_base
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def even_stamps(count: int, *, frame_rate: Fraction, time_base: Fraction) -> list[int]:
    """Return where frames of an even rate begin, rounded to the clock as muxers do."""
    return [round(number / frame_rate / time_base) for number in range(count)]


def numbers_in(path: Path) -> Iterator[int]:
    """Read the numbers of a whole video file."""
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            rows = np.asarray(frame.to_ndarray(format="yuv420p"), np.uint8)
            yield number_of(rows[: frame.height])
