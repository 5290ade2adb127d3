"""Which instant of its source a moving layer shows, exactly."""

from __future__ import annotations

from fractions import Fraction

import pytest
from tests.media.render.timelines import SizeTable, clip, planned, video

from telecine.media.render.planning.plan import Plan
from telecine.media.timeline.model import Image, Source, Video


def instants(made: Plan) -> list[Fraction | None]:
    found: list[Fraction | None] = []
    for n in range(made.n_frames):
        draws = made.frame(n).draws
        found.append(draws[0].source_seconds if draws else None)
    return found


def played(
    content: Video | Image, frames: int, *, duration: str | None = "4"
) -> list[Fraction | None]:
    length = None if duration is None else Fraction(duration)
    return instants(planned(clip(content, end=frames), table=SizeTable({}, duration=length)))


def tenths(*numbers: float) -> list[Fraction]:
    return [Fraction(str(number)) / 10 for number in numbers]


def test_a_video_runs_from_its_trim_on() -> None:
    assert played(video(trim_start_seconds=0.35), 4) == tenths(3.5, 4.5, 5.5, 6.5)


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.7, 1.0, 2.0, 16.0])
def test_a_rate_is_the_decimal_that_was_written(rate: float) -> None:
    found = played(video(rate=rate), 5, duration=None)
    assert found == [Fraction(str(rate)) * n / 10 for n in range(5)]


def test_time_counts_from_the_clips_start() -> None:
    made = planned(clip(video(), start=7, end=9))
    assert instants(made)[7:] == tenths(0, 1)


def test_at_its_end_a_video_holds_the_last_picture_that_it_showed() -> None:
    found = played(video(trim_start_seconds=3.7), 6)
    assert found == tenths(37, 38, 39, 39, 39, 39)


def test_a_held_video_is_the_same_frame_object() -> None:
    made = planned(clip(video(trim_end_seconds=0.3), end=30))
    frames = [made.frame(n) for n in range(30)]
    assert len({id(frame) for frame in frames}) == 3
    assert frames[2] is frames[29]


def test_a_trim_ends_a_video_early_and_never_late() -> None:
    assert played(video(trim_end_seconds=0.25), 5) == tenths(0, 1, 2, 2, 2)
    late = video(trim_start_seconds=3.8, trim_end_seconds=99)
    assert played(late, 4) == tenths(38, 39, 39, 39)


def test_a_loop_starts_again_at_the_trim() -> None:
    looped = video(trim_start_seconds=1, trim_end_seconds=1.3, after_end="loop")
    assert played(looped, 8) == tenths(10, 11, 12, 10, 11, 12, 10, 11)


def test_a_loop_at_an_odd_rate_keeps_its_phase() -> None:
    looped = video(trim_end_seconds=0.5, rate=2.0, after_end="loop")
    assert played(looped, 6) == tenths(0, 2, 4, 1, 3, 0)


def test_a_blank_end_shows_nothing() -> None:
    assert played(video(trim_end_seconds=0.2, after_end="blank"), 4) == [*tenths(0, 1), None, None]


def test_backwards_shows_the_same_instants_from_the_last_to_the_first() -> None:
    forwards = played(video(trim_start_seconds=0.1, trim_end_seconds=0.55), 5)
    backwards = played(video(trim_start_seconds=0.1, trim_end_seconds=0.55, is_reversed=True), 7)
    assert backwards[:5] == forwards[::-1]
    assert backwards[5:] == [backwards[4]] * 2  # it holds its first picture


def test_backwards_in_a_loop() -> None:
    looped = video(trim_end_seconds=0.3, is_reversed=True, after_end="loop")
    assert played(looped, 7) == tenths(2, 1, 0, 2, 1, 0, 2)


def test_backwards_without_a_known_end_runs_back_over_the_clip() -> None:
    assert played(video(is_reversed=True), 4, duration=None) == tenths(3, 2, 1, 0)


def test_a_trim_behind_the_end_holds_there_or_shows_nothing() -> None:
    assert played(video(trim_start_seconds=5), 2) == tenths(50, 50)
    assert played(video(trim_start_seconds=5, after_end="blank"), 2) == [None, None]
    assert played(video(trim_start_seconds=5, after_end="loop"), 2) == tenths(50, 50)


def test_an_animated_image_goes_on_for_ever() -> None:
    moving = Image(source=Source(src="a.gif", path=""), start_seconds=0.2, rate=2.0)
    assert played(moving, 5, duration="0.5") == tenths(2, 4, 6, 8, 10)  # its source wraps


def test_a_still_image_has_no_time() -> None:
    assert played(Image(source=Source(src="a.png", path="")), 2) == [None, None]


def test_each_clip_of_a_video_has_a_layer_of_its_own() -> None:
    made = planned(clip(video(), name="a"), clip(video(), name="b", start=5))
    assert [layer.is_moving for layer in made.layers] == [True, True]
