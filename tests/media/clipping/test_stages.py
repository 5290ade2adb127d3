"""What a stage has made is made once; the bar goes one way; minutes that have begun are paid."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest

from telecine.kit.errors import InternalError
from telecine.operations.base import Context
from telecine.operations.clipping.params import minutes_of
from telecine.operations.clipping.stages import Bar, Work, begin_fetching
from telecine.operations.pricing import credits_of


@pytest.mark.parametrize("missing", ["renderer", "cache", "senses"])
def test_a_context_without_what_clips_need_is_a_bug_of_ours(
    make_context: Callable[..., Context], missing: str
) -> None:
    with pytest.raises(InternalError):
        Work.of(make_context(**{missing: None}))


def test_a_stage_is_done_once(make_context: Callable[..., Context]) -> None:
    made: list[int] = []

    def make() -> list[int]:
        made.append(len(made))
        return list(made)

    assert make_context().once("numbers.json", list[int], make) == [0]
    assert make_context().once("numbers.json", list[int], make) == [0]
    assert made == [0]


@pytest.mark.parametrize("left", [b'{"of": "another version"}', b"", b"[1,"])
def test_a_step_that_cannot_be_read_is_made_anew(
    make_context: Callable[..., Context], tmp_path: Path, left: bytes
) -> None:
    (tmp_path / "steps").mkdir()
    (tmp_path / "steps" / "numbers.json").write_bytes(left)
    assert make_context().once("numbers.json", list[int], lambda: [7]) == [7]
    assert (tmp_path / "steps" / "numbers.json").read_bytes() == b"[7]"


def test_without_steps_of_its_own_a_run_has_them_in_its_workspace(
    make_context: Callable[..., Context],
) -> None:
    context = make_context(steps=None)
    context.once("numbers.json", list[int], lambda: [7])
    assert (context.workspace / "steps" / "numbers.json").is_file()


@pytest.mark.parametrize("film_seconds", [3, 300, 3600])
def test_the_bar_only_rises_and_names_each_stage(
    make_context: Callable[..., Context], film_seconds: float
) -> None:
    told: list[float] = []
    stages: list[str] = []
    context = make_context(report=told.append, enter=stages.append)
    begin_fetching(context)(1.0)
    bar = Bar.of(context, film_seconds=film_seconds, clip_seconds=100, quality="fast")
    for stage in ("transcript", "choice", "texts", "clips"):
        report = bar.begin(stage)
        for share in (0.0, 0.5, 1.0, 1.2):
            report(share)
    assert stages == ["source", "transcript", "choice", "texts", "clips"]
    assert all(before <= after for before, after in pairwise(told))
    assert told[-1] == pytest.approx(0.99)


def test_the_longer_the_film_the_larger_is_the_share_of_hearing(
    make_context: Callable[..., Context],
) -> None:
    def share(film_seconds: float) -> float:
        told: list[float] = []
        context = make_context(report=told.append)
        bar = Bar.of(context, film_seconds=film_seconds, clip_seconds=60, quality="balanced")
        bar.begin("transcript")(1.0)
        return told[-1] - told[0]

    assert share(60) < 0.3 < 0.6 < share(3600)


@pytest.mark.parametrize(
    ("seconds", "minutes"), [(0.2, 1), (60, 1), (60.0004, 1), (60.1, 2), (3600, 60), (3601, 61)]
)
def test_a_minute_that_has_begun_counts(seconds: float, minutes: int) -> None:
    assert minutes_of(seconds) == minutes


@pytest.mark.parametrize(
    ("minutes", "price", "credits"), [(60, 1, 60), (10, 1.1, 11), (1, 0.5, 1), (7, 0, 0)]
)
def test_credits_are_rounded_up_once(minutes: int, price: float, credits: int) -> None:
    assert credits_of(minutes, each=price) == credits
