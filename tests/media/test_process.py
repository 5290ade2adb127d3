"""Programs that hang, fork, ignore signals or talk without end, and a parent that is killed."""

from __future__ import annotations

import json
import os
import selectors
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from tests import samples

from telecine.kit.errors import CancelledError, ProcessTimeoutError
from telecine.media import process, sandbox

PYTHON = os.path.realpath(sys.executable)
LIBRARIES = (sys.base_prefix + "/lib", str(Path(PYTHON).parent.parent / "lib"))
LIMITS = process.Limits(memory_bytes=0, output_bytes=0, wall_seconds=300, stall_seconds=180)


def start(
    source: str, *, folder: Path, mode: sandbox.SandboxMode = "require", stdin: int | None = None
) -> process.Program:
    """Start a Python program in `folder`, confined to it."""
    script = folder / "program.py"
    script.write_text(textwrap.dedent(source))
    policy = sandbox.Policy(mode=mode, read_paths=LIBRARIES, write_paths=(str(folder),))
    return process.start(
        [PYTHON, "-I", "-S", str(script)],
        policy=policy,
        cwd=folder,
        stdin=process.NO_INPUT if stdin is None else stdin,
    )


def run(
    source: str,
    *,
    folder: Path,
    limits: process.Limits = LIMITS,
    on_output: Callable[[bytes], bool] = lambda _: True,
    is_cancelled: Callable[[], bool] = lambda: False,
    mode: sandbox.SandboxMode = "require",
) -> process.Ended:
    with start(source, folder=folder, mode=mode) as program:
        return process.supervise(
            program, limits=limits, on_output=on_output, is_cancelled=is_cancelled
        )


def limits(*, wall_seconds: float = 300, stall_seconds: float = 180) -> process.Limits:
    return process.Limits(
        memory_bytes=0, output_bytes=0, wall_seconds=wall_seconds, stall_seconds=stall_seconds
    )


def await_end(pid: int, *, timeout_seconds: float = 180) -> bool:
    """Wait for the end of any process; False when it is still there after the time."""
    try:
        pidfd = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    with selectors.DefaultSelector() as selector:
        selector.register(pidfd, selectors.EVENT_READ)
        ended = bool(selector.select(timeout_seconds))
    os.close(pidfd)
    return ended


def children_of(pid: int) -> list[int]:
    threads = Path(f"/proc/{pid}/task").iterdir()
    return [int(child) for thread in threads for child in (thread / "children").read_text().split()]


def test_stdout_comes_in_pieces_and_stderr_at_the_end(tmp_path: Path) -> None:
    seen = bytearray()

    def collect(chunk: bytes) -> bool:
        seen.extend(chunk)
        return True

    source = "import sys; print('to stdout'); sys.stderr.write('to stderr'); sys.exit(3)"
    ended = run(source, folder=tmp_path, on_output=collect)
    assert bytes(seen) == b"to stdout\n"
    assert ended == process.Ended(status=3, stderr_tail="to stderr")


def test_only_the_end_of_a_long_stderr_is_kept(tmp_path: Path) -> None:
    source = "import sys\nfor i in range(40_000): sys.stderr.write(f'line {i}\\n')"
    ended = run(source, folder=tmp_path)
    assert len(ended.stderr_tail) == process.TAIL_BYTES
    assert ended.stderr_tail.endswith("line 39999\n")


def test_the_wall_clock_ends_a_busy_program(tmp_path: Path) -> None:
    source = "while True: print('still here', flush=True)"
    started = time.monotonic()
    with pytest.raises(ProcessTimeoutError, match="stopped after 1 seconds"):
        run(source, folder=tmp_path, limits=limits(wall_seconds=1))
    assert time.monotonic() - started < 30


def test_output_without_progress_counts_as_standing_still(tmp_path: Path) -> None:
    source = "import time\nwhile True: print('no news', flush=True); time.sleep(0.05)"
    with pytest.raises(ProcessTimeoutError, match=r"no progress for 0\.5 seconds"):
        run(
            source,
            folder=tmp_path,
            limits=limits(stall_seconds=0.5),
            on_output=lambda _: False,
        )


def test_a_cancelled_program_ends_within_a_second(tmp_path: Path) -> None:
    is_started = False

    def note(_: bytes) -> bool:
        nonlocal is_started
        is_started = True
        return True

    source = "print('started', flush=True)\nwhile True: pass"
    with start(source, folder=tmp_path) as program:
        before = time.monotonic()
        with pytest.raises(CancelledError):
            process.supervise(
                program, limits=LIMITS, on_output=note, is_cancelled=lambda: is_started
            )
        assert time.monotonic() - before < 30
        assert await_end(program.pid)


def test_a_program_that_ignores_sigterm_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "_GRACE_SECONDS", 0.3)
    source = """
        import signal
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        print("deaf", flush=True)
        while True: pass
        """
    with start(source, folder=tmp_path) as program:
        stdout, _ = program.pipes
        assert stdout is not None
        assert stdout.readline() == b"deaf\n"
        program.stop()
        assert program.kill() == -signal.SIGKILL


def test_a_program_may_close_its_files_after_sigterm(tmp_path: Path) -> None:
    source = """
        import pathlib, signal, sys
        def finish(*_):
            pathlib.Path("trailer").write_text("written")
            sys.exit(0)
        signal.signal(signal.SIGTERM, finish)
        print("ready", flush=True)
        while True: signal.pause()
        """
    with start(source, folder=tmp_path) as program:
        stdout, _ = program.pipes
        assert stdout is not None
        stdout.readline()
        program.stop()
    assert (tmp_path / "trailer").read_text() == "written"


def test_without_walls_a_forked_child_still_dies_with_its_group(tmp_path: Path) -> None:
    source = """
        import os, signal
        if pid := os.fork():
            print(pid, flush=True)
        else:
            while True: signal.pause()
        """
    seen = bytearray()

    def collect(chunk: bytes) -> bool:
        seen.extend(chunk)
        return True

    # The program ends at once; its child holds both pipes open and would never end.
    ended = run(source, folder=tmp_path, mode="off", on_output=collect)
    assert ended.status == 0
    assert await_end(int(seen))


def test_no_secret_of_the_server_is_in_a_programs_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TELECINE_DATABASE_URL", "postgresql://user:password@host/db")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    seen = bytearray()

    def collect(chunk: bytes) -> bool:
        seen.extend(chunk)
        return True

    run("import json, os; print(json.dumps(dict(os.environ)))", folder=tmp_path, on_output=collect)
    found = json.loads(seen)
    assert found.pop("LC_CTYPE", "C.UTF-8") == "C.UTF-8"
    assert found == {
        "PATH": "/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "HOME": str(tmp_path),
        "TMPDIR": str(tmp_path),
    }


def test_an_error_in_a_callback_ends_the_program(tmp_path: Path) -> None:
    def fail(_: bytes) -> bool:
        raise RuntimeError("the database went away")

    program = start("while True: print('x', flush=True)", folder=tmp_path)
    with pytest.raises(RuntimeError, match="database"), program:
        process.supervise(program, limits=LIMITS, on_output=fail, is_cancelled=lambda: False)
    assert await_end(program.pid)


def test_ffmpeg_dies_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    video = samples.make_video(tmp_path / "in.mp4", seconds=1)
    parent_source = """
        import sys
        from pathlib import Path
        from telecine.media.ffmpeg import FFmpeg, find_ffmpeg
        from telecine.media.process import Limits

        limits = Limits(memory_bytes=2**31, output_bytes=2**30, wall_seconds=300, stall_seconds=180)
        ffmpeg = FFmpeg(executable=find_ffmpeg(""), sandbox="auto", limits=limits)
        ffmpeg.run(
            ["-f", "null", "-"],
            input_path=Path(sys.argv[1]),
            workspace=Path(sys.argv[2]),
            input_args=["-stream_loop", "-1", "-re"],
            on_progress=lambda _: print("encoding", flush=True),
        )
        """
    command = [sys.executable, "-c", textwrap.dedent(parent_source), str(video), str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == b"encoding\n"
        (ffmpeg_pid,) = children_of(parent.pid)
        assert "ffmpeg" in Path(f"/proc/{ffmpeg_pid}/cmdline").read_text()
        parent.kill()
        assert await_end(ffmpeg_pid)
