"""What a kind of work is, and what it is given to work with.

An operation knows no job, account or HTTP: paths come in, paths go out. The worker and the
command line run the same code; only the `Context` differs (who hears the progress, who may
cancel). One file of this folder is one operation: its `Params`, its price, its `run()`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, TypeVar

import msgspec

from telecine.kit.outbound import Cache
from telecine.media.ffmpeg import FFmpeg
from telecine.media.pool import Pool
from telecine.media.render.confined import Renderer
from telecine.settings import Prices

#: A JSON value that an operation reports of its result, e.g. `{"crf_used": 28}`.
Facts = Mapping[str, str | int | float | bool | None]

P = TypeVar("P", bound=msgspec.Struct)


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """One file to work on. `filename` is what its owner called it: metadata, never a path."""

    path: Path
    filename: str
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """One finished file in the workspace; `filename` is what the client will see."""

    path: Path
    filename: str
    media_type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What one run made. `facts` are small JSON values for the status reply."""

    outputs: tuple[Output, ...]
    facts: Facts = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What one attempt is given.

    `workspace` is a private folder (0700), empty at the start, removed afterwards by the
    caller. `report` takes the fraction done, 0 to 1; the receiver keeps it monotonic.
    `is_cancelled` is asked at least once a second; when it says so, `run` raises
    `CancelledError`. `renderer` and `cache` are None where the run cannot need them.
    """

    inputs: tuple[Input, ...]
    workspace: Path
    ffmpeg: FFmpeg
    pool: Pool
    report: Callable[[float], None]
    is_cancelled: Callable[[], bool]
    renderer: Renderer | None = None
    cache: Cache | None = None


class Operation(Protocol[P]):
    """A kind of work; a module-level object in its own file, listed in `registry.py`."""

    @property
    def name(self) -> str:
        """Stable name, stored in job rows: `compress`."""

    @property
    def params_type(self) -> type[P]:
        """The frozen msgspec struct that a job's stored JSON is decoded to."""

    def price(self, params: P, *, input_bytes: int, prices: Prices) -> int:
        """Return the credits that one run costs; known before it is accepted."""

    def run(self, params: P, context: Context) -> Result:
        """Do the work, or raise a `TelecineError` that the client may read."""


#: Any operation, whatever its params: what registries and the worker hold.
AnyOperation = Operation[Any]
