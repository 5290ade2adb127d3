"""What work costs: whole credits, by prices that have decimals."""

from __future__ import annotations

import math
from fractions import Fraction

from telecine.settings import Prices, RenderTier


def credits_of(amount: Fraction | float, *, each: float) -> int:
    """Return the credits for so many minutes or seconds at that price `each`, rounded up."""
    # By its decimals: 1.1 is not eleven tenths in binary, and ten of these are 11 credits.
    return math.ceil(Fraction(amount) * Fraction(repr(each)))


def film_credits(seconds: Fraction | float, *, each: float) -> int:
    """Return the credits for a film of that length: at least one."""
    return max(1, credits_of(seconds, each=each))


def tier_of(prices: Prices, *, width: int, height: int) -> RenderTier:
    """Return the price of a size: the highest tier that its shorter side reaches."""
    tiers = sorted(prices.render, key=lambda tier: tier.short_edge)
    return next(
        (tier for tier in reversed(tiers) if min(width, height) >= tier.short_edge), tiers[0]
    )
