"""An operation that does what a test tells it, in the place of `compress`."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace

from tests import steps

from telecine.assembly import Telecine
from telecine.operations.base import Context, Result
from telecine.operations.compress import CompressParams
from telecine.operations.registry import Entry
from telecine.settings import Prices
from telecine.worker.attempt import Attempts


@dataclass(frozen=True, slots=True)
class Scripted:
    """An operation that does what a test tells it."""

    act: Callable[[Context], Result]
    name: str = "compress"
    params_type: type[CompressParams] = CompressParams

    def price(self, params: CompressParams, *, input_bytes: int, prices: Prices) -> int:
        return 1

    def run(self, params: CompressParams, context: Context) -> Result:
        return self.act(context)


def acting(
    telecine: Telecine, act: Callable[[Context], Result], *, stop: threading.Event | None = None
) -> Attempts:
    """Attempts whose one operation is `act`."""
    entry = Entry(operation=Scripted(act), lane="media", has_steps=True)
    return replace(steps.attempts(telecine, stop=stop), operations={"compress": entry})
