"""The program that hears: samples in a file, words to a file, behind walls and without a network.

Run by `transcribe.py`, confined before its first instruction. It sees the samples, the model
and Python's own files. What it says on stdout is `Report`s, a line each.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

from telecine.kit.errors import ResourceLimitError, UnsupportedMediaError
from telecine.media.errand_child import carry_out, say
from telecine.media.speech import loudness, pieces, recogniser, sentences, sound, transcript
from telecine.media.speech.job import Job, Report
from telecine.media.speech.recogniser import Recogniser
from telecine.media.speech.sound import RATE
from telecine.media.speech.transcript import Transcript, Word

#: What a text of the model must not be longer than: a hundred hours of talk.
_MOST_WORDS: Final = 1_000_000


def _hear(job: Job) -> None:
    Path(job.output).write_bytes(transcript.to_json(_transcribed(job)))


def _transcribed(job: Job) -> Transcript:
    path = Path(job.sound)
    hears: Recogniser | None = None
    words: list[Word] = []
    for block in pieces.blocks(path, recogniser.listen):
        if block.speech:
            hears = hears or Recogniser(job)
            words += hears.words(block, _tell)
        _tell((block.first + len(block.samples)) / RATE)
        if len(words) > _MOST_WORDS:
            raise ResourceLimitError("More words were heard than anybody can say.")
    if hears is None or not words:
        raise UnsupportedMediaError(
            "Nobody speaks in this file, or not so that it can be understood."
        )
    return Transcript(
        language=hears.language,
        words=tuple(words),
        sentences=sentences.split(words, language=hears.language),
        duration_seconds=round(sound.seconds_of(path), 3),
        model=job.model_name,
        loudness=loudness.measure(path),
    )


def _tell(done_seconds: float) -> None:
    say(Report(done_seconds=done_seconds))


if __name__ == "__main__":
    sys.exit(carry_out(_hear, form=Job))
