"""What a child that is sent with one job may do and say, and what becomes of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.media.errands import Job, Report

from telecine import settings
from telecine.kit.errors import (
    CancelledError,
    InternalError,
    ProcessingError,
    ResourceLimitError,
    UnsupportedMediaError,
)
from telecine.media.errand import Errand
from telecine.shelves import ffmpeg


def send(task: str, workspace: Path, *, path: Path | None = None, **more: object) -> list[int]:
    heard: list[int] = []

    def hear(report: Report) -> bool:
        heard.append(report.done)
        return True

    errand = Errand(
        module="tests.media.errands",
        who="The child",
        job=Job(task=task, path="" if path is None else str(path)),
        workspace=workspace,
        reads=(Path.cwd(),),
        reports=Report,
        on_report=hear,
    )
    errand.run(ffmpeg(settings.load({})), **more)  # type: ignore[arg-type]
    return heard


def test_reports_are_heard_in_their_order(tmp_path: Path) -> None:
    assert send("count", tmp_path) == [1, 2, 3]


def test_a_failure_of_the_child_is_raised_as_itself(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedMediaError, match="Not this one") as caught:
        send("refuse", tmp_path)
    assert caught.value.field == "image"


def test_a_bug_in_the_child_is_a_fault_of_ours_with_its_trace(tmp_path: Path) -> None:
    with pytest.raises(InternalError) as caught:
        send("break", tmp_path)
    assert "ZeroDivisionError" in "".join(caught.value.__notes__)


@pytest.mark.parametrize("task", ["babble", "flood"])
def test_an_answer_that_makes_no_sense_is_an_error(tmp_path: Path, task: str) -> None:
    with pytest.raises(ProcessingError, match="The child gave an answer that makes no sense"):
        send(task, tmp_path)


def test_a_child_that_crashed_needed_too_much(tmp_path: Path) -> None:
    with pytest.raises(ResourceLimitError, match="The child needed more memory"):
        send("die", tmp_path)


def test_a_child_that_writes_more_than_it_may_met_a_limit(tmp_path: Path) -> None:
    large = tmp_path / "large"
    large.touch()
    with pytest.raises(ResourceLimitError):
        send("swell", tmp_path, path=large)


def test_a_child_that_ends_badly_is_a_fault_of_ours(tmp_path: Path) -> None:
    with pytest.raises(InternalError, match="The child could not be started"):
        send("crash", tmp_path)


def test_the_child_writes_in_its_workspace_alone(tmp_path: Path) -> None:
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    send("write", workspace, path=workspace / "own")
    assert (workspace / "own").read_bytes() == b"written"
    with pytest.raises(InternalError):
        send("write", workspace, path=tmp_path / "foreign")
    assert not (tmp_path / "foreign").exists()


def test_the_child_reads_only_what_it_is_given(tmp_path: Path) -> None:
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    (tmp_path / "secret").write_bytes(b"secret")
    with pytest.raises(InternalError) as caught:
        send("read", workspace, path=tmp_path / "secret")
    assert "PermissionError" in "".join(caught.value.__notes__)


def test_an_errand_can_be_called_off(tmp_path: Path) -> None:
    with pytest.raises(CancelledError):
        send("count", tmp_path, is_cancelled=lambda: True)
