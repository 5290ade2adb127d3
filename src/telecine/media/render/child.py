"""The program that renders one composition behind walls: imports, waits, confines itself, works.

Run by `confined.py`. It sees the files of its job and its workspace, and starts no program. A
document or a file that is wrong becomes a report; nothing that it opens can become more.
"""

# ruff: noqa: E402 (nobody looks for garbage while 600 modules are made that stay)
from __future__ import annotations

import gc

gc.disable()

import json
import select
import socket
import sys
from collections.abc import Callable
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any, Final

import msgspec

from telecine.kit.errors import (
    InternalError,
    InvalidRequestError,
)
from telecine.media import confining, sandbox
from telecine.media import pool_wire as wire
from telecine.media.render.decoding.container import hold_to
from telecine.media.render.drawing.fonts import open_bundled
from telecine.media.render.encoding.chunks import spans
from telecine.media.render.encoding.codecs import EncodeSettings, is_thrifty
from telecine.media.render.encoding.join import join
from telecine.media.render.encoding.outfile import OutputFacts
from telecine.media.render.job import Ask, Facts, Job, Report
from telecine.media.render.lookup import Files
from telecine.media.render.playlist import preview_size
from telecine.media.render.projection import Projection
from telecine.media.render.render import OnProgress, RenderProgress, render
from telecine.media.render.shortage import Gauge, explained, is_told, place_of_size, shortage
from telecine.media.render.sound.mix import is_silent
from telecine.media.render.storyboard import still, storyboard
from telecine.media.render.webvtt import webvtt
from telecine.media.timeline.dialects import parse
from telecine.media.timeline.model import Timeline
from telecine.media.timeline.retime import retimed

#: Who has not been given a job by then has time for what a job may need.
_HURRY_SECONDS: Final = 0.25
#: A child may wait long for its job.
_PATIENCE_SECONDS: Final = 30 * 86_400.0
_NOTHING: Final = Facts(width=0, height=0, n_frames=0, n_samples=0, size_bytes=0, duration="0")


class Start(msgspec.Struct, frozen=True, kw_only=True):
    """The one argument of the program, as JSON."""

    socket_fd: int
    lifeline_fd: int


def main(arguments: list[str]) -> int:
    """Do one job for the parent."""
    gc.freeze()
    gc.enable()
    begin = msgspec.json.decode(arguments[0], type=Start)
    confining.end_with(begin.lifeline_fd)
    with socket.socket(fileno=begin.socket_fd) as parent:
        wire.send(parent, Report(is_ready=True))
        if not select.select([parent], [], [], _HURRY_SECONDS)[0]:
            open_bundled()
        try:
            job = wire.receive(parent, Job, timeout_seconds=_PATIENCE_SECONDS)
        except ConnectionError:
            return 0
        parent.settimeout(None)
        gauge = Gauge()
        try:
            _confine(job)
        except sandbox.SandboxError as error:
            wire.send(parent, Report(failure=wire.Failure.of(error)))
            return 1
        if job.task == "segments":
            _stay(job, parent)
        else:
            wire.send(parent, _done(job, parent, gauge))
    return 0


def _stay(job: Job, parent: socket.socket) -> None:
    """Open the film, and answer one `Ask` after the other until the parent hangs up."""
    opened: list[Projection] = []

    def answer(ask: Ask) -> Facts:
        if ask.wanted == "poster":
            Path(ask.output).write_bytes(opened[0].poster())
        else:
            made = opened[0].segment(range(*ask.frames))
            Path(ask.head).write_bytes(made.head)
            Path(ask.output).write_bytes(made.body)
        return _NOTHING

    wire.send(parent, _reported(lambda: _opened(job, opened)))
    while opened:
        try:
            ask = wire.receive(parent, Ask, timeout_seconds=_PATIENCE_SECONDS)
        except ConnectionError:
            return
        parent.settimeout(None)
        wire.send(parent, _reported(partial(answer, ask)))


def _opened(job: Job, projections: list[Projection]) -> Facts:
    """Open the film; where it has captions they are written to the job's output."""
    files = Files({src: Path(path) for src, path in job.files.items()})
    timeline = _timeline(_document(Path(job.document)), files)
    width, height = preview_size(timeline.width, timeline.height)
    captions = webvtt(timeline)
    if captions is not None:
        Path(job.output).write_text(captions, "utf-8")
    projections.append(Projection(timeline, find=files.find, size=(width, height)))
    return Facts(
        width=width,
        height=height,
        n_frames=timeline.duration_frames,
        n_samples=0,
        size_bytes=0,
        duration=str(timeline.duration_frames / timeline.frame_rate),
    )


def _confine(job: Job) -> None:
    hold_to(job.walls.max_pixels)
    given = (job.workspace, job.document, *job.files.values())
    confining.confine(
        sandbox.Policy(
            mode=job.walls.mode,
            read_paths=(
                *sandbox.SYSTEM_PATHS,
                # What is imported late, and the fonts and icons among the packages.
                *confining.code_paths(beside=given),
                *(path for path in job.files.values() if Path(path).exists()),
                job.document,
            ),
            write_paths=(job.workspace,),
            memory_bytes=job.walls.memory_bytes,
            output_bytes=job.walls.output_bytes,
        )
    )


def _done(job: Job, parent: socket.socket, gauge: Gauge) -> Report:
    """Do the work, whatever becomes of it."""

    def tell(progress: RenderProgress) -> None:
        wire.send(parent, Report(n_done=progress.n_done, n_frames=progress.n_frames))

    return _reported(lambda: _work(job, tell, gauge))


def _reported(work: Callable[[], Facts]) -> Report:
    try:
        return Report(facts=work())
    except Exception as error:  # noqa: BLE001 (the parent raises it again)
        return Report(failure=wire.Failure.of(shortage() if is_told(error) else error))


def _work(job: Job, tell: OnProgress, gauge: Gauge) -> Facts:
    files = Files({src: Path(path) for src, path in job.files.items()})
    document = _document(Path(job.document))
    timeline = _timeline(document, files)
    if job.frame_rate is not None:
        timeline = retimed(timeline, Fraction(job.frame_rate))
    width, height = job.size or (timeline.width, timeline.height)
    if is_thrifty(width, height):
        confining.refuse_huge_pages()
    with explained(gauge, width=width, height=height, place=place_of_size(document)):
        return _made(job, timeline, files, tell)


def _made(job: Job, timeline: Timeline, files: Files, tell: OnProgress) -> Facts:
    output = Path(job.output)
    match job.task:
        case "join":
            return _facts(
                join(
                    [Path(part) for part in job.parts],
                    output,
                    frame_rate=timeline.frame_rate,
                    sound=None if job.sound is None else Path(job.sound),
                    comment=job.comment,
                )
            )
        case "still":
            frame = 0 if job.frames is None else job.frames[0]
            output.write_bytes(still(timeline, find=files.find, frame=frame, size=job.size))
        case "segments":
            raise InternalError("segments are asked for one by one")
        case "storyboard":
            output.write_bytes(storyboard(timeline, find=files.find, n_pictures=job.n_pictures))
        case _:
            return _rendered(job, timeline, files, tell)
    return _NOTHING


def _rendered(job: Job, timeline: Timeline, files: Files, tell: OnProgress) -> Facts:
    """Render all, one share, or the sound; a share may be empty, and sound silent."""
    frames = range(*job.frames) if job.frames else range(timeline.duration_frames)
    if job.task == "part":
        shares = spans(len(frames), frame_rate=timeline.frame_rate, parts=job.share[1])
        if job.share[0] >= len(shares):
            return _NOTHING
        share = shares[job.share[0]]
        frames = range(frames.start + share.start, frames.start + share.stop)
    if job.task == "sound" and is_silent(timeline, find=files.find):
        return _NOTHING
    settings = EncodeSettings(
        codec=job.codec,
        preset=job.preset,
        crf=job.crf,
        threads=job.threads,
        comment=job.comment,
    )
    return _facts(
        render(
            timeline,
            find=files.find,
            output=Path(job.output),
            settings=settings,
            frames=frames,
            size=job.size,
            has_sound=job.has_sound and job.task != "part",
            on_progress=tell,
        )
    )


def _facts(facts: OutputFacts) -> Facts:
    return Facts(
        width=facts.width,
        height=facts.height,
        n_frames=facts.n_frames,
        n_samples=facts.n_samples,
        size_bytes=facts.size_bytes,
        duration=str(facts.duration_seconds),
    )


def _document(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise InvalidRequestError(f"The composition is not JSON: {error}.") from error
    if not isinstance(document, dict):
        raise InvalidRequestError("The composition is no object.")
    return document


def _timeline(document: dict[str, Any], files: Files) -> Timeline:
    """Translate the document. Raises `InvalidRequestError` with the path of the first problem."""
    parsed = parse(document, lookup=files)
    if parsed.timeline is None:
        first = parsed.problems[0]
        raise InvalidRequestError(f"{first.message} ({first.code})", field=first.path)
    return parsed.timeline


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
