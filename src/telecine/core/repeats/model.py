"""What is remembered of a POST that a client may send again under the same key.

    free ──claim──> claimed ──┬─keep──> answered     the reply is given again
      ^                │      └─seal──> with a job   what is told of the job is given again
      └───give back────┘   (refused, failed, or its process died)

The job is written down in the transaction that makes it, under the claim's token: whoever has lost
the claim makes no job.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

#: A claim that was not renewed for so long is anybody's: its process is dead.
LEASE: Final = timedelta(seconds=20)
#: Of the replies of one account; the oldest go first. Small ones are not even counted.
MOST_KEPT_BYTES: Final = 64 * 2**20
SMALL_BYTES: Final = 4 * 2**10


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """The right to answer a POST; `token` tells it from earlier and later ones of the same key.

    `fingerprint` is what the body holds, once that is known.
    """

    account_id: str
    key: str
    token: str
    fingerprint: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An answer as it was given: status, the headers of its own, and the body."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known of a POST that was answered, or has made a job at least.

    One of `reply` and `job_id` is there. A repeat must have the `fingerprint` of the claim; None:
    nobody had read the body.
    """

    claim: Claim
    reply: Reply | None
    job_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A key as it is stored. `route` is the method, the path and the query."""

    account_id: str
    key: str
    token: str
    route: str
    fingerprint: str | None
    job_id: str | None
    reply: Reply | None
    held_until: datetime
    expires_at: datetime

    def is_held(self, now: datetime) -> bool:
        """Whether somebody is at it."""
        return self.held_until > now

    def is_over(self, now: datetime) -> bool:
        """Whether it is as if it had never been."""
        return self.expires_at <= now and not self.is_held(now)

    @property
    def is_free(self) -> bool:
        """Whether nothing came of it."""
        return self.reply is None and self.job_id is None


def packed(body: bytes) -> bytes:
    """Return a body as it is stored: most are JSON."""
    return zlib.compress(body, level=1)


def unpacked(stored: bytes) -> bytes:
    """Return a body as it was sent."""
    return zlib.decompress(stored)
