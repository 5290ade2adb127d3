"""Which processes are killed after which pause: all of it follows from a seed.

A blow falls on one process or on several at the same instant. It names kinds, not processes:
which one of a kind it hits is a share of those that live then.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal

Kind = Literal[
    "supervisor", "api", "worker", "ffmpeg", "render", "errand", "pool", "postmaster", "backend"
]
DATABASES: Final = ("sqlite", "postgres")

#: How often a blow falls on a kind, of all blows. The children of a job live shortest.
_TELECINE: Final[Mapping[Kind, int]] = {
    "supervisor": 2,
    "api": 3,
    "worker": 4,
    "ffmpeg": 3,
    "render": 4,
    "errand": 2,
    "pool": 3,
}
_POSTGRES: Final[Mapping[Kind, int]] = {"postmaster": 3, "backend": 3}
_LONGEST_PAUSE_SECONDS: Final = 1.5
_MOST_AT_ONCE: Final = 4
_PATIENT: Final = 0.6
#: What lives for as long as a job is worked at.
AT_WORK: Final[tuple[Kind, ...]] = ("ffmpeg", "render", "errand")


@dataclass(frozen=True, slots=True, kw_only=True)
class Victim:
    """A process: its kind, and which of those that live, from 0 to below 1."""

    kind: Kind
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Blow:
    """What is killed at one instant, so long after the blow before.

    Most wait for a job to be worked at; the others fall on whatever is about to start.
    """

    pause_seconds: float
    is_patient: bool
    victims: tuple[Victim, ...]


def blows(*, seed: int, database: str) -> Iterator[Blow]:
    """Yield blows without end."""
    chance = random.Random(seed)
    weights = {**_TELECINE, **(_POSTGRES if database == "postgres" else {})}
    kinds = list(weights)
    while True:
        # Half of them fall on one process alone.
        count = max(1, chance.randrange(_MOST_AT_ONCE * 2) - _MOST_AT_ONCE + 1)
        chosen = chance.choices(kinds, weights=list(weights.values()), k=count)
        yield Blow(
            pause_seconds=chance.uniform(0.05, _LONGEST_PAUSE_SECONDS),
            is_patient=chance.random() < _PATIENT,
            victims=tuple(Victim(kind=kind, share=chance.random()) for kind in chosen),
        )
