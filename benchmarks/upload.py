"""How much memory does a 1 GB upload cost the server, and does /health answer meanwhile?

    python benchmarks/upload.py --url http://127.0.0.1:8000 --key kvrt_… --pid <server pid>

The body is a well-formed multipart form whose file is random bytes, so a real server refuses
it in the end (it is no video); what is measured is over by then. The sender is a process of
its own, so that it does not delay the health probes. Wanted: growth under 100 MB, p99 under 50 ms.
"""

from __future__ import annotations

import argparse
import http.client
import json
import multiprocessing
import os
import platform
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import urlsplit

_BLOCK = os.urandom(1024 * 1024)
_BOUNDARY = "telecine-benchmark"
_RESULTS = Path(__file__).with_name("results") / "upload.json"


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


def describe_machine() -> dict[str, str | int | None]:
    """Return what a reader needs to judge the figures."""
    commit = subprocess.run(
        ["git", "rev-parse", "HEAD"],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parent,
    ).stdout.strip()
    return {
        "commit": commit,
        "cores": os.cpu_count(),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "measured_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }


def main() -> None:
    """Measure, print one line, keep the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--url", required=True)
    parser.add_argument("--key", default="none")
    parser.add_argument("--pid", type=int, action="append", required=True, help="server process")
    parser.add_argument("--path", default="/api/v1/compress")
    parser.add_argument("--bytes", type=int, default=1_000_000_000, dest="n_bytes")
    parser.add_argument("--out", type=Path, default=_RESULTS)
    options = parser.parse_args()
    outcome = measure(options.url, options.path, options.key, options.pid, options.n_bytes)
    passed = outcome.rss_growth_mb < 100 and outcome.health_p99_ms < 50
    print(
        f"upload: {outcome.sent_bytes / 1e9:g} GB in {outcome.seconds} s "
        f"({outcome.megabytes_per_second} MB/s), answer {outcome.status}, "
        f"RSS +{outcome.rss_growth_mb} MB, health p99 {outcome.health_p99_ms} ms "
        f"(max {outcome.health_max_ms}): {'reached' if passed else 'NOT REACHED'}"
    )
    options.out.parent.mkdir(exist_ok=True, parents=True)
    report = {**describe_machine(), "reached": passed, **asdict(outcome)}
    options.out.write_text(json.dumps(report, indent=2) + "\n")


if __name__ == "__main__":
    main()
