"""constraints.txt and package.json: complete, hashed, and bound to no machine."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
CONSTRAINTS = (ROOT / "constraints.txt").read_text("utf-8")

_PIN = re.compile(
    r"^([a-z0-9][a-z0-9._-]*)==(\S+)(?: ; [^\\]+)? \\\n((?:    --hash=sha256:.*\n)+)", re.MULTILINE
)


def _pinned() -> dict[str, list[str]]:
    pins: dict[str, list[str]] = {}
    for name, version, _ in _PIN.findall(CONSTRAINTS):
        pins.setdefault(name, []).append(version)
    return pins


def test_every_line_is_a_heading_or_a_pin_with_hashes() -> None:
    rest = _PIN.sub("", CONSTRAINTS)
    assert [line for line in rest.splitlines() if line and not line.startswith("#")] == []


def test_no_index_or_folder_is_named() -> None:
    assert "://" not in CONSTRAINTS
    assert not re.search(r"^\s*(-i|-f|--index|--extra|--find|--trusted)", CONSTRAINTS, re.MULTILINE)


def test_every_dependency_is_pinned_within_its_range() -> None:
    extras = PROJECT["project"]["optional-dependencies"]
    wanted = [
        *PROJECT["build-system"]["requires"],
        *PROJECT["project"]["dependencies"],
        *extras["test"],
    ]
    pins = _pinned()
    for requirement in map(Requirement, wanted):
        versions = pins.get(canonicalize_name(requirement.name), [])
        assert versions, f"{requirement.name} is not pinned; run .ci/lock.py"
        assert all(requirement.specifier.contains(version) for version in versions), requirement


def test_sections_come_in_the_order_in_which_they_add_up() -> None:
    headings = re.findall(r"^# --- (\w+):", CONSTRAINTS, re.MULTILINE)
    assert headings == ["build", "server", "test", "node"]


def test_front_end_libraries_are_exact_versions_with_a_sha512() -> None:
    manifest = json.loads((ROOT / "package.json").read_text("utf-8"))
    vendor = manifest["telecine"]["vendor"]
    assert set(manifest["dependencies"]) == set(vendor)
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", each) for each in manifest["dependencies"].values())
    assert all(entry["integrity"].startswith("sha512-") for entry in vendor.values())
