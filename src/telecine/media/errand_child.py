"""The child's half of an errand: the job from the command line, reports to stdout, a line each."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TypeVar

import msgspec

from telecine.media.pool_wire import Failure

J = TypeVar("J", bound=msgspec.Struct)


class _Failed(msgspec.Struct, frozen=True, kw_only=True):
    """What every child's report may be: the field that all of them have."""

    failure: Failure


def carry_out(work: Callable[[J], None], *, form: type[J]) -> int:
    """Do the job that the one argument tells; a failure is the last report. Returns the status."""
    job = msgspec.json.decode(sys.argv[1], type=form)
    try:
        work(job)
    except Exception as error:  # noqa: BLE001 (the parent raises it again)
        say(_Failed(failure=Failure.of(error)))
    return 0


def say(report: msgspec.Struct) -> None:
    """Tell the parent."""
    sys.stdout.buffer.write(msgspec.json.encode(report) + b"\n")
    sys.stdout.buffer.flush()
