"""Which sentences sell something or keep house: no clip may hold the first, few the second.

An advertisement is more than its tell-tale sentence ("this episode is brought to you by"): it
goes on until the subject changes, the offer ends, or a minute is over.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from telecine.media.highlights import lexicon
from telecine.media.highlights.topics import Floats
from telecine.media.highlights.wording import Reading, stem, tokens_of
from telecine.media.speech.transcript import Sentence

Flags = NDArray[np.bool_]

_LONGEST_READ_SECONDS = 60.0
# How much of a boundary ends an advertisement, and how far an offer belongs to the next one.
_ENDING_BOUNDARY = 0.55
_REACH = 3
_MOST_BEFORE = 12
_BEGINNING_BOUNDARY = 0.35
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
    uses = _uses(readings) if english else {}
    for at in np.flatnonzero([english and _calls(reading) for reading in readings]):
        _spread_back(
            promotion,
            int(at),
            sentences=sentences,
            readings=readings,
            uses=uses,
            boundaries=boundaries,
        )
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


def _calls(reading: Reading) -> bool:
    return bool(lexicon.CALL.search(reading.line))


def _names(reading: Reading) -> set[str]:
    """Return the words with a capital that are not the first of their sentence."""
    return {
        stem(token)
        for word in reading.text.split()[1:]
        if word[:1].isupper()
        for token in tokens_of(word)
    }


def _uses(readings: Sequence[Reading]) -> dict[str, tuple[int, int]]:
    """Return the first and the last sentence with each word."""
    uses: dict[str, tuple[int, int]] = {}
    for at, reading in enumerate(readings):
        for word in reading.content:
            uses[word] = (uses.get(word, (at, at))[0], at)
    return uses


def _spread(
    promotion: Flags,
    seed: int,
    *,
    sentences: Sequence[Sentence],
    offers: Flags,
    boundaries: Floats,
) -> None:
    """Mark what belongs to the advertisement around `seed`, after it and before it."""
    latest = sentences[seed].start_seconds + _LONGEST_READ_SECONDS
    last_sold = seed
    for at in range(seed + 1, len(sentences)):
        if sentences[at].start_seconds > latest or at - last_sold > _REACH:
            break
        if promotion[at] or offers[at]:
            last_sold = at
    promotion[seed : last_sold + 1] = True
    for at in range(last_sold + 1, min(last_sold + _REACH, len(sentences))):
        if boundaries[at] >= _ENDING_BOUNDARY or sentences[at].start_seconds > latest:
            break
        promotion[at] = True


def _spread_back(
    promotion: Flags,
    seed: int,
    *,
    sentences: Sequence[Sentence],
    readings: Sequence[Reading],
    uses: Mapping[str, tuple[int, int]],
    boundaries: Floats,
) -> None:
    """Mark what led up to the call to buy at `seed`: from where what it sells was first named.

    That is a name which is said in this minute alone (`uses`: where each was first and last).
    From there the advertisement began where the subject changed most.
    """
    earliest = sentences[seed].end_seconds - _LONGEST_READ_SECONDS
    nearby = range(max(seed - _MOST_BEFORE, 0), seed + 1)
    before = [at for at in nearby if sentences[at].start_seconds >= earliest] or [seed]
    names = {name for at in before for name in _names(readings[at])}
    named = [
        uses[name][0]
        for name in names.intersection(readings[seed].content)
        if before[0] <= uses[name][0] < seed and uses[name][1] <= seed + _REACH
    ]
    start = min(named, default=seed)
    lead = range(max(start - _REACH, before[0]), start + 1)
    began = max(lead, key=lambda at: (boundaries[at], at))
    promotion[(began if boundaries[began] >= _BEGINNING_BOUNDARY else start) : seed + 1] = True
