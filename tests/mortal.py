"""A worker that dies by `kill -9` the moment it has kept a certain step of a clips job.

`python -m tests.mortal DATA JOB STEP SETTING=VALUE…` runs the job's first ticket. That instant is the one
that tests need: dead with a stage behind it and the next one not begun.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from dataclasses import dataclass, replace
from pathlib import Path

from telecine import settings
from telecine.assembly import assemble
from telecine.operations.base import Context, Result, Steps
from telecine.operations.clipping.params import ClipsParams
from telecine.operations.clips import CLIPS
from telecine.operations.registry import MEDIA_LANE, Entry
from telecine.settings import Prices


@dataclass(frozen=True, slots=True, kw_only=True)
class LastSteps:
    """Steps of which one is the last."""

    steps: Steps
    last: str

    def find(self, name: str) -> Path | None:
        return self.steps.find(name)

    def keep(self, name: str, path: Path) -> Path:
        kept = self.steps.keep(name, path)
        if name.startswith(self.last):
            os.kill(os.getpid(), signal.SIGKILL)
        return kept


@dataclass(frozen=True, slots=True, kw_only=True)
class MortalClips:
    """The operation, until that step."""

    last: str
    name: str = CLIPS.name
    params_type: type[ClipsParams] = ClipsParams

    def price(self, params: ClipsParams, *, input_bytes: int, prices: Prices) -> int:
        return CLIPS.price(params, input_bytes=input_bytes, prices=prices)

    def run(self, params: ClipsParams, context: Context) -> Result:
        assert context.steps is not None
        return CLIPS.run(
            params, replace(context, steps=LastSteps(steps=context.steps, last=self.last))
        )


def main(data: str, job_id: str, last: str, *given: str) -> None:
    loaded = settings.load({}, data=data, **dict(each.split("=", 1) for each in given))
    entry = Entry(operation=MortalClips(last=last), lane=MEDIA_LANE, has_steps=True)
    made = assemble(loaded, operations={CLIPS.name: entry})
    made.worker("w-1", stop=threading.Event()).attempts.run(job_id, 1)


if __name__ == "__main__":
    main(*sys.argv[1:])
