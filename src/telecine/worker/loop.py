"""A worker process from start to stop.

Before anything else it holds its id (`post.py`), and clears what a dead holder left on the disk.
One thread beats, one looks for lost jobs, one keeps house, one delivers webhooks, the engine's
threads run jobs. One sees to it that nothing of ours runs when the lease is over. SIGTERM means:
take nothing new, stop what runs, give its jobs back to the queue, end.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import structlog
from sqlalchemy.exc import DBAPIError

from telecine.blobs import reason
from telecine.core import webhooks
from telecine.db import Database
from telecine.engine import Lane, Runner
from telecine.kit.clock import steady_seconds
from telecine.kit.errors import StorageError
from telecine.media.pool import Pool
from telecine.worker.attempt import Attempts
from telecine.worker.courier import Courier
from telecine.worker.janitor import Janitor
from telecine.worker.lease import Lease
from telecine.worker.post import Post

_log = structlog.get_logger(__name__)

_ROUND_EVERY_SECONDS = 5.0
_GUARD_EVERY_SECONDS = 0.5
#: EX_TEMPFAIL: start it again.
_EXIT_CUT_OFF = 75
_SWEEP_EVERY_SECONDS = 3600.0
_COURIER_PAUSE_SECONDS = 0.25
_GRACE_SECONDS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """A worker's parts, put together in `assembly.py`."""

    worker_id: str
    db: Database
    lanes: tuple[Lane, ...]
    attempts: Attempts
    courier: Courier
    janitor: Janitor
    pool: Pool
    lease: Lease

    def run(self, stop: threading.Event, *, post: Post) -> None:
        """Work until `stop` is set; `stop` is also what the attempts look at.

        `post` is held to the end, and given up then.
        """
        self.janitor.clear_own_workspaces()
        runner = Runner(self.db.url, worker_id=self.worker_id, lanes=self.lanes)
        runner.start(self.attempts.run)
        threads = [
            threading.Thread(target=self._keep_beating, args=(post, stop), name="beat"),
            threading.Thread(target=self._guard_lease, args=(stop,), name="lease"),
            threading.Thread(target=self._find_lost_jobs, args=(stop,), name="lost"),
            threading.Thread(target=self._keep_house, args=(stop,), name="janitor"),
            threading.Thread(target=self._deliver, args=(stop,), name="courier"),
        ]
        for thread in threads:
            thread.start()
        _log.info("worker.ready", worker_id=self.worker_id, pid=os.getpid())
        stop.wait()
        runner.stop(grace_seconds=_GRACE_SECONDS)
        for thread in threads:
            thread.join()
        self.pool.close()
        if not self.attempts.running:  # one that outlasts the grace would fail without its files
            self.janitor.clear_own_workspaces()
        _guarded("leave", post.leave)
        _log.info("worker.stopped", worker_id=self.worker_id)

    def _keep_beating(self, post: Post, stop: threading.Event) -> None:
        # Alone in its thread: a long sweep of a large store must not look like a death.
        while not stop.wait(self.lease.beat_every_seconds):
            began = steady_seconds()
            is_held = _guarded("beat", post.beat)
            if is_held:
                self.lease.renew(began)
            elif is_held is False:
                # We were taken for dead, and the id was given away. Our jobs go back to the queue.
                _log.error("worker.replaced", worker_id=post.worker_id)
                stop.set()

    def _guard_lease(self, stop: threading.Event) -> None:
        """End this process, and with it its encoders, where the lease did not stop them.

        An attempt asks for the lease itself, but it may stand in something that takes long: an
        answer of the database, an upload.
        """
        over_since: float | None = None
        while not stop.wait(_GUARD_EVERY_SECONDS):
            if self.lease.is_held() or not self.attempts.at_work:
                over_since = None
            elif over_since is None:
                over_since = time.monotonic()
                _log.warning("worker.cut_off", worker_id=self.worker_id)
            elif time.monotonic() - over_since > self.lease.grace_seconds:
                _log.error("worker.gives_up", worker_id=self.worker_id)
                os._exit(_EXIT_CUT_OFF)

    def _find_lost_jobs(self, stop: threading.Event) -> None:
        # Not between the sweeps: one may take minutes, and a lost job has waited long enough.
        while not stop.is_set():
            _guarded("requeue", self.janitor.requeue_lost_jobs)
            stop.wait(_ROUND_EVERY_SECONDS)

    def _keep_house(self, stop: threading.Event) -> None:
        rounds_to_sweep = 0
        while not stop.is_set():
            _guarded("expire", self.janitor.delete_expired_files)
            _guarded("uploads", self.janitor.delete_expired_uploads)
            _guarded("projects", self.janitor.remove_deleted_projects)
            if rounds_to_sweep == 0:
                _guarded("sweep", self.janitor.sweep)
                rounds_to_sweep = int(_SWEEP_EVERY_SECONDS / _ROUND_EVERY_SECONDS)
            rounds_to_sweep -= 1
            stop.wait(_ROUND_EVERY_SECONDS)

    def _deliver(self, stop: threading.Event) -> None:
        with ThreadPoolExecutor(webhooks.PARALLEL, thread_name_prefix="courier") as threads:
            while not stop.is_set():
                if not _guarded("courier", lambda: self.courier.send_due(threads)):
                    self.courier.rest(_COURIER_PAUSE_SECONDS)


def _guarded(name: str, chore: Callable[[], int | None]) -> int | None:
    """Do one chore of an endless round: what it raises is logged, and the next round tries."""
    try:
        return chore()
    except DBAPIError as error:
        _log.warning("worker.database", chore=name, error=str(error.orig))
    except StorageError as error:
        _log.warning("worker.storage", chore=name, error=reason(error))
    except Exception:  # noqa: BLE001 (an endless round outlives any one chore)
        _log.exception("worker.chore_broke", chore=name)
    return None
