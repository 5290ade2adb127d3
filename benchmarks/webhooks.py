"""How long after a job's end does its webhook arrive, while other receivers hang?

A server with two workers; 300 events, ten a second, for a receiver that answers at once, beside twenty
for hosts that take the connection and never answer. Measured from the commit that makes the event to
the request's arrival. Wanted: a p99 under 2 s.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from benchmarks import report
from tests.receivers import Received, Receiver

from telecine import settings
from telecine.assembly import Telecine, assemble
from telecine.cli.local_server import local_server
from telecine.core import accounts, webhooks

GOAL_SECONDS = 2.0
_PAUSE_SECONDS = 0.1
_PATIENCE_SECONDS = 60
_N_HANGING = 20


class _Arrivals:
    """When each webhook arrived first."""

    def __init__(self) -> None:
        self.at: dict[str, float] = {}

    def note(self, came: Received) -> None:
        """Note an arrival."""
        self.at.setdefault(came.headers["webhook-id"], time.monotonic())


@contextmanager
def hanging(address: str) -> Iterator[str]:
    """Take requests at an address and never answer; yields where."""
    is_over = threading.Event()

    def hang(_: Received) -> None:
        is_over.wait()

    receiver = Receiver(address=address, on_received=hang)
    try:
        yield receiver.url
    finally:
        is_over.set()
        receiver.close()


def enqueue(telecine: Telecine, account_id: str, url: str) -> str:
    """Promise one event, as the end of a job does."""
    with telecine.db.transaction() as tx:
        return webhooks.enqueue(
            tx,
            account_id=account_id,
            job_id="j_1",
            event="job.completed",
            url=url,
            body=b"{}",
            now=telecine.clock(),
        ).id


def _await(arrivals: _Arrivals, count: int) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while len(arrivals.at) < count and time.monotonic() < deadline:
        time.sleep(_PAUSE_SECONDS)


def measure(n_events: int) -> list[float]:
    """Return the seconds that each event took, sorted."""
    arrivals = _Arrivals()
    sent: dict[str, float] = {}
    with ExitStack() as stack:
        data = Path(stack.enter_context(tempfile.TemporaryDirectory())) / "data"
        allowed = {"TELECINE_ALLOW_NETWORKS": "127.0.0.0/8"}
        stack.enter_context(local_server(data, workers=2, environment=allowed))
        telecine = assemble(settings.load({}, data=str(data)))
        stack.callback(telecine.close)
        with telecine.db.snapshot() as tx:
            account = accounts.find_by_email(tx, "local@telecine.localhost")
        assert account is not None
        receiver = Receiver(on_received=arrivals.note)
        stack.callback(receiver.close)
        enqueue(telecine, account.id, receiver.url)
        _await(arrivals, 1)  # the workers are up
        arrivals.at.clear()
        silent = [stack.enter_context(hanging(f"127.0.0.{host}")) for host in (2, 3)]
        for number in range(_N_HANGING):
            enqueue(telecine, account.id, silent[number % len(silent)])
        for _ in range(n_events):
            made = enqueue(telecine, account.id, receiver.url)
            sent[made] = time.monotonic()
            time.sleep(_PAUSE_SECONDS)
        _await(arrivals, n_events)
    assert set(sent) == set(arrivals.at)
    return sorted(max(0.0, arrivals.at[each] - sent[each]) for each in sent)


def main() -> None:
    """Measure, print one line, keep the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--events", type=int, default=300)
    options = parser.parse_args()
    taken = measure(options.events)
    median, p99 = statistics.median(taken), taken[int(len(taken) * 0.99)]
    is_reached = p99 < GOAL_SECONDS
    print(
        f"webhooks: {len(taken)} events, median {median * 1000:.0f} ms, p99 {p99 * 1000:.0f} ms "
        f"(goal {GOAL_SECONDS * 1000:.0f}): {'reached' if is_reached else 'NOT REACHED'}"
    )
    report.write(
        "webhooks",
        question="From the commit of an event to the arrival of its webhook, beside hanging receivers",
        figures={
            "events": len(taken),
            "hanging": _N_HANGING,
            "median_ms": round(median * 1000, 1),
            "p99_ms": round(p99 * 1000, 1),
            "max_ms": round(taken[-1] * 1000, 1),
            "goal_ms": GOAL_SECONDS * 1000,
        },
        is_reached=is_reached,
    )


if __name__ == "__main__":
    main()
