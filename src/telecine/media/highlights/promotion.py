"""Which sentences sell something or keep house: no clip may hold the first, few the second.

An advertisement is more than its tell-tale sentence ("this episode is brought to you by"): it
goes on until the subject changes, the offer ends, or a minute is over.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from telecine.media.highlights import lexicon
from telecine.media.highlights.topics import Floats
from telecine.media.highlights.wording import Reading
from telecine.media.speech.transcript import Sentence

Flags = NDArray[np.bool_]

_LONGEST_READ_SECONDS = 60.0
# How much of a boundary ends an advertisement, and how far an offer belongs to the next one.
_ENDING_BOUNDARY = 0.55
_REACH = 3
_TWO = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    """One flag a sentence. `housekeeping` is greetings, thanks, calls to subscribe."""

    promotion: Flags
    housekeeping: Flags


def mark(
    sentences: Sequence[Sentence],
    readings: Sequence[Reading],
    boundaries: Floats,
    *,
    english: bool,
) -> Marks:
    """Mark the sentences of a talk."""
    sells = np.array([_sells(reading, english=english) for reading in readings], dtype=bool)
    offers = np.array([english and _offers(reading) > 0 for reading in readings], dtype=bool)
    keeps = np.array([_keeps_house(reading, english=english) for reading in readings], dtype=bool)
    promotion = sells.copy()
    for at in np.flatnonzero(sells):
        _spread(promotion, int(at), sentences=sentences, offers=offers, boundaries=boundaries)
    return Marks(promotion=promotion, housekeeping=keeps & ~promotion)


def _sells(reading: Reading, *, english: bool) -> bool:
    if lexicon.ANY_PROMOTION.search(reading.text.lower()):
        return True
    return english and bool(lexicon.SPONSOR.search(reading.line) or _offers(reading) > _TWO)


def _offers(reading: Reading) -> int:
    return len({found.group().strip() for found in lexicon.OFFER.finditer(reading.line)})


def _keeps_house(reading: Reading, *, english: bool) -> bool:
    if lexicon.ANY_HOUSEKEEPING.search(reading.text.lower()):
        return True
    return english and bool(lexicon.HOUSEKEEPING.search(reading.line))


def _spread(
    promotion: Flags,
    seed: int,
    *,
    sentences: Sequence[Sentence],
    offers: Flags,
    boundaries: Floats,
) -> None:
    """Mark what belongs to the advertisement around `seed`."""
    latest = sentences[seed].start_seconds + _LONGEST_READ_SECONDS
    last_sold = seed
    for at in range(seed + 1, len(sentences)):
        late = sentences[at].start_seconds > latest
        if late or at - last_sold > _REACH:
            break
        if promotion[at] or offers[at]:
            last_sold = at
    promotion[seed : last_sold + 1] = True
    for at in range(last_sold + 1, min(last_sold + _REACH, len(sentences))):
        if boundaries[at] >= _ENDING_BOUNDARY or sentences[at].start_seconds > latest:
            break
        promotion[at] = True
    for at in range(seed - 1, max(seed - _REACH, -1), -1):
        if not offers[at] or boundaries[at + 1] >= _ENDING_BOUNDARY:
            break
        promotion[at] = True
