"""What a stored file is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A blob with an owner. `filename` is metadata that a client sent: never a path."""

    id: str
    account_id: str
    blob_key: str
    filename: str
    media_type: str
    size_bytes: int
    created_at: datetime
    expires_at: datetime | None
    deleted_at: datetime | None

    def is_gone(self, now: datetime) -> bool:
        """True once it may no longer be read, whether its bytes are deleted yet or not."""
        return self.deleted_at is not None or (
            self.expires_at is not None and self.expires_at <= now
        )
