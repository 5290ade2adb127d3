"""What handlers are given: the shelves and rules that a request may need."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from starlette.concurrency import run_in_threadpool

from telecine.api.looking import Looker
from telecine.blobs import BlobStore
from telecine.db import Database, Transaction
from telecine.engine import Queue
from telecine.kit.clock import Clock
from telecine.kit.outbound import Cache, Outbound
from telecine.media.pool import Pool
from telecine.media.render.previewing import Previews
from telecine.settings import PlanBook, Settings

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Put together in `assembly.py`, shared by all requests."""

    settings: Settings
    plans: PlanBook
    clock: Clock
    db: Database
    blobs: BlobStore
    queue: Queue
    outbound: Outbound
    cache: Cache
    looker: Looker
    pool: Pool
    previews: Previews

    async def read(self, query: Callable[[Transaction], T]) -> T:
        """Run a query in a thread, in a transaction for reading."""

        def work() -> T:
            with self.db.snapshot() as tx:
                return query(tx)

        return await run_in_threadpool(work)

    async def write(self, verb: Callable[[Transaction], T], *, durable: bool = True) -> T:
        """Run a verb in a thread, in a transaction that is committed when it returns."""

        def work() -> T:
            with self.db.transaction(durable=durable) as tx:
                return verb(tx)

        return await run_in_threadpool(work)
