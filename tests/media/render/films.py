"""Small films for the tests of encoding: numbered pictures, a flash with a click, and readers."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import numpy.typing as npt
from tests.media.render import numbered

from telecine.media.render.encoding.codecs import EncodeSettings, video_context
from telecine.media.render.encoding.outputs import Output
from telecine.media.render.planes import Plane, Planes

SIZE = (160, 120)


def numbered_planes(number: int, *, size: tuple[int, int] = SIZE) -> Planes:
    """Return the picture of a number."""
    width, height = size
    return grey(numbered.picture(number, width=width, height=height)[:height])


def grey(luma: Plane) -> Planes:
    """Return a picture without colours."""
    height, width = luma.shape
    half = np.full(((height + 1) // 2, (width + 1) // 2), 128, np.uint8)
    return Planes(luma, half, half.copy())


def moving(number: int, *, size: tuple[int, int] = SIZE) -> Planes:
    """Return a picture of a film with texture, motion and a cut: work for an encoder."""
    width, height = size
    noise = np.random.default_rng(number // 40).integers(
        40, 200, (height // 4 + 20, width // 4 + 1)
    )
    texture = np.kron(noise, np.ones((4, 4)))[number % 40 :][:height, :width]
    planes = grey(texture.astype(np.uint8))
    planes.u[:] = 90 + number % 60
    return planes


def feed(output: Output, planes: Iterator[Planes]) -> None:
    """Submit pictures, one frame each."""
    for shown in planes:
        output.submit(shown)


def packets(*, preset: str, threads: int, size: tuple[int, int]) -> list[bytes]:
    """Encode 24 pictures of moving noise; returns all packets but the first.

    That one has the settings as text, the number of threads among them.
    """
    width, height = size
    settings = EncodeSettings(preset=preset, threads=threads)
    context = video_context(settings, width=width, height=height, frame_rate=Fraction(2))
    context.open()
    noise = np.random.default_rng(1).integers(0, 256, (height // 2, width // 2), np.uint8)
    made: list[bytes] = []
    for index in range(24):
        frame = av.VideoFrame(width, height, "yuv420p")
        shifted = np.roll(noise.repeat(2, 0).repeat(2, 1), (2 * index, 5 * index), (0, 1))
        for plane, step in zip(frame.planes, (1, 2, 2), strict=True):
            plane.update(cv2.blur(shifted[::step, ::step], (7, 7)).tobytes())
        frame.pts = index
        made += [bytes(packet) for packet in context.encode(frame)]
    return [*made, *(bytes(packet) for packet in context.encode(None))][1:]


def tone(start: int, end: int) -> npt.NDArray[np.float32]:
    """Return samples of a sine of 440 Hz, in both channels."""
    wave = 0.3 * np.sin(2 * np.pi * 440 * np.arange(start, end) / 48_000)
    return np.stack([wave, wave], axis=1).astype(np.float32)


def digest(pixels: bytes) -> str:
    """Return what tells pictures apart."""
    return hashlib.sha256(pixels).hexdigest()


def digests(path: Path) -> list[str]:
    """Return a digest of each decoded picture."""
    with av.open(str(path)) as container:
        return [
            digest(frame.to_ndarray(format="yuv420p").tobytes())
            for frame in container.decode(video=0)
        ]


def times(path: Path) -> list[Fraction]:
    """Return when each picture is shown, in seconds."""
    found = []
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            assert frame.pts is not None
            assert frame.time_base is not None
            found.append(frame.pts * frame.time_base)
    return found


def heard(path: Path) -> tuple[float, npt.NDArray[np.float32]]:
    """Return when the sound begins, in seconds, and its left channel at 48 kHz."""
    with av.open(str(path)) as container:
        resampler = av.AudioResampler(format="fltp", layout="stereo", rate=48_000)
        start: float | None = None
        rows = []
        for frame in container.decode(audio=0):
            if start is None:
                start = frame.time
            rows += [np.asarray(made.to_ndarray()[0]) for made in resampler.resample(frame)]
    assert start is not None
    return start, np.concatenate(rows).astype(np.float32)


def boxes(data: bytes) -> list[str]:
    """Return the names of an MP4's outermost boxes, in order."""
    names, at = [], 0
    while at + 8 <= len(data):
        names.append(data[at + 4 : at + 8].decode("latin-1"))
        size = int.from_bytes(data[at : at + 4], "big")
        if size == 1:
            size = int.from_bytes(data[at + 8 : at + 16], "big")
        at += size
    return names
