"""From a window of sentences to the parts of its score, and from those to the score.

The windows that begin with one sentence are weighed together, as arrays over where they end.
The weights were set by hand and the scale by the texts that `tests/media/highlights` holds: minutes
of a meeting, instructions and read prose must stay below 80, a story told well may pass 90.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp

import numpy as np

from telecine.media.highlights.model import PART_NAMES, Parts
from telecine.media.highlights.talk import Talk
from telecine.media.highlights.topics import Floats

_WEIGHTS = {
    "hook": 0.22,
    "completeness": 0.14,
    "topic": 0.20,
    "density": 0.08,
    "payoff": 0.15,
    "emotion": 0.13,
    "energy": 0.08,
}
# The score is a logistic curve: how steep, and which raw value is worth 50.
_STEEPNESS = 9.5
_MIDDLE = 0.53
# A clip of nothing but good form, without hook, payoff or feeling, keeps this share.
_LIFELESS_SHARE = 0.72
_UNSURE_SHARE = 0.6
_HOUSEKEEPING_SHARE = 0.45
_PROMOTION_SHARE = 0.15
_BEST_SECONDS = (20.0, 60.0)
_ODD_LENGTH_SHARE = 0.9
# What is said within so many sentences of the start can still hook; of the end, pay off.
_HOOK_FADE = 0.5
_PAYOFF_FADE = 0.85
_MOST_FOR_AN_ECHO = 0.4


@dataclass(frozen=True, slots=True, kw_only=True)
class Windows:
    """Windows from one first sentence: `ends[i]` is one past the last; rows of `parts` likewise.

    `raw` is 0 to 1 with the penalties in; `parts` has a column for each of `PART_NAMES`.
    """

    first: int
    ends: Sequence[int]
    parts: Floats
    raw: Floats


def weigh(talk: Talk, *, first: int, ends: Sequence[int]) -> Windows:
    """Weigh the windows that begin with sentence `first`; `ends` ascend from `first + 1`."""
    last = np.asarray(ends, dtype=int) - 1
    columns = {
        "hook": np.full(len(last), _hook(talk, first)),
        "completeness": 0.35 * talk.openings[first]
        + 0.20 * talk.boundaries[first]
        + 0.45 * talk.endings[last],
        "topic": _topic(talk, first, last),
        "density": _density(talk, first, last),
        "payoff": _payoff(talk, first, last),
        "emotion": _emotion(talk, first, last),
        "energy": _mean(talk.energies, first, last),
    }
    parts = np.clip(np.stack([columns[name] for name in PART_NAMES], axis=1), 0, 1)
    plain = parts @ np.array([_WEIGHTS[name] for name in PART_NAMES])
    raw = plain * _shares(talk, first, last, columns)
    return Windows(first=first, ends=tuple(ends), parts=parts, raw=raw)


def parts_of(windows: Windows, at: int) -> Parts:
    """Return the parts of one of the windows."""
    row = [float(value) for value in windows.parts[at]]
    return Parts(**dict(zip(PART_NAMES, row, strict=True)))


def score(raw: float) -> int:
    """Return the score, 0 to 100, of a raw value of 0 to 1."""
    return round(100 / (1 + exp(-_STEEPNESS * (raw - _MIDDLE))))


def _mean(values: Floats, first: int, last: np.ndarray) -> Floats:
    sums = np.cumsum(values[first : int(last[-1]) + 1])
    return np.asarray(sums[last - first] / (last - first + 1), dtype=float)


def _highest(values: Floats, first: int, last: np.ndarray) -> Floats:
    running = np.maximum.accumulate(values[first : int(last[-1]) + 1])
    return np.asarray(running[last - first], dtype=float)


def _hook(talk: Talk, first: int) -> float:
    """The first sentence counts, and the second half as much: either may catch."""
    second = talk.hooks[first + 1] if first + 1 < len(talk.hooks) else 0.0
    return float(1 - (1 - talk.hooks[first]) * (1 - _HOOK_FADE * second))


def _topic(talk: Talk, first: int, last: np.ndarray) -> Floats:
    edges = 0.5 * talk.boundaries[first] + 0.5 * talk.boundaries[last + 1]
    within = talk.boundaries[first + 1 : int(last[-1]) + 1]
    deepest = np.concatenate([[0.0], np.maximum.accumulate(within)]) if len(within) else np.zeros(1)
    broken = deepest[last - first]
    central = _mean(talk.centrality, first, last)
    return np.asarray(0.75 * edges + 0.25 * central - 0.35 * np.maximum(broken - 0.5, 0) * 2)


def _density(talk: Talk, first: int, last: np.ndarray) -> Floats:
    """Different content words a second, and a deduction for fillers."""
    begin = int(talk.first_token[first])
    stop = int(talk.first_token[int(last[-1]) + 1])
    fresh = np.concatenate([[0], np.cumsum(talk.previous_use[begin:stop] < first)])
    different = fresh[talk.first_token[last + 1].astype(int) - begin]
    seconds = np.maximum(_seconds(talk, first, last), 1.0)
    idle = np.cumsum(talk.fillers[first : int(last[-1]) + 1])[last - first]
    return np.asarray(
        np.clip(different / seconds / 1.1, 0, 1) - np.clip(8 * idle / (seconds * 2.5), 0, 1)
    )


def _payoff(talk: Talk, first: int, last: np.ndarray) -> Floats:
    """A conclusion in the last sentence, or the one before; or a return to what was said early on."""
    before = np.where(last > first, talk.payoffs[np.maximum(last - 1, 0)], 0.0)
    said = np.maximum(talk.payoffs[last], _PAYOFF_FADE * before)
    inside = talk.echo_places[last] >= first
    answered = np.where(inside, np.clip(1.2 * talk.echoes[last], 0, _MOST_FOR_AN_ECHO), 0.0)
    return np.asarray(np.maximum(said, answered))


def _emotion(talk: Talk, first: int, last: np.ndarray) -> Floats:
    peak = _highest(talk.feelings, first, last)
    feeling = 0.5 * peak + 0.8 * _mean(talk.feelings, first, last)
    return np.asarray(feeling + 0.35 * _mean(talk.people, first, last))


def _seconds(talk: Talk, first: int, last: np.ndarray) -> Floats:
    begins = talk.sentences[first].start_seconds
    return np.array([talk.sentences[at].end_seconds - begins for at in last])


def _shares(talk: Talk, first: int, last: np.ndarray, columns: dict[str, Floats]) -> Floats:
    """Return what is left, 0 to 1, after everything that speaks against a window."""
    alive = np.maximum(np.maximum(columns["hook"], columns["payoff"]), columns["emotion"])
    lively = _LIFELESS_SHARE + (1 - _LIFELESS_SHARE) * np.clip(alive / 0.7, 0, 1)
    sure = _UNSURE_SHARE + (1 - _UNSURE_SHARE) * _mean(talk.sureness, first, last)
    sold = _highest(talk.marks.promotion.astype(float), first, last)
    kept = _mean(talk.marks.housekeeping.astype(float), first, last)
    edge = np.maximum(talk.marks.housekeeping[first], talk.marks.housekeeping[last]).astype(float)
    house = 1 - (1 - _HOUSEKEEPING_SHARE) * np.clip(np.maximum(edge, 2 * kept), 0, 1)
    seconds = _seconds(talk, first, last)
    shortest, longest = _BEST_SECONDS
    odd = (seconds < shortest) | (seconds > longest)
    return np.asarray(
        lively
        * sure
        * house
        * np.where(sold > 0, _PROMOTION_SHARE, 1.0)
        * np.where(odd, _ODD_LENGTH_SHARE, 1.0)
    )
