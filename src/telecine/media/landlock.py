"""Landlock: which files, ports and processes a process may reach (Linux 5.13 or later).

Numbers are from linux/landlock.h; the system calls are equal on every machine. It binds the
calling thread and its later children, and judges opening: descriptors already open stay usable.
"""

from __future__ import annotations

import ctypes
import os
import stat

from telecine.media import kernel

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1, 2, 4, 8
_REMOVE_DIR, _REMOVE_FILE, _MAKE_DIR, _MAKE_REG = 1 << 4, 1 << 5, 1 << 7, 1 << 8
_REFER, _TRUNCATE = 1 << 13, 1 << 14
_FILE_RIGHTS = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE
_READ_RIGHTS = _EXECUTE | _READ_FILE | _READ_DIR
#: No symbolic links, sockets, devices; nothing written can be executed.
_WRITE_RIGHTS = (
    *(_READ_FILE, _READ_DIR, _WRITE_FILE, _TRUNCATE, _REFER),
    *(_REMOVE_DIR, _REMOVE_FILE, _MAKE_DIR, _MAKE_REG),
)


class _Ruleset(ctypes.Structure):
    _fields_ = (
        ("files", ctypes.c_uint64),
        ("network", ctypes.c_uint64),
        ("scoped", ctypes.c_uint64),
    )


class _PathRule(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("rights", ctypes.c_uint64), ("parent", ctypes.c_int32))


def version() -> int:
    """Return the kernel's Landlock version; ENOSYS or EOPNOTSUPP where it has none."""
    return kernel.syscall(_CREATE_RULESET, None, 0, 1)  # LANDLOCK_CREATE_RULESET_VERSION


def restrict(*, read_paths: tuple[str, ...], write_paths: tuple[str, ...]) -> None:
    """Close everything but these files and folders, all of TCP, and signals to the outside."""
    abi = version()
    # Rights came with the versions: 13 at first, then REFER (2), TRUNCATE (3), IOCTL_DEV (5).
    handled = (1 << (13 + (abi >= 2) + (abi >= 3) + (abi >= 5))) - 1
    ruleset = _Ruleset(
        files=handled,
        network=0b11 if abi >= 4 else 0,  # TCP bind and connect: denied, no rule allows any
        scoped=0b11 if abi >= 6 else 0,  # abstract Unix sockets and signals stay inside
    )
    size = 24 if abi >= 6 else 16 if abi >= 4 else 8
    rules = kernel.syscall(_CREATE_RULESET, ctypes.byref(ruleset), size, 0)
    try:
        _allow(rules, ("/dev/null",), (_READ_FILE | _WRITE_FILE) & handled)
        _allow(rules, read_paths, _READ_RIGHTS & handled)
        _allow(rules, write_paths, sum(_WRITE_RIGHTS) & handled)
        kernel.syscall(_RESTRICT_SELF, rules, 0)
    finally:
        os.close(rules)


def _allow(rules: int, paths: tuple[str, ...], rights: int) -> None:
    for path in paths:
        try:
            parent = os.open(path, os.O_PATH | os.O_CLOEXEC)
        except OSError:
            continue  # not there, or not ours to see: without a rule it stays closed
        try:
            is_folder = stat.S_ISDIR(os.fstat(parent).st_mode)
            rule = _PathRule(rights=rights if is_folder else rights & _FILE_RIGHTS, parent=parent)
            kernel.syscall(_ADD_RULE, rules, 1, ctypes.byref(rule), 0)
        finally:
            os.close(parent)
