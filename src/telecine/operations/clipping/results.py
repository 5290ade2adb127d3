"""What a run hands over: files, and the facts that say which file is what.

Outputs, in order: for each clip its film, SubRip, WebVTT and composition; the transcript; and
the film that they were cut from, where that stays nowhere else. Facts name them by position.
"""

from __future__ import annotations

from collections.abc import Sequence
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
    outputs: list[Output] = []
    folder = work.context.workspace / "results"
    folder.mkdir()

    def add(filename: str, content: bytes | Path, media_type: str) -> int:
        path = content if isinstance(content, Path) else folder / filename
        if isinstance(content, bytes):
            path.write_bytes(content)
        outputs.append(Output(path=path, filename=filename, media_type=media_type))
        return len(outputs) - 1

    clips = []
    for number, one in enumerate(made, start=1):
        name = f"clip-{number:02}"
        clip = one.candidate
        said = subtitles.cues(transcript.part(heard, clip.start_seconds, clip.end_seconds))
        document = msgspec.json.format(msgspec.json.encode(one.document), indent=1)
        places = {
            "video": add(f"{name}.mp4", one.path, "video/mp4"),
            "srt": add(f"{name}.srt", write_srt(said).encode(), "application/x-subrip"),
            "vtt": add(f"{name}.vtt", write_vtt(said).encode(), "text/vtt"),
            "composition": add(f"{name}.json", document + b"\n", "application/json"),
        }
        clips.append({"number": number, **_facts(one, heard, params), "outputs": places})
    places = {
        "transcript": add("transcript.json", subtitles.write_words(heard), "application/json")
    }
    if params.keeps_film:
        places["film"] = add(film.src, film.path, film.media_type)
    width, height = film.size
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
        "source": {
            "filename": film.src,
            "duration_seconds": round(film.info.duration_seconds, 3),
            "width": width,
            "height": height,
            "size_bytes": film.path.stat().st_size,
        },
        "minutes": minutes,
    }
    return Result(outputs=tuple(outputs), facts=facts, charge=charge)


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
