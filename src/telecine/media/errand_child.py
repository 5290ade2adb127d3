"""The child's half of an errand: the job from the command line, reports to stdout, a line each."""

from __future__ import annotations

import errno
import sys
import traceback
from collections.abc import Callable
from typing import TypeVar

import msgspec

from telecine.kit.errors import (
    InternalError,
    ResourceLimitError,
    StorageFullError,
    TelecineError,
)
from telecine.media.pool_wire import Failure

J = TypeVar("J", bound=msgspec.Struct)

_MOST_TRACE_CHARACTERS = 8000


class _Failed(msgspec.Struct, frozen=True, kw_only=True):
    """What every child's report may be: the field that all of them have."""

    failure: Failure


def carry_out(work: Callable[[J], None], *, form: type[J]) -> int:
    """Do the job that the one argument tells; a failure is the last report. Returns the status."""
    job = msgspec.json.decode(sys.argv[1], type=form)
    try:
        work(job)
    except TelecineError as error:
        _fail(error)
    except MemoryError:
        _fail(ResourceLimitError())
    except OSError as error:
        is_full = error.errno in {errno.ENOSPC, errno.EDQUOT}
        _fail(StorageFullError() if is_full else InternalError(), trace=_trace())
    except Exception:  # noqa: BLE001 (the parent raises it again)
        _fail(InternalError(), trace=_trace())
    return 0


def say(report: msgspec.Struct) -> None:
    """Tell the parent."""
    sys.stdout.buffer.write(msgspec.json.encode(report) + b"\n")
    sys.stdout.buffer.flush()


def _trace() -> str:
    return traceback.format_exc()[-_MOST_TRACE_CHARACTERS:]


def _fail(error: TelecineError, *, trace: str = "") -> None:
    failure = Failure(code=error.code, message=error.message, field=error.field, trace=trace)
    say(_Failed(failure=failure))
