"""Where a command puts its result: looked at before the work, filled in one step after it.

Nobody waits for an encode to be told that the folder is not there, and no half of a result
ever has the name that was asked for.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import NoReturn

from telecine.kit import disk
from telecine.kit.errors import InvalidRequestError, StorageError, StorageFullError

_ADDRESS = re.compile(r"https?:/", re.ASCII | re.IGNORECASE)
_ELSEWHERE = "The variable TMPDIR names another folder for work in progress."


def chosen(out: Path | None, output: Path | None, *, usual: Path) -> Path:
    """Return where the result goes: as named by a word or by `-o`, else `usual`.

    Nothing is replaced that was not named: raises `InvalidRequestError` where `usual` is there.
    """
    if out is not None and output is not None:
        raise InvalidRequestError(f"There are two places for the result: {out} and {output}.")
    named = out or output
    if str(named) == "-":
        raise InvalidRequestError("A file is written: name it, - is none.", field="OUT")
    if named is None and usual.exists():
        raise InvalidRequestError(
            f"{usual} is there already. To replace it, name it: -o {shlex.quote(str(usual))}.",
            field="OUT",
        )
    return named or usual


def require_file(source: Path) -> None:
    """Raise `InvalidRequestError` where there is nothing to read."""
    if _ADDRESS.match(str(source)):  # a path has one slash where an address has two
        raise InvalidRequestError(
            f"{source} is an address on the web: download it first. Servers take addresses, this "
            "command does not."
        )
    if str(source) == "-":
        raise InvalidRequestError("A file is read: name it, - is none.")
    if not source.exists():
        raise InvalidRequestError(f"There is no file {source}.")
    if not source.is_file():
        raise InvalidRequestError(f"{source} is not a file.")
    if not os.access(source, os.R_OK):
        raise InvalidRequestError(f"{source} cannot be read: permission denied.")


def require_place(output: Path, *, source: Path, option: str = "OUT") -> None:
    """Raise `InvalidRequestError` where a result could not be put, or would replace its source.

    `option` is where the place was typed.
    """
    if output.is_dir():
        raise InvalidRequestError(f"{output} is a folder; name the file to write.", field=option)
    if not output.parent.is_dir():
        raise InvalidRequestError(f"There is no folder {output.parent}.", field=option)
    if output.exists() and output.samefile(source):
        raise InvalidRequestError(
            f"{output} is the source itself; name another file.", field=option
        )
    if not os.access(output.parent, os.W_OK):
        raise InvalidRequestError(f"{output.parent} is not writable.", field=option)


@contextmanager
def workspace() -> Iterator[Path]:
    """Give a private folder for the time of the work, SIGTERM included.

    Raises `StorageError` where there is no place for one; where it is full, says which place that is.
    """
    before = signal.signal(signal.SIGTERM, _end)
    try:
        with _folder() as folder:
            yield Path(folder)
    except StorageFullError as error:
        if error.message != StorageFullError().message:
            raise
        place = tempfile.gettempdir()
        raise StorageFullError(f"There is no room left in {place}. {_ELSEWHERE}") from error
    finally:
        signal.signal(signal.SIGTERM, before)


def _folder() -> tempfile.TemporaryDirectory[str]:
    try:
        return tempfile.TemporaryDirectory(prefix="telecine-")
    except OSError as error:
        raise StorageError(
            f"There is no place to work in: {error.strerror}. {_ELSEWHERE}"
        ) from error


def _end(number: int, _frame: FrameType | None) -> NoReturn:
    sys.exit(128 + number)


def deliver(made: Path, *, to: Path) -> None:
    """Give a finished file its name and the mode that the user's umask means."""
    beside = to.with_name(f".{to.name}.{os.getpid()}.part")
    try:
        shutil.copyfile(made, beside)
        beside.chmod(0o666 & ~_umask())
        beside.replace(to)
    except OSError as error:
        if disk.is_full(error):
            raise StorageFullError(f"There is no room left for {to}.") from error
        raise StorageError(f"{to} cannot be written: {error.strerror}.") from error
    finally:
        beside.unlink(missing_ok=True)  # after Ctrl-C, too


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
