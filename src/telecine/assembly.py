"""Where Telecine is put together: settings in, working parts out. Read this first.

    Settings ─┬─ Database, BlobStore, Queue, Cache, FFmpeg, Pool, Renderer (shelves.py),
              │  Outbound, Chat, Senses (outside.py)
              ├─ Services ──> api.routes ──> the ASGI app               doors for clients
              └─ Attempts, Courier, Janitor ──> Worker                  doors that time opens

Nothing else in the package builds its own collaborators: they are handed in from here.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from telecine import engine, outside, shelves
from telecine.api.routes import FAMILIES
from telecine.api.services import Services
from telecine.api.services.looking import Looker
from telecine.blobs import BlobStore, open_store
from telecine.core.jobs import EventBody
from telecine.db import Database
from telecine.db.clock import clock_of
from telecine.db.migrate import migrate
from telecine.engine import Lane, Queue
from telecine.kit.clock import Clock
from telecine.kit.outbound import Cache, Chat, Outbound
from telecine.media.ffmpeg import FFmpeg
from telecine.media.pool import Pool
from telecine.media.render.confined import Renderer
from telecine.media.render.previewing import Previews
from telecine.media.senses import Senses
from telecine.operations.clips import CLIPS
from telecine.operations.registry import LANES, OPERATIONS, Entry
from telecine.operations.voiceover import VOICEOVER
from telecine.settings import PlanBook, Settings, load_plans
from telecine.worker.attempt import Attempts
from telecine.worker.courier import Courier
from telecine.worker.janitor import Janitor
from telecine.worker.lease import Lease
from telecine.worker.loop import Worker
from telecine.worker.post import Posts


@dataclass(frozen=True, slots=True, kw_only=True)
class Telecine:
    """The shelves, opened, and the rules of this installation."""

    settings: Settings
    plans: PlanBook
    clock: Clock
    db: Database
    blobs: BlobStore
    queue: Queue
    outbound: Outbound
    cache: Cache
    ffmpeg: FFmpeg
    pool: Pool
    renderer: Renderer
    senses: Senses
    language_model: Chat | None
    previews: Previews
    operations: Mapping[str, Entry]

    def services(self) -> Services:
        """Return what API handlers are given."""
        return Services(
            settings=self.settings,
            plans=self.plans,
            clock=self.clock,
            db=self.db,
            blobs=self.blobs,
            queue=self.queue,
            outbound=self.outbound,
            cache=self.cache,
            looker=Looker(
                cache=self.cache,
                pool=self.pool,
                blobs=self.blobs,
                max_pixels=self.settings.max_pixels,
            ),
            pool=self.pool,
            senses=self.senses,
            previews=self.previews,
        )

    def posts(self) -> Posts:
        """Return where worker ids are taken."""
        return Posts(
            db=self.db,
            clock=self.clock,
            locks_dir=self.settings.locks_dir,
            worker_timeout=timedelta(seconds=self.settings.worker_timeout_seconds),
        )

    def worker(self, worker_id: str, *, stop: threading.Event) -> Worker:
        """Build a worker; `stop` ends it and the attempts under way."""
        work_dir = self.settings.data_dir / "work"
        lease = Lease(self.settings.worker_timeout_seconds)
        attempts = Attempts(
            worker_id=worker_id,
            db=self.db,
            blobs=self.blobs,
            queue=self.queue,
            clock=self.clock,
            ffmpeg=self.ffmpeg,
            pool=self.pool,
            renderer=self.renderer,
            cache=self.cache,
            senses=self.senses,
            language_model=self.language_model,
            operations=self.operations,
            bodies=event_bodies(),
            work_dir=work_dir / worker_id,
            most_attempts=self.settings.job_attempts,
            output_ttl=timedelta(seconds=self.settings.output_ttl_seconds),
            output_ttls={
                CLIPS.name: timedelta(seconds=self.settings.clips_ttl_seconds),
                VOICEOVER.name: timedelta(seconds=self.settings.voiceover_ttl_seconds),
            },
            is_stopping=stop,
            lease=lease,
        )
        janitor = Janitor(
            worker_id=worker_id,
            running=attempts.running,
            db=self.db,
            blobs=self.blobs,
            queue=self.queue,
            clock=self.clock,
            work_dir=work_dir,
            posts=self.posts(),
            worker_timeout=timedelta(seconds=self.settings.worker_timeout_seconds),
            webhooks_kept=timedelta(seconds=self.settings.webhooks_kept_seconds),
        )
        return Worker(
            worker_id=worker_id,
            db=self.db,
            lanes=tuple(Lane(name=name, concurrency=n) for name, n in LANES.items()),
            attempts=attempts,
            courier=Courier(db=self.db, outbound=self.outbound, clock=self.clock),
            janitor=janitor,
            pool=self.pool,
            lease=lease,
        )

    def close(self) -> None:
        """Let go of processes and connections."""
        self.pool.close()
        self.previews.close()
        self.renderer.close()
        self.queue.close()
        self.db.dispose()


def assemble(
    settings: Settings,
    *,
    clock: Clock | None = None,
    operations: Mapping[str, Entry] = OPERATIONS,
) -> Telecine:
    """Build a Telecine from settings. Touches no database and starts no process yet.

    Without a `clock` it lives by its database's: several machines have no other time in common.
    """
    db = Database(settings.resolved_database_url)
    drawing = shelves.renderer(settings, n_spare=1)
    client = outside.outbound(settings)
    return Telecine(
        settings=settings,
        plans=load_plans(settings),
        clock=clock or clock_of(db),
        db=db,
        blobs=open_store(settings.resolved_storage_url, staging=settings.data_dir / "staging"),
        queue=Queue(db.url),
        outbound=client,
        cache=outside.cache(settings, client=client),
        ffmpeg=shelves.ffmpeg(settings),
        pool=shelves.pool(settings),
        renderer=drawing,
        senses=outside.senses(settings),
        language_model=outside.language_model(settings),
        previews=Previews(
            drawing,
            folder=settings.data_dir / "previews",
            most_children=settings.preview_sessions,
            idle_seconds=settings.preview_idle_seconds,
            max_bytes=settings.preview_kept_bytes,
        ),
        operations=operations,
    )


def prepare(telecine: Telecine) -> None:
    """Bring the database to this version; safe at every start, in any number of processes."""
    migrate(telecine.db)
    engine.migrate(telecine.db.url)


def event_bodies() -> Mapping[str, EventBody]:
    """Return how each family words its webhooks: the only thing a worker knows of them."""
    bodies = {family.name: family.event_body for family in FAMILIES}
    return {name: body for name, body in bodies.items() if body is not None}
