"""What a client is told of a composition that is taken all the same."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from telecine.media.timeline.reader import Problem


class Remark(msgspec.Struct, frozen=True, kw_only=True):
    """Something that will be drawn, but perhaps not as meant."""

    path: str
    code: str
    message: str
    got: str
    allowed: str


def remarks(problems: Iterable[Problem]) -> tuple[Remark, ...]:
    """Word what a document is warned of."""
    return tuple(
        Remark(path=p.path, code=p.code, message=p.message, got=p.got, allowed=p.allowed)
        for p in problems
    )
