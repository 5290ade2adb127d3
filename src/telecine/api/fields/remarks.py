"""What a client is told of a composition that is taken all the same."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

from telecine.media.timeline.reader import Problem


class Remark(msgspec.Struct, frozen=True, kw_only=True):
    """Something that will be drawn, but perhaps not as meant."""

    path: str
    code: str
    message: str
    got: str
    allowed: str


#: What is remarked of the fields of one request, and how many letters of a name or a value.
MOST_UNREAD: Final = 20
_MOST_SHOWN: Final = 60


def unread(path: str, got: str, *, known: Iterable[str]) -> Remark:
    """Word a field that nothing reads: mostly an error of typing."""
    return Remark(
        path=path[:_MOST_SHOWN],
        code="UNKNOWN_FIELD",
        message="Nothing reads this field.",
        got=got[:_MOST_SHOWN],
        allowed=", ".join(known),
    )


def switched_off(path: str, url: str) -> Remark:
    """Word an address that webhooks are withheld from."""
    return Remark(
        path=path,
        code="RECEIVER_DISABLED",
        message="This receiver is switched off, and nothing is sent to it. A test that it takes "
        "switches it on: POST /api/v1/webhooks/test.",
        got=url[:_MOST_SHOWN],
        allowed="",
    )


def remarks(problems: Iterable[Problem]) -> tuple[Remark, ...]:
    """Word what a document is warned of."""
    return tuple(
        Remark(path=p.path, code=p.code, message=p.message, got=p.got, allowed=p.allowed)
        for p in problems
    )
