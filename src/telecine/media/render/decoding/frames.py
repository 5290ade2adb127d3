"""Decoded pictures, whatever they are, to planes of the one kind that is composed.

`planes.py` says what kind that is. Video whose matrix is not tagged is taken for BT.709 when it
is larger than 1024 x 576, else for BT.601, as players do. Primaries other than BT.709 are kept
as they are in standard range; HDR is mapped by `tonemap.py`.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import av
import cv2
import numpy as np
import numpy.typing as npt
from av.sidedata.sidedata import Type as SideDataType
from av.video.reformatter import ColorRange, Colorspace, Interpolation, VideoReformatter

from telecine.media.render.decoding.tonemap import HDR_TRANSFERS, ToneMapper
from telecine.media.render.planes import Plane, Planes

_Floats = npt.NDArray[np.float32]

#: ITU-R BT.709 for full-range R'G'B' in 0..255, to limited-range Y'CbCr.
_RED, _BLUE = 0.2126, 0.0722
_GREEN = 1 - _RED - _BLUE
_TO_YUV: Final = np.array(
    [
        np.array([_RED, _GREEN, _BLUE]) * 219 / 255,
        np.array([-_RED, -_GREEN, 1 - _BLUE]) / (1 - _BLUE) * 112 / 255,
        np.array([1 - _RED, -_GREEN, -_BLUE]) / (1 - _RED) * 112 / 255,
    ],
    dtype=np.float32,
)
#: AVColorSpace (H.273) to swscale's matrices; what is not listed counts as not tagged.
_MATRICES: Final = {
    1: Colorspace.ITU709,
    4: Colorspace.FCC,
    5: Colorspace.ITU601,
    6: Colorspace.ITU601,
    7: Colorspace.SMPTE240M,
    9: Colorspace.BT2020,
    10: Colorspace.BT2020,
}
#: Their decoders put a dictionary beside a colour profile. PyAV's object for it frees that, and so
#: does the frame: a crash, or worse, that a file brings about.
_FREED_TWICE: Final = frozenset({"png", "apng"})
_PRECISE: Final = Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT
_FULL_RANGE_FORMATS: Final = frozenset({"yuvj420p", "yuvj422p", "yuvj444p", "yuvj440p", "yuvj411p"})


class Orientation(NamedTuple):
    """How a coded picture becomes upright: first transposed, then mirrored."""

    is_transposed: bool = False
    is_mirrored_x: bool = False
    is_mirrored_y: bool = False


def orientation_of(frame: av.VideoFrame, *, codec: str) -> Orientation:
    """Read the display matrix; angles that are no quarter turns go to the nearest.

    Where PyAV cannot read what lies beside a picture without harm, only the angle counts.
    """
    if codec in _FREED_TWICE:
        return _turned(frame.rotation)
    try:
        data = frame.side_data.get(SideDataType.DISPLAYMATRIX)  # type: ignore[call-overload]
    except ValueError:  # there is something that it has no name for
        return _turned(frame.rotation)
    if data is None:
        return Orientation()
    matrix = np.frombuffer(data, np.int32, count=9)
    a, b, c, d = (int(matrix[index]) for index in (0, 1, 3, 4))  # x' = a*x + c*y, y' = b*x + d*y
    if abs(a) + abs(d) >= abs(b) + abs(c):
        return Orientation(is_mirrored_x=a < 0, is_mirrored_y=d < 0)
    return Orientation(is_transposed=True, is_mirrored_x=c < 0, is_mirrored_y=b < 0)


def _turned(degrees: int) -> Orientation:
    """Return the quarter turn that is nearest; `degrees` are anticlockwise."""
    # A matrix of zeros turns by no number; libav makes the least of all of it.
    quarters = round(degrees / 90) % 4 if abs(degrees) <= 360 else 0
    return (
        Orientation(),
        Orientation(is_transposed=True, is_mirrored_y=True),
        Orientation(is_mirrored_x=True, is_mirrored_y=True),
        Orientation(is_transposed=True, is_mirrored_x=True),
    )[quarters]


def may_have_holes(pixels: av.VideoFormat) -> bool:
    """Say whether a format of pixels has alpha."""
    return bool(pixels.has_palette or any(part.is_alpha for part in pixels.components))


class FrameConverter:
    """Turns the frames of one file to planes of `size` (width, height, as shown).

    Not for two threads at once. The planes may share the decoder's memory and are never
    written to again.
    """

    def __init__(self, size: tuple[int, int], *, codec: str) -> None:
        self._size = size
        self._codec = codec
        self._reformatter = VideoReformatter()
        self._second_reformatter = VideoReformatter()  # each is fast for one kind of picture
        self._orientation: Orientation | None = None
        self._tone_mapper: ToneMapper | None = None

    def planes(self, frame: av.VideoFrame) -> Planes:
        """Convert one frame; costs nothing where size, format and colours are right already."""
        if self._orientation is None:
            self._orientation = orientation_of(frame, codec=self._codec)
        width, height = self._size
        if self._orientation.is_transposed:
            width, height = height, width
        if frame.color_trc in HDR_TRANSFERS:
            converted = self._mapped(frame, width=width, height=height)
        else:
            converted = self._converted(frame, width=width, height=height)
        values = tuple(_upright(_plane(plane), self._orientation) for plane in converted.planes)
        if len(values) == 3:
            return Planes(*values)
        return _premultiplied(*values)

    def _converted(self, frame: av.VideoFrame, *, width: int, height: int) -> av.VideoFrame:
        pixels = frame.format
        is_same_size = (frame.width, frame.height) == (width, height)
        matrix = matrix_of(frame)
        wanted = "yuva420p" if may_have_holes(pixels) else "yuv420p"
        is_ours = pixels.name == wanted and matrix == Colorspace.ITU709
        if is_same_size and is_ours and not is_full_range(frame):
            return frame
        return self._reformatter.reformat(
            frame,
            width=width,
            height=height,
            format=wanted,
            src_colorspace=matrix,
            dst_colorspace=Colorspace.ITU709,
            src_color_range=ColorRange.JPEG if is_full_range(frame) else ColorRange.MPEG,
            dst_color_range=ColorRange.MPEG,
            interpolation=_interpolation(frame, width=width, height=height),
            threads=1,
        )

    def _mapped(self, frame: av.VideoFrame, *, width: int, height: int) -> av.VideoFrame:
        if self._tone_mapper is None:
            self._tone_mapper = ToneMapper(frame.color_trc)
        deep = self._reformatter.reformat(
            frame,
            width=width,
            height=height,
            format="rgb48le",
            src_colorspace=matrix_of(frame),
            src_color_range=ColorRange.JPEG if is_full_range(frame) else ColorRange.MPEG,
            dst_color_range=ColorRange.JPEG,
            interpolation=Interpolation.BICUBIC,
            threads=1,
        )
        samples = np.frombuffer(memoryview(deep.planes[0]), np.uint16).reshape(height, -1)[
            :, : 3 * width
        ]
        mapped = self._tone_mapper.map(samples.reshape(height, width, 3))
        return self._second_reformatter.reformat(
            av.VideoFrame.from_ndarray(mapped, format="rgb24"),
            format="yuv420p",
            dst_colorspace=Colorspace.ITU709,
            src_color_range=ColorRange.JPEG,
            dst_color_range=ColorRange.MPEG,
            interpolation=Interpolation.BICUBIC | _PRECISE,
            threads=1,
        )


def _interpolation(frame: av.VideoFrame, *, width: int, height: int) -> Interpolation:
    """Return averaging for what shrinks much: no worse than a wide cubic, in a third of the time."""
    shrinks = 3 * width <= 2 * frame.width and 3 * height <= 2 * frame.height
    return (Interpolation.AREA if shrinks else Interpolation.BICUBIC) | _PRECISE


def matrix_of(frame: av.VideoFrame) -> Colorspace:
    """Return the matrix a frame is tagged with, or the one that players take for granted."""
    tagged = _MATRICES.get(frame.colorspace)
    if tagged is not None:
        return tagged
    is_large = frame.width > 1024 or frame.height > 576
    return Colorspace.ITU709 if is_large else Colorspace.ITU601


def is_full_range(frame: av.VideoFrame) -> bool:
    """Say whether 0 is black and 255 is white."""
    is_full = frame.color_range == ColorRange.JPEG or frame.format.name in _FULL_RANGE_FORMATS
    return is_full or frame.format.is_rgb


def from_rgba(rgba: Plane) -> Planes:
    """Convert height x width x 4: sRGB, multiplied by its alpha. Opaque: without `alpha`."""
    alpha = np.ascontiguousarray(rgba[..., 3])
    yuv = np.asarray(
        cv2.transform(np.ascontiguousarray(rgba[..., :3]).astype(np.float32), _TO_YUV), np.float32
    )
    cover = alpha.astype(np.float32)
    luma = _rounded(yuv[..., 0] + cover * (16 / 255))
    half = _halved(cover)
    u, v = (_rounded(_halved(yuv[..., index]) + half * (128 / 255)) for index in (1, 2))
    if int(alpha.min(initial=255)) == 255:
        return Planes(luma, u, v)
    return Planes(luma, u, v, alpha, _rounded(half))


def _premultiplied(y: Plane, u: Plane, v: Plane, alpha: Plane) -> Planes:
    alpha = np.ascontiguousarray(alpha)
    if int(alpha.min(initial=255)) == 255:
        return Planes(y, u, v)
    half = _rounded(_halved(alpha.astype(np.float32)))
    values = [
        np.asarray(cv2.multiply(np.ascontiguousarray(plane), cover, None, 1 / 255), np.uint8)
        for plane, cover in ((y, alpha), (u, half), (v, half))
    ]
    return Planes(values[0], values[1], values[2], alpha, half)


def _plane(plane: av.video.plane.VideoPlane) -> Plane:
    rows: Plane = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
    return rows[: plane.height, : plane.width]


def _upright(plane: Plane, orientation: Orientation) -> Plane:
    if orientation == Orientation():
        return plane
    if orientation.is_transposed:
        plane = plane.T
    if orientation.is_mirrored_x:
        plane = plane[:, ::-1]
    if orientation.is_mirrored_y:
        plane = plane[::-1]
    return np.ascontiguousarray(plane)


def _halved(plane: _Floats) -> _Floats:
    """Average to half the sides: between two rows, about the left of two columns."""
    filtered = cv2.sepFilter2D(
        np.ascontiguousarray(plane),
        cv2.CV_32F,
        np.array([0.25, 0.5, 0.25], np.float32),
        np.array([0.5, 0.5], np.float32),
        anchor=(1, 0),
        borderType=cv2.BORDER_REPLICATE,
    )
    return np.asarray(filtered[::2, ::2], np.float32)


def _rounded(plane: _Floats) -> Plane:
    return np.clip(np.rint(plane), 0, 255).astype(np.uint8)
