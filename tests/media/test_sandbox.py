"""The walls are leaned on from inside, by a real Python program that tries to get out."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from telecine.media import process, sandbox, seccomp

PYTHON = os.path.realpath(sys.executable)

#: Prints a JSON object: what came of each attempt, `done` or the name of the error.
ATTEMPTS = """
import ctypes, errno, json, os, resource, socket, sys, threading
canary, outside, tcp_port, workspace = sys.argv[1:]
ptrace = {"x86_64": 101}.get(os.uname().machine, 117)

def attempt(action):
    try:
        action()
    except OSError as error:
        return errno.errorcode.get(error.errno, str(error.errno))
    except MemoryError:
        return "MemoryError"
    return "done"

def connect():
    with socket.socket() as s:
        s.connect(("127.0.0.1", int(tcp_port)))

def write(path, count=1):
    with open(path, "wb") as file:
        for _ in range(count):
            file.write(b"x" * 1000)
            file.flush()

def in_thread():
    thread = threading.Thread(target=write, args=(workspace + "/by-thread",))
    thread.start()
    thread.join()

def by_ctypes(number, *arguments):
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.syscall(number, *arguments) < 0:
        raise OSError(ctypes.get_errno(), "")

def fork():
    if os.fork() == 0:
        os._exit(0)

print(json.dumps({
    "read_canary": attempt(lambda: open(canary).read()),
    "read_passwd": attempt(lambda: open("/etc/passwd").read()),
    "list_outside": attempt(lambda: os.listdir(os.path.dirname(canary))),
    "read_parent_environment": attempt(lambda: open(f"/proc/{os.getppid()}/environ").read()),
    "write_outside": attempt(lambda: write(outside)),
    "remove_canary": attempt(lambda: os.remove(canary)),
    "chmod_canary": attempt(lambda: os.chmod(canary, 0o777)),
    "link_canary": attempt(lambda: os.link(canary, workspace + "/link")),
    "symlink": attempt(lambda: os.symlink("/etc", workspace + "/symlink")),
    "connect_tcp": attempt(connect),
    "udp_socket": attempt(lambda: socket.socket(type=socket.SOCK_DGRAM).close()),
    "unix_socket": attempt(lambda: socket.socket(socket.AF_UNIX).close()),
    "signal_parent": attempt(lambda: os.kill(os.getppid(), 0)),
    "limit_parent": attempt(lambda: resource.prlimit(os.getppid(), resource.RLIMIT_CORE)),
    # PEEKDATA, not ATTACH: where nothing stops it, it must not stop the tests either.
    "trace_parent": attempt(lambda: by_ctypes(ptrace, 2, os.getppid(), 0, 0)),
    "fork": attempt(fork),
    "new_session": attempt(os.setsid),
    "too_much_memory": attempt(lambda: bytearray(2**30)),
    "too_large_file": attempt(lambda: write(workspace + "/large", 100)),
    "write_inside": attempt(lambda: write(workspace + "/inside")),
    "rename_inside": attempt(lambda: os.rename(workspace + "/inside", workspace + "/renamed")),
    "write_from_a_thread": attempt(in_thread),
}))
"""

FORBIDDEN = {
    "read_canary": "EACCES",
    "read_passwd": "EACCES",
    "list_outside": "EACCES",
    "read_parent_environment": "EACCES",
    "write_outside": "EACCES",
    "remove_canary": "EACCES",
    "chmod_canary": "EPERM",
    "link_canary": "EXDEV",
    "symlink": "EACCES",
    "connect_tcp": "EPERM",
    "udp_socket": "EPERM",
    "unix_socket": "EPERM",
    "signal_parent": "EPERM",
    "limit_parent": "EPERM",
    "trace_parent": "EPERM",
    "fork": "EPERM",
    "new_session": "EPERM",
    "too_much_memory": "MemoryError",
    "too_large_file": "EFBIG",
}
ALLOWED = ("write_inside", "rename_inside", "write_from_a_thread")


def lean_on_the_walls(folder: Path, *, mode: sandbox.SandboxMode) -> dict[str, str]:
    workspace, elsewhere = folder / "workspace", folder / "elsewhere"
    workspace.mkdir()
    elsewhere.mkdir()
    canary = elsewhere / "canary"
    canary.write_text("another client's file")
    script = workspace / "attempts.py"
    script.write_text(ATTEMPTS)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = str(server.getsockname()[1])
        policy = sandbox.Policy(
            mode=mode,
            read_paths=(sys.base_prefix + "/lib", str(Path(PYTHON).parent.parent / "lib")),
            write_paths=(str(workspace),),
            memory_bytes=2**29,
            output_bytes=50_000,
        )
        command = [PYTHON, "-I", "-S", str(script), str(canary), str(elsewhere / "new"), port]
        output, ended = run_to_end([*command, str(workspace)], policy=policy, cwd=workspace)
    assert ended.status == 0, ended.stderr_tail
    found = json.loads(output)
    assert isinstance(found, dict)
    return found


def run_to_end(
    command: list[str], *, policy: sandbox.Policy, cwd: Path
) -> tuple[bytes, process.Ended]:
    output = bytearray()

    def collect(chunk: bytes) -> bool:
        output.extend(chunk)
        return True

    limits = process.Limits(memory_bytes=0, output_bytes=0, wall_seconds=300, stall_seconds=180)
    with process.start(command, policy=policy, cwd=cwd) as program:
        ended = process.supervise(
            program, limits=limits, on_output=collect, is_cancelled=lambda: False
        )
    return bytes(output), ended


@pytest.fixture(scope="module")
def behind_walls(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return lean_on_the_walls(tmp_path_factory.mktemp("walls"), mode="require")


@pytest.mark.parametrize(("attempt", "answer"), FORBIDDEN.items())
def test_a_confined_program_is_refused(
    behind_walls: dict[str, str], attempt: str, answer: str
) -> None:
    assert behind_walls[attempt] == answer


@pytest.mark.parametrize("attempt", ALLOWED)
def test_a_confined_program_can_work_in_its_workspace(
    behind_walls: dict[str, str], attempt: str
) -> None:
    assert behind_walls[attempt] == "done"


def test_without_the_sandbox_the_same_attempts_succeed_but_limits_stay(tmp_path: Path) -> None:
    found = lean_on_the_walls(tmp_path, mode="off")
    harmless_without_walls = {"read_canary", "write_outside", "connect_tcp", "udp_socket", "fork"}
    assert {name for name in harmless_without_walls if found[name] == "done"} == (
        harmless_without_walls
    )
    assert found["too_much_memory"] == "MemoryError"
    assert found["too_large_file"] == "EFBIG"


def test_a_confined_program_cannot_start_another_program(tmp_path: Path) -> None:
    script = tmp_path / "execute.py"
    script.write_text("import os; os.execv('/bin/cat', ['cat', '/etc/passwd'])")
    read_paths = (sys.base_prefix + "/lib", str(Path(PYTHON).parent.parent / "lib"))
    policy = sandbox.Policy(mode="require", read_paths=(*read_paths, str(script)))
    output, ended = run_to_end([PYTHON, "-I", "-S", str(script)], policy=policy, cwd=tmp_path)
    assert output == b""
    assert "PermissionError" in ended.stderr_tail


def test_doctor_finds_every_wall_on_a_present_day_linux() -> None:
    found = {layer.name: layer for layer in sandbox.layers()}
    assert set(found) == {
        *("parent_death", "no_new_privs", "capabilities", "limits", "landlock", "seccomp")
    }
    assert [layer for layer in found.values() if not layer.is_available] == []
    assert found["landlock"].detail.startswith("ABI ")


def confine_without_landlock(mode: str) -> subprocess.CompletedProcess[str]:
    """Confine a Python process on a kernel that answers Landlock's calls with ENOSYS."""
    program = f"""
        import errno
        from telecine.media import landlock, sandbox
        landlock._CREATE_RULESET = 9999
        try:
            print(*sandbox.confine(sandbox.Policy(mode="{mode}")))
        except sandbox.SandboxError as error:
            print("refused:", error)
        """
    command = [sys.executable, "-c", textwrap.dedent(program)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_auto_takes_the_walls_that_an_older_kernel_has() -> None:
    done = confine_without_landlock("auto")
    assert done.stdout.split() == ["limits", "no_new_privs", "capabilities", "seccomp"]


def test_require_refuses_an_older_kernel() -> None:
    done = confine_without_landlock("require")
    assert done.stdout.startswith("refused: landlock: ")


def test_require_refuses_to_confine_a_process_that_has_threads_already() -> None:
    program = """
        import threading
        from telecine.media import sandbox
        threading.Thread(target=threading.Event().wait, daemon=True).start()
        try:
            sandbox.confine(sandbox.Policy(mode="require"))
        except sandbox.SandboxError as error:
            print("refused:", error)
        """
    command = [sys.executable, "-c", textwrap.dedent(program)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout.startswith("refused: threads exist already")


def test_landlock_alone_stops_outgoing_tcp() -> None:
    program = """
        import ctypes, socket, sys
        from telecine.media import landlock
        peer = socket.socket()
        ctypes.CDLL(None).prctl(38, 1, 0, 0, 0)  # no new privileges: else it is for root alone
        landlock.restrict(read_paths=(), write_paths=())
        try:
            peer.connect(("127.0.0.1", int(sys.argv[1])))
        except OSError as error:
            print(type(error).__name__)
        """
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = str(server.getsockname()[1])
        command = [sys.executable, "-c", textwrap.dedent(program), port]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "PermissionError"


def test_a_program_that_does_not_exist_is_reported_by_the_launcher(tmp_path: Path) -> None:
    _, ended = run_to_end(["/nonexistent/program"], policy=sandbox.Policy(), cwd=tmp_path)
    assert ended.status == 126
    assert "cannot start the program" in ended.stderr_tail


def verdict(column: int, machine: int, *, number: int, caller: int, argument: int = 0) -> int:
    """Run the filter as the kernel would and return what it returns."""
    words = {0: number, 4: caller, 16: argument}
    program = seccomp._filter_program(column, machine, may_execute=False)
    accumulator = position = 0
    while True:
        code, yes, no, value = program[position]
        position += 1
        if code == 0x20:
            accumulator = words[value]
        elif code == 0x06:
            return value
        else:
            tests = {
                0x15: accumulator == value,
                0x35: accumulator >= value,
                0x45: bool(accumulator & value),
            }
            position += yes if tests[code] else no


X86, ARM = 0xC000003E, 0xC00000B7
REFUSED, ALLOWED_CALL, KILLED = 0x00050001, 0x7FFF0000, 0x80000000
THREAD, PROCESS = 0x003D0F00, 0x01200011  # what libc passes to clone


@pytest.mark.parametrize(
    ("column", "machine", "number", "argument", "answer"),
    [
        (0, X86, 41, 2, REFUSED),  # socket
        (1, ARM, 198, 2, REFUSED),
        (0, X86, 0, 0, ALLOWED_CALL),  # read
        (1, ARM, 63, 0, ALLOWED_CALL),
        (0, X86, 0x40000000 + 41, 0, REFUSED),  # socket by its x32 number
        (0, X86, 56, THREAD, ALLOWED_CALL),  # clone
        (1, ARM, 220, THREAD, ALLOWED_CALL),
        (0, X86, 56, PROCESS, REFUSED),
        (1, ARM, 220, PROCESS, REFUSED),
        (0, X86, 435, 0, 0x00050000 + 38),  # clone3: ENOSYS
        (0, X86, 302, 0, ALLOWED_CALL),  # prlimit of itself, of another
        (0, X86, 302, 1, REFUSED),
        (1, ARM, 131, 1, REFUSED),  # tgkill of another
        (0, X86, 59, 0, REFUSED),  # execve
        (1, ARM, 221, 0, REFUSED),
    ],
)
def test_the_filter_judges_calls_of_both_machines(
    column: int, machine: int, number: int, argument: int, answer: int
) -> None:
    found = verdict(column, machine, number=number, caller=machine, argument=argument)
    assert found == answer


def test_a_call_by_another_machines_numbers_kills() -> None:
    i386 = 0x40000003
    assert verdict(0, X86, number=359, caller=i386) == KILLED
