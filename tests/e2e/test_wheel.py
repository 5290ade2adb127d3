"""The wheel: everything the server needs is in it, and it runs far from the checkout."""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

import telecine

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "telecine"
UV = Path(sysconfig.get_path("scripts")) / "uv"


def uv(*words: str | Path, cwd: Path) -> None:
    done = subprocess.run([UV, *words], cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def pins_up_to(section: str) -> str:
    """Cut constraints.txt after the named section."""
    parts = (ROOT / "constraints.txt").read_text("utf-8").split("# --- ")
    names = [part.partition(":")[0] for part in parts]
    return "# ".join(parts[: names.index(section) + 1])


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    ignored = shutil.ignore_patterns(".git", ".venv", "*_cache", "__pycache__", "shared")
    shutil.copytree(ROOT, folder / "checkout", ignore=ignored)
    # In this environment, whose build tools are pinned, not in one that fetches the newest.
    uv(
        *("build", "--wheel", "--no-build-isolation", "--python", sys.executable),
        *("--out-dir", folder, folder / "checkout"),
        cwd=folder,
    )
    (made,) = folder.glob("*.whl")
    return made


def test_every_file_of_the_package_is_in_the_wheel(wheel: Path) -> None:
    inside = set(zipfile.ZipFile(wheel).namelist())
    wanted = {
        str(path.relative_to(SOURCE.parent))
        for path in SOURCE.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert wanted - inside == set()
    assert "telecine/api/static/vendor/scalar/standalone.js" in inside
    assert "telecine/api/static/vendor/scalar/LICENSE" in inside


def test_nothing_but_the_package_is_in_the_wheel(wheel: Path) -> None:
    tops = {name.split("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert tops == {"telecine", "telecine_client", f"telecine-{telecine.__version__}.dist-info"}


def test_the_wheel_runs_in_an_empty_environment(wheel: Path, tmp_path: Path) -> None:
    venv = tmp_path / "venv"
    uv("venv", "--quiet", "--python", sys.executable, venv, cwd=tmp_path)
    install = ["pip", "install", "--quiet", "--no-build-isolation"]
    install += ["--python", str(venv / "bin" / "python")]
    for last in ("build", "server"):
        (tmp_path / "pins.txt").write_text(pins_up_to(last))
        uv(*install, "--require-hashes", "-r", "pins.txt", cwd=tmp_path)
    uv(*install, "--no-deps", wheel, cwd=tmp_path)
    done = subprocess.run(
        [venv / "bin" / "telecine", "--version"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, f"telecine {telecine.__version__}\n"), done.stderr
