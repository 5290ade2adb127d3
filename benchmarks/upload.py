"""What does a 1 GB upload cost the server in processor time and memory, and does /health answer?

The body is a well-formed multipart form whose file is random bytes, so a real server refuses
it in the end (it is no video); what is measured is over by then. The sender is a process of
its own, so that it does not delay the health probes. Wanted: growth under 100 MB, p99 under 50 ms,
at most 2 seconds of processor time a gigabyte, of uploads without probes. Beside it stands what uvicorn alone takes that throws
the same body away; the two take turns, and the best of each counts.
"""

from __future__ import annotations

import argparse
import http.client
import multiprocessing
import os
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import urlsplit

import uvicorn
from benchmarks import report
from starlette.types import Receive, Scope, Send

from telecine.cli.local_server import local_server

_BLOCK = os.urandom(1024 * 1024)
_BOUNDARY = "telecine-benchmark"
GOAL_GROWTH_MB, GOAL_P99_MS, GOAL_CPU_SECONDS_PER_GB = 100, 50, 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One upload, measured."""

    status: int
    sent_bytes: int
    seconds: float
    megabytes_per_second: float
    rss_before_mb: float
    rss_peak_mb: float
    rss_growth_mb: float
    server_cpu_seconds: float
    health_probes: int
    health_p50_ms: float
    health_p99_ms: float
    health_max_ms: float


def send(url: str, path: str, key: str, n_bytes: int, results: multiprocessing.Queue[int]) -> None:
    """Upload `n_bytes` of file and put the answer's status in the queue."""
    target = urlsplit(url)
    head = (
        f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="file"; '
        'filename="benchmark.mp4"\r\nContent-Type: video/mp4\r\n\r\n'
    ).encode()
    tail = f"\r\n--{_BOUNDARY}--\r\n".encode()
    connection = http.client.HTTPConnection(target.hostname or "", target.port, timeout=600)
    connection.putrequest("POST", path)
    connection.putheader("Authorization", f"Bearer {key}")
    connection.putheader("Content-Type", f"multipart/form-data; boundary={_BOUNDARY}")
    connection.putheader("Content-Length", str(len(head) + n_bytes + len(tail)))
    connection.endheaders()
    connection.send(head)
    for start in range(0, n_bytes, len(_BLOCK)):
        connection.send(_BLOCK[: n_bytes - start])
    connection.send(tail)
    results.put(connection.getresponse().status)
    connection.close()


def rss_bytes(pids: Sequence[int]) -> int:
    """Return the resident memory of the processes together."""
    total = 0
    for pid in pids:
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                total += int(line.split()[1]) * 1024
    return total


def cpu_seconds(pids: Sequence[int]) -> float:
    """Return the processor time that the processes have used so far."""
    ticks = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def probe_health(url: str, ended: threading.Event, latencies: list[float]) -> None:
    """Ask /health about a hundred times a second until `ended`."""
    target = urlsplit(url)
    connection = http.client.HTTPConnection(target.hostname or "", target.port, timeout=60)
    while not ended.wait(0.01):
        asked_at = time.perf_counter()
        connection.request("GET", "/health")
        connection.getresponse().read()
        latencies.append(time.perf_counter() - asked_at)
    connection.close()


def measure(url: str, path: str, key: str, pids: Sequence[int], n_bytes: int) -> Outcome:
    """Upload once, sampling memory every 10 ms."""
    latencies: list[float] = []
    warm_up, ended = threading.Event(), threading.Event()
    threading.Timer(0.5, warm_up.set).start()
    probe_health(url, warm_up, [])
    before, cpu_before = rss_bytes(pids), cpu_seconds(pids)
    prober = threading.Thread(target=probe_health, args=(url, ended, latencies))
    context = multiprocessing.get_context("spawn")
    results: multiprocessing.Queue[int] = context.Queue()
    sender = context.Process(target=send, args=(url, path, key, n_bytes, results))
    sender.start()
    prober.start()
    peak, started_at = before, time.perf_counter()
    while sender.is_alive():
        peak = max(peak, rss_bytes(pids))
        sender.join(0.01)
    seconds = time.perf_counter() - started_at
    ended.set()
    prober.join()
    if sender.exitcode:
        sys.exit("the upload failed; see above")
    ordered = sorted(latencies)
    return Outcome(
        status=results.get(),
        sent_bytes=n_bytes,
        seconds=round(seconds, 2),
        megabytes_per_second=round(n_bytes / seconds / 1e6, 1),
        rss_before_mb=round(before / 1e6, 1),
        rss_peak_mb=round(peak / 1e6, 1),
        rss_growth_mb=round((peak - before) / 1e6, 1),
        server_cpu_seconds=round(cpu_seconds(pids) - cpu_before, 2),
        health_probes=len(ordered),
        health_p50_ms=round(ordered[len(ordered) // 2] * 1000, 2),
        health_p99_ms=round(ordered[len(ordered) * 99 // 100] * 1000, 2),
        health_max_ms=round(ordered[-1] * 1000, 2),
    )


def api_processes(supervisor: int) -> list[int]:
    """Return the ids of the API processes that a supervisor started."""
    children = Path(f"/proc/{supervisor}/task/{supervisor}/children").read_text().split()
    return [
        int(child)
        for child in children
        if b"\0api\0" in Path(f"/proc/{child}/cmdline").read_bytes()
    ]


def cost(url: str, path: str, key: str, pid: int, n_bytes: int) -> float:
    """Upload once, with nothing beside it; returns seconds of processor time a gigabyte."""
    before = cpu_seconds([pid])
    context = multiprocessing.get_context("spawn")
    results: multiprocessing.Queue[int] = context.Queue()
    sender = context.Process(target=send, args=(url, path, key, n_bytes, results))
    sender.start()
    sender.join()
    return round((cpu_seconds([pid]) - before) * 1e9 / n_bytes, 2)


async def throw_away(scope: Scope, receive: Receive, send: Send) -> None:
    """Read a body and keep nothing of it."""
    while scope["type"] == "http" and (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b""})


def serve_bare(ports: multiprocessing.Queue[int]) -> None:
    """Run uvicorn alone, as it comes."""
    listener = socket.create_server(("127.0.0.1", 0))
    ports.put(listener.getsockname()[1])
    config = uvicorn.Config(throw_away, loop="uvloop", lifespan="off", log_level="error")
    uvicorn.Server(config).run(sockets=[listener])


@contextmanager
def bare_server() -> Iterator[tuple[str, int]]:
    """Give the address and the process id of a server that only reads."""
    context = multiprocessing.get_context("spawn")
    ports: multiprocessing.Queue[int] = context.Queue()
    process = context.Process(target=serve_bare, args=(ports,))
    process.start()
    try:
        yield f"http://127.0.0.1:{ports.get(timeout=60)}", process.pid or 0
    finally:
        process.terminate()
        process.join()


def main() -> None:
    """Measure, print one line, keep the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--bytes", type=int, default=1_000_000_000, dest="n_bytes")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="telecine-bench-") as name,
        local_server(Path(name) / "data") as server,
        bare_server() as (bare_url, bare_pid),
    ):
        path, n_bytes = "/api/v1/compress", options.n_bytes
        (pid,) = api_processes(server.process.pid)
        outcome = measure(server.url, path, server.key, [pid], n_bytes)
        ours, bare = [], []
        for _ in range(options.rounds):
            ours.append(cost(server.url, path, server.key, pid, n_bytes))
            bare.append(cost(bare_url, "/", "", bare_pid, n_bytes))
    is_reached = (
        outcome.rss_growth_mb < GOAL_GROWTH_MB
        and outcome.health_p99_ms < GOAL_P99_MS
        and min(ours) <= GOAL_CPU_SECONDS_PER_GB
    )
    print(
        f"upload: {outcome.sent_bytes / 1e9:g} GB in {outcome.seconds} s "
        f"({outcome.megabytes_per_second} MB/s), answer {outcome.status}, "
        f"{min(ours)} s of CPU a GB (uvicorn alone {min(bare)}), "
        f"RSS +{outcome.rss_growth_mb} MB, health p99 {outcome.health_p99_ms} ms "
        f"(max {outcome.health_max_ms}): {'reached' if is_reached else 'NOT REACHED'}"
    )
    report.write(
        "upload",
        question="Processor time, memory and health latency of the API process in a 1 GB upload",
        figures={
            **asdict(outcome),
            "cpu_seconds_per_gb": min(ours),
            "bare_cpu_seconds_per_gb": min(bare),
        },
        is_reached=is_reached,
    )


if __name__ == "__main__":
    main()
