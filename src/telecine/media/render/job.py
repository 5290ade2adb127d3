"""What a render child is told, and what it tells: shapes, sent as `pool_wire` sends them.

Imports no codec: the parent reads and writes these, too.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Literal

import msgspec

from telecine.media.pool_wire import Failure
from telecine.media.sandbox import SandboxMode

#: film: what the output's suffix says. part: the pictures of one share. sound: the sound alone.
#: join: parts and sound to one file. still, storyboard: a PNG. segments: nothing yet, but the
#: child stays, and each `Ask` that follows is answered with a `Report`.
Task = Literal["film", "part", "sound", "join", "still", "storyboard", "segments"]


class Walls(msgspec.Struct, frozen=True, kw_only=True):
    """What the child may use: `Policy` as far as it is not the same for all.

    `memory_bytes` is address space on top of what its libraries take at the start, `max_pixels`
    the most of one decoded frame.
    """

    mode: SandboxMode
    memory_bytes: int
    output_bytes: int
    max_pixels: int = 100_000_000


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """One task. All paths are absolute; what is written lies in `workspace`.

    `document` is the file of the composition, `files` where its sources are. `frames` is start
    and end; `share` says which of how many equal parts of them. `parts` and `sound` are joined.
    """

    task: Task
    walls: Walls
    workspace: str
    output: str
    document: str
    files: dict[str, str]
    codec: Literal["h264", "h265", "vp9"] = "h264"
    preset: str = "veryfast"
    crf: float | None = None
    threads: int = 0
    #: Another rate than the document's, a fraction; `frames` are counted at it.
    frame_rate: str | None = None
    frames: tuple[int, int] | None = None
    share: tuple[int, int] = (0, 1)
    size: tuple[int, int] | None = None
    has_sound: bool = True
    n_pictures: int = 12
    parts: tuple[str, ...] = ()
    sound: str | None = None
    comment: str = ""


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    """What a child that stays is to write to the files named: a segment of the film and the
    head of all of them, or a picture that stands for the film.
    """

    wanted: Literal["segment", "poster"]
    output: str
    frames: tuple[int, int] = (0, 0)
    head: str = ""


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What was written. `n_samples` is the sound's length at 48 kHz, 0 without sound."""

    width: int
    height: int
    n_frames: int
    n_samples: int
    size_bytes: int
    #: A fraction: 1001/30.
    duration: str

    @property
    def duration_seconds(self) -> Fraction:
        """How long the pictures run, or the sound where there are none."""
        return Fraction(self.duration)


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """Progress; the last one has `facts` or `failure`. `is_ready`: it waits for its job."""

    is_ready: bool = False
    n_done: int = 0
    n_frames: int = 0
    facts: Facts | None = None
    failure: Failure | None = None
