"""What the two processes of a look say to each other. Imports no network and no codec."""

from __future__ import annotations

import msgspec

from telecine.media.pool_wire import Failure


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """The one argument of the child, as JSON: raw RGB pictures of one size, and their times."""

    pictures: str
    width: int
    height: int
    times: tuple[float, ...]
    weights: str
    n_threads: int


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the child for each picture: left, top, width, height and score of each face."""

    faces: tuple[tuple[float, float, float, float, float], ...] = ()
    failure: Failure | None = None
