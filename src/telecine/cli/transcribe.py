"""`transcribe`: what is said in a file, as subtitles, text or JSON.

It runs here, in this process's confined children, without a server or an account.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import MappingProxyType
from typing import Final

from telecine import outside, settings
from telecine.cli import models
from telecine.cli.target import deliver, require_file, require_place, workspace
from telecine.cli.terminal import progress_bar, say
from telecine.kit.errors import InvalidRequestError
from telecine.kit.log import configure
from telecine.media.cues import write_srt, write_vtt
from telecine.media.speech import subtitles
from telecine.media.speech.job import QUALITIES
from telecine.media.speech.transcript import Transcript

#: What the suffix says is written.
_WRITERS: Final = MappingProxyType(
    {
        ".srt": lambda heard: write_srt(subtitles.cues(heard)).encode(),
        ".vtt": lambda heard: write_vtt(subtitles.cues(heard)).encode(),
        ".txt": lambda heard: subtitles.write_text(heard).encode(),
        ".json": subtitles.write_words,
    }
)


def transcribe(source: Path, output: Path, *, language: str, quality: str) -> None:
    """Write what is said in a file, in the form that the suffix names."""
    require_file(source)
    write: Callable[[Transcript], bytes] | None = _WRITERS.get(output.suffix.lower())
    if write is None:
        raise InvalidRequestError(
            f"{output} must end in one of: {', '.join(_WRITERS)}.", field="OUT"
        )
    if quality not in QUALITIES:
        raise InvalidRequestError(f"Write one of: {', '.join(QUALITIES)}.", field="--quality")
    require_place(output, source=source)
    loaded = settings.load()
    configure(level="warning", format=loaded.log_format)
    speech = models.speech(outside.senses(loaded))
    with workspace() as folder, progress_bar(source.name) as told:
        heard = speech.transcribe(
            source,
            workspace=folder,
            language=language,
            quality=quality,
            on_progress=told,
        )
        made = folder / f"made{output.suffix.lower()}"
        made.write_bytes(write(heard))
        deliver(made, to=output)
    say(f"{output}  {len(heard.words)} words, {len(heard.sentences)} sentences, {heard.language}")
