"""Encodes a long row of frames in chunks of a fixed length, each with an encoder of its own.

No encoder knows of another, so it makes no difference where a chunk is encoded, nor how many
are shared out among how many workers: `spans` cuts at the same places always. (To begin the
next while one still gives its last frames back was tried: no faster, and twice the memory.)
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from av import VideoCodecContext, VideoFrame

from telecine.media.render.encoding.codecs import chunk_frames
from telecine.media.render.encoding.outfile import AnyPacket


def spans(n_frames: int, *, frame_rate: Fraction, parts: int) -> tuple[range, ...]:
    """Share frames out in at most `parts` runs of whole chunks, as evenly as that allows."""
    size = chunk_frames(frame_rate)
    chunks = -(-n_frames // size)
    parts = max(1, min(parts, chunks))
    edges = [round(Fraction(index * chunks, parts)) * size for index in range(parts)]
    ends = [*edges[1:], n_frames]
    return tuple(range(start, end) for start, end in zip(edges, ends, strict=True))


class ChunkedEncoder:
    """Frames in, packets out, in order. `make` gives an opened encoder for each chunk."""

    def __init__(self, make: Callable[[], VideoCodecContext], *, size: int) -> None:
        self._make = make
        self._size = size
        self._context: VideoCodecContext | None = None
        self._frames = 0

    def encode(self, frame: VideoFrame) -> list[AnyPacket]:
        """Encode the next frame; what comes out belongs to earlier ones, as a rule."""
        packets = self.finish() if self._frames == self._size else []
        if self._context is None:
            self._context = self._make()
        self._frames += 1
        return [*packets, *self._context.encode(frame)]

    def finish(self) -> list[AnyPacket]:
        """End a chunk. Returns all that is left of it."""
        packets: list[AnyPacket] = []
        if self._context is not None:
            packets += self._context.encode(None)
        # Let go before the next is made: at 1080p each takes some 200 MB.
        self._context = None
        self._frames = 0
        return packets
