"""What was said and when: the one form in which speech goes from room to room.

Times are seconds from the start of the media. A sentence names its words by index, so that a
word is kept once; sentences follow each other, and together they have every word.
"""

from __future__ import annotations

from dataclasses import dataclass


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
    """Some words that belong together: `words[first_word:end_word]` of the transcript."""

    text: str
    start_seconds: float
    end_seconds: float
    first_word: int
    end_word: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Transcript:
    """Everything that was said. `language` is an ISO 639-1 code: `en`, `zh`."""

    language: str
    words: tuple[Word, ...]
    sentences: tuple[Sentence, ...]

    @property
    def joiner(self) -> str:
        """What stands between two words on paper: a space, or nothing where none is written."""
        return "" if self.language in _UNSPACED else " "


# Languages whose words are written without spaces between them.
_UNSPACED = frozenset({"zh", "yue", "ja", "th", "lo", "my", "km", "bo"})
