"""What was said and when: the one form in which speech goes from room to room.

Times are seconds from the start of the media. A sentence names its words by index, so that a
word is kept once; sentences follow each other, and together they have every word.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import msgspec


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """One spoken word with its punctuation, without spaces around it.

    `probability` is how sure the recogniser was, 0 to 1. Scripts without spaces (Chinese,
    Japanese, Thai) have "words" of one or a few characters; see `Transcript.joiner`.
    """

    text: str
    start_seconds: float
    end_seconds: float
    probability: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentence:
    """Some words that belong together: `words[first_word:end_word]` of the transcript.

    `is_complete` is False where it ends at a pause or for its length, without a full stop.
    """

    text: str
    start_seconds: float
    end_seconds: float
    first_word: int
    end_word: int
    is_complete: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Loudness:
    """How loud the sound is, in dB of full scale (0 is the loudest), every `step_seconds`."""

    step_seconds: float
    levels_db: Sequence[float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Transcript:
    """Everything that was said. `language` is Whisper's code, mostly ISO 639-1: `en`, `zh`.

    `duration_seconds` is of the sound, `model` the name of what heard it. `loudness` is None
    where the words came without their sound.
    """

    language: str
    words: tuple[Word, ...]
    sentences: tuple[Sentence, ...]
    duration_seconds: float = 0.0
    model: str = ""
    loudness: Loudness | None = None

    @property
    def joiner(self) -> str:
        """What stands between two words on paper: a space, or nothing where none is written."""
        return joiner(self.language)


def joiner(language: str) -> str:
    """Return what stands between two words on paper in a language."""
    return "" if language in _UNSPACED else " "


def part(transcript: Transcript, start_seconds: float, end_seconds: float) -> Transcript:
    """Return what is said in a part of the media, with the times of that part.

    A word belongs to where its middle is.
    """
    length = end_seconds - start_seconds

    def moved(seconds: float) -> float:
        return min(max(0.0, seconds - start_seconds), length)

    words: list[Word] = []
    sentences: list[Sentence] = []
    for sentence in transcript.sentences:
        first = len(words)
        words += (
            replace(
                word,
                start_seconds=moved(word.start_seconds),
                end_seconds=moved(word.end_seconds),
            )
            for word in transcript.words[sentence.first_word : sentence.end_word]
            if start_seconds <= (word.start_seconds + word.end_seconds) / 2 < end_seconds
        )
        if len(words) > first:
            sentences.append(
                replace(
                    sentence,
                    text=transcript.joiner.join(word.text for word in words[first:]),
                    start_seconds=words[first].start_seconds,
                    end_seconds=words[-1].end_seconds,
                    first_word=first,
                    end_word=len(words),
                )
            )
    return replace(
        transcript,
        words=tuple(words),
        sentences=tuple(sentences),
        duration_seconds=length,
        loudness=None,
    )


def to_json(transcript: Transcript) -> bytes:
    """Write a transcript so that `from_json` reads it."""
    return msgspec.json.encode(transcript)


def from_json(content: bytes) -> Transcript:
    """Read what `to_json` wrote. Raises `msgspec.ValidationError`, a `ValueError`."""
    return msgspec.json.decode(content, type=Transcript)


# Languages whose words are written without spaces between them.
_UNSPACED = frozenset({"zh", "yue", "ja", "th", "lo", "my", "km", "bo"})
