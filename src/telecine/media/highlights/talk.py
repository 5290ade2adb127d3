"""A talk prepared for choosing: every sentence measured once, so that windows are sums.

All arrays have one entry a sentence, `boundaries` one more. What cannot be known (loudness, the
feeling of words in a language without a list) stands at the middle and moves no score.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import isfinite

import numpy as np
from numpy.typing import NDArray

from telecine.media.highlights import lexicon, promotion, topics
from telecine.media.highlights.promotion import Marks
from telecine.media.highlights.topics import Floats, Vectors
from telecine.media.highlights.wording import Reading, read
from telecine.media.speech.transcript import Loudness, Sentence, Transcript

_UNKNOWN = 0.5
# What stands for the words of feeling and conclusion where nobody here can read them.
_UNREAD = 0.25
_PEOPLE_RATE = 6.0
_PAUSE_SECONDS = 0.6
# Speech that is so many dB above the talk's middle is as loud as it counts.
_LOUD_DB = 8.0
_SILENT_DB = -70.0
# No talk lasts eleven days: such a time is an error, and would only spoil the sums.
_LONGEST_SECONDS = 1e6
_LONG_OPENING_TOKENS = 22
_SECOND_HALF = 0.3
_SURE = 0.8


@dataclass(frozen=True, slots=True, kw_only=True)
class Talk:
    """The measures of a talk. `first_token` has one entry more, as `boundaries` has."""

    sentences: tuple[Sentence, ...]
    readings: tuple[Reading, ...]
    english: bool
    joiner: str
    vectors: Vectors
    boundaries: Floats
    centrality: Floats
    marks: Marks
    hooks: Floats
    endings: Floats
    openings: Floats
    halved: NDArray[np.bool_]
    payoffs: Floats
    echo_places: NDArray[np.int64]
    echoes: Floats
    feelings: Floats
    people: Floats
    energies: Floats
    sureness: Floats
    first_token: Floats
    previous_use: Floats
    fillers: Floats


def prepare(
    transcript: Transcript,
    *,
    loudness: Loudness | None = None,
    cuts_seconds: Sequence[float] = (),
) -> Talk:
    """Measure a transcript. Sentences out of order are sorted, and none ends before it starts."""
    transcript = replace(transcript, sentences=_in_order(transcript.sentences))
    sentences, readings = transcript.sentences, read(transcript)
    english = transcript.language == "en"
    rows = topics.vectors(readings)
    boundaries = topics.boundaries(sentences, readings, rows, cuts_seconds=cuts_seconds)
    first_token, previous_use = _uses(readings)
    halved = _halved(sentences, readings)
    echo_places, echoes = topics.echoes(rows)
    return Talk(
        sentences=sentences,
        readings=readings,
        english=english,
        joiner=transcript.joiner,
        vectors=rows,
        boundaries=boundaries,
        centrality=topics.centrality(rows),
        marks=promotion.mark(sentences, readings, boundaries, english=english),
        hooks=_array(_hook(reading, english=english) for reading in readings),
        endings=_endings(sentences, readings),
        openings=np.where(
            halved[:-1],
            _SECOND_HALF,
            _array(_opening(reading, english=english) for reading in readings),
        ),
        halved=halved,
        echo_places=echo_places,
        echoes=echoes,
        payoffs=_array(_payoff(reading, english=english) for reading in readings),
        feelings=_array(_feeling(reading, english=english) for reading in readings),
        people=_array(_people(reading, english=english) for reading in readings),
        energies=_energies(sentences, readings, loudness),
        sureness=_sureness(transcript),
        first_token=first_token,
        previous_use=previous_use,
        fillers=_array(_fillers(reading) if english else 0 for reading in readings),
    )


def _array(values: Iterable[float]) -> Floats:
    return np.fromiter((float(value) for value in values), dtype=np.float64)


def _in_order(sentences: Sequence[Sentence]) -> tuple[Sentence, ...]:
    """Return the sentences that have times in their order, none beginning within another."""
    usable = [
        sentence
        for sentence in sentences
        if isfinite(sentence.start_seconds)
        and isfinite(sentence.end_seconds)
        and max(sentence.start_seconds, sentence.end_seconds) < _LONGEST_SECONDS
    ]
    result: list[Sentence] = []
    reached = 0.0
    for sentence in sorted(usable, key=lambda sentence: sentence.start_seconds):
        start = max(sentence.start_seconds, reached)
        reached = max(sentence.end_seconds, start)
        result.append(replace(sentence, start_seconds=start, end_seconds=reached))
    return tuple(result)


def _hook(reading: Reading, *, english: bool) -> float:
    """Return how much a sentence makes one want the next, when it is the first."""
    tokens = set(reading.tokens)
    value = 0.10
    value += 0.32 * reading.is_question
    value += 0.14 * reading.has_number
    value += 0.10 * reading.is_exclamation
    value += 0.08 * (3 <= len(reading.tokens) <= _LONG_OPENING_TOKENS)
    if english:
        claims = len({found.group() for found in lexicon.CLAIM.finditer(reading.line)})
        value += 0.36 * bool(lexicon.STORY.search(reading.line))
        value += 0.18 * min(claims, 2)
        value += 0.10 * bool(tokens & lexicon.ADDRESS) + 0.06 * bool(tokens & lexicon.PEOPLE)
        value += 0.12 * bool(lexicon.EMOTION.search(reading.line))
        value += 0.12 * (reading.tokens[:1] != () and reading.tokens[0] in lexicon.QUESTION_WORDS)
        value -= 0.25 * (reading.tokens[:1] != () and reading.tokens[0] in lexicon.WEAK_OPENERS)
    return min(max(value, 0.0), 1.0)


def _halved(sentences: Sequence[Sentence], readings: Sequence[Reading]) -> NDArray[np.bool_]:
    """Say of each boundary whether it is in the middle of what was one sentence.

    Such a sentence was cut for its length. Where nobody wrote a full stop, none is known.
    """
    found = np.zeros(len(sentences) + 1, dtype=bool)
    if any(reading.is_finished for reading in readings):
        for at, (before, after) in enumerate(pairwise(sentences), start=1):
            goes_on = after.text[:1].islower() or not before.text[-1:].isalnum()
            found[at] = not before.is_complete and goes_on
    return found


def _opening(reading: Reading, *, english: bool) -> float:
    """Return how far a sentence can be the first: it leans on nothing before it."""
    value = 1.0 if reading.is_capitalised else 0.4
    if english and reading.tokens and reading.tokens[0] in lexicon.WEAK_OPENERS:
        value = min(value, 0.35)
    if english and len(reading.content) < 2:
        value = min(value, 0.6)
    return value


def _payoff(reading: Reading, *, english: bool) -> float:
    value = 0.25 * reading.is_exclamation + (0 if english else _UNREAD)
    if english:
        found = len({match.group() for match in lexicon.PAYOFF.finditer(reading.line)})
        value += 0.5 * min(found, 2)
    return min(value, 1.0)


def _feeling(reading: Reading, *, english: bool) -> float:
    value = 0.4 * reading.is_exclamation + (0 if english else _UNREAD)
    if english:
        found = len({match.group() for match in lexicon.EMOTION.finditer(reading.line)})
        value += 0.4 * min(found, 2)
    return min(value, 1.0)


def _people(reading: Reading, *, english: bool) -> float:
    """Return how much a sentence is about people: every sixth word is as much as counts."""
    if not english or not reading.tokens:
        return 0.0
    named = sum(token in lexicon.PEOPLE for token in reading.tokens)
    return min(_PEOPLE_RATE * named / len(reading.tokens), 1.0)


def _fillers(reading: Reading) -> int:
    said = sum(token in lexicon.FILLERS for token in reading.tokens)
    return said + 2 * len(lexicon.FILLER_PHRASES.findall(reading.line))


def _endings(sentences: Sequence[Sentence], readings: Sequence[Reading]) -> Floats:
    """Return how far a clip may end after each sentence: punctuation, and a pause."""
    gaps = [b.start_seconds - a.end_seconds for a, b in pairwise(sentences)] + [_PAUSE_SECONDS]
    marked = any(reading.is_finished or reading.is_broken_off for reading in readings)
    return _array(
        (0.7 if reading.is_finished or not marked else 0.2)
        + 0.3 * min(max(gap, 0.0) / _PAUSE_SECONDS, 1.0)
        for reading, gap in zip(readings, gaps[: len(readings)], strict=True)
    )


def _energies(
    sentences: Sequence[Sentence], readings: Sequence[Reading], loudness: Loudness | None
) -> Floats:
    """Return loudness and pace against the middle of the talk; 0.5 is as ever."""
    lengths = _array(max(s.end_seconds - s.start_seconds, 0.3) for s in sentences)
    paces = _array(len(reading.tokens) for reading in readings) / lengths
    usual = float(np.median(paces)) if len(paces) else 0.0
    livelier = np.clip(paces / usual - 1, -1, 1) if usual > 0 else np.zeros(len(paces))
    louder = _louder(sentences, loudness)
    return np.clip(_UNKNOWN + 0.12 * livelier + 0.5 * louder, 0, 1)


def _louder(sentences: Sequence[Sentence], loudness: Loudness | None) -> Floats:
    """Return -1 to 1 for each sentence; zeros where no loudness is known."""
    quiet = np.zeros(len(sentences))
    if loudness is None or not sentences or not len(loudness.levels_db):
        return quiet
    if not loudness.step_seconds > 0:
        return quiet
    measured = np.array(loudness.levels_db, dtype=float)
    levels = np.clip(np.nan_to_num(measured, nan=_SILENT_DB), _SILENT_DB, 0)
    sums = np.concatenate([[0.0], np.cumsum(levels)])
    first = np.clip(
        _array(s.start_seconds / loudness.step_seconds for s in sentences), 0, len(levels)
    ).astype(int)
    last = np.clip(
        _array(s.end_seconds / loudness.step_seconds for s in sentences), 0, len(levels)
    ).astype(int)
    counts = last - first
    heard = counts > 0
    if not heard.any():
        return quiet
    means = np.where(heard, (sums[last] - sums[first]) / np.maximum(counts, 1), 0.0)
    middle = float(np.median(means[heard]))
    return np.where(heard, np.clip((means - middle) / _LOUD_DB, -1, 1), 0.0)


def _sureness(transcript: Transcript) -> Floats:
    """Return, 0 to 1, how far the words of each sentence are to be believed."""

    def mean(sentence: Sentence) -> float:
        words = transcript.words[sentence.first_word : sentence.end_word]
        said = [word.probability for word in words if isfinite(word.probability)]
        return min(sum(said) / len(said) / _SURE, 1.0) if said else 1.0

    return np.clip(_array(mean(sentence) for sentence in transcript.sentences), 0, 1)


def _uses(readings: Sequence[Reading]) -> tuple[Floats, Floats]:
    """Return where each sentence's content words begin, and which sentence used each before.

    So the number of different words between two sentences is a count of `previous_use` before
    the first: no set is built for any of the thousands of windows.
    """
    starts, previous = [0.0], list[float]()
    last: dict[str, int] = {}
    for at, reading in enumerate(readings):
        for stem in reading.content:
            previous.append(last.get(stem, -1))
            last[stem] = at
        starts.append(float(len(previous)))
    return _array(starts), _array(previous)
