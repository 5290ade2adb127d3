"""Dockerfile and compose.yaml name what exists: no container is built here."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml  # comes with moto
from typer.main import get_command

from telecine import settings
from telecine.cli import app

_ROOT = Path(__file__).parents[2]
_DOCKERFILE = (_ROOT / "Dockerfile").read_text("utf-8")
_COMPOSE_TEXT = (_ROOT / "compose.yaml").read_text("utf-8")
_COMPOSE: dict[str, Any] = yaml.safe_load(_COMPOSE_TEXT)
_OURS = {name: each for name, each in _COMPOSE["services"].items() if "build" in each}


def _commands() -> Iterator[tuple[str, list[str]]]:
    for name, service in _OURS.items():
        yield name, service["command"]
        test = service["healthcheck"]["test"]
        if test[1] == "telecine":
            yield f"{name}, health", test[2:]
    for comment in re.findall(r"run --rm api (.+)", _COMPOSE_TEXT):
        yield "a comment", comment.split()


@pytest.mark.parametrize("words", [words for _, words in _commands()], ids=" ".join)
def test_what_a_container_runs_is_a_command_with_options_that_exist(words: list[str]) -> None:
    command: Any = get_command(app)
    context = typer.Context(command)
    while hasattr(command, "commands"):
        name, *words = words
        command = command.commands[name]
    command.make_context("telecine", list(words), parent=context)


def test_our_services_are_the_api_and_the_worker() -> None:
    assert set(_OURS) == {"api", "worker"}
    assert _OURS["api"]["healthcheck"]["test"][1:3] == ["python", "-c"]
    ast.parse(_OURS["api"]["healthcheck"]["test"][3])


def test_every_setting_of_the_containers_exists() -> None:
    given = set(re.findall(r"\bTELECINE_[A-Z_]+", _DOCKERFILE))
    for service in _OURS.values():
        given |= {name for name in service["environment"] if name.startswith("TELECINE_")}
    assert len(given) > 8
    settings.load(dict.fromkeys(given - _TYPED, ""))
    for name in given:
        assert name.removeprefix("TELECINE_").lower() in settings.Settings.__struct_fields__


_TYPED = {"TELECINE_SANDBOX", "TELECINE_LOG_FORMAT"}


def test_every_variable_of_the_composition_is_in_the_example() -> None:
    example = (_ROOT / "compose.env.example").read_text("utf-8")
    named = set(re.findall(r"(?m)^([A-Z_0-9]+)=", example))
    wanted = set(re.findall(r"\$\{([A-Z_0-9]+)", _COMPOSE_TEXT))
    assert named | {"VERSITYGW_TAG"} == wanted
    assert ".env\n" in (_ROOT / ".gitignore").read_text("utf-8")


def test_what_services_wait_for_and_mount_is_there() -> None:
    for service in _COMPOSE["services"].values():
        assert set(service.get("depends_on", {})) <= set(_COMPOSE["services"])
        for volume in service.get("volumes", []):
            assert volume.split(":")[0] in _COMPOSE["volumes"]
        for name, how in service.get("depends_on", {}).items():
            needs_test = how["condition"] == "service_healthy"
            assert ("healthcheck" in _COMPOSE["services"][name]) or not needs_test


def test_the_image_is_built_of_files_that_exist() -> None:
    allowed = [
        line[1:]
        for line in (_ROOT / ".dockerignore").read_text("utf-8").splitlines()
        if line[0] == "!"
    ]
    assert "constraints.txt" in allowed
    for name in allowed:
        assert (_ROOT / name).exists()
    # What the build of the package reads.
    assert {"pyproject.toml", "hatch_build.py", "package.json", "README.md"} <= set(allowed)


def test_the_image_installs_the_sections_that_the_launcher_installs() -> None:
    scripts = re.findall(r"awk '([^']+)'", _DOCKERFILE)
    whole, build = (
        subprocess.run(
            ("awk", script, str(_ROOT / "constraints.txt")),
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for script in scripts
    )
    assert build in whole
    assert "hatchling==" in build
    assert "uvicorn==" in whole
    assert "pytest==" not in whole
