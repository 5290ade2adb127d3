"""Which steady rate stands for uneven pictures."""

from __future__ import annotations

from fractions import Fraction

import pytest

from telecine.media import frame_rates

NTSC = Fraction(30000, 1001)


@pytest.mark.parametrize(
    ("average", "base", "nominal"),
    [
        pytest.param(Fraction(15), Fraction(15), 15, id="steady, if slow"),
        pytest.param(Fraction(137, 10), None, Fraction(137, 10), id="nothing else is known"),
        pytest.param(Fraction("15.075"), Fraction(25), 25, id="25 and 5 by turns"),
        pytest.param(Fraction(20), Fraction(30), 30, id="two of three are missing for a while"),
        pytest.param(Fraction("29.87"), Fraction(90000), NTSC, id="a telephone that trembles"),
        pytest.param(Fraction("27.3"), Fraction(90000), 30, id="a telephone in the dark"),
        pytest.param(Fraction("8.2"), Fraction(1000), 30, id="a recording of a screen"),
        pytest.param(Fraction("41.7"), Fraction(1000), 60, id="a quick screen"),
        pytest.param(Fraction(25), Fraction(50), 25, id="fields are counted"),
        pytest.param(Fraction("23.98"), Fraction(120), Fraction(24000, 1001), id="film"),
        pytest.param(Fraction("118.8"), Fraction(90000), Fraction(120000, 1001), id="slow motion"),
        pytest.param(Fraction("75.3"), Fraction(90000), Fraction("75.3"), id="faster than usual"),
    ],
)
def test_uneven_pictures_have_the_rate_they_were_taken_at(
    average: Fraction, base: Fraction | None, nominal: Fraction
) -> None:
    assert frame_rates.nominal(average, base) == nominal
