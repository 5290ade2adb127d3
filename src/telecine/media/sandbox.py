"""Walls around a process that opens untrusted media.

Built, in this order: death with the parent, umask, rlimits, no_new_privs, no capabilities,
Landlock (files, TCP, signals), seccomp (every socket, and system calls that no decoder needs).
Two of them stop each known attack, so that one missing wall is not a hole. Landlock and
capabilities bind the calling thread and its later children: confine before threads exist.

Standard library only, for `launcher.py` runs this without site-packages.
"""

from __future__ import annotations

import ctypes
import errno
import json
import os
import resource
import signal
import sys
from collections.abc import Callable
from typing import Literal, NamedTuple

from telecine.media import kernel, landlock, seccomp

#: auto: every wall found here; require: refuse without Landlock or seccomp; off: limits only.
SandboxMode = Literal["require", "auto", "off"]

#: The program to run by path, in front of any other: `LAUNCHER <policy> -- argv…`.
LAUNCHER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "launcher.py")  # noqa: PTH100, PTH118, PTH120 (pathlib costs start-up time)

#: What a dynamically linked program reads before main(), and the fonts. Not all of /usr or /etc.
SYSTEM_PATHS = (
    *("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/nix/store"),
    *("/etc/ld.so.cache", "/etc/fonts", "/etc/localtime", "/usr/share/zoneinfo"),
    *("/usr/share/fonts", "/usr/local/share/fonts", "/usr/share/fontconfig"),
    *("/var/cache/fontconfig", "/dev/zero", "/dev/urandom", "/proc/cpuinfo", "/proc/meminfo"),
    *("/sys/devices/system/cpu", "/sys/devices/system/node"),
)


class SandboxError(Exception):
    """A wall that `require` asks for cannot be built here."""


class Policy(NamedTuple):
    """What one process may do. (A NamedTuple: dataclasses would add half to the start-up time.)

    `read_paths` and `write_paths` are files or folders, absolute. `memory_bytes` is address
    space, `output_bytes` the size of any one file. `parent_pid`, if given, asks for SIGKILL when
    the parent THREAD ends; leave it out where the starting thread may end first.
    """

    mode: SandboxMode = "auto"
    read_paths: tuple[str, ...] = ()
    write_paths: tuple[str, ...] = ()
    memory_bytes: int | None = None
    output_bytes: int | None = None
    cpu_seconds: int | None = None
    parent_pid: int | None = None
    may_execute: bool = False

    def to_json(self) -> str:
        """Write the policy for the launcher's command line."""
        return json.dumps(self._asdict())

    @classmethod
    def from_json(cls, text: str) -> Policy:
        """Read what `to_json` wrote."""
        fields = json.loads(text)
        for name in ("read_paths", "write_paths"):
            fields[name] = tuple(fields[name])
        return cls(**fields)


class Layer(NamedTuple):
    """One wall as found on this machine by really trying it."""

    name: str
    is_available: bool
    detail: str


def confine(policy: Policy) -> tuple[str, ...]:
    """Build the walls around this process, for good, and return the names of those that stand.

    Raises `SandboxError` in mode `require` when a wall is not to be had.
    """
    if policy.parent_pid is not None:
        _die_with_parent(policy.parent_pid)
    os.umask(0o077)
    _limit_resources(policy)
    if policy.mode == "off":
        return ("limits",)
    if policy.mode == "require" and _thread_count() > 1:
        raise SandboxError("threads exist already, and Landlock would not bind them")
    standing = ["limits"]
    for name, build in (
        ("no_new_privs", _no_new_privileges),
        ("capabilities", _drop_capabilities),
        ("landlock", lambda: _restrict_files(policy)),
        ("seccomp", lambda: seccomp.restrict(may_execute=policy.may_execute)),
    ):
        try:
            build()
        except OSError as error:
            if policy.mode == "require":
                raise SandboxError(f"{name}: {error.strerror or error}") from error
        else:
            standing.append(name)
    return tuple(standing)


def layers() -> tuple[Layer, ...]:
    """Try each wall in a child process and say which stand. Takes about 50 ms."""
    read_end, write_end = os.pipe()
    try:
        pid = os.posix_spawn(
            sys.executable,
            [sys.executable, "-I", "-S", LAUNCHER, "--try"],
            {"LANG": "C.UTF-8"},
            file_actions=[(os.POSIX_SPAWN_DUP2, write_end, 1)],
        )
    finally:
        os.close(write_end)
    with os.fdopen(read_end, "rb") as answers:
        found = answers.read()
    os.waitpid(pid, 0)
    return tuple(Layer(*row) for row in json.loads(found or b"[]"))


_PR_SET_PDEATHSIG, _PR_CAPBSET_DROP, _PR_SET_NO_NEW_PRIVS = 1, 24, 38


def _die_with_parent(parent_pid: int) -> None:
    if sys.platform == "linux":
        kernel.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent_pid:  # it died before we asked
        os._exit(1)


def _limit_resources(policy: Policy) -> None:
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_NOFILE, 256)
    if policy.output_bytes is not None:
        _limit(resource.RLIMIT_FSIZE, policy.output_bytes)
    if policy.cpu_seconds is not None:
        # Soft and hard alike, so that SIGKILL comes: FFmpeg takes SIGXCPU for a polite request,
        # and ends as if nothing had happened.
        _limit(resource.RLIMIT_CPU, policy.cpu_seconds)
    if policy.memory_bytes is not None:
        try:
            _limit(resource.RLIMIT_AS, policy.memory_bytes)
        except (OSError, ValueError):
            if sys.platform == "linux":  # macOS has the name, but not the thing
                raise


def _limit(kind: int, wanted: int) -> None:
    """Lower a limit; one that is lower already stays, for only root may raise it again."""
    _, ceiling = resource.getrlimit(kind)
    if ceiling != resource.RLIM_INFINITY:
        wanted = min(wanted, ceiling)
    resource.setrlimit(kind, (wanted, wanted))


def _thread_count() -> int:
    try:
        return len(os.listdir("/proc/self/task"))  # noqa: PTH208 (pathlib costs start-up time)
    except FileNotFoundError:
        return 1


def _restrict_files(policy: Policy) -> None:
    landlock.restrict(read_paths=policy.read_paths, write_paths=policy.write_paths)


def _no_new_privileges() -> None:
    kernel.prctl(_PR_SET_NO_NEW_PRIVS, 1)


def _drop_capabilities() -> None:
    """Give up root's powers over the machine.

    Reading past file modes (DAC_OVERRIDE, DAC_READ_SEARCH) is kept: a server run by root from
    another user's private folder must still start FFmpeg, and Landlock judges files anyway.
    """
    kept = (1 << 1) | (1 << 2)
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)  # _LINUX_CAPABILITY_VERSION_3, this thread
    sets = (ctypes.c_uint32 * 6)()  # effective, permitted, inheritable; then their upper halves
    libc = kernel.libc()
    kernel.checked(libc.capget(header, sets))
    narrowed = (sets[0] & kept, sets[1] & kept, 0, 0, 0, 0)
    if sets[0] & (1 << 8):  # CAP_SETPCAP: the bounding set may be emptied
        for capability in range(64):
            try:
                kernel.prctl(_PR_CAPBSET_DROP, capability)
            except OSError:
                break
    kernel.checked(libc.capset(header, (ctypes.c_uint32 * 6)(*narrowed)))


def try_layers() -> list[Layer]:
    """Build each wall around this process and lean on it."""
    found = [_tried("parent_death", lambda: _die_with_parent(os.getppid()), "SIGKILL")]
    for name, build in (("no_new_privs", _no_new_privileges), ("capabilities", _drop_capabilities)):
        found.append(_tried(name, build, ""))
    found.append(_tried("limits", lambda: _limit_resources(Policy(output_bytes=1 << 20)), ""))
    found.append(_tried("landlock", _try_landlock, "files"))
    if found[-1].is_available:
        abi = landlock.version()
        extent = "files" + ", TCP" * (abi >= 4) + ", signals" * (abi >= 6)
        found[-1] = Layer("landlock", is_available=True, detail=f"ABI {abi}: {extent}")
    found.append(_tried("seccomp", _try_seccomp, ""))
    return found


def _tried(name: str, build: Callable[[], None], detail: str) -> Layer:
    try:
        build()
    except OSError as error:
        return Layer(name, is_available=False, detail=error.strerror or str(error))
    return Layer(name, is_available=True, detail=detail)


def _try_landlock() -> None:
    landlock.restrict(read_paths=(), write_paths=())
    try:
        os.close(os.open("/", os.O_RDONLY))
    except PermissionError:
        return
    raise OSError(errno.EPROTO, "accepted, but it does not stop anything")


def _try_seccomp() -> None:
    seccomp.restrict(may_execute=False)
    try:
        seccomp.open_udp_socket()
    except PermissionError:
        return
    raise OSError(errno.EPROTO, "accepted, but it does not stop anything")
