"""Files damaged by chance, through everything that opens files: an answer or a refusal, always.

The suite takes a few of them, the same at every run; `benchmarks/mutations.py` goes on for as long
as it is told.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from tests.hostile import mutating, opening

N_FILES = 60
VERDICTS = {
    *("opened", "unsupported_media", "undecodable_media", "media_limit"),
    *("processing_limit", "processing_timeout", "processing_failed"),
}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Path]:
    folder = tmp_path_factory.mktemp("mutations")
    return mutating.write(mutating.seeds(folder / "seeds"), folder, numbers=range(N_FILES))


def strange(found: Mapping[str, Mapping[str, str]]) -> dict[tuple[str, str], str]:
    """Whatever is no verdict, by file and task."""
    return {
        (name, task): verdict
        for name, by_task in found.items()
        for task, verdict in by_task.items()
        if verdict not in VERDICTS
    }


def test_every_task_answers_or_refuses(files: Mapping[str, Path], tmp_path: Path) -> None:
    with opening.a_pool() as pool:
        found = opening.by_pool(files, pool=pool, target=tmp_path / "target")
    assert strange(found) == {}


def test_whatever_a_render_opens_answers_or_refuses(
    files: Mapping[str, Path], tmp_path: Path
) -> None:
    assert strange(opening.by_renderer(files, workspace=tmp_path)) == {}


def test_the_same_number_is_the_same_file(tmp_path: Path) -> None:
    seeds = {"a": b"some content", "b": b"other bytes"}
    first, again = (
        mutating.write(seeds, tmp_path / name, numbers=range(20)) for name in ("first", "again")
    )
    assert [each.read_bytes() for each in first.values()] == [
        each.read_bytes() for each in again.values()
    ]
