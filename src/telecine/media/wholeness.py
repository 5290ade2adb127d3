"""Whether a video file holds what its header promises: a cut upload must not pass for a film.

Containers differ in what they promise: a list of samples, a count of frames, or a length, whose
last packets are then looked for.
"""

from __future__ import annotations

import itertools
from typing import Final

import av
import av.error
from av.container import InputContainer

from telecine.kit.errors import UndecodableMediaError

_MAX_TAIL_BYTES: Final = 64 * 2**20
_MAX_SCANNED_PACKETS: Final = 2_000_000


def require_whole(container: InputContainer, stream: av.VideoStream, *, size_bytes: int) -> None:
    """Refuse a file whose header promises much more than its bytes hold (a cut upload)."""
    entries = stream.index_entries
    if len(entries) > 1 and container.format.name.startswith("mov"):
        last = entries[len(entries) - 1]
        is_whole = last.pos + last.size <= size_bytes or _reaches(entries, size_bytes=size_bytes)
    elif container.format.name == "avi":
        # libav shortens the length to what is there, but leaves the header's count of frames.
        length = (stream.duration or 0) * (stream.time_base or 0) * (stream.average_rate or 0)
        is_whole = length >= stream.frames * 0.95
    else:
        is_whole = _tail_is_there(container)
    if not is_whole:
        raise UndecodableMediaError(
            "The file ends before the video does; it was cut short. Was the upload complete?"
        )


def last_seconds(container: InputContainer, *, max_bytes: int | None) -> float | None:
    """Return where the last packet from here ends; None when `max_bytes` were read before."""
    last = 0.0
    n_bytes = 0
    for packet in itertools.islice(container.demux(), _MAX_SCANNED_PACKETS):
        n_bytes += packet.size
        if max_bytes is not None and n_bytes > max_bytes:
            return None
        if packet.pts is not None and packet.time_base is not None:
            last = max(last, float((packet.pts + (packet.duration or 0)) * packet.time_base))
    return last


def _reaches(entries: av.index.IndexEntries, *, size_bytes: int) -> bool:
    """Whether at least 19 of 20 samples lie within the file; samples stand in file order."""
    probe_at = entries[len(entries) * 19 // 20]
    return probe_at.pos + probe_at.size <= size_bytes


def _tail_is_there(container: InputContainer) -> bool:
    if container.duration is None or container.duration <= 0:
        return True  # nothing was promised
    promised = container.duration / av.time_base
    start = (container.start_time or 0) / av.time_base
    try:
        container.seek(container.duration + (container.start_time or 0))
        seconds = last_seconds(container, max_bytes=_MAX_TAIL_BYTES)
    except av.error.FFmpegError:
        return True  # cannot be sought in: the encode will compare durations
    return seconds is None or seconds - start >= promised * 0.95 - 0.5
