"""A child that is sent for things by the tests of errands."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec

from telecine.kit.errors import UnsupportedMediaError
from telecine.media.errand_child import carry_out, say
from telecine.media.pool_wire import Failure


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """What to do, and with which file."""

    task: str
    path: str = ""


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """How much is done."""

    done: int = 0
    failure: Failure | None = None


def main(job: Job) -> None:
    """Do what the test wants."""
    tasks: dict[str, Callable[[], object]] = {
        "count": _count,
        "read": Path(job.path).read_bytes,
        "write": lambda: Path(job.path).write_bytes(b"written"),
        "refuse": _refuse,
        "break": lambda: 1 / 0,
        "swell": lambda: os.truncate(job.path, 2**50),
        "babble": lambda: os.write(1, b'{"done": "none"}\n'),
        "flood": lambda: [os.write(1, b"x" * 2**16) for _ in range(20)],
        "die": os.abort,
        "crash": lambda: os._exit(7),
    }
    tasks[job.task]()


def _count() -> None:
    for number in (1, 2, 3):
        say(Report(done=number))


def _refuse() -> None:
    raise UnsupportedMediaError("Not this one.", field="image")


if __name__ == "__main__":
    sys.exit(carry_out(main, form=Job))
