"""What a kind of work is, and what it is given to work with.

An operation knows no job, account or HTTP: paths come in, paths go out. The worker and the
command line run the same code; only the `Context` differs (who hears the progress, who may
cancel). One file of this folder is one operation: its `Params`, its price, its `run()`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, TypeVar

import msgspec

from telecine.kit.outbound import Cache, Chat
from telecine.media.ffmpeg import FFmpeg
from telecine.media.pool import Pool
from telecine.media.render.confined import Renderer
from telecine.media.senses import Senses
from telecine.settings import Prices

#: What an operation reports of its result, as JSON: `{"crf_used": 28}`.
Facts = Mapping[str, Any]

P = TypeVar("P", bound=msgspec.Struct)
T = TypeVar("T")


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
    """What one run made. `facts` are small JSON values for the status reply.

    `charge` are the credits that it cost, where less than its price was used up.
    """

    outputs: tuple[Output, ...]
    facts: Facts = field(default_factory=dict)
    charge: int | None = None


class Steps(Protocol):
    """What a long run has finished already, kept until its job ends, whatever becomes of a worker.

    A step is a file with a name such as `transcript.json`, of letters, digits, `.`, `_` and `-`;
    it is whole or it is not there.
    """

    def find(self, name: str) -> Path | None:
        """Return the step, only to be read, or None where it was never finished."""

    def keep(self, name: str, path: Path) -> Path:
        """Keep a finished file of the workspace, which is gone then; return where to read it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepsInFolder:
    """Steps of a run on the command line, or of a test."""

    folder: Path

    def find(self, name: str) -> Path | None:
        """Look in the folder."""
        path = self.folder / name
        return path if path.is_file() else None

    def keep(self, name: str, path: Path) -> Path:
        """Move the file into the folder, which is made if need be."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return path.replace(self.folder / name)


def nobody(_stage: str) -> None:
    """Tell nobody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What one attempt is given.

    `workspace` is a private folder (0700), empty at the start, removed afterwards by the
    caller. `report` takes the fraction done, 0 to 1; the receiver keeps it monotonic.
    `is_cancelled` is asked at least once a second; when it says so, `run` raises
    `CancelledError`. `enter` is told each stage of a long run as it begins, in one word of the
    code's. What is None cannot be needed by the run, but for `language_model`: there may be none;
    and without `steps`, they are in the workspace.
    """

    inputs: tuple[Input, ...]
    workspace: Path
    ffmpeg: FFmpeg
    pool: Pool
    report: Callable[[float], None]
    is_cancelled: Callable[[], bool]
    enter: Callable[[str], None] = nobody
    renderer: Renderer | None = None
    cache: Cache | None = None
    steps: Steps | None = None
    senses: Senses | None = None
    language_model: Chat | None = None

    def once(self, name: str, form: type[T], make: Callable[[], T]) -> T:
        """Return what an earlier attempt has made, or make it and keep it, as JSON."""
        if (found := self._kept.find(name)) is not None:
            # One that another version wrote may be of another form: then it is made anew.
            with suppress(msgspec.MsgspecError):
                return msgspec.json.decode(found.read_bytes(), type=form)
        made = make()
        path = self.workspace / name
        path.write_bytes(msgspec.json.encode(made))
        self._kept.keep(name, path)
        return made

    def file_once(self, name: str, make: Callable[[], Path]) -> Path:
        """Return the file that an earlier attempt has made, or make it and keep it."""
        return self._kept.find(name) or self._kept.keep(name, make())

    @property
    def _kept(self) -> Steps:
        return self.steps or StepsInFolder(folder=self.workspace / "steps")


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
