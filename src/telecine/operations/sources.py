"""Fetches what a composition names on the web, for whoever draws it or only measures it.

One set of limits: the bytes, the time and the number are those of all sources together.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from telecine.kit.errors import CancelledError, FileTooLargeError, OutboundError
from telecine.kit.outbound import DOWNLOAD_LIMITS, Cache, OnBytes

#: Files that one composition may have on the web.
MOST_REMOTE = 200
#: A server that trickles must not hold a worker for long.
FETCH_SECONDS = 900.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """What all sources of a composition may take together."""

    max_bytes: int
    max_seconds: float = FETCH_SECONDS


def fetch(
    cache: Cache,
    remote: Sequence[str],
    *,
    folder: Path,
    room: Room,
    report: Callable[[float], None] = lambda _: None,
    is_cancelled: Callable[[], bool] = lambda: False,
) -> dict[str, Path]:
    """Fetch each address once into the new `folder`; `report` takes the fraction done, by the bytes
    of those whose length is known.

    The files are only to be read. Raises `OutboundError` or `FileTooLargeError` with the address
    as `field`, and `CancelledError`.
    """
    folder.mkdir(mode=0o700)
    files: dict[str, Path] = {}
    left_bytes, until = room.max_bytes, time.monotonic() + room.max_seconds
    for index, src in enumerate(remote):
        if is_cancelled():
            raise CancelledError
        left_seconds = until - time.monotonic()
        if left_seconds <= 0:
            raise OutboundError(
                f"Fetching took more than {room.max_seconds:g} s ({src})", field=src
            )
        path = folder / f"source{index}"
        watched = _watched(report, is_cancelled, before=index, of=len(remote))
        try:
            left_bytes -= cache.fetch(
                src,
                to=path,
                max_bytes=left_bytes,
                limits=replace(DOWNLOAD_LIMITS, total_seconds=left_seconds),
                on_bytes=watched,
            )
        except (OutboundError, FileTooLargeError) as error:
            raise type(error)(f"{error.message} ({src})", field=src) from error
        files[src] = path
        report((index + 1) / len(remote))
    return files


def _watched(
    report: Callable[[float], None], is_cancelled: Callable[[], bool], *, before: int, of: int
) -> OnBytes:
    """Return what is told the bytes of the file that `before` others are fetched before."""

    def on_bytes(n_bytes: int, expected: int | None) -> None:
        if is_cancelled():
            raise CancelledError
        if expected is not None:
            report((before + min(1.0, n_bytes / expected)) / of)

    return on_bytes
