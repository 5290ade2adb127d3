"""`./telecine` on a fresh machine: set up once, for two callers at once, after a kill, in words.

Each test works on a copy of this checkout in a folder with a space in its name. The PATH holds
uv, which caches what it downloads; the way with venv and pip is the one CI itself comes in by.
"""

from __future__ import annotations

import os
import resource
import shutil
import signal
import subprocess
import sys
import sysconfig
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import telecine

ROOT = Path(__file__).resolve().parents[2]
TOOLS = Path(sysconfig.get_path("scripts"))
PYTHON = Path(sys.executable).resolve()
VERSION = f"telecine {telecine.__version__}\n"
SET_UP_SECONDS = 300

#: What a copy leaves behind: what git ignores, and the history.
_NOT_COPIED = (".*_cache", ".git", ".venv", ".hypothesis", "__pycache__", "*-data", "*-output")


def copy_checkout(folder: Path) -> Path:
    shutil.copytree(ROOT, folder, ignore=shutil.ignore_patterns(*_NOT_COPIED, "shared"))
    return folder


def environment(path: Path | str, **more: str) -> dict[str, str]:
    """This process's environment with that PATH, and no Telecine variable but those given."""
    kept = {name: text for name, text in os.environ.items() if not name.startswith("TELECINE_")}
    return kept | {"PATH": str(path)} | more


def bin_folder(folder: Path, *programs: str) -> Path:
    """A folder with nothing on it but what a small Debian has, and the named programs."""
    folder.mkdir()
    basics = "awk basename cat cksum dirname find grep id ls mkdir mv readlink rm sed sh sha256sum"
    for name in [*basics.split(), "tail", "tr", "uname", *programs]:
        if found := shutil.which(name):
            (folder / name).symlink_to(found)
    return folder


def script(path: Path, text: str) -> Path:
    path.unlink(missing_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


@pytest.fixture(scope="module")
def with_uv(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A machine with the usual programs and uv, but none of this environment's other tools."""
    folder = tmp_path_factory.mktemp("bin")
    (folder / "uv").symlink_to(TOOLS / "uv")
    usual = [each for each in os.environ["PATH"].split(":") if Path(each) != TOOLS]
    return environment(":".join([str(folder), *usual]), TELECINE_PYTHON=str(PYTHON))


Start = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def start(with_uv: dict[str, str]) -> Start:
    def run(checkout: Path, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [checkout / "telecine", *words],
            env=with_uv | more,
            capture_output=True,
            text=True,
            timeout=SET_UP_SECONDS,
            check=False,
            cwd="/",
        )

    return run


@pytest.fixture(scope="module")
def first_starts(
    tmp_path_factory: pytest.TempPathFactory, with_uv: dict[str, str]
) -> tuple[Path, list[tuple[int, str, str]]]:
    """A checkout whose first two starts came at the same moment, and what they said."""
    checkout = copy_checkout(tmp_path_factory.mktemp("fresh") / "a folder" / "telecine")
    processes = [
        subprocess.Popen(
            [checkout / "telecine", "--version"],
            env=with_uv,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    said = [process.communicate(timeout=SET_UP_SECONDS) for process in processes]
    codes = [process.returncode for process in processes]
    return checkout, [(code, *texts) for code, texts in zip(codes, said, strict=True)]


@pytest.fixture
def ready(first_starts: tuple[Path, list[tuple[int, str, str]]]) -> Path:
    return first_starts[0]


def test_two_first_starts_at_once_share_one_set_up(
    first_starts: tuple[Path, list[tuple[int, str, str]]],
) -> None:
    _, starts = first_starts
    assert [(code, out) for code, out, _ in starts] == [(0, VERSION)] * 2, starts
    told = "".join(err for _, _, err in starts)
    assert told.count("Telecine: ready") == 1
    assert told.count("waiting for it") == 1


def test_a_second_start_is_quiet_and_takes_less_than_a_second(ready: Path, start: Start) -> None:
    """Processor time: it is what a start costs, however busy the machine that tests it."""
    took = []
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = start(ready, "--version")
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        took.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
        assert (done.returncode, done.stdout, done.stderr) == (0, VERSION, "")
    assert min(took) < 1


def test_it_is_found_through_a_symbolic_link(ready: Path, start: Start, tmp_path: Path) -> None:
    (tmp_path / "links").mkdir()
    (tmp_path / "links" / "telecine").symlink_to(tmp_path / "other")
    (tmp_path / "other").symlink_to(ready / "telecine")
    assert start(tmp_path / "links", "--version").stdout == VERSION


def test_the_command_gets_every_word_as_it_was_typed(ready: Path, start: Start) -> None:
    done = start(ready, "no  such * command")
    assert done.returncode == 2
    assert "no  such * command" in done.stderr


def test_new_pins_are_installed_and_bad_front_end_files_only_warned_of(
    ready: Path, start: Start, tmp_path: Path
) -> None:
    checkout = copy_checkout(tmp_path / "telecine")
    shutil.rmtree(checkout / "src/telecine/api/static/vendor", ignore_errors=True)
    shutil.copytree(ready / ".venv", checkout / ".venv", symlinks=True)
    (checkout / ".venv" / "telecine-root").write_text(f"{checkout}\n")
    manifest = checkout / "package.json"
    manifest.write_text(manifest.read_text("utf-8").replace("sha512-", "sha512-AAAA"), "utf-8")
    done = start(checkout, "--version")
    assert (done.returncode, done.stdout) == (0, VERSION), done.stderr
    assert "is not the file that package.json pins" in done.stderr
    assert "./telecine setup" in done.stderr
    assert start(checkout, "--version").stderr == ""


def test_a_set_up_that_was_killed_is_repaired(
    start: Start, with_uv: dict[str, str], tmp_path: Path
) -> None:
    checkout = copy_checkout(tmp_path / "telecine")
    process = subprocess.Popen(
        [checkout / "telecine", "--version"],
        env=with_uv,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    half_way = checkout / ".venv" / "telecine-requirements.txt"
    while not half_way.exists() and process.poll() is None:
        time.sleep(0.005)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert not list((checkout / ".venv").glob("*.stamp"))
    done = start(checkout, "--version")
    assert (done.returncode, done.stdout) == (0, VERSION), done.stderr
    assert not (checkout / ".venv" / "telecine-unfinished").exists()


def test_a_moved_checkout_is_installed_again(ready: Path, start: Start, tmp_path: Path) -> None:
    checkout = copy_checkout(tmp_path / "moved")
    shutil.copytree(ready / ".venv", checkout / ".venv", symlinks=True)
    done = start(checkout, "--version")
    assert (done.returncode, done.stdout) == (0, VERSION), done.stderr
    assert "Telecine: ready" in done.stderr
    where = subprocess.run(
        [checkout / ".venv/bin/python", "-c", "import telecine; print(telecine.__file__)"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert where.stdout.startswith(str(checkout))


def test_no_suitable_python_says_what_to_type(tmp_path: Path) -> None:
    folder = bin_folder(tmp_path / "bin", "true")
    script(folder / "python3", 'case $1 in -V) echo "Python 3.9.2" ;; *) exit 1 ;; esac')
    script(folder / "apt-get", "exit 1")
    done = subprocess.run(
        [copy_launcher(tmp_path), "--version"],
        env=environment(folder),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "needs Python 3.11 to 3.14; here is Python 3.9.2" in done.stderr
    assert "apt-get install -y python3 python3-venv" in done.stderr


def test_a_named_python_that_does_not_suit_is_refused(tmp_path: Path) -> None:
    old = script(tmp_path / "old-python", "exit 1")
    done = subprocess.run(
        [copy_launcher(tmp_path), "--version"],
        env=environment(os.environ["PATH"], TELECINE_PYTHON=str(old)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert f"TELECINE_PYTHON is {old}, which is not a Python 3.11 to 3.14" in done.stderr


def test_a_python_without_venv_is_told_the_package(tmp_path: Path) -> None:
    folder = bin_folder(tmp_path / "bin")
    script(folder / "apt-get", "exit 1")
    script(
        folder / "python3",
        f'case "$*" in *"import ensurepip"*) exit 1 ;; esac\nexec "{PYTHON}" "$@"',
    )
    done = subprocess.run(
        [copy_launcher(tmp_path), "--version"],
        env=environment(folder),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    assert f"apt-get install -y python{version}-venv" in done.stderr


def test_a_folder_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    mine = tmp_path / "documents"
    mine.mkdir()
    (mine / "letter.txt").write_text("dear")
    done = subprocess.run(
        [copy_launcher(tmp_path), "--version"],
        env=environment(os.environ["PATH"], TELECINE_PYTHON=str(PYTHON), TELECINE_VENV=str(mine)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "holds other files" in done.stderr
    assert [path.name for path in mine.iterdir()] == ["letter.txt"]


def test_a_failed_download_shows_why_and_where_to_read_on(start: Start, tmp_path: Path) -> None:
    offline = {"UV_OFFLINE": "1", "UV_CACHE_DIR": str(tmp_path / "cache")}
    offline |= {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": "", "PIP_EXTRA_INDEX_URL": ""}
    done = start(copy_launcher(tmp_path).parent, "--version", **offline)
    assert done.returncode == 1
    assert "the set-up failed" in done.stderr
    assert "telecine-setup.log" in done.stderr
    assert not list((tmp_path / "checkout" / ".venv").glob("*.stamp"))


def copy_launcher(folder: Path) -> Path:
    """Copy what the launcher looks at before it installs."""
    checkout = folder / "checkout"
    checkout.mkdir()
    for name in ("telecine", "pyproject.toml", "constraints.txt", "package.json"):
        shutil.copy(ROOT / name, checkout / name)
    return checkout / "telecine"


def test_the_launcher_is_plain_posix_shell() -> None:
    checks = [["sh", "-n"]]
    if (TOOLS / "shellcheck").exists():  # has no build for every machine
        checks.append([str(TOOLS / "shellcheck"), "--shell=sh"])
    for command in checks:
        done = subprocess.run([*command, ROOT / "telecine"], capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
