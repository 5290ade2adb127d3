"""Encodes a long row of frames in chunks of a fixed length, each with an encoder of its own.

No encoder knows of another, so it makes no difference where a chunk is encoded, nor how many
are shared out among how many workers: `spans` cuts at the same places always. While one
encoder gives its last frames back, the next has begun already.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from fractions import Fraction

from av import VideoCodecContext, VideoFrame

from telecine.media.render.codecs import chunk_frames
from telecine.media.render.outfile import AnyPacket


def spans(n_frames: int, *, frame_rate: Fraction, parts: int) -> tuple[range, ...]:
    """Share frames out in at most `parts` runs of whole chunks, as evenly as that allows."""
    size = chunk_frames(frame_rate)
    chunks = -(-n_frames // size)
    parts = max(1, min(parts, chunks))
    edges = [round(Fraction(index * chunks, parts)) * size for index in range(parts)]
    ends = [*edges[1:], n_frames]
    return tuple(range(start, end) for start, end in zip(edges, ends, strict=True))


class ChunkedEncoder:
    """Frames in, packets out, in order. `make` gives the encoder of every chunk but the first."""

    def __init__(
        self,
        first: VideoCodecContext,
        *,
        make: Callable[[], VideoCodecContext],
        size: int,
    ) -> None:
        self._context = first
        self._make = make
        self._size = size
        self._frames = 0
        self._flusher: ThreadPoolExecutor | None = None
        self._tail: Future[list[AnyPacket]] | None = None
        self._held: list[AnyPacket] = []

    def encode(self, frame: VideoFrame) -> list[AnyPacket]:
        """Encode the next frame; what comes out belongs to earlier ones, as a rule."""
        packets = self._turn() if self._frames == self._size else []
        self._frames += 1
        self._held += self._context.encode(frame)
        if self._tail is not None and self._tail.done():
            packets += self._tail.result()
            self._tail = None
        if self._tail is None:
            packets += self._held
            self._held = []
        return packets

    def finish(self) -> list[AnyPacket]:
        """Return all that is left."""
        packets = [] if self._tail is None else self._tail.result()
        packets += self._held
        if self._frames:
            packets += self._context.encode(None)
        self.close()
        return packets

    def close(self) -> None:
        """Let go of the threads; for when it is not finished."""
        if self._flusher is not None:
            self._flusher.shutdown()

    def _turn(self) -> list[AnyPacket]:
        """Begin a chunk. Returns what the one before the last still owed."""
        packets: list[AnyPacket] = []
        if self._tail is not None:
            packets = self._tail.result() + self._held
            self._held = []
        if self._flusher is None:
            self._flusher = ThreadPoolExecutor(1, thread_name_prefix="flush")
        self._tail = self._flusher.submit(self._context.encode, None)
        self._context = self._make()
        self._frames = 0
        return packets
