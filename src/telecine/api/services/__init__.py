"""What handlers are given: the shelves and rules that a request may need."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

import structlog
from sqlalchemy.exc import DBAPIError
from starlette.concurrency import run_in_threadpool

from telecine.api.services.looking import Looker
from telecine.api.services.lookout import Lookout
from telecine.api.services.writers import Writers
from telecine.blobs import BlobStore
from telecine.db import Database, Transaction, is_out_of_room
from telecine.engine import Queue
from telecine.kit.clock import Clock
from telecine.kit.errors import StorageFullError
from telecine.kit.outbound import Cache, Outbound
from telecine.media.pool import Pool
from telecine.media.render.previewing import Previews
from telecine.media.senses import Senses
from telecine.settings import PlanBook, Settings

T = TypeVar("T")

_log = structlog.get_logger(__name__)


class Room:
    """Whether the last write to the database found room; its loss is logged once."""

    def __init__(self) -> None:
        self.is_lost = False

    def lose(self) -> None:
        """Note that a write found no room."""
        if not self.is_lost:
            _log.error("database.full")
        self.is_lost = True

    def find(self) -> None:
        """Note that a write found room."""
        if self.is_lost:
            _log.info("database.has_room_again")
        self.is_lost = False


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
    senses: Senses
    previews: Previews
    room: Room = field(default_factory=Room)
    writers: Writers = field(default_factory=Writers)
    lookout: Lookout = field(default_factory=Lookout)

    async def read(self, query: Callable[[Transaction], T]) -> T:
        """Run a query in a thread, in a transaction for reading."""

        def work() -> T:
            with self.db.snapshot() as tx:
                return query(tx)

        return await run_in_threadpool(work)

    async def write(self, verb: Callable[[Transaction], T], *, durable: bool = True) -> T:
        """Run a verb in a thread, in a transaction that is committed when it returns.

        Raises `StorageFullError` where the database has no room.
        """

        def work() -> T:
            try:
                with self.db.transaction(durable=durable) as tx:
                    done = verb(tx)
            except DBAPIError as error:
                if not is_out_of_room(error):
                    raise
                self.room.lose()
                raise StorageFullError from error
            self.room.find()
            return done

        return await run_in_threadpool(work)
