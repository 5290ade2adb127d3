"""`clips`: the best parts of a talk, here in this process or on a server; the same files of both.

Here means the operation's own code on a temporary workspace: no database, no account, no
credits. What is chosen and drawn is the same.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, get_args

import msgspec
from rich.progress import (
    BarColumn,
    Progress,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text

from telecine import outside, settings, shelves
from telecine.cli import here, models
from telecine.cli.remote import Remote, remote_errors
from telecine.cli.target import deliver, require_file
from telecine.cli.terminal import console, say
from telecine.cli.typed import as_typed
from telecine.kit.errors import InvalidRequestError
from telecine.media.highlights.model import Wishes
from telecine.media.seeing.caption_styles import STYLES
from telecine.media.speech import languages
from telecine.media.speech.job import QUALITIES
from telecine.operations.clipping.params import Aspect, ClipsParams
from telecine.operations.clips import CLIPS
from telecine.settings import Settings
from telecine_client import Client

#: What a text is called in JSON, and the file that it is written to.
_TEXTS: Final = {
    "twitter_thread": "thread.txt",
    "linkedin_post": "linkedin.txt",
    "blog_post": "blog.md",
}
#: The links of a clip in a server's answer, and the endings of their files.
_LINKS: Final = {
    "download_url": ".mp4",
    "srt_url": ".srt",
    "vtt_url": ".vtt",
    "composition_url": ".json",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How clips are wanted, as typed. `segments` are FROM-TO in seconds."""

    quality: str = "balanced"
    caption_style: str = "white_bold"
    has_captions: bool = True
    language: str = languages.AUTO
    aspect: str = "9:16"
    min_duration: float | None = None
    max_duration: float | None = None
    max_clips: int | None = None
    segments: Sequence[str] = ()


def clips(source: Path, output: Path, options: Options, *, remote: Remote | None) -> None:
    """Make clips of one video, put them into a folder, and say which there are."""
    require_file(source)
    _require_folder(output, source=source)
    loaded = settings.load()
    with as_typed():
        params = _params(options, loaded)
    facts: Mapping[str, Any] = (
        _run_here(params, source, output, loaded)
        if remote is None
        else _run_there(remote, params, source, output)
    )
    for clip in facts["clips"]:
        _point_at(source, output / f"clip-{clip['number']:02}.json")
    for name, file in _TEXTS.items():
        (output / file).write_text(facts["text_outputs"][name] + "\n", "utf-8")
    text = json.dumps(facts, indent=1, ensure_ascii=False)
    (output / "clips.json").write_text(text + "\n", "utf-8")
    _say(facts, output)


def _params(options: Options, loaded: Settings) -> ClipsParams:
    """Find what is wrong with options before anything is read. Raises `InvalidRequestError`."""
    for name, value, known in (
        ("--quality", options.quality, QUALITIES),
        ("--caption-style", options.caption_style, tuple(STYLES)),
        ("--aspect", options.aspect, get_args(Aspect)),
    ):
        if value not in known:
            raise InvalidRequestError(f"{name} is one of: {', '.join(known)}.", field=name)
    wishes = Wishes.of(
        min_seconds=options.min_duration,
        max_seconds=options.max_duration,
        max_clips=options.max_clips,
    )
    wanted = {
        "quality": options.quality,
        "language": languages.normal(options.language, whisper_model=loaded.whisper_model),
        "aspect": options.aspect,
        "captions": options.has_captions,
        "caption_style": options.caption_style,
        "min_seconds": wishes.min_seconds,
        "max_seconds": wishes.max_seconds,
        "max_clips": wishes.max_clips,
        "segments": [_segment(text) for text in options.segments],
        "limits": shelves.media_limits(loaded),
        "keeps_film": False,
        "encoder_threads": loaded.encoder_threads,
    }
    return msgspec.convert(wanted, ClipsParams)


def _segment(text: str) -> tuple[float, float]:
    start, _, end = text.partition("-")
    try:
        span = float(start), float(end)
    except ValueError:
        span = 0.0, float("inf")
    if not 0 <= span[0] < float("inf") or not 0 <= span[1] < float("inf"):
        raise InvalidRequestError(
            f"{text} is no segment; write seconds, such as 12.5-61.", field="--segment"
        )
    if span[1] <= span[0]:
        raise InvalidRequestError(f"{text} ends before it starts.", field="--segment")
    return span


def _require_folder(output: Path, *, source: Path) -> None:
    if output.exists() and not output.is_dir():
        raise InvalidRequestError(f"{output} is a file; name a folder for the clips.", field="OUT")
    if not output.absolute().parent.is_dir():
        raise InvalidRequestError(f"There is no folder {output.parent}.", field="OUT")
    if output.is_dir() and output.samefile(source.parent):
        raise InvalidRequestError(
            f"{output} is the folder of the video itself; name another one.", field="OUT"
        )
    if not os.access(output if output.exists() else output.absolute().parent, os.W_OK):
        raise InvalidRequestError(f"{output} is not writable.", field="OUT")


def _run_here(params: ClipsParams, source: Path, output: Path, loaded: Settings) -> dict[str, Any]:
    senses = outside.senses(loaded)
    models.fetch(senses)
    with (
        shelves.renderer(loaded) as renderer,
        _bar(source.name) as bar,
        here.context(source, settings=loaded, report=bar.report) as context,
    ):
        result = CLIPS.run(
            params,
            replace(
                context,
                enter=bar.enter,
                renderer=renderer,
                cache=outside.cache(loaded, client=outside.outbound(loaded)),
                senses=senses,
                language_model=outside.language_model(loaded),
            ),
        )
        output.mkdir(exist_ok=True)
        for made in result.outputs:
            deliver(made.path, to=output / made.filename)
    return _named(result.facts, [made.filename for made in result.outputs])


def _named(facts: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """Return the facts with names of files for their places among the outputs."""

    def named(places: Mapping[str, int]) -> dict[str, str]:
        return {role: names[place] for role, place in places.items()}

    clips = [{**clip, "outputs": named(clip["outputs"])} for clip in facts["clips"]]
    return {**facts, "clips": clips, "outputs": named(facts["outputs"])}


def _point_at(source: Path, composition: Path) -> None:
    """Let a composition name the film where it lies, so that `render` finds it."""
    there = os.path.relpath(source.resolve(), composition.resolve().parent)
    document = json.loads(composition.read_bytes())
    for track in document["tracks"]:
        for each in track["clips"]:
            if "src" in each:  # whatever it is called: there is no other file in a clip
                each["src"] = there
    composition.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", "utf-8")


def _run_there(
    remote: Remote, params: ClipsParams, source: Path, output: Path
) -> Mapping[str, Any]:
    with (
        remote_errors(),
        Client(remote.url, remote.key) as client,
        _bar(source.name) as bar,
    ):
        job = client.clips(source, extra=_form(params))
        ended = client.wait_for_clips(
            job.id, on_progress=lambda now: bar.tell(now.raw["stage"], now.progress / 100)
        )
        output.mkdir(exist_ok=True)
        for clip in ended.raw["clips"]:
            for link, ending in _LINKS.items():
                client.fetch(clip[link], to=output / f"clip-{clip['number']:02}{ending}")
        client.fetch(ended.raw["transcript_url"], to=output / "transcript.json")
    return ended.raw


def _form(params: ClipsParams) -> dict[str, str]:
    """Return the options as the form fields that a client would send."""
    segments = [{"start": start, "end": end} for start, end in params.segments]
    return {
        "quality": params.quality,
        "caption_style": params.caption_style,
        "captions": "true" if params.captions else "false",
        "language": params.language,
        "aspect": params.aspect,
        "min_duration": f"{params.min_seconds:.12g}",
        "max_duration": f"{params.max_seconds:.12g}",
        "max_clips": str(params.max_clips),
        **({"segments": json.dumps(segments)} if segments else {}),
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class _Bar:
    """One bar over all stages, with the stage that it is in."""

    enter: Callable[[str], None]
    report: Callable[[float], None]

    def tell(self, stage: str | None, done: float) -> None:
        """Take both at once, as a server tells them."""
        self.enter(stage or "")
        self.report(done)


@contextmanager
def _bar(name: str) -> Iterator[_Bar]:
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[stage]:10}", markup=False),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console) as progress:
        task = progress.add_task(name, total=1.0, stage="")
        yield _Bar(
            enter=lambda stage: progress.update(task, stage=stage),
            report=lambda done: progress.update(task, completed=done),
        )


def _say(facts: Mapping[str, Any], output: Path) -> None:
    table = Table("clip", "score", "seconds", "title", box=None)
    for column in table.columns[1:3]:
        column.justify = "right"
    for clip in facts["clips"]:
        path = output / f"clip-{clip['number']:02}.mp4"
        seconds = f"{clip['duration_seconds']:.1f}"
        table.add_row(Text(str(path)), str(clip["virality_score"]), seconds, Text(clip["title"]))
    console.print(table)
    if facts.get("note"):
        say(facts["note"], style="yellow")
    texts = f"{', '.join(_TEXTS.values())} are {facts['text_outputs_model']}"
    say(f"{texts}; clips.json has all facts.")
