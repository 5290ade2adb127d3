"""What a hundred clients cost that follow jobs, or wait for them: CPU of the API process.

    python benchmarks/follow.py

An API process on SQLite, jobs that are queued, or get on twice a second. Its own requests to the
database are two a round of half a second, however many listen.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import sqlalchemy as sa

from telecine import settings as settings_module
from telecine import supervisor
from telecine.assembly import Telecine, assemble, prepare
from telecine.core import accounts, credits, jobs, keys
from telecine.core.jobs import Order
from telecine.core.keys import KeyStyle
from telecine.db.tables import jobs as rows

LISTENERS = 100
SECONDS = 20.0


def cpu_seconds(pid: int) -> float:
    """User and system time of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def make(telecine: Telecine) -> tuple[str, list[str]]:
    """An account with a key and so many jobs that wait."""
    now = telecine.clock()
    with telecine.db.transaction() as tx:
        account = accounts.create(tx, email="ann@example.com", plan="local", now=now)
        credits.grant(tx, account.id, 1000, now=now)
        _, secret = keys.issue(tx, account, style=KeyStyle.TC, now=now)
        order = Order(
            job_id="",
            account_id=account.id,
            family="compress",
            operation="compress",
            lane="media",
            params={},
            price=1,
            inputs=(),
        )
        ids = [f"j_{number:012d}" for number in range(LISTENERS)]
        for job_id in ids:
            jobs.submit(tx, replace(order, job_id=job_id), queue=telecine.queue, now=now)
    return secret, ids


def measured(telecine: Telecine, pid: int, *, moves: bool) -> float:
    """Percent of a core that the process takes."""
    before, began = cpu_seconds(pid), time.monotonic()
    step = 0
    while (elapsed := time.monotonic() - began) < SECONDS:
        if moves:
            step += 1
            with telecine.db.transaction(durable=False) as tx:
                tx.execute(sa.update(rows).values(status="running", progress=step / 100))
        time.sleep(0.5)
    return 100 * (cpu_seconds(pid) - before) / elapsed


def main() -> None:
    """Print what was measured."""
    with tempfile.TemporaryDirectory() as folder:
        telecine = assemble(settings_module.load({}, data=folder))
        prepare(telecine)
        key, ids = make(telecine)
        listener = supervisor.bind("127.0.0.1", 0)
        lifeline, other_end = os.pipe()
        ends = ["--socket", str(listener.fileno()), "--lifeline", str(lifeline)]
        command = [sys.executable, "-m", "telecine", "api", "--data", folder, *ends]
        environment = {**os.environ, "TELECINE_LOG_LEVEL": "error"}
        process = subprocess.Popen(command, pass_fds=(listener.fileno(), lifeline), env=environment)
        found: dict[str, float] = {}
        for what, more in (("events", ""), ("waits", "Prefer: wait=600\r\n")):
            clients = []
            for number in range(LISTENERS):
                path = f"/api/v1/jobs/{ids[number]}" + ("" if more else "/events")
                client = socket.create_connection(listener.getsockname())
                head = f"GET {path} HTTP/1.1\r\nHost: x\r\nX-API-Key: {key}\r\n{more}\r\n"
                client.sendall(head.encode())
                clients.append(client)
            time.sleep(15)  # the process has started, and all of them have been taken up
            found[f"{what}, idle"] = measured(telecine, process.pid, moves=False)
            if not more:
                found[f"{what}, progress"] = measured(telecine, process.pid, moves=True)
            for client in clients:
                client.close()
            time.sleep(3)
        found["nobody"] = measured(telecine, process.pid, moves=False)
        print(json.dumps({name: round(value, 2) for name, value in found.items()}))
        os.close(other_end)
        process.wait()
        telecine.close()


if __name__ == "__main__":
    main()
