"""Taking tickets out of the queue and running them, in a worker process.

A ticket claimed by a process that died goes back to the queue when a process starts under
the same worker id: supervisors restart workers under the id they had. Tickets of a worker
that never returns are the janitor's to replace (`worker/janitor.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from dbos import DBOS, DBOSConfig

from telecine.engine.queue import APPLICATION_NAME, APPLICATION_VERSION, WORKFLOW_NAME

#: How often an idle worker looks for tickets. Half of it is the mean wait of a job; each look
#: costs about 3 ms of CPU.
_POLL_SECONDS = 0.25

#: Runs one ticket to its end. Raises nothing: every outcome is in the job's row.
Handler = Callable[[str, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """A queue and how many of its tickets one worker runs at a time."""

    name: str
    concurrency: int


class Runner:
    """The reading end. One a process: DBOS keeps its state in the module."""

    def __init__(self, database_url: str, *, worker_id: str, lanes: Sequence[Lane]) -> None:
        self._lanes = lanes
        config: DBOSConfig = {
            "name": APPLICATION_NAME,
            "system_database_url": database_url,
            "application_version": APPLICATION_VERSION,
            "executor_id": worker_id,
            "run_migrations": False,
            "log_level": "ERROR",
            "max_executor_threads": 2 + sum(lane.concurrency for lane in lanes) * 2,
        }
        DBOS(config=config)

    def start(self, handler: Handler) -> None:
        """Begin taking tickets; returns at once. `handler` is called in threads."""

        # No step inside: a step's stored result would be the only thing it adds, and the
        # job's row says all of it, fenced by ticket and attempt.
        @DBOS.workflow(name=WORKFLOW_NAME, max_recovery_attempts=None)
        def run_ticket(job_id: str, ticket: int) -> None:
            handler(job_id, ticket)

        DBOS.listen_queues([lane.name for lane in self._lanes])
        DBOS.launch()
        for lane in self._lanes:
            DBOS.register_queue(
                lane.name,
                worker_concurrency=lane.concurrency,
                polling_interval_sec=_POLL_SECONDS,
                on_conflict="always_update",
            )

    def stop(self, *, grace_seconds: int) -> None:
        """Take no more tickets, and wait for handlers to return."""
        DBOS.destroy(destroy_registry=True, workflow_completion_timeout_sec=grace_seconds)
