"""What was said and when: the words of a film, in sentences.

Times are seconds from the beginning of the film. Words are in the order in which they are
said and do not overlap; sentences are neighbouring words and leave none out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import msgspec


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """One word with its punctuation. In scripts without spaces it may be a part of one.

    `probability` is the model's own, 0 to 1. `is_joined`: no space is written before it.
    """

    text: str
    start_seconds: float
    end_seconds: float
    probability: float = 1.0
    is_joined: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentence:
    """Words `first` to `stop`, the latter not included: numbers into `Transcript.words`.

    `is_complete` is False where it was cut at a pause or for its length, without a full stop.
    """

    first: int
    stop: int
    is_complete: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Transcript:
    """All that was said in `duration_seconds` of film. `language` is ISO 639-1, as Whisper has it.

    `model` is the name of the model that heard it.
    """

    language: str
    duration_seconds: float
    words: tuple[Word, ...]
    sentences: tuple[Sentence, ...]
    model: str = ""

    def words_of(self, sentence: Sentence) -> tuple[Word, ...]:
        """Return a sentence's words; there is at least one."""
        return self.words[sentence.first : sentence.stop]

    def text_of(self, sentence: Sentence) -> str:
        """Return a sentence as it is written."""
        return text_of(self.words_of(sentence))

    def span_of(self, sentence: Sentence) -> tuple[float, float]:
        """Return when a sentence begins and ends, in seconds."""
        words = self.words_of(sentence)
        return words[0].start_seconds, words[-1].end_seconds

    @property
    def texts(self) -> Iterator[str]:
        """The sentences, one after the other."""
        return (self.text_of(sentence) for sentence in self.sentences)


def text_of(words: Iterable[Word]) -> str:
    """Write words one after the other, with spaces where the language has them."""
    return "".join(word.text if word.is_joined else f" {word.text}" for word in words).strip()


def to_json(transcript: Transcript) -> bytes:
    """Write a transcript so that `from_json` reads it."""
    return msgspec.json.encode(transcript)


def from_json(content: bytes) -> Transcript:
    """Read what `to_json` wrote. Raises `msgspec.ValidationError`, a `ValueError`."""
    return msgspec.json.decode(content, type=Transcript)
