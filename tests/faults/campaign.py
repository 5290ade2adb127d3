"""One campaign: a server at work, blows that fall on its processes, and the question what is left.

Telecine is started as anybody starts it, and its clients are clients; all else is read from its
database and its storage when everything is over.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final

from tests.databases import Cluster, cluster
from tests.faults import aftermath, invariants, lineage
from tests.faults.aftermath import Aftermath
from tests.faults.clients import Clients, Media
from tests.faults.lineage import Process
from tests.faults.schedule import AT_WORK, Blow, Kind, blows
from tests.faults.server import Server
from tests.receivers import Received, Receiver
from tests.websites import NETWORKS

from telecine import settings
from telecine.kit.clock import system_clock
from telecine.media import models
from telecine.media.seeing.weights import BLAZEFACE

_PATIENCE_SECONDS: Final = 600.0
_LOOK_SECONDS: Final = 0.2
#: So long a blow waits for work: longer than a server takes to start on a machine under load.
_WORK_SECONDS: Final = 60.0
#: And so long for a process of the kind that it is for, while others are at work.
_KIND_SECONDS: Final = 5.0
_WORKERS: Final = 2
#: Where none of a kind lives at the moment of a blow, it falls on one of these.
_OTHERS: Final[tuple[Kind, ...]] = (*AT_WORK, "worker", "api", "supervisor")
_DATABASE: Final[tuple[Kind, ...]] = ("postmaster", "backend")


@dataclass(kw_only=True, slots=True)
class Campaign:
    """What is to be done, and what was done: `killed` counts processes, `ended` jobs, by kind."""

    folder: Path
    kills: int
    seed: int
    database: str
    killed: Counter[str] = field(default_factory=Counter)
    ended: Counter[str] = field(default_factory=Counter)
    _last: datetime = field(default_factory=system_clock)
    _heard: set[str] = field(default_factory=set)
    _wrong: list[str] = field(default_factory=list)

    def run(self) -> list[str]:
        """Return what is wrong, in sentences."""
        lineage.adopt_orphans()
        media = Media.made(self.folder)
        models.fetch(BLAZEFACE, root=settings.load({}).models_dir)
        with ExitStack() as stack:
            environment = {"TELECINE_ALLOW_NETWORKS": NETWORKS}
            postgres = None
            if self.database == "postgres":
                postgres = stack.enter_context(cluster())
                environment["TELECINE_DATABASE_URL"] = postgres.url
            data = self.folder / "data"
            log = stack.enter_context((self.folder / "log").open("w"))
            server = Server(data, workers=_WORKERS, environment=environment, log=log)
            server.start()
            after = stack.enter_context(aftermath.opened(data, environment))
            hook = Receiver(on_received=lambda came: self._hear(came, after))
            stack.enter_context(closing(hook))
            clients = Clients(server, media, hook=hook.url)
            clients.start()
            try:
                self._strike(after, postgres)
            finally:
                clients.stop()
            while not self._is_over(server, after):
                server.start()
            self._wrong += [*clients.notes.wrong, *_orphans(), *self._left(after, clients)]
        return self._wrong

    def _is_over(self, server: Server, after: Aftermath) -> bool:
        """Stop the server when all jobs have ended; False where it took one on in that moment.

        A request whose client has given up goes on.
        """
        _await(after.is_settled, what="the end of all jobs")
        if status := server.stop():
            self._wrong.append(f"the server ended with {status} when it was asked to stop")
        return after.is_settled()

    def _strike(self, after: Aftermath, postgres: Cluster | None) -> None:
        for blow in blows(seed=self.seed, database=self.database):
            time.sleep(blow.pause_seconds)
            hit = _hit(blow, self._awaited(blow, after))
            self._last = system_clock()
            for process in {each.pid: each for each in hit}.values():
                if lineage.kill(process.pid):
                    self.killed[str(process.kind)] += 1
            lineage.bury()
            if postgres is not None:
                _revive(postgres)
            if self.killed.total() >= self.kills:
                return

    def _awaited(self, blow: Blow, after: Aftermath) -> list[Process]:
        """What lives, once a job is worked at if the blow is for that."""
        wanted = {each.kind for each in blow.victims}.intersection(AT_WORK)
        started, since = time.monotonic(), self._last
        while True:
            alive = lineage.below_us()
            waited = time.monotonic() - started
            is_there = not wanted or any(each.kind in wanted for each in alive)
            if not blow.is_patient or waited > _WORK_SECONDS:
                return alive
            if after.has_begun(since=since) and (is_there or waited > _KIND_SECONDS):
                return alive
            time.sleep(_LOOK_SECONDS)

    def _hear(self, came: Received, after: Aftermath) -> None:
        delivery_id = came.headers["webhook-id"]
        status = after.status_told_by(delivery_id)
        if status in {"queued", "running"}:
            self._wrong.append(f"{delivery_id} tells of an end while its job is {status}")
        self._heard.add(delivery_id)

    def _left(self, after: Aftermath, clients: Clients) -> Iterator[str]:
        after.deliver()
        books = invariants.read(after.telecine)
        self.ended.update(
            f"{row.operation} {row.error_code or row.status}" for row in books.jobs.values()
        )
        yield from invariants.of_jobs(books, clients.notes.accepted)
        yield from invariants.of_ledger(books)
        yield from invariants.of_webhooks(books, self._heard)
        scratch = self.folder / "scratch"
        scratch.mkdir()
        yield from invariants.of_outputs(books, after.telecine, scratch)
        after.keep_house()
        yield from invariants.of_storage(invariants.read(after.telecine), after.telecine)


def _hit(blow: Blow, alive: list[Process]) -> Iterator[Process]:
    for victim in blow.victims:
        kinds = (victim.kind,) if victim.kind in _DATABASE else (victim.kind, *_OTHERS)
        for kind in kinds:
            found = [each for each in alive if each.kind == kind]
            if found:
                yield found[int(victim.share * len(found))]
                break


def _revive(postgres: Cluster) -> None:
    """Start the database again if it was hit: its children may still be on their way out."""
    while not any(each.kind == "postmaster" for each in lineage.below_us()):
        lineage.bury()  # to the next one they would be a server that runs
        try:
            postgres.start()
        except AssertionError:
            time.sleep(_LOOK_SECONDS)


def _orphans() -> list[str]:
    """Processes of the server that outlive it; what is on its way out is waited for."""
    deadline = time.monotonic() + _PATIENCE_SECONDS / 5
    while left := [each for each in lineage.below_us() if each.kind not in (None, *_DATABASE)]:
        if time.monotonic() > deadline:
            break
        time.sleep(_LOOK_SECONDS)
    return [f"still there: {each.pid} {each.command[:200]}" for each in left]


def _await(condition: Callable[[], bool], *, what: str) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, f"not in time: {what}"
        time.sleep(_LOOK_SECONDS)
