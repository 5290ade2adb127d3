"""Namespaces around a program, by bubblewrap where that is installed and allowed.

What Landlock forbids is not even there in them: other files, other processes, any network. It is
the outermost wall and never the only one, for many hosts and containers do not allow it.
"""

from __future__ import annotations

import errno
import os
import shutil
import sys
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Final

from telecine.media.sandbox import LAUNCHER, SYSTEM_PATHS, Layer, Policy

#: Where it is looked for: the search path of a server is its operator's, and may hold anything.
FOLDERS: Final = "/usr/bin:/bin:/usr/local/bin"
#: It would die of SIGTERM at once, and take with it a program that wants to close its files.
_DEAF: Final = ("/usr/bin/env", "--ignore-signal=TERM")
_NEW: Final = (
    *("--unshare-all", "--die-with-parent", "--cap-drop", "ALL"),
    *("--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp"),  # noqa: S108 (a new one)
)
#: Of a program that was ended by a signal, what is added to the signal's number.
_SIGNALLED: Final = 128
_LAST_SIGNAL: Final = 31


def prefix(policy: Policy, *, executable: str, cwd: Path) -> tuple[str, ...]:
    """Return what is to stand before a command; nothing where there are no namespaces."""
    bubblewrap = None if policy.mode == "off" else _working()
    if bubblewrap is None:
        return ()
    return (*_DEAF, bubblewrap, *_arguments(policy, executable=executable, cwd=cwd), "--")


def status(code: int) -> int:
    """Return how the program within ended: its exit status, or minus the signal."""
    return _SIGNALLED - code if 0 < code - _SIGNALLED <= _LAST_SIGNAL else code


def layer() -> Layer:
    """Say whether it is used here, and if not, why."""
    found = shutil.which("bwrap", path=FOLDERS)
    if found is None:
        return Layer("bubblewrap", is_available=False, detail="not installed")
    trouble = _trouble(found)
    detail = trouble or "files, processes, network"
    return Layer("bubblewrap", is_available=not trouble, detail=detail)


@cache
def _working() -> str | None:
    """Return bubblewrap where it works. It is tried once in a process."""
    found = shutil.which("bwrap", path=FOLDERS)
    return found if found is not None and not _trouble(found) else None


def _trouble(bubblewrap: str) -> str:
    """Start Python in namespaces, as for a job; return what is said where that fails."""
    nothing = str(Path("/bin/true").resolve())
    inner = (sys.executable, "-I", "-S", LAUNCHER, Policy(mode="off").to_json(), "--", nothing)
    arguments = _arguments(Policy(), executable=nothing, cwd=Path("/"))
    command = (*_DEAF, bubblewrap, *arguments, "--", *inner)
    read_end, write_end = os.pipe()
    try:
        pid = os.posix_spawn(
            command[0],
            command,
            {"LANG": "C.UTF-8"},
            file_actions=[(os.POSIX_SPAWN_DUP2, write_end, 2)],
        )
    except OSError as error:
        os.close(read_end)
        return error.strerror or errno.errorcode.get(error.errno or 0, "cannot be started")
    finally:
        os.close(write_end)
    with os.fdopen(read_end, "rb") as said:
        words = said.read().decode("utf-8", "replace").strip()
    _, ended = os.waitpid(pid, 0)
    if ended == 0:
        return ""
    return words.splitlines()[-1][:200] if words else f"it ended with status {ended}"


def _arguments(policy: Policy, *, executable: str, cwd: Path) -> tuple[str, ...]:
    """Say what there is: nothing but what the policy names, and what Python starts with."""
    own = (sys.prefix, sys.base_prefix, sys.base_exec_prefix, str(Path(LAUNCHER).parents[2]))
    readable = (
        *SYSTEM_PATHS,
        *own,
        executable,
        str(Path(executable).resolve()),
        *policy.read_paths,
    )
    found = [*_NEW]
    for path in _outermost(path for path in readable if not path.startswith(("/dev/", "/proc/"))):
        found += ["--ro-bind-try", path, path]
    for path in sorted(policy.write_paths):
        found += ["--bind", path, path]
    return (*found, "--chdir", str(cwd))


def _outermost(paths: Iterable[str]) -> list[str]:
    """Leave out what lies in another one: a link in a folder cannot be mounted upon."""
    kept: list[str] = []
    for path in sorted(set(paths)):
        if not any(Path(path).is_relative_to(other) for other in kept):
            kept.append(path)
    return kept
