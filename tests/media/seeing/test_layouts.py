"""Which layout a shot gets, from who is where; the sightings are made up."""

from __future__ import annotations

import pytest
from tests.media.seeing import watching

from telecine.media.seeing import layouts
from telecine.media.seeing.layouts import Layout
from telecine.media.seeing.model import Seen, Shot

TALL = 9 / 16
ALONE = [(0.5, 0.4, 0.25)]


def _layout(seen: Seen, *, aspect: float = TALL) -> Layout:
    (layout,) = layouts.choose(seen, aspect=aspect, frame_rate=30)
    return layout


def test_nobody_is_fitted_on_a_ground() -> None:
    layout = _layout(watching.seen())
    assert (layout.kind, layout.ground is not None) == ("fit", True)
    (view,) = layout.views
    assert view.is_fitted


def test_somebody_is_cropped_at_full_height() -> None:
    layout = _layout(watching.seen([(0.7, 0.4, 0.25)]))
    assert (layout.kind, layout.ground is not None) == ("crop", False)
    (view,) = layout.views
    assert view.height == 1.0
    assert view.width == pytest.approx(TALL / (16 / 9))
    assert [point.place for point in view.across] == [pytest.approx(0.7)]


def test_a_small_face_that_stays_in_a_corner_is_split_from_its_screen() -> None:
    layout = _layout(watching.seen([(0.85, 0.85, 0.09)]))
    assert (layout.kind, layout.ground is not None) == ("split", True)
    near, whole = layout.views
    assert near.width < 0.25
    assert near.area.top == 0
    assert near.area.height == pytest.approx(whole.area.top)
    assert whole.is_fitted


def test_on_a_square_the_speaker_of_a_split_has_no_neighbours() -> None:
    """The panel is no wider than a picture in a picture is, in the middle of the ground."""
    near, _ = _layout(watching.seen([(0.85, 0.85, 0.09)]), aspect=1.0).views
    assert near.area.width / near.area.height == pytest.approx(1.42)
    assert near.area.left == pytest.approx((1 - near.area.width) / 2)


@pytest.mark.parametrize(
    "walk",
    [
        [(0.5, 0.5, 0.09)],  # in the middle: a stage
        [(0.1 + 0.02 * n, 0.2, 0.09) for n in range(20)],  # walks
        [(0.85, 0.85, 0.2)],  # large
    ],
)
def test_other_faces_are_no_picture_in_the_picture(walk: list[tuple[float, float, float]]) -> None:
    assert _layout(watching.seen(walk)).kind == "crop"


def test_two_people_far_apart_are_stacked_the_left_one_above() -> None:
    layout = _layout(watching.seen([(0.8, 0.4, 0.25)], [(0.2, 0.4, 0.22)]))
    assert layout.kind == "stack"
    upper, lower = layout.views
    assert (upper.area.top, lower.area.top) == (0.0, 0.5)
    assert upper.across[0].place == pytest.approx(0.2, abs=0.04)
    assert lower.across[0].place == pytest.approx(0.8, abs=0.04)
    assert upper.across[0].place + upper.width / 2 < 0.8 - 0.25 / 2  # the other is not in it


def test_two_people_who_fit_into_one_window_are_cropped() -> None:
    assert _layout(watching.seen([(0.46, 0.4, 0.2)], [(0.58, 0.4, 0.2)])).kind == "crop"


def test_somebody_small_behind_is_not_stacked() -> None:
    layout = _layout(watching.seen([(0.3, 0.4, 0.3)], [(0.8, 0.4, 0.08)]))
    assert layout.kind == "crop"
    assert layout.views[0].across[0].place == pytest.approx(0.3)


def test_on_a_wide_canvas_two_people_need_no_panels() -> None:
    seen = watching.seen([(0.2, 0.4, 0.25)], [(0.8, 0.4, 0.25)])
    layout = _layout(seen, aspect=16 / 9)
    assert layout.kind == "crop"
    assert layout.views[0].width == layout.views[0].height == 1.0


def test_a_tall_film_on_a_wide_canvas_keeps_the_face() -> None:
    layout = _layout(watching.seen([(0.5, 0.3, 0.2)], size=(1080, 1920)), aspect=16 / 9)
    (view,) = layout.views
    assert view.width == 1.0
    assert view.height == pytest.approx((1080 / 1920) * (9 / 16))
    low, high = (view.down[0].place + side * view.height / 2 for side in (-1, 1))
    assert low < 0.3 < high


def test_who_is_seldom_seen_is_not_followed() -> None:
    seldom = watching.seen(ALONE)
    kept = tuple(
        glance if n < 4 else watching.seen().glances[n] for n, glance in enumerate(seldom.glances)
    )
    seen = Seen(width=1920, height=1080, shots=seldom.shots, glances=kept)
    assert _layout(seen).kind == "fit"


def test_each_shot_has_its_own_layout_and_its_own_window() -> None:
    left = watching.seen([(0.3, 0.4, 0.3)] * 10 + [(0.7, 0.4, 0.3)] * 10)
    shots = (
        Shot(start_seconds=0.0, end_seconds=2.0),
        Shot(start_seconds=2.0, end_seconds=4.0),
    )
    seen = Seen(width=1920, height=1080, shots=shots, glances=left.glances)
    found = layouts.choose(seen, aspect=TALL, frame_rate=30)
    # No way from the one to the other: both stand still.
    assert [len(layout.views[0].across) for layout in found] == [1, 1]
    assert [layout.views[0].across[0].place for layout in found] == pytest.approx([0.3, 0.7])
