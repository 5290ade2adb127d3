"""System calls that Python has no name for; standard library only.

Everything here raises `OSError`, with ENOSYS where there is no Linux: callers degrade on it.
"""

from __future__ import annotations

import ctypes
import errno
import os
import sys
from functools import cache
from typing import Any


@cache
def libc() -> Any:
    """Return the C library of this process. Opened once: each opening makes a class, and is dear."""
    if sys.platform != "linux":
        raise OSError(errno.ENOSYS, f"not on {sys.platform}")
    return ctypes.CDLL(None, use_errno=True)


def checked(result: int) -> int:
    """Return the result of a C call, or raise what errno says."""
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result


def prctl(option: int, *arguments: int) -> None:
    """Change a property of this process. Variadic in C: each argument is as wide as a register."""
    padded = [ctypes.c_ulong(value) for value in (*arguments, 0, 0, 0, 0)[:4]]
    checked(libc().prctl(ctypes.c_int(option), *padded))


def syscall(number: int, *arguments: Any) -> int:
    """Make a system call by number; arguments are ints, None or ctypes references."""
    call = libc().syscall
    call.restype = ctypes.c_long
    wide = [ctypes.c_long(a) if isinstance(a, int) else a for a in arguments]
    return checked(call(ctypes.c_long(number), *wide))
