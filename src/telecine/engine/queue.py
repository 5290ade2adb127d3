"""Putting jobs into the queue, and asking what became of their tickets."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

import sqlalchemy as sa
from dbos import DBOSClient, EnqueueOptions, run_dbos_database_migrations

#: Names the one workflow. It is stored with every entry: a new name strands the old entries.
WORKFLOW_NAME = "telecine.run_ticket"
#: The same in every release, so that a newer worker takes over an older one's entries. What
#: must stay compatible is small: the workflow takes a job's id and a ticket number.
APPLICATION_VERSION = "telecine-tickets-1"
APPLICATION_NAME = "telecine"
#: The lower goes first: a job that was under way once does not stand behind newer ones.
_AGAIN, _NEW = 1, 2


class TicketPhase(StrEnum):
    """Where a queue entry stands."""

    WAITING = "waiting"
    CLAIMED = "claimed"
    ENDED = "ended"
    ABSENT = "absent"


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketState:
    """A queue entry's phase, and the worker that claimed it."""

    phase: TicketPhase
    worker_id: str | None = None


_PHASES = {
    "ENQUEUED": TicketPhase.WAITING,
    "DELAYED": TicketPhase.WAITING,
    "PENDING": TicketPhase.CLAIMED,
}


class Queue:
    """The writing end: usable in every process, runs nothing itself."""

    def __init__(self, database_url: str) -> None:
        # Connects at first use: building a Telecine must not need its database yet.
        self._client = DBOSClient(
            system_database_url=database_url, application_name=APPLICATION_NAME, lazy=True
        )

    def enqueue(self, tx: sa.Connection, *, lane: str, job_id: str, ticket: int) -> None:
        """Add a ticket in the caller's transaction: it exists once that commits."""
        options: EnqueueOptions = {
            "workflow_name": WORKFLOW_NAME,
            "queue_name": lane,
            "workflow_id": _workflow_id(job_id, ticket),
            "app_version": APPLICATION_VERSION,
            "priority": _NEW if ticket == 1 else _AGAIN,
        }
        self._client.enqueue_in_transaction(tx, options, job_id, ticket)

    def states(self, tickets: Iterable[tuple[str, int]]) -> dict[tuple[str, int], TicketState]:
        """Return where each (job id, ticket) stands."""
        wanted = {_workflow_id(job_id, ticket): (job_id, ticket) for job_id, ticket in tickets}
        found = dict.fromkeys(wanted.values(), TicketState(phase=TicketPhase.ABSENT))
        if not wanted:
            return found
        for entry in self._client.list_workflows(
            workflow_ids=list(wanted), load_input=False, load_output=False
        ):
            phase = _PHASES.get(entry.status, TicketPhase.ENDED)
            found[wanted[entry.workflow_id]] = TicketState(phase=phase, worker_id=entry.executor_id)
        return found

    def forget(self, tickets: Iterable[tuple[str, int]]) -> None:
        """Delete entries of jobs that have ended: the job row remembers all that matters."""
        ids = [_workflow_id(job_id, ticket) for job_id, ticket in tickets]
        if ids:
            self._client.delete_workflows(ids)

    def close(self) -> None:
        """Close the connections."""
        self._client.destroy()


def migrate(database_url: str) -> None:
    """Make or update the engine's own tables, beside ours in the same database."""
    run_dbos_database_migrations(database_url)


def _workflow_id(job_id: str, ticket: int) -> str:
    return f"{job_id}.{ticket}"
