"""What a run hands over: files, and the facts that say which file is what.

Outputs, in order: for each clip its film, SubRip, WebVTT and composition; the transcript; and
the film that they were cut from, where that stays nowhere else. Facts name them by position.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from telecine.media.cues import write_srt, write_vtt
from telecine.media.highlights.model import Texts
from telecine.media.speech import subtitles, transcript
from telecine.media.speech.transcript import Transcript
from telecine.operations.base import Output, Result
from telecine.operations.clipping.choice import Chosen
from telecine.operations.clipping.films import Film
from telecine.operations.clipping.making import Made
from telecine.operations.clipping.params import ClipsParams
from telecine.operations.clipping.stages import Work


def gather(
    params: ClipsParams,
    work: Work,
    *,
    film: Film,
    heard: Transcript,
    chosen: Chosen,
    texts: Texts,
    made: Sequence[Made],
    minutes: int,
    charge: int,
) -> Result:
    """Write what is missing, and list all of it."""
    files = _Files(folder=work.context.workspace / "results")
    files.folder.mkdir()
    clips = [
        {
            "number": number,
            **_facts(one, heard, params),
            "outputs": _places(files, one, heard, number),
        }
        for number, one in enumerate(made, start=1)
    ]
    places = {
        "transcript": files.write(
            "transcript.json", subtitles.write_words(heard), "application/json"
        )
    }
    if params.keeps_film:
        places["film"] = files.add(film.src, film.path, film.media_type)
    facts = {
        "clips": clips,
        "outputs": places,
        "text_outputs": {
            "twitter_thread": "\n\n".join(texts.thread),
            "linkedin_post": texts.linkedin,
            "blog_post": texts.blog,
        },
        "text_outputs_model": texts.model,
        "chosen_by": chosen.engine,
        "note": chosen.note,
        "language": heard.language,
        "speech_model": heard.model,
        "source": _source(film),
        "minutes": minutes,
    }
    return Result(outputs=tuple(files.outputs), facts=facts, charge=charge)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Files:
    """The outputs so far; what is added is told its place among them."""

    folder: Path
    outputs: list[Output] = field(default_factory=list)

    def add(self, filename: str, path: Path, media_type: str) -> int:
        self.outputs.append(Output(path=path, filename=filename, media_type=media_type))
        return len(self.outputs) - 1

    def write(self, filename: str, content: bytes, media_type: str) -> int:
        path = self.folder / filename
        path.write_bytes(content)
        return self.add(filename, path, media_type)


def _places(files: _Files, made: Made, heard: Transcript, number: int) -> dict[str, int]:
    """Add the files of a clip; return which is which."""
    name, clip = f"clip-{number:02}", made.candidate
    said = subtitles.cues(transcript.part(heard, clip.start_seconds, clip.end_seconds))
    document = msgspec.json.format(msgspec.json.encode(made.document), indent=1)
    return {
        "video": files.add(f"{name}.mp4", made.path, "video/mp4"),
        "srt": files.write(f"{name}.srt", write_srt(said).encode(), "application/x-subrip"),
        "vtt": files.write(f"{name}.vtt", write_vtt(said).encode(), "text/vtt"),
        "composition": files.write(f"{name}.json", document + b"\n", "application/json"),
    }


def _source(film: Film) -> dict[str, str | int | float]:
    width, height = film.size
    return {
        "filename": film.src,
        "duration_seconds": round(film.info.duration_seconds, 3),
        "width": width,
        "height": height,
        "size_bytes": film.path.stat().st_size,
    }


def _facts(made: Made, heard: Transcript, params: ClipsParams) -> dict[str, Any]:
    clip = made.candidate
    width, height = made.size
    return {
        "title": clip.title,
        "virality_score": clip.virality_score,
        "score_parts": dict(clip.score_parts.as_mapping()),
        "reasons": list(clip.reasons),
        "start_seconds": round(clip.start_seconds, 3),
        "end_seconds": round(clip.end_seconds, 3),
        "duration_seconds": round(clip.duration_seconds, 3),
        "resolution": f"{width}x{height}",
        "caption_style": params.caption_style if params.captions and heard.words else None,
        "aspect": params.aspect,
        "language": heard.language,
    }
