"""The window's way through a shot: still, calm, in the picture, and never harsher than promised."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telecine.media.seeing import camera

RATE = 30.0
WINDOW = 0.3164  # of a wide picture, what a tall canvas shows
#: Points that lie on a line to a 50000th of a window are left out: what that does, at most, to
#: an acceleration that is taken from three successive frames.
_ROUNDING = 4 * 2e-5 * RATE**2


def _places(walk: list[float], *, seconds: float | None = None) -> np.ndarray:
    """Return the window's middle on each frame; the face's places come five times a second."""
    length = len(walk) / 5 if seconds is None else seconds
    points = camera.path(
        [(n / 5, place) for n, place in enumerate(walk)],
        start_seconds=0.0,
        end_seconds=length,
        frame_rate=RATE,
        window=WINDOW,
    )
    times = np.arange(round(length * RATE) + 1) / RATE
    return np.interp(times, [each.seconds for each in points], [each.place for each in points])


@settings(deadline=None, max_examples=60)
@given(st.lists(st.floats(0, 1), min_size=2, max_size=60))
def test_acceleration_is_bounded_whatever_a_face_does(walk: list[float]) -> None:
    found = np.diff(_places(walk) / WINDOW, n=2) * RATE**2
    assert np.abs(found).max() <= camera.MOST_ACCELERATION + _ROUNDING


def test_the_bound_is_one_that_a_viewer_bears() -> None:
    # In a window of 1080 px: four of them a second squared, and a third of one a second at most.
    assert 4.0 < camera.MOST_ACCELERATION < 4.2
    speeds = np.abs(np.diff(_places([0.2] * 10 + [0.8] * 40) / WINDOW)) * RATE
    assert speeds.max() <= 0.33


@settings(deadline=None, max_examples=40)
@given(st.lists(st.floats(-1, 1), min_size=10, max_size=60))
def test_a_face_that_trembles_moves_nothing(tremor: list[float]) -> None:
    slack = camera.DEAD_ZONE * WINDOW / 2
    places = _places([0.5 + slack * each for each in tremor])
    assert np.ptp(places) == 0


def test_one_wrong_glance_moves_nothing() -> None:
    assert np.ptp(_places([0.5] * 12 + [0.9] + [0.5] * 12)) == 0


def test_somebody_who_walks_over_is_followed_once_and_without_turning_back() -> None:
    places = _places([0.3] * 10 + [0.3 + 0.4 * n / 20 for n in range(20)] + [0.7] * 30)
    ways = np.diff(places)
    assert ways.min() >= -1e-9
    assert places[-1] == pytest.approx(0.7 - camera.DEAD_ZONE * WINDOW, abs=0.005)


def test_a_jump_is_followed_without_swinging_past() -> None:
    places = _places([0.3] * 10 + [0.7] * 40)
    assert places.max() <= 0.7 - camera.DEAD_ZONE * WINDOW + 1e-6


def test_who_walks_slowly_stays_near_the_middle() -> None:
    walk = [0.3 + 0.4 * n / 50 for n in range(50)]
    places = _places(walk)
    faces = np.interp(np.arange(len(places)) / RATE, np.arange(50) / 5, walk)
    assert np.abs(places - faces).max() <= 0.2 * WINDOW


@settings(deadline=None, max_examples=40)
@given(st.lists(st.floats(-0.5, 1.5), min_size=1, max_size=40))
def test_the_window_never_leaves_the_picture(walk: list[float]) -> None:
    places = _places(walk)
    assert places.min() >= WINDOW / 2 - 1e-9
    assert places.max() <= 1 - WINDOW / 2 + 1e-9


def test_a_still_shot_has_one_point() -> None:
    points = camera.path(
        [(n / 5, 0.4) for n in range(20)],
        start_seconds=0,
        end_seconds=4,
        frame_rate=RATE,
        window=WINDOW,
    )
    assert [point.place for point in points] == [pytest.approx(0.4)]


def test_a_window_as_long_as_the_picture_stays_in_its_middle() -> None:
    points = camera.path([(0.0, 0.1)], start_seconds=0, end_seconds=4, frame_rate=RATE, window=1.0)
    assert [point.place for point in points] == [0.5]
