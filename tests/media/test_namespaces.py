"""Namespaces by Debian's bubblewrap: what is leaned on from inside, and that nothing else changes."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests import debian, samples
from tests.media import test_errand
from tests.media import test_process as programs

from telecine.kit.errors import ResourceLimitError
from telecine.media import namespaces, process, sandbox
from telecine.media.ffmpeg import FFmpeg, find_ffmpeg

LIMITS = process.Limits(memory_bytes=2**31, output_bytes=2**28, wall_seconds=300, stall_seconds=180)
LOOKS_AROUND = """
import json, os
print(json.dumps({
    "processes": sorted(int(name) for name in os.listdir("/proc") if name.isdigit()),
    "interfaces": sorted(line.split(":")[0].strip() for line in open("/proc/net/dev") if ":" in line),
    "root": sorted(os.listdir("/")),
    "home": os.path.exists(os.path.expanduser("~root/.ssh")) or os.path.exists("/etc/passwd"),
}))
"""


@pytest.fixture(scope="module", autouse=True)
def bubblewrap() -> Iterator[None]:
    """As on a machine that has it."""
    folder = debian.bubblewrap().parent
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(namespaces, "FOLDERS", str(folder))
        namespaces._working.cache_clear()
        yield
    namespaces._working.cache_clear()


@pytest.fixture
def works() -> bool:
    """Whether this machine allows namespaces: where it does not, programs run without them."""
    return namespaces.layer().is_available


def test_it_says_whether_it_is_used_here(works: bool) -> None:
    layer = namespaces.layer()
    assert layer.name == "bubblewrap"
    assert layer.detail == ("files, processes, network" if works else layer.detail)
    assert layer.detail


def test_a_program_sees_neither_files_nor_processes_nor_a_network(
    tmp_path: Path, works: bool
) -> None:
    seen = bytearray()

    def collect(chunk: bytes) -> bool:
        seen.extend(chunk)
        return True

    # Without Landlock: what is not there cannot be seen for want of a rule.
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(process, "LAUNCHER", _launcher_without_walls(tmp_path))
        ended = programs.run(LOOKS_AROUND, folder=tmp_path, on_output=collect)
    assert ended.status == 0, ended.stderr_tail
    found = json.loads(seen)
    assert (found["interfaces"] == ["lo"]) is works
    assert (len(found["processes"]) <= 3) is works
    assert found["home"] is not works


def _launcher_without_walls(folder: Path) -> str:
    path = folder / "launcher.py"
    source = str(Path(sandbox.LAUNCHER).parents[2])
    path.write_text(
        f"import sys\nsys.path.append({source!r})\n"
        "from telecine.media import landlock, launcher, seccomp\n"
        "landlock.restrict = seccomp.restrict = lambda **_: None\n"
        "sys.exit(launcher.main(sys.argv[1:]))\n"
    )
    return str(path)


def test_a_film_is_encoded_as_without_them(tmp_path: Path) -> None:
    video = samples.make_video(tmp_path / "in.mp4", seconds=1)
    (tmp_path / "workspace").mkdir()
    ffmpeg = FFmpeg(executable=find_ffmpeg(""), sandbox="require", limits=LIMITS)
    ffmpeg.run(
        ["-c:v", "libx264", "-preset", "ultrafast", "-movflags", "+faststart", "out.mp4"],
        input_path=video,
        workspace=tmp_path / "workspace",
    )
    assert (tmp_path / "workspace" / "out.mp4").stat().st_size > 1000


def test_a_limit_is_told_as_without_them(tmp_path: Path) -> None:
    video = samples.make_video(tmp_path / "in.mp4", seconds=1)
    limits = process.Limits(
        memory_bytes=2**31, output_bytes=10_000, wall_seconds=300, stall_seconds=180
    )
    ffmpeg = FFmpeg(executable=find_ffmpeg(""), sandbox="auto", limits=limits)
    with pytest.raises(ResourceLimitError, match="larger than one file may be"):
        ffmpeg.run(["-c:v", "rawvideo", "-an", "o.avi"], input_path=video, workspace=tmp_path)


@pytest.mark.parametrize(
    ("source", "number"),
    [
        ("import os; os.abort()", signal.SIGABRT),
        (
            "import resource; resource.setrlimit(resource.RLIMIT_CPU, (1, 1))\nwhile True: pass",
            signal.SIGKILL,
        ),
    ],
)
def test_a_signal_is_told_as_without_them(
    tmp_path: Path, source: str, number: signal.Signals
) -> None:
    assert programs.run(source, folder=tmp_path).status == -number


def test_a_program_may_still_close_its_files_after_sigterm(tmp_path: Path) -> None:
    programs.test_a_program_may_close_its_files_after_sigterm(tmp_path)


def test_nothing_is_left_when_the_server_is_killed(tmp_path: Path) -> None:
    server_source = f"""
        import sys
        from pathlib import Path
        sys.path.insert(0, {str(Path.cwd())!r})
        from telecine.media import namespaces
        from tests.media.test_process import start
        namespaces.FOLDERS = {namespaces.FOLDERS!r}
        sleeping = "import time; print('ready', flush=True); time.sleep(600)"
        program = start(sleeping, folder=Path({str(tmp_path)!r}))
        print(program.pipes[0].readline().decode(), end="", flush=True)
        program.pipes[0].readline()
        """
    command = [sys.executable, "-c", textwrap.dedent(server_source)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as server:
        assert server.stdout is not None
        assert server.stdout.readline() == b"ready\n"
        children = _descendants(server.pid)
        assert children
        server.kill()
        assert all(programs.await_end(child) for child in children)


def _descendants(pid: int) -> list[int]:
    found: list[int] = []
    for child in programs.children_of(pid):
        found += [child, *_descendants(child)]
    return found


def test_an_errand_is_run_as_without_them(tmp_path: Path) -> None:
    assert test_errand.send("count", tmp_path) == [1, 2, 3]


def test_where_it_fails_programs_run_without_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "bin" / "bwrap"
    broken.parent.mkdir()
    broken.write_text(
        "#!/bin/sh\necho 'bwrap: No permissions to create new namespace' >&2\nexit 1\n"
    )
    broken.chmod(0o755)
    monkeypatch.setattr(namespaces, "FOLDERS", str(broken.parent))
    namespaces._working.cache_clear()
    layer = namespaces.layer()
    assert (layer.is_available, layer.detail) == (
        False,
        "bwrap: No permissions to create new namespace",
    )
    assert programs.run("print('fine')", folder=tmp_path).status == 0
    namespaces._working.cache_clear()
