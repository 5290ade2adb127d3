"""A machine whose clock is wrong, by CLOCK_IS_OFF_SECONDS: Python runs this before anything else.

Whoever has this folder first in PYTHONPATH lives by that clock. Its children that open media are told
nothing of it, and need no clock. The steady clock is left alone, as nobody's is wrong.
"""

from __future__ import annotations

import os
import time
from datetime import datetime, timedelta

from telecine.kit import clock

_OFF_SECONDS = float(os.environ.get("CLOCK_IS_OFF_SECONDS", "0"))
_true_clock, _true_time = clock.system_clock, time.time


def _clock() -> datetime:
    return _true_clock() + timedelta(seconds=_OFF_SECONDS)


def _time() -> float:
    return _true_time() + _OFF_SECONDS


vars(clock)["system_clock"] = _clock
vars(time)["time"] = _time
