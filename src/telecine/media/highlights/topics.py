"""What sentences are about, and where one subject ends and the next begins.

Sentences become vectors of fixed width by hashing their content words (TF-IDF, no list of words
is kept), so that three hours need no more memory a sentence than three minutes. Boundaries are
Hearst's TextTiling: valleys of likeness between what was said just before and what comes next.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from telecine.media.highlights import lexicon
from telecine.media.highlights.wording import Reading
from telecine.media.speech.transcript import Sentence

Floats = NDArray[np.float64]
Vectors = NDArray[np.float32]

_WIDTH = 512
# Sentences on either side that are compared: about a quarter of a minute of talk.
_BLOCK = 4
# A sentence can come back to what was said three to thirty sentences before.
_ECHO_FROM, _ECHO_REACH = 3, 30
# A pause so long counts in full.
_LONG_PAUSE_SECONDS = 1.4
_SHORT_PAUSE_SECONDS = 0.35
_NEAR_A_CUT_SECONDS = 0.5
# "He", "it", "that": what it stands for was named before, so the subject goes on.
_LEANING_LOSS = 0.4
# A cut of the picture every few seconds says nothing about the talk.
_TELLING_SECONDS_PER_CUT = 20.0


def vectors(readings: Sequence[Reading]) -> Vectors:
    """Return one row a sentence, of length 1 (or 0 where it is about nothing)."""
    return _tf_idf([reading.content for reading in readings])


def _tf_idf(bags: Sequence[Sequence[str]]) -> Vectors:
    spread = Counter(stem for bag in bags for stem in set(bag))
    rows = np.zeros((len(bags), _WIDTH), dtype=np.float32)
    total = len(bags)
    places = {stem: _place(stem) for stem in spread}
    weights = {stem: float(np.log((1 + total) / (0.5 + count))) for stem, count in spread.items()}
    for row, bag in zip(rows, bags, strict=True):
        for stem, count in Counter(bag).items():
            column, sign = places[stem]
            row[column] += sign * (1.0 + np.log(count)) * weights[stem]
    return unit(rows)


def unit(rows: Vectors) -> Vectors:
    """Scale each row to length 1; rows of zeros stay."""
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.where(lengths > 0, lengths, 1), dtype=np.float32)


def boundaries(
    sentences: Sequence[Sentence],
    readings: Sequence[Reading],
    rows: Vectors,
    *,
    cuts_seconds: Sequence[float],
) -> Floats:
    """Say for each place between sentences, 0 to 1, how much a subject changes there.

    The result is one longer than the talk: place `k` is before sentence `k`; both ends are 1.
    """
    count = len(sentences)
    result = np.ones(count + 1)
    if count < 2:
        return result
    starts = np.array([sentence.start_seconds for sentence in sentences])
    ends = np.array([sentence.end_seconds for sentence in sentences])
    gaps = starts[1:] - ends[:-1]
    pauses = np.clip(
        (gaps - _SHORT_PAUSE_SECONDS) / (_LONG_PAUSE_SECONDS - _SHORT_PAUSE_SECONDS), 0, 1
    )
    turns = np.array([bool(_opens_anew(reading)) for reading in readings[1:]], dtype=float)
    near = _near_cuts(ends[:-1], starts[1:], cuts_seconds, length_seconds=float(ends[-1]))
    inner = 0.40 * _valleys(rows) + 0.50 * pauses + 0.20 * turns + 0.15 * near
    leaning = np.array([_leans(reading) for reading in readings[1:]], dtype=float)
    result[1:-1] = np.clip(inner * (1 - _LEANING_LOSS * leaning), 0, 1)
    return result


def centrality(rows: Vectors) -> Floats:
    """Say of each sentence, 0 to 1, how much it is about what the whole talk is about."""
    if not len(rows):
        return np.zeros(0)
    middle = rows.sum(axis=0)
    length = float(np.linalg.norm(middle))
    likeness = np.asarray(rows @ middle / length if length else np.zeros(len(rows)), dtype=float)
    most = float(likeness.max(initial=0.0))
    return np.clip(likeness / most, 0, 1) if most > 0 else np.zeros(len(rows))


def echoes(rows: Vectors) -> tuple[NDArray[np.int64], Floats]:
    """Return for each sentence the one, some way before it, that it comes back to, and how much.

    Stories and arguments end where they began. The place is -1 where there is none.
    """
    places, values = np.full(len(rows), -1), np.zeros(len(rows))
    for at in range(_ECHO_FROM, len(rows)):
        earliest = max(0, at - _ECHO_REACH)
        likeness = rows[earliest : at - _ECHO_FROM + 1] @ rows[at]
        best = int(likeness.argmax())
        places[at], values[at] = earliest + best, max(float(likeness[best]), 0.0)
    return places, values


def _valleys(rows: Vectors) -> Floats:
    """Return the depth, 0 to 1, of each place between two rows."""
    sums = np.vstack([np.zeros((1, rows.shape[1]), rows.dtype), np.cumsum(rows, axis=0)])
    places = np.arange(1, len(rows))
    before = sums[places] - sums[np.maximum(places - _BLOCK, 0)]
    after = sums[np.minimum(places + _BLOCK, len(rows))] - sums[places]
    likeness = np.sum(unit(before) * unit(after), axis=1).astype(float)
    depth = np.zeros(len(likeness))
    for at, here in enumerate(likeness):
        window = likeness[max(0, at - _BLOCK) : at + _BLOCK + 1]
        left, right = window[: min(at, _BLOCK) + 1], window[min(at, _BLOCK) :]
        depth[at] = (left.max() - here) + (right.max() - here)
    deepest = float(np.quantile(depth, 0.95)) if len(depth) else 0.0
    # Shallow everywhere means one subject throughout: then nothing is stretched to 1.
    return np.clip(depth / max(deepest, 0.25), 0, 1)


def _opens_anew(reading: Reading) -> bool:
    return bool(lexicon.TURN.search(reading.line) or lexicon.STORY.search(reading.line))


def _leans(reading: Reading) -> bool:
    return bool(reading.tokens) and reading.tokens[0] in lexicon.PRONOUNS


def _near_cuts(
    ends: Floats, starts: Floats, cuts_seconds: Sequence[float], *, length_seconds: float
) -> Floats:
    cuts = np.sort(np.array([cut for cut in cuts_seconds if np.isfinite(cut)], dtype=float))
    if not len(cuts) or length_seconds / len(cuts) < _TELLING_SECONDS_PER_CUT:
        return np.zeros(len(ends))
    first = np.searchsorted(cuts, ends - _NEAR_A_CUT_SECONDS)
    last = np.searchsorted(cuts, starts + _NEAR_A_CUT_SECONDS)
    return (last > first).astype(float)


def _place(stem: str) -> tuple[int, float]:
    """Return the column of a stem, and a sign that keeps strangers in it apart."""
    value = crc32(stem.encode())
    return value % _WIDTH, 1.0 if value >> 31 else -1.0
