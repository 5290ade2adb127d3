"""At which steady rate a film is shown whose pictures come when they like.

The average is no such rate where pictures are missing, and the base that libav finds is a clock
rather than a rate where time stamps tremble: 1000 or 90000 in recordings of screens and telephones.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Final

#: What cameras and screens are set to; those of television are a thousandth below.
_USUAL: Final = tuple(
    rate
    for whole in (24, 25, 30, 48, 50, 60, 100, 120, 144, 240)
    for rate in (Fraction(whole * 1000, 1001), Fraction(whole))
    if whole not in {25, 50, 100, 144} or rate == whole
)
#: A rate is another within this share of it.
_SAME: Final = Fraction(1, 100)
_FASTEST_BASE: Final = 60
#: What pictures are taken for that come slower than anything usual.
_PLAIN: Final = (Fraction(30), Fraction(60))


def nominal(average: Fraction, base: Fraction | None) -> Fraction:
    """Return the steady rate of a film that has so many pictures a second, by its frames' clock.

    No picture of it is lost at that rate; where some are missing, those before them are held.
    """
    if base is None or base == average:
        return average
    nearest = min(_USUAL, key=lambda rate: abs(rate - average))
    if abs(nearest - average) <= _SAME * nearest:
        return nearest
    if average * (1 - _SAME) <= base <= _FASTEST_BASE:
        return base
    return next((rate for rate in _PLAIN if rate >= average), average)
