"""How a value moves from one keyframe to the next: the named curves, as functions.

Each takes the share of time, 0 to 1, and gives the share of the way: 0 at 0 and 1 at 1; back
and elastic leave that range in between. The formulas are Robert Penner's.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Final

Easing = Callable[[float], float]

#: What stands in the brackets, from and to.
_PARAMETERS: Final = {
    "cubic-bezier": (("x1", 0, 1), ("y1", -100, 100), ("x2", 0, 1), ("y2", -100, 100)),
    "spring": (("mass", 1e-3, 1e5), ("stiffness", 1e-3, 1e5), ("damping", 1e-3, 1e5)),
}
_CALL: Final = re.compile(r"(cubic-bezier|spring)\(([^()]{0,100})\)")
_SETTLED: Final = 1e-3
_OVERSHOOT: Final = 1.70158
_OVERSHOOT_BOTH: Final = _OVERSHOOT * 1.525


def linear(t: float) -> float:
    """At an even pace."""
    return t


def hold(t: float) -> float:
    """Stay, and jump at the end."""
    return 1.0 if t >= 1.0 else 0.0


def _sine_in(t: float) -> float:
    return 1.0 - math.cos(t * math.pi / 2)


def _power_in(exponent: int) -> Easing:
    return lambda t: t**exponent


def _back_in(t: float) -> float:
    return t * t * ((_OVERSHOOT + 1) * t - _OVERSHOOT)


def _back_in_out(t: float) -> float:
    s = _OVERSHOOT_BOTH
    if t < 0.5:
        return ((2 * t) ** 2 * ((s + 1) * 2 * t - s)) / 2
    return ((2 * t - 2) ** 2 * ((s + 1) * (2 * t - 2) + s) + 2) / 2


def _elastic_in(t: float) -> float:
    if t in (0.0, 1.0):
        return t
    return -(2 ** (10 * t - 10)) * math.sin((10 * t - 10.75) * 2 * math.pi / 3)


def _elastic_in_out(t: float) -> float:
    if t in (0.0, 1.0):
        return t
    wave = math.sin((20 * t - 11.125) * 2 * math.pi / 4.5)
    if t < 0.5:
        return -(2 ** (20 * t - 10)) * wave / 2
    return 2 ** (-20 * t + 10) * wave / 2 + 1


def _bounce_out(t: float) -> float:
    steps = ((1 / 2.75, 0.0, 0.0), (2 / 2.75, 1.5, 0.75), (2.5 / 2.75, 2.25, 0.9375))
    for end, centre, floor in steps:
        if t < end:
            return 7.5625 * (t - centre / 2.75) ** 2 + floor
    return 7.5625 * (t - 2.625 / 2.75) ** 2 + 0.984375


def _reversed(curve: Easing) -> Easing:
    return lambda t: 1.0 - curve(1.0 - t)


def _mirrored(curve: Easing) -> Easing:
    return lambda t: curve(2 * t) / 2 if t < 0.5 else 1.0 - curve(2 - 2 * t) / 2


def _family(name: str, ease_in: Easing, in_out: Easing | None = None) -> dict[str, Easing]:
    return {
        f"easeIn{name}": ease_in,
        f"easeOut{name}": _reversed(ease_in),
        f"easeInOut{name}": in_out or _mirrored(ease_in),
    }


#: Every name that a document may use.
EASINGS: Final[dict[str, Easing]] = {
    "linear": linear,
    "hold": hold,
    **_family("Sine", _sine_in),
    **_family("Quad", _power_in(2)),
    **_family("Cubic", _power_in(3)),
    **_family("Quart", _power_in(4)),
    **_family("Back", _back_in, _back_in_out),
    **_family("Elastic", _elastic_in, _elastic_in_out),
    **_family("Bounce", _reversed(_bounce_out)),
}


def cubic_bezier(x1: float, y1: float, x2: float, y2: float) -> Easing:
    """CSS's curve through (0,0), (x1,y1), (x2,y2), (1,1); x1 and x2 are 0 to 1."""

    def ease(t: float) -> float:
        if t <= 0.0 or t >= 1.0:
            return min(max(t, 0.0), 1.0)
        low, high = 0.0, 1.0
        for _ in range(40):  # x grows with the parameter: bisection finds it to 1e-12
            middle = (low + high) / 2
            if _bezier(middle, x1, x2) < t:
                low = middle
            else:
                high = middle
        return _bezier((low + high) / 2, y1, y2)

    return ease


def _bezier(s: float, first: float, second: float) -> float:
    return 3 * (1 - s) ** 2 * s * first + 3 * (1 - s) * s**2 * second + s**3


def spring(mass: float, stiffness: float, damping: float) -> Easing:
    """A mass let go on a spring; the way takes as long as it needs to swing out to a thousandth.

    All three are positive.
    """
    decay = damping / (2 * mass)
    discriminant = decay * decay - stiffness / mass
    spread = math.sqrt(abs(discriminant))
    slowest = decay - spread if discriminant > 0 else decay
    settled_seconds = -math.log(_SETTLED) / slowest if slowest > 0 else 1.0

    def ease(t: float) -> float:
        if t <= 0.0 or t >= 1.0:
            return min(max(t, 0.0), 1.0)
        seconds = t * settled_seconds
        if spread < 1e-6 * decay:
            swing = 1 + decay * seconds
        elif discriminant < 0:
            swing = math.cos(spread * seconds) + decay / spread * math.sin(spread * seconds)
        else:
            fast, slow = decay + spread, decay - spread
            away = fast * math.exp(-slow * seconds) - slow * math.exp(-fast * seconds)
            return 1 - away / (fast - slow)
        return 1 - math.exp(-decay * seconds) * swing

    return ease


def easing_named(text: str) -> Easing | None:
    """Return the curve of that name, or of `cubic-bezier(..)` or `spring(..)`; else None."""
    if text in EASINGS:
        return EASINGS[text]
    call = _CALL.fullmatch(text)
    if not call or wrong_parameter(text) is not None:
        return None
    numbers = [float(word) for word in call[2].split(",")]
    return spring(*numbers) if call[1] == "spring" else cubic_bezier(*numbers)


def wrong_parameter(text: str) -> tuple[str, str] | None:
    """Return what is wrong within the brackets of a curve, and what is allowed there."""
    call = _CALL.fullmatch(text)
    if not call:
        return None
    wanted = _PARAMETERS[call[1]]
    numbers = call[2].split(",")
    allowed = ", ".join(f"{name} {low:g} to {high:g}" for name, low, high in wanted)
    if len(numbers) != len(wanted):
        return f"{call[1]} takes {len(wanted)} numbers.", allowed
    for number, (name, low, high) in zip(numbers, wanted, strict=True):
        try:
            is_right = low <= float(number) <= high
        except ValueError:
            is_right = False
        if not is_right:
            return f"The {name} of {call[1]} cannot be {number.strip() or 'left out'}.", allowed
    return None
