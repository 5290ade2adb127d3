"""How long does a job take that does nothing?

200 no-op jobs, one after the other on an idle worker: the time from the submitting
transaction to the finished row is all engine, attempt and ledger. Wanted: a median under 400 ms.
"""

from __future__ import annotations

import argparse
import multiprocessing
import statistics
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import msgspec
from benchmarks import report

from telecine import settings
from telecine.assembly import Telecine, assemble, prepare
from telecine.cli.welcome import first_key
from telecine.core import accounts, jobs
from telecine.core.jobs import JobStatus, Order, new_job_id
from telecine.kit.log import configure
from telecine.operations.base import Context, Result
from telecine.operations.registry import QUICK_LANE, Entry
from telecine.settings import Prices

GOAL_MS = 400.0


class _NoParams(msgspec.Struct, frozen=True):
    """Nothing to say."""


@dataclass(frozen=True, slots=True)
class _Nothing:
    name: str = "nothing"
    params_type: type[_NoParams] = _NoParams

    def price(self, params: _NoParams, *, input_bytes: int, prices: Prices) -> int:
        """Charge one credit, so that the ledger takes part."""
        del params, input_bytes, prices
        return 1

    def run(self, params: _NoParams, context: Context) -> Result:
        """Do nothing."""
        del params, context
        return Result(outputs=())


OPERATIONS = {"nothing": Entry(operation=_Nothing(), lane=QUICK_LANE)}


def open_telecine(data: str) -> Telecine:
    """Build a Telecine whose one operation does nothing."""
    return assemble(settings.load({}, data=data), operations=OPERATIONS)


def work(data: str, ready: multiprocessing.synchronize.Event) -> None:
    """Run a worker in this process until it is killed."""
    configure(level="error", format="json")
    telecine = open_telecine(data)
    threading.Timer(2.0, ready.set).start()
    stop = threading.Event()
    telecine.worker("bench-1", stop=stop).run(
        stop, post=telecine.posts().take(["bench-1"], patience_seconds=10)
    )


def one_job(telecine: Telecine, account_id: str) -> float:
    """Submit one job and wait for its end; returns milliseconds."""
    order = Order(
        job_id=new_job_id("j_"),
        account_id=account_id,
        family="compress",
        operation="nothing",
        lane=QUICK_LANE,
        params={},
        price=1,
        inputs=(),
    )
    started = time.perf_counter()
    with telecine.db.transaction() as tx:
        jobs.submit(tx, order, queue=telecine.queue, now=telecine.clock())
    while True:
        with telecine.db.snapshot() as tx:
            if jobs.get(tx, order.job_id).status is JobStatus.SUCCEEDED:
                return (time.perf_counter() - started) * 1000
        time.sleep(0.005)


def main() -> None:
    """Measure, print one line, keep the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--jobs", type=int, default=200)
    options = parser.parse_args()
    context = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory(prefix="telecine-bench-") as name:
        data = str(Path(name) / "data")
        telecine = open_telecine(data)
        prepare(telecine)
        with telecine.db.transaction() as tx:
            first_key(tx, telecine)
        with telecine.db.snapshot() as tx:
            account = accounts.find_by_email(tx, "local@telecine.localhost")
        assert account is not None
        ready = context.Event()
        worker = context.Process(target=work, args=(data, ready), daemon=True)
        worker.start()
        ready.wait()
        taken = [one_job(telecine, account.id) for _ in range(options.jobs)]
        worker.terminate()
        worker.join(10)
        telecine.close()
    taken.sort()
    median, p95 = statistics.median(taken), taken[int(len(taken) * 0.95)]
    is_reached = median < GOAL_MS
    print(
        f"engine: {len(taken)} jobs, median {median:.0f} ms, p95 {p95:.0f} ms (goal {GOAL_MS:.0f}):"
        f" {'reached' if is_reached else 'NOT REACHED'}"
    )
    report.write(
        "engine_overhead",
        question="Submit to finished of a job that does nothing, one at a time, in ms",
        figures={
            "jobs": len(taken),
            "median_ms": round(median, 1),
            "p95_ms": round(p95, 1),
            "max_ms": round(taken[-1], 1),
            "goal_ms": GOAL_MS,
        },
        is_reached=is_reached,
    )


if __name__ == "__main__":
    main()
