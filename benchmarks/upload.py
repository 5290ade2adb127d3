"""How much memory does a 1 GB upload cost the server, and does /health answer meanwhile?

The body is a well-formed multipart form whose file is random bytes, so a real server refuses
it in the end (it is no video); what is measured is over by then. The sender is a process of
its own, so that it does not delay the health probes. Wanted: growth under 100 MB, p99 under 50 ms.
"""

from __future__ import annotations

import argparse
import http.client
import multiprocessing
import os
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks import report

from telecine.cli.local_server import local_server

_BLOCK = os.urandom(1024 * 1024)
_BOUNDARY = "telecine-benchmark"
GOAL_GROWTH_MB, GOAL_P99_MS = 100, 50


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


def main() -> None:
    """Measure, print one line, keep the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--bytes", type=int, default=1_000_000_000, dest="n_bytes")
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="telecine-bench-") as name,
        local_server(Path(name) / "data") as server,
    ):
        pids = api_processes(server.process.pid)
        outcome = measure(server.url, "/api/v1/compress", server.key, pids, options.n_bytes)
    is_reached = outcome.rss_growth_mb < GOAL_GROWTH_MB and outcome.health_p99_ms < GOAL_P99_MS
    print(
        f"upload: {outcome.sent_bytes / 1e9:g} GB in {outcome.seconds} s "
        f"({outcome.megabytes_per_second} MB/s), answer {outcome.status}, "
        f"RSS +{outcome.rss_growth_mb} MB, health p99 {outcome.health_p99_ms} ms "
        f"(max {outcome.health_max_ms}): {'reached' if is_reached else 'NOT REACHED'}"
    )
    report.write(
        "upload",
        question="Memory and health latency of the API process during a 1 GB multipart upload",
        figures=asdict(outcome),
        is_reached=is_reached,
    )


if __name__ == "__main__":
    main()
