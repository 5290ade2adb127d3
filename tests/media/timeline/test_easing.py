import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telecine.media.timeline.easing import (
    EASINGS,
    cubic_bezier,
    easing_named,
    spring,
    wrong_parameter,
)

_FAMILIES = ("Sine", "Quad", "Cubic", "Quart", "Back", "Elastic", "Bounce")
_NAMED = tuple(f"ease{way}{name}" for name in _FAMILIES for way in ("In", "Out", "InOut"))


def test_the_22_names_and_hold_are_there() -> None:
    assert set(EASINGS) == {"linear", "hold", *_NAMED}


@pytest.mark.parametrize("name", EASINGS)
def test_every_curve_begins_at_0_and_ends_at_1(name: str) -> None:
    assert EASINGS[name](0.0) == pytest.approx(0, abs=1e-9)
    assert EASINGS[name](1.0) == pytest.approx(1, abs=1e-9)


@pytest.mark.parametrize("name", _FAMILIES)
@given(share=st.floats(0, 1))
def test_out_is_in_turned_round_and_in_out_passes_the_middle(name: str, share: float) -> None:
    ease_in, ease_out = EASINGS[f"easeIn{name}"], EASINGS[f"easeOut{name}"]

    assert ease_out(share) == pytest.approx(1 - ease_in(1 - share), abs=1e-9)
    assert EASINGS[f"easeInOut{name}"](0.5) == pytest.approx(0.5, abs=1e-9)


@pytest.mark.parametrize(
    ("name", "share", "way"),
    [
        ("easeInQuad", 0.5, 0.25), ("easeInCubic", 0.5, 0.125), ("easeInQuart", 0.5, 0.0625),
        ("easeInSine", 0.5, 1 - math.cos(math.pi / 4)), ("easeInOutQuad", 0.25, 0.125),
        ("easeInBack", 0.5, -0.0876975), ("easeOutBounce", 0.5, 0.765625),
        ("easeOutElastic", 0.5, 1.015625), ("hold", 0.999, 0.0),
    ],
)  # fmt: skip
def test_known_points_of_the_curves(name: str, share: float, way: float) -> None:
    assert EASINGS[name](share) == pytest.approx(way, abs=1e-6)


def test_bezier_is_css_ease() -> None:
    ease = easing_named("cubic-bezier(0.25, 0.1, 0.25, 1)")

    assert ease is not None
    assert [ease(share) for share in (0.25, 0.5, 0.75)] == pytest.approx(
        [0.4085, 0.8024, 0.9605], abs=1e-3
    )


@given(x1=st.floats(0, 1), x2=st.floats(0, 1), share=st.floats(0, 1))
def test_a_straight_bezier_is_linear(x1: float, x2: float, share: float) -> None:
    assert cubic_bezier(x1, x1, x2, x2)(share) == pytest.approx(share, abs=1e-6)


@given(
    mass=st.floats(1e-3, 1e5), stiffness=st.floats(1e-3, 1e5), damping=st.floats(1e-3, 1e5),
    share=st.floats(0, 1),
)  # fmt: skip
def test_every_spring_stays_finite_and_arrives(
    mass: float, stiffness: float, damping: float, share: float
) -> None:
    ease = spring(mass, stiffness, damping)

    assert -1e-6 <= ease(share) <= 2.0 + 1e-6
    assert (ease(0.0), ease(1.0)) == (0.0, 1.0)


def test_a_spring_overshoots_and_a_heavily_damped_one_does_not() -> None:
    shares = [n / 100 for n in range(101)]

    assert max(map(spring(1, 100, 5), shares)) > 1.1
    assert max(map(spring(1, 100, 40), shares)) <= 1.0


@pytest.mark.parametrize(
    "text",
    ["", "ease", "easeInFoo", "cubic-bezier(2,0,0,1)", "cubic-bezier(0,0,1)", "spring(0,1,1)",
     "spring(1,1)", "spring(1e9,1,1)", "cubic-bezier(0,1e9,0,0)", "spring(,,)"],
)  # fmt: skip
def test_other_names_are_none(text: str) -> None:
    assert easing_named(text) is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("spring(0,0,0)", "The mass of spring cannot be 0."),
        ("spring(1, 100, nan)", "The damping of spring cannot be nan."),
        ("spring(1,,3)", "The stiffness of spring cannot be left out."),
        ("spring()", "spring takes 3 numbers."),
        ("cubic-bezier(0,0,1.5,1)", "The x2 of cubic-bezier cannot be 1.5."),
    ],
)
def test_a_wrong_parameter_is_named_with_what_is_allowed(text: str, said: str) -> None:
    assert easing_named(text) is None
    message, allowed = wrong_parameter(text) or ("", "")
    assert message == said
    assert "0.001 to 100000" in allowed or "x2 0 to 1" in allowed
