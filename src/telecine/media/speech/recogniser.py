"""Samples in, words out: the one module that knows the libraries of speech.

Imported in the child alone. It takes seconds and reads files that come with the libraries.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import ctranslate2
from faster_whisper import WhisperModel
from faster_whisper.transcribe import Segment
from faster_whisper.transcribe import Word as Heard
from faster_whisper.vad import VadOptions, get_speech_timestamps

from telecine.kit.errors import InvalidRequestError
from telecine.media.speech import pauses, pieces, timing
from telecine.media.speech.job import Job
from telecine.media.speech.pieces import Block, Joined, Span, Spoken
from telecine.media.speech.samples import Samples
from telecine.media.speech.sound import RATE
from telecine.media.speech.transcript import Word, joiner

#: Told how much of the sound has been heard, in seconds.
OnHeard = Callable[[float], None]

#: Pauses from 300 ms on are silence. No padding: the edges are wanted as they are.
_ACTIVITY: Final = VadOptions(
    min_silence_duration_ms=300, min_speech_duration_ms=100, speech_pad_ms=0
)
#: Text that can be packed so well is one syllable over and over. Whisper's own threshold.
_MOST_COMPRESSION: Final = 2.4
#: The language is taken from the first so many windows of 30 s, as long as it is unsure.
_LANGUAGE_WINDOWS: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class _Effort:
    """`temperatures`: tried one after the other while the words make no sense."""

    beam: int
    temperatures: tuple[float, ...]


_EFFORTS: Final = MappingProxyType(
    {
        "fast": _Effort(beam=1, temperatures=(0.0, 0.4)),
        "balanced": _Effort(beam=3, temperatures=(0.0, 0.4, 0.8)),
        "high": _Effort(beam=5, temperatures=(0.0, 0.2, 0.4, 0.6, 0.8, 1.0)),
    }
)


def listen(samples: Samples) -> list[Span]:
    """Return where somebody speaks."""
    found = get_speech_timestamps(samples, _ACTIVITY)
    return [(span["start"], span["end"]) for span in found]


class Recogniser:
    """A model in memory. `language` is what it was told, else what it heard first."""

    def __init__(self, job: Job) -> None:
        ctranslate2.set_random_seed(0)  # the same words at every run
        self._model = WhisperModel(
            job.model_folder, device="cpu", compute_type="int8", cpu_threads=job.n_threads
        )
        self._effort = _EFFORTS[job.quality]
        self.language = job.language
        self._require_language(job)

    def words(self, block: Block, told: OnHeard) -> Iterator[Word]:
        """Yield the words of a block, in the film's seconds."""
        joined = pieces.join(block)
        if not len(joined.samples):
            return
        segments, info = self._model.transcribe(
            joined.samples,
            language=self.language or None,
            beam_size=self._effort.beam,
            temperature=list(self._effort.temperatures),
            condition_on_previous_text=False,  # one wrong loop would go on for minutes
            word_timestamps=True,
            language_detection_segments=_LANGUAGE_WINDOWS,
        )
        self.language = info.language
        heard = self._heard(segments, joined, told)
        quiet = pauses.find(block.samples, block.speech)
        yield from timing.settle(heard, _seconds(block, block.speech), _seconds(block, quiet))

    def _heard(self, segments: Iterator[Segment], joined: Joined, told: OnHeard) -> list[Word]:
        heard: list[tuple[Heard, Spoken]] = []
        for segment in segments:
            # At every temperature one syllable: music, or noise.
            if segment.compression_ratio <= _MOST_COMPRESSION:
                heard += _spoken(self._whole(segment.words or []))
            told(joined.seconds(float(segment.end)))
        places = joined.place([spoken for _, spoken in heard])
        return [
            Word(
                text=word.word.strip(),
                start_seconds=start,
                end_seconds=end,
                probability=round(min(1.0, max(0.0, float(word.probability))), 3),
            )
            for (word, _), (start, end) in zip(heard, places, strict=True)
        ]

    def _whole(self, parts: list[Heard]) -> list[Heard]:
        """Put together what is one word on paper: `28`, `.8`, `%`."""
        is_spaced = joiner(self.language) == " "
        found: list[Heard] = []
        for part in parts:
            text = part.word.strip()
            if not text:
                continue
            is_sign = not any(letter.isalnum() for letter in text)
            if found and (is_sign or (is_spaced and not part.word.startswith(" "))):
                last = found[-1]
                between = " " if part.word.startswith(" ") else ""  # a dash stands alone
                found[-1] = Heard(
                    start=last.start,
                    end=part.end if not is_sign else last.end,
                    word=last.word.rstrip() + between + text,
                    probability=min(last.probability, part.probability)
                    if not is_sign
                    else last.probability,
                )
            else:
                found.append(part)
        return found

    def _require_language(self, job: Job) -> None:
        known = self._model.supported_languages
        if self.language and self.language not in known:
            raise InvalidRequestError(
                f"The speech model {job.model_name} does not know the language {self.language!r}. "
                f"It knows: {', '.join(sorted(known))}.",
                field="language",
            )
        if not self._model.model.is_multilingual:
            self.language = "en"


def _seconds(block: Block, spans: Iterable[Span]) -> list[timing.Span]:
    """Return spans of a block in the film's seconds."""
    return [((block.first + start) / RATE, (block.first + stop) / RATE) for start, stop in spans]


def _spoken(words: list[Heard]) -> Iterator[tuple[Heard, Spoken]]:
    """Say of the words of one segment which of their edges are sure."""
    for number, word in enumerate(words, 1):
        yield (
            word,
            Spoken(
                start_seconds=float(word.start),
                end_seconds=float(word.end),
                sure="start" if number == len(words) else "end" if number == 1 else "both",
            ),
        )
