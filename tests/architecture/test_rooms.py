"""Rules about the source itself that the import contracts in pyproject.toml cannot say.

The contracts (layers, order of rooms, who may know what) run as `lint-imports`; here is what
needs a look at each room, at file sizes and at the map that people read.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "telecine"
MODULES = sorted(path for path in SOURCE.rglob("*.py") if "migrations" not in path.parts)
PACKAGES = sorted(
    path.parent.name
    for pattern in ("*/__init__.py", "api/*/__init__.py")
    for path in SOURCE.glob(pattern)
)

#: The guide says about 400; the rest is what a good file may go over it.
MOST_LINES = 450
VAGUE_NAMES = {"utils", "util", "helpers", "helper", "common", "misc", "manager", "managers"}


@pytest.fixture(scope="module")
def graph() -> grimp.ImportGraph:
    return grimp.build_graph("telecine", cache_dir=None)


def test_a_store_is_opened_only_by_its_own_room(graph: grimp.ImportGraph) -> None:
    stores = [name for name in graph.modules if name.endswith(".store") and ".core." in name]
    assert stores
    intruders = {
        (importer, store)
        for store in stores
        for importer in graph.find_modules_that_directly_import(store)
        if not importer.startswith(store.removesuffix("store"))
        and importer != store.removesuffix(".store")
    }
    assert not intruders


def test_a_room_of_the_core_is_entered_by_its_door(graph: grimp.ImportGraph) -> None:
    """From outside: `from telecine.core import jobs`, never `telecine.core.jobs.service`."""
    doors = {f"telecine.core.{path.parent.name}" for path in SOURCE.glob("core/*/__init__.py")}
    assert doors
    shortcuts = {
        (importer, f"{door}.service")
        for door in doors
        if f"{door}.service" in graph.modules
        for importer in graph.find_modules_that_directly_import(f"{door}.service")
        if importer != door and not importer.startswith(f"{door}.")
    }
    assert not shortcuts


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_a_module_says_why_it_exists_and_fits_a_reader(path: Path) -> None:
    text = path.read_text("utf-8")
    assert text.strip() == "" or ast.get_docstring(ast.parse(text)), "no docstring at the top"
    assert len(text.splitlines()) <= MOST_LINES
    assert path.stem not in VAGUE_NAMES


def _loaded_by(module: str) -> set[str]:
    """Return the packages that a process has once it has imported the module, ours in full."""
    code = f"import {module}, sys; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], stdout=-1, text=True, check=True)
    names = done.stdout.split()
    return {name if name.startswith("telecine.") else name.partition(".")[0] for name in names}


def test_the_supervisor_loads_nothing_of_what_it_starts() -> None:
    loaded = _loaded_by("telecine.cli.serve")
    floors = ("api", "assembly", "core", "db", "operations", "server", "worker")
    assert not {f"telecine.{floor}" for floor in floors} & loaded
    assert not {"dbos", "numpy", "sqlalchemy", "uvicorn"} & loaded


def test_neither_the_api_nor_a_worker_loads_what_opens_media_or_computes_with_it() -> None:
    loaded = _loaded_by("telecine.cli.processes")
    assert {"telecine.api.app", "telecine.worker.loop"} <= loaded
    assert not {"av", "cv2", "numpy", "onnxruntime", "pillow_heif", "pyvips", "skia"} & loaded


@pytest.mark.parametrize("package", PACKAGES)
def test_the_map_names_every_package(package: str) -> None:
    assert f"{package}/" in (ROOT / "ARCHITECTURE.md").read_text("utf-8")
