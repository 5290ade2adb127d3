"""`serve`: holds the folder and the port, and becomes the supervisor of all other processes.

It is what everything else waits for, so it imports nothing of what they do.
"""

from __future__ import annotations

import os
import sys

from telecine.cli import prerequisites
from telecine.cli.calling import host, program
from telecine.kit.errors import ConflictError
from telecine.kit.lock import FileLock
from telecine.kit.log import configure
from telecine.settings import Settings, SettingsError
from telecine.supervisor import Supervisor, bind


def serve(settings: Settings) -> int:
    """Supervise the API and the workers until told to stop; returns the exit status."""
    configure(level=settings.log_level, format=settings.log_format)
    prerequisites.check_sandbox(settings)
    prerequisites.check_data(settings)
    lock = FileLock(settings.locks_dir / "serve.lock")
    if not lock.take():
        raise ConflictError(
            f"`telecine serve` runs in {settings.data_dir} already (process {lock.read_note()}). "
            "Stop it first, or give this one a folder of its own: --data DIR."
        )
    lock.write_note(str(os.getpid()))
    try:
        listener = bind(settings.host, settings.port)
    except OSError as error:
        raise SettingsError(
            f"Port {settings.port} of {settings.host} cannot be opened ({error.strerror}). "
            "Another one: --port 8001, or --port 0 for any free one."
        ) from error
    supervisor = Supervisor(
        ["--data", str(settings.data_dir)],
        listener=listener,
        worker_ids=[worker_id(number) for number in range(1, settings.workers + 1)],
        first_argv=["--workers", str(settings.workers), "--called", program()],
    )
    status = supervisor.run(on_interrupt=_say_stopping)
    lock.release()
    return status


def _say_stopping() -> None:
    print(  # noqa: T201 (no markup, no wrapping)
        "Stopping: jobs under way go back to the queue (Ctrl-C again: at once)",
        file=sys.stderr,
        flush=True,
    )


def worker_id(number: int) -> str:
    """Return the id of the n-th worker of this machine: the same at every start."""
    return f"{host()}-{number}"
