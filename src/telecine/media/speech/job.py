"""What the two processes of a transcription say to each other."""

from __future__ import annotations

from typing import Literal, get_args

import msgspec

from telecine.media.pool_wire import Failure

#: How much time goes into being right.
Quality = Literal["fast", "balanced", "high"]
QUALITIES: tuple[Quality, ...] = get_args(Quality)


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """The one argument of the child, as JSON. `language` empty: it is found out."""

    sound: str
    output: str
    model_folder: str
    model_name: str
    language: str
    quality: Quality
    n_threads: int


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the child: how far it has come, or why it can go no further."""

    done_seconds: float = 0.0
    failure: Failure | None = None
