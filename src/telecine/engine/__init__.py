"""Shelf: the durable queue. The only room that knows DBOS.

What we use of it: a queue whose entry is written in our own transaction, workers that take
entries, and the return of a restarted worker's entries. One entry ("ticket") runs one job
once; what a job is, whether it may run and what became of it is the jobs room's business.
"""

from telecine.engine.queue import Queue, TicketPhase, TicketState, migrate
from telecine.engine.runner import Lane, Runner

__all__ = ["Lane", "Queue", "Runner", "TicketPhase", "TicketState", "migrate"]
