"""In which order a worker takes what waits. The engine is one a process, so it has one of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

_TAKING = """
import sys, threading
from telecine import engine
from telecine.db import Database

url = sys.argv[1]
engine.migrate(url)
queue, database = engine.Queue(url), Database(url)
for job_id, ticket in (("first", 1), ("second", 1), ("again", 2)):
    with database.transaction() as tx:
        queue.enqueue(tx, lane="media", job_id=job_id, ticket=ticket)
taken, done = [], threading.Event()

def take(job_id, ticket):
    taken.append(job_id)
    if len(taken) == 3:
        done.set()

runner = engine.Runner(url, worker_id="w", lanes=[engine.Lane(name="media", concurrency=1)])
runner.start(take)
done.wait(120)
print(*taken)
runner.stop(grace_seconds=5)
"""


def test_a_job_that_was_under_way_goes_before_newer_ones(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _TAKING, f"sqlite:///{tmp_path / 'queue.db'}"],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.stdout.split() == ["again", "first", "second"], done.stderr
