"""Who brings an upload's bytes in this process: one request at a time.

Between processes the database decides: a piece of a request that another one has followed is not
taken. Here the former is asked to keep what it has, so that the next one goes on after that.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol


class Writer(Protocol):
    """A request that brings bytes."""

    async def keep(self) -> None:
        """Store what has come until now; does not raise."""

    async def give_way(self) -> None:
        """Store what has come until now, and take no more; does not raise."""


class Writers:
    """The requests that bring bytes now, by the upload's id."""

    def __init__(self) -> None:
        self._present: dict[str, Writer] = {}

    async def keep(self, upload_id: str) -> None:
        """Have what came until now stored, so that whoever asks is told of it."""
        if writer := self._present.get(upload_id):
            await writer.keep()

    async def end(self, upload_id: str) -> None:
        """Let nobody bring more bytes of an upload, until the next one is put in place."""
        if writer := self._present.get(upload_id):
            await writer.give_way()

    @contextmanager
    def put(self, upload_id: str, writer: Writer) -> Iterator[None]:
        """Let a request be the one that brings an upload's bytes, for the length of a block."""
        self._present[upload_id] = writer
        try:
            yield
        finally:
            if self._present.get(upload_id) is writer:
                del self._present[upload_id]
