"""What the two processes of a talking portrait say to each other. Imports no network, no codec."""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from telecine.media.pool_wire import Failure

#: What the file itself says, and the film that is made of it.
SYNTHETIC: Final = "synthetic: talking portrait made by Telecine"

#: film: the portrait talks. picture: the portrait alone as a PNG, upright and no larger than asked.
#: look: nothing is made of it; whether it can talk is found out.
Task = Literal["film", "picture", "look"]


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """The one argument of the child, as JSON. `words` is a file with a transcript's words.

    `frame_rate` is a fraction.
    """

    task: Task
    picture: str
    output: str = ""
    most_pixels: int
    sound: str = ""
    words: str = ""
    weights: str = ""
    frame_rate: str = "30"
    n_frames: int = 0
    n_threads: int = 0


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the child: how much of the work is done, or why it can go no further."""

    done: float = 0.0
    failure: Failure | None = None
