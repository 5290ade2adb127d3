"""The two pages that contributors follow: their code is taken from the page, and run.

Each code block under a line that names a file becomes that file, in a folder that the package
of the real thing looks into for the length of the test.
"""

from __future__ import annotations

import importlib
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.testclient import TestClient
from tests import samples
from tests.conftest import Customer

from telecine import settings as settings_module
from telecine import shelves
from telecine.api.transport.metrics import Metrics
from telecine.api.transport.middleware import Surround
from telecine.assembly import Telecine
from telecine.kit.errors import UnsupportedMediaError
from telecine.operations.base import Context, Input
from telecine.settings import PlanBook

HOWTOS = Path(__file__).resolve().parents[2] / "docs" / "howto"
_FILE = re.compile(r"^`src/telecine/(\S+\.py)`:\n\n```python\n(.*?)^```", re.MULTILINE | re.DOTALL)

Install = Callable[[str, str], ModuleType]


@pytest.fixture
def install(tmp_path: Path) -> Iterator[Install]:
    """Write a page's files and import one of them; afterwards the packages are as before."""
    before = set(sys.modules)
    packages: list[tuple[ModuleType, list[str]]] = []

    def run(page: str, module: str) -> ModuleType:
        for path, code in _FILE.findall((HOWTOS / page).read_text("utf-8")):
            file = tmp_path / "source" / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(code, "utf-8")
        package = importlib.import_module(module.rpartition(".")[0])
        packages.append((package, list(package.__path__)))
        folder = tmp_path / "source" / package.__name__.removeprefix("telecine.")
        package.__path__ = [*package.__path__, str(folder)]
        return importlib.import_module(module)

    yield run
    for package, path in packages:
        package.__path__ = path
    for name in set(sys.modules) - before:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(str(tmp_path)):
            parent, _, leaf = name.rpartition(".")
            vars(sys.modules.get(parent, sys)).pop(leaf, None)
            del sys.modules[name]


@pytest.fixture
def run_operation(tmp_path: Path) -> Iterator[Callable[..., Any]]:
    """Run an operation on one file, as a worker does."""
    loaded = settings_module.load({}, data=str(tmp_path / "data"))
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    reported: list[float] = []
    with shelves.pool(loaded) as pool:

        def run(operation: Any, source: Path) -> tuple[Any, list[float]]:
            context = Context(
                inputs=(
                    Input(path=source, filename=source.name, size_bytes=source.stat().st_size),
                ),
                workspace=workspace,
                ffmpeg=shelves.ffmpeg(loaded),
                pool=pool,
                report=reported.append,
                is_cancelled=lambda: False,
            )
            return operation.run(operation.params_type(), context), reported

        yield run


def test_the_operation_of_the_page_takes_the_sound_out_of_a_video(
    install: Install, run_operation: Callable[..., Any], tmp_path: Path
) -> None:
    sound = install("add-an-operation.md", "telecine.operations.sound")
    source = tmp_path / "film.mp4"
    samples.make_video(source)
    result, reported = run_operation(sound.SOUND, source)
    assert result.facts == {"tracks": 1}
    assert reported == sorted(reported)
    assert reported
    described = _describe(result.outputs[0].path)
    assert "Audio: aac" in described
    assert "Video:" not in described


def test_the_operation_of_the_page_refuses_a_silent_video(
    install: Install, run_operation: Callable[..., Any]
) -> None:
    sound = install("add-an-operation.md", "telecine.operations.sound")
    with pytest.raises(UnsupportedMediaError):
        run_operation(sound.SOUND, samples.carphone())


def test_the_family_of_the_page_answers_in_its_own_words(
    install: Install, telecine: Telecine, customer: Customer
) -> None:
    with _client(install, telecine) as client:
        refused = client.post("/pictures", headers={"Authorization": "Bearer nonsense"})
        assert refused.status_code == 401
        assert refused.json()["reason"] == "malformed_key"
        with samples.astronaut().open("rb") as picture:
            taken = client.post("/pictures", headers=customer.headers, files={"picture": picture})
    assert taken.status_code == 201
    assert taken.json()["state"] == "WAITING"
    assert taken.json()["pictureId"].startswith("pic_")
    assert taken.headers["RateLimit-Limit"] == "60"


def test_the_family_of_the_page_has_a_row_for_every_error(install: Install) -> None:
    ours = importlib.import_module("telecine.api.failures")
    pictures = install("add-a-family.md", "telecine.api.pictures")
    assert set(pictures.FAMILY.errors) == set(ours.STATUS)


def _client(install: Install, telecine: Telecine) -> TestClient:
    """Serve the page's family alone, under plans that include it."""
    pictures = install("add-a-family.md", "telecine.api.pictures")
    endpoints = importlib.import_module(f"{pictures.__name__}.endpoints")
    plans = {
        name: type(plan)(**{**_fields(plan), "families": ("pictures",)})
        for name, plan in telecine.plans.plans.items()
    }
    book = PlanBook(prices=telecine.plans.prices, plans=plans)
    services = replace(telecine.services(), plans=book)
    surround = Middleware(Surround, metrics=Metrics(services))
    routes = [endpoint.route(services) for endpoint in endpoints.ENDPOINTS]
    return TestClient(Starlette(routes=routes, middleware=[surround]))


def _fields(plan: Any) -> dict[str, Any]:
    return {name: getattr(plan, name) for name in plan.__struct_fields__}


def _describe(path: Path) -> str:
    command = [samples.ffmpeg_program(), "-hide_banner", "-i", str(path)]
    return subprocess.run(command, capture_output=True, text=True, check=False).stderr
