"""What an upload is.

    begun ──append──> … ──append──> whole ──finish──> a file
                                                      (until `expires_at`, whatever happens)

Its bytes are pieces: blobs of their own, that follow each other. `received_bytes` grows in the
transaction that takes a piece, so it never counts a byte that is not stored. Who brings bytes has
put down a word as `writer`; the next one who comes puts down another, and the former's pieces are
not taken any more.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

#: Of one upload. A client that sends bytes one by one would fill the disk with files.
MOST_PIECES: Final = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class NewUpload:
    """What is told of a file before it comes. Without `size_bytes` that is told later.

    `metadata` is what the client said of it, as it was sent; name and type are taken from there.
    """

    size_bytes: int | None
    filename: str
    media_type: str
    metadata: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """One upload of an account. Once it is a file, `file_id` names that."""

    id: str
    account_id: str
    size_bytes: int | None
    received_bytes: int
    filename: str
    media_type: str
    metadata: str
    writer: str | None
    file_id: str | None
    created_at: datetime
    expires_at: datetime

    @property
    def is_whole(self) -> bool:
        """True once all of its bytes are there."""
        return self.received_bytes == self.size_bytes

    def is_over(self, now: datetime) -> bool:
        """True once its time is over, whether its bytes are deleted yet or not."""
        return self.expires_at <= now


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Stored bytes of an upload, from offset `start` on."""

    start: int
    size_bytes: int
    blob_key: str
