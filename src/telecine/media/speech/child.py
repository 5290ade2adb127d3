"""The program that hears: samples in a file, words to a file, behind walls and without a network.

Run by `transcribe.py`, confined before its first instruction. It sees the samples, the model
and Python's own files. What it says on stdout is `Report`s, a line each.
"""

from __future__ import annotations

import sys
import traceback
from pathlib import Path
from typing import Final

import msgspec

from telecine.kit.errors import (
    InternalError,
    ResourceLimitError,
    TelecineError,
    UnsupportedMediaError,
)
from telecine.media.pool_wire import Failure
from telecine.media.speech import loudness, pieces, recogniser, sentences, sound, transcript
from telecine.media.speech.job import Job, Report
from telecine.media.speech.recogniser import Recogniser
from telecine.media.speech.sound import RATE
from telecine.media.speech.transcript import Transcript, Word

#: What a text of the model must not be longer than: a hundred hours of talk.
_MOST_WORDS: Final = 1_000_000


def main(arguments: list[str]) -> int:
    """Do the job; a failure is the last report."""
    job = msgspec.json.decode(arguments[0], type=Job)
    try:
        Path(job.output).write_bytes(transcript.to_json(_transcribed(job)))
    except TelecineError as error:
        _say(_failed(error))
    except MemoryError:
        _say(_failed(ResourceLimitError()))
    except Exception:  # noqa: BLE001 (the parent raises it again)
        trace = traceback.format_exc()[-8000:]
        _say(Report(failure=Failure(code=InternalError.code, message="", trace=trace)))
    return 0


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
    _say(Report(done_seconds=done_seconds))


def _failed(error: TelecineError) -> Report:
    return Report(failure=Failure(code=error.code, message=error.message, field=error.field))


def _say(report: Report) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(report) + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
