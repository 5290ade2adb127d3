import pytest
from hypothesis import given
from hypothesis import strategies as st

from telecine.media.timeline.colours import parse_colour
from telecine.media.timeline.model import Colour


@pytest.mark.parametrize(
    ("text", "red", "green", "blue", "alpha"),
    [
        ("#f80", 255, 136, 0, 1.0),
        ("#F80C", 255, 136, 0, 0.8),
        ("#0a141e", 10, 20, 30, 1.0),
        ("#0a141e80", 10, 20, 30, 128 / 255),
        ("rgb(10, 20, 30)", 10, 20, 30, 1.0),
        ("rgba(10,20,30,0.25)", 10, 20, 30, 0.25),
        ("rgb(10 20 30 / 50%)", 10, 20, 30, 0.5),
        ("rgb(100%, 0%, 300%)", 255, 0, 255, 1.0),
        ("hsl(120, 100%, 50%)", 0, 255, 0, 1.0),
        ("hsla(-120deg 100% 25% / .5)", 0, 0, 127.5, 0.5),
        (" RebeccaPurple ", 0x66, 0x33, 0x99, 1.0),
        ("transparent", 0, 0, 0, 0.0),
    ],
)
def test_css_colours_are_read(
    text: str, red: float, green: float, blue: float, alpha: float
) -> None:
    found = parse_colour(text)

    assert found is not None
    parts = (found.red * 255, found.green * 255, found.blue * 255, found.alpha)
    assert parts == pytest.approx((red, green, blue, alpha), abs=1e-6)


@pytest.mark.parametrize(
    "text",
    ["", "#", "#12", "#12345", "#ggg", "rgb()", "rgb(1,2)", "rgb(1,2,3,4,5)", "rgb(a,b,c)", "puce",
     "url(x)", "rgb(nan,0,0)", "rgb(1e999,0,0)", "#" + "f" * 200],
)  # fmt: skip
def test_what_is_no_colour_is_none(text: str) -> None:
    assert parse_colour(text) is None


@given(st.text(max_size=140))
def test_any_text_is_a_colour_in_range_or_none(text: str) -> None:
    found = parse_colour(text)

    if found is not None:
        _is_in_range(found)


@given(st.lists(st.floats(-1e8, 1e8), min_size=3, max_size=4))
def test_numbers_out_of_range_are_clamped(numbers: list[float]) -> None:
    found = parse_colour(f"rgb({' '.join(f'{number:.3f}' for number in numbers[:3])})")

    if found is not None:
        _is_in_range(found)


def _is_in_range(colour: Colour) -> None:
    assert all(0 <= part <= 1 for part in (colour.red, colour.green, colour.blue, colour.alpha))
