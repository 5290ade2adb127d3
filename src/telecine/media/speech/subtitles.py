"""Transcripts for players, people and programs: subtitles, text, words in JSON.

A subtitle has at most two lines that fit on a screen, ends where its sentence ends, and stays
long enough to be read where the talk leaves room for it.
"""

from __future__ import annotations

import math
import textwrap
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

import msgspec

from telecine.media.cues import Cue, shown_until
from telecine.media.speech import sentences
from telecine.media.speech.transcript import Sentence, Transcript, Word

_MOST_LINES: Final = 2
#: What broadcasters agree on for Latin scripts; characters of double width count twice.
_LINE_COLUMNS: Final = 42
_LONGEST_SECONDS: Final = 6.0
_FEWEST_LEFT: Final = 3
_PARAGRAPH_SECONDS: Final = 2.0


def cues(transcript: Transcript) -> tuple[Cue, ...]:
    """Return a transcript's subtitles, in order; none overlaps the next or outlasts the sound."""
    found = [
        _cue(part, transcript.joiner)
        for sentence in transcript.sentences
        for part in _parts(_words(transcript, sentence), transcript.joiner)
    ]
    last_ms = math.inf
    if transcript.duration_seconds:  # not known of words that came without their sound
        last_ms = round(transcript.duration_seconds * 1000)
    ends = shown_until([(cue.start_ms, cue.end_ms) for cue in found], last_ms=last_ms)
    return tuple(replace(cue, end_ms=end) for cue, end in zip(found, ends, strict=True))


def write_text(transcript: Transcript) -> str:
    """Write what was said as paragraphs; a new one begins after a long pause."""
    paragraphs: list[list[str]] = []
    last_end = float("-inf")
    for sentence in transcript.sentences:
        if sentence.start_seconds - last_end > _PARAGRAPH_SECONDS:
            paragraphs.append([])
        paragraphs[-1].append(sentence.text)
        last_end = sentence.end_seconds
    return "\n\n".join(transcript.joiner.join(lines) for lines in paragraphs) + "\n"


def write_words(transcript: Transcript) -> bytes:
    """Write words and sentences with their times as JSON, in UTF-8.

    As a file it can be the `words` of a caption clip in a composition.
    """
    document = {
        "language": transcript.language,
        "duration": transcript.duration_seconds,
        "model": transcript.model,
        "words": [
            {
                "text": word.text,
                "start": word.start_seconds,
                "end": word.end_seconds,
                "confidence": word.probability,
            }
            for word in transcript.words
        ],
        "sentences": [
            {
                "text": sentence.text,
                "start": sentence.start_seconds,
                "end": sentence.end_seconds,
            }
            for sentence in transcript.sentences
        ],
    }
    return msgspec.json.format(msgspec.json.encode(document), indent=1) + b"\n"


def _words(transcript: Transcript, sentence: Sentence) -> tuple[Word, ...]:
    return transcript.words[sentence.first_word : sentence.end_word]


def _parts(words: Sequence[Word], between: str) -> Iterator[Sequence[Word]]:
    """Cut a sentence into what fits on the screen, at commas and pauses where it can be."""
    while words:
        fitting = _n_fitting(words, between)
        if fitting < len(words):
            fitting = _best_cut(words, fitting)
        yield words[:fitting]
        words = words[fitting:]


def _n_fitting(words: Sequence[Word], between: str) -> int:
    start = words[0].start_seconds
    for count in range(2, len(words) + 1):
        if words[count - 1].end_seconds - start > _LONGEST_SECONDS:
            return count - 1
        if len(_lines(words[:count], between)) > _MOST_LINES:
            return count - 1
    return len(words)


def _best_cut(words: Sequence[Word], most: int) -> int:
    """Return after how many words to cut, at least half of what would fit.

    What is left over has some words, too: one alone says nothing to who reads it.
    """
    fewest = (most + 1) // 2
    return max(
        range(fewest, max(fewest, min(most, len(words) - _FEWEST_LEFT)) + 1),
        key=lambda count: (
            sentences.ends_clause(words[count - 1]),
            round(sentences.pause_after(words[count - 1], words[count]), 1),
            count,
        ),
    )


def _cue(words: Sequence[Word], between: str) -> Cue:
    return Cue(
        start_ms=round(words[0].start_seconds * 1000),
        end_ms=round(words[-1].end_seconds * 1000),
        text="\n".join(_lines(words, between)),
    )


def _lines(words: Sequence[Word], between: str) -> list[str]:
    """Break a text into lines of about the same length."""
    text = " ".join(between.join(word.text for word in words).split())
    if between and not any(_is_wide(letter) for letter in text):
        lines = textwrap.wrap(text, _LINE_COLUMNS, break_long_words=True)
        if len(lines) == _MOST_LINES:
            for width in range(len(text) // 2, _LINE_COLUMNS):
                even = textwrap.wrap(text, width, break_long_words=False)
                if len(even) == _MOST_LINES and max(map(len, even)) <= width:
                    return even
        return lines
    return _wide_lines(text)


def _wide_lines(text: str) -> list[str]:
    lines = [""]
    columns = 0
    for letter in text:
        width = 2 if _is_wide(letter) else 1
        if columns + width > _LINE_COLUMNS:
            lines.append("")
            columns = 0
        lines[-1] += letter
        columns += width
    return lines


def _is_wide(letter: str) -> bool:
    return unicodedata.east_asian_width(letter) in {"W", "F"}
