"""Contexts for stages of clips: real shelves, of which no process is started until it is needed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from telecine import settings as settings_module
from telecine.assembly import Telecine, assemble
from telecine.operations.base import Context, StepsInFolder


@pytest.fixture
def shelves(tmp_path: Path) -> Iterator[Telecine]:
    made = assemble(settings_module.load({}, data=str(tmp_path / "data")))
    yield made
    made.close()


@pytest.fixture
def make_context(shelves: Telecine, tmp_path: Path) -> Callable[..., Context]:
    """Contexts of one job, in one workspace, with steps of its own."""

    def make(**changes: Any) -> Context:
        workspace = tmp_path / "work"
        workspace.mkdir(exist_ok=True)
        given: dict[str, Any] = {
            "inputs": (),
            "workspace": workspace,
            "ffmpeg": shelves.ffmpeg,
            "pool": shelves.pool,
            "report": lambda _: None,
            "is_cancelled": lambda: False,
            "renderer": shelves.renderer,
            "cache": shelves.cache,
            "senses": shelves.senses,
            "steps": StepsInFolder(folder=tmp_path / "steps"),
        }
        return Context(**{**given, **changes})

    return make
