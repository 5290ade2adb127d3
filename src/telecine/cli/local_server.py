"""A server of one's own for a while: the demo, the end-to-end tests and the benchmarks use it.

It is `telecine serve` in a process, on a free loopback port; nothing is cut short.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from telecine.kit.errors import InternalError

_STOP_SECONDS = 40.0


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalServer:
    """Where it listens, a key of its local account, and the supervisor's process."""

    url: str
    key: str
    process: subprocess.Popen[str]


@contextmanager
def local_server(
    data: Path,
    *,
    workers: int = 1,
    key: str | None = None,
    environment: Mapping[str, str] | None = None,
    log: IO[str] | None = None,
    beside: Sequence[str] = (),
) -> Iterator[LocalServer]:
    """Run `telecine serve` until the block ends; then it is stopped in good order.

    The key comes from what the first start in a folder prints; for a folder that was started
    before, give the key. TELECINE_ variables of the caller do not reach the server, those in
    `environment` do. `beside` is a command that becomes the one which follows it. Raises
    `InternalError` with the server's words if it does not start.
    """
    inherited = {
        name: text for name, text in os.environ.items() if not name.startswith("TELECINE_")
    }
    command = [sys.executable, "-m", "telecine", "serve", "--port", "0", "--data", str(data)]
    process = subprocess.Popen(
        [*beside, *command, "--workers", str(workers)],
        stdout=subprocess.PIPE,
        stderr=log,
        text=True,
        env={**inherited, "TELECINE_LOG_LEVEL": "error", **(environment or {})},
    )
    try:
        yield _read_welcome(process, key)
    finally:
        stop(process)


def stop(process: subprocess.Popen[str]) -> None:
    """Stop a server in good order, and not in good order if it does not; may be called twice."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    assert process.stdout is not None
    process.stdout.close()


def _read_welcome(process: subprocess.Popen[str], key: str | None) -> LocalServer:
    assert process.stdout is not None
    welcome = ""
    for line in process.stdout:
        welcome += line
        address = re.search(r"listens on (http://\S+)", welcome)
        printed = re.search(r"Bearer (tc_\w+)", welcome)
        found = key or (printed.group(1) if printed else None)
        if address and found:
            return LocalServer(url=address.group(1), key=found, process=process)
    raise InternalError(f"The server did not start:\n{welcome}")
