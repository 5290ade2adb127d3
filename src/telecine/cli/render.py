"""`render` and `validate`: a composition file to a video, a picture or a list of its faults.

The pictures are drawn in the same confined processes as on a server. Sources are files, their
paths relative to the composition's folder, or URLs: what has not changed since it was last fetched
comes from the cache in the data folder.
"""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    Task,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.text import Text
from typing_extensions import override

from telecine import settings
from telecine.api.fields import malformed
from telecine.cli.nearby import parse_beside
from telecine.cli.sizes import size_text
from telecine.cli.target import deliver, require_file, require_place, workspace
from telecine.kit.errors import InvalidRequestError, TelecineError
from telecine.kit.log import configure
from telecine.media.render.confined import Order, Renderer
from telecine.media.render.encoding.scales import MOST_CRF, PRESETS, RenderCodec
from telecine.media.timeline.dialects import Parsed
from telecine.media.timeline.model import Source, Timeline
from telecine.media.timeline.reader import Problem
from telecine.media.timeline.scene import exact
from telecine.settings import Settings

if TYPE_CHECKING:
    from telecine.kit.outbound import Cache

_MAX_DOCUMENT_BYTES: Final = 64 * 2**20
_MAX_SOURCE_BYTES: Final = 8 * 2**30
_ADDRESSES: Final = ("http://", "https://")
#: What the suffix says is made of moving pictures, one picture, or sound.
_SUFFIXES: Final = (".mp4", ".webm", ".gif", ".png", ".mp3", ".wav")
#: Columns of a terminal for the numbers of a bar, and for the bar itself.
_NUMBERS_WIDTH: Final = 40
_BAR_WIDTHS: Final = (10, 40)
#: Two sides, or a number of lines.
_SIZE: Final = re.compile(r"(\d{1,5})x(\d{1,5})|(\d{1,5})p", re.ASCII)
_FILM_CODECS: Final[tuple[RenderCodec, ...]] = ("h264", "h265")

_console = Console(stderr=True, highlight=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How to render. `size` is WIDTHxHEIGHT or such as 720p, `span` FROM-TO in seconds, as typed."""

    codec: str = "h264"
    preset: str = "veryfast"
    crf: float | None = None
    size: str = ""
    span: str = ""
    n_workers: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """A composition without faults, and the files that it names."""

    document: Mapping[str, Any]
    timeline: Timeline
    sources: tuple[Source, ...]


def validate(composition: Path) -> None:
    """Say what a composition is. Raises what `checked` does."""
    _say(f"{composition}: {_summary(checked(composition).timeline)}", style="green")


def checked(composition: Path) -> Checked:
    """Show everything that is wrong with a composition. Raises `InvalidRequestError` for faults."""
    document = read(composition)
    parsed = parse_beside(document, folder=composition.parent, settings=settings.load())
    faults = (*parsed.problems, *_missing(parsed, composition.parent))
    show(faults)
    show(parsed.warnings, is_warning=True)
    if faults or parsed.timeline is None or not isinstance(document, Mapping):
        raise InvalidRequestError(f"{composition}: {_verdict(faults, parsed.warnings)}")
    if parsed.timeline.duration_frames == 0:
        raise InvalidRequestError(f"{composition}: there is nothing to render, no clip lasts")
    return Checked(document=document, timeline=parsed.timeline, sources=parsed.sources)


def film(composition: Path, output: Path, options: Options, *, renderer: Renderer) -> None:
    """Render a composition to the kind of file that the suffix names."""
    require_file(composition)
    require_place(output, source=composition)
    if output.suffix.lower() not in _SUFFIXES:
        raise InvalidRequestError(
            f"{output} must end in one of: {', '.join(_SUFFIXES)}.", field="OUT"
        )
    _check(options, output)
    with _ready(composition, renderer) as job:
        job.require_apart(output)
        order = job.order(output, options)
        with _bar(output.name, n_frames=_n_frames(order, job.timeline)) as told:
            facts = job.renderer.render(order, on_progress=told)
        deliver(order.output, to=output)
    lasts = f"  {float(facts.duration_seconds):.2f} s" if facts.duration_seconds else ""
    _say(f"{output}  {size_text(facts.size_bytes)}{lasts}")


def still(
    composition: Path, output: Path, options: Options, *, renderer: Renderer, seconds: float
) -> None:
    """Write the picture that is shown at an instant as a PNG."""
    require_file(composition)
    _require_png(output, option="OUT")
    require_place(output, source=composition)
    with _ready(composition, renderer) as job:
        job.require_apart(output)
        if not 0 <= seconds < _seconds(job.timeline):
            raise InvalidRequestError(
                f"{seconds:g} is not in the composition, which lasts "
                f"{_seconds(job.timeline):g} seconds.",
                field="--frame",
            )
        number = math.floor(exact(seconds) * job.timeline.frame_rate)
        order = job.order(output.with_suffix(".png"), options, frames=range(number, number + 1))
        job.renderer.still(order)
        deliver(order.output, to=output)
    _say(f"{output}  frame {number}")


def _require_png(output: Path, *, option: str) -> None:
    if output.suffix.lower() != ".png" and not output.is_dir():
        raise InvalidRequestError(f"{output} must end in .png: a PNG is written.", field=option)


def storyboard(composition: Path, output: Path, options: Options, *, renderer: Renderer) -> None:
    """Write a sheet of pictures from the beginning to the end as a PNG."""
    require_file(composition)
    _require_png(output, option="--storyboard")
    require_place(output, source=composition, option="--storyboard")
    with _ready(composition, renderer) as job:
        job.require_apart(output, option="--storyboard")
        order = job.order(output.with_suffix(".png"), options)
        job.renderer.storyboard(order)
        deliver(order.output, to=output)
    _say(f"{output}")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ready:
    """A composition that has passed, its sources at hand, and somebody to draw it."""

    document: Mapping[str, Any]
    timeline: Timeline
    files: Mapping[str, Path]
    folder: Path
    renderer: Renderer

    def require_apart(self, output: Path, *, option: str = "OUT") -> None:
        """Raise `InvalidRequestError` where the result would replace a source."""
        for path in self.files.values():
            require_place(output, source=path, option=option)

    def order(self, output: Path, options: Options, *, frames: range | None = None) -> Order:
        return Order(
            document=self.document,
            files=self.files,
            workspace=self.folder,
            output=self.folder / f"made{output.suffix.lower()}",
            codec=_codec(options.codec, output),
            preset=options.preset,
            crf=options.crf,
            frames=frames or _frames(options.span, self.timeline),
            size=_size(options.size, shape=(self.timeline.width, self.timeline.height)),
            n_workers=min(options.n_workers, os.cpu_count() or 1),
        )


@contextmanager
def _ready(composition: Path, renderer: Renderer) -> Iterator[_Ready]:
    loaded = settings.load()
    configure(level="warning", format=loaded.log_format)
    found = checked(composition)
    with workspace() as folder:
        yield _Ready(
            document=found.document,
            timeline=found.timeline,
            files=_files(found.sources, composition.parent, folder, loaded),
            folder=folder,
            renderer=renderer,
        )


def read(composition: Path) -> object:
    """Return the JSON of a composition file. Raises `InvalidRequestError`."""
    require_file(composition)
    if composition.stat().st_size > _MAX_DOCUMENT_BYTES:
        raise InvalidRequestError(f"{composition} is larger than 64 MiB.")
    raw = composition.read_bytes()
    try:
        return json.loads(raw)
    except json.JSONDecodeError as error:
        raise InvalidRequestError(
            f"{composition} is not JSON: {error.msg}, line {error.lineno}, column {error.colno}."
        ) from error
    except (UnicodeDecodeError, RecursionError) as error:
        fault = malformed.fault(raw, error, subject=str(composition))
        raise InvalidRequestError(fault.message) from error
    except ValueError as error:  # the last one: more digits than Python reads
        raise InvalidRequestError(
            f"{composition} is not JSON: a number has too many digits."
        ) from error


def is_remote(src: str) -> bool:
    """Say whether a source is fetched, not read here."""
    return src.lower().startswith(_ADDRESSES)


def _missing(parsed: Parsed, folder: Path) -> list[Problem]:
    """Return a problem for every local source that is not there."""
    return [
        Problem(
            path=source.path,
            code="SOURCE",
            message=_what_is_wrong(folder / source.src),
            got=source.src,
            allowed=f"a path relative to {folder}, or a URL",
        )
        for source in parsed.sources
        if not is_remote(source.src) and not (folder / source.src).is_file()
    ]


def _what_is_wrong(path: Path) -> str:
    return "This is not a file." if path.exists() else "There is no such file."


def _files(
    sources: Sequence[Source], base: Path, folder: Path, loaded: Settings
) -> dict[str, Path]:
    files = {each.src: base / each.src for each in sources if not is_remote(each.src)}
    remote = [each for each in sources if is_remote(each.src)]
    if not remote:
        return files
    # What speaks to servers takes as long to import as a short film's frames.
    from telecine import outside  # noqa: PLC0415

    client = outside.outbound(loaded)
    cache = outside.cache(loaded, client=client)
    for index, source in enumerate(remote):
        try:
            client.check_url(source.src, field=source.path)
            files[source.src] = _fetched(source.src, folder / f"source{index}", cache)
        except TelecineError as error:
            error.field = source.path
            error.message = f"{source.src}: {error.message}"
            raise
    return files


def _fetched(url: str, path: Path, cache: Cache) -> Path:
    """Make the file `path` of what is at a URL, with a bar for what comes in."""
    columns = (
        *(TextColumn("{task.description}", markup=False), BarColumn(), DownloadColumn()),
        *(TransferSpeedColumn(), TimeElapsedColumn()),
    )
    with Progress(*columns, console=_console) as progress:
        task = progress.add_task(PurePosixPath(urlsplit(url).path).name, total=None)
        n_bytes = cache.fetch(
            url,
            to=path,
            max_bytes=_MAX_SOURCE_BYTES,
            on_bytes=lambda done, of: progress.update(task, completed=done, total=of),
        )
        progress.update(task, completed=n_bytes, total=n_bytes)
    return path


def _check(options: Options, output: Path) -> None:
    """Find what is wrong with options by themselves, before anything is read or fetched."""
    codec = _codec(options.codec, output)
    _size(options.size, shape=(1, 1))
    if options.preset not in PRESETS:
        raise InvalidRequestError(f"--preset is one of: {', '.join(PRESETS)}.", field="--preset")
    most = MOST_CRF[codec]
    if options.crf is not None and not 0 <= options.crf <= most:
        raise InvalidRequestError(
            f"--crf of {codec} is from 0, the best, to {most:g}.", field="--crf"
        )


def _codec(name: str, output: Path) -> RenderCodec:
    if output.suffix.lower() == ".webm":
        return "vp9"
    for known in _FILM_CODECS:
        if name == known:
            return known
    raise InvalidRequestError("--codec is h264 or h265; a .webm is VP9.", field="--codec")


def _size(text: str, *, shape: tuple[int, int]) -> tuple[int, int] | None:
    """Return the sides of a size; of `720p` the shorter one, the other as the `shape` has it."""
    if not text:
        return None
    match = _SIZE.fullmatch(text.lower())
    if match is None:
        raise InvalidRequestError(f"{text} is no size; write 1280x720, or 720p.", field="--size")
    across, down, lines = match.groups()
    sides = (
        (int(across), int(down))
        if lines is None
        else tuple(round(Fraction(side * int(lines), 2 * min(shape))) * 2 for side in shape)
    )
    if not all(16 <= side <= 7680 for side in sides):
        raise InvalidRequestError("Both sides are from 16 to 7680 pixels.", field="--size")
    return sides[0], sides[1]


def _frames(span: str, timeline: Timeline) -> range | None:
    if not span:
        return None
    try:
        begin, _, end = span.partition("-")
        first = int(Fraction(begin) * timeline.frame_rate)
        last = int(Fraction(end) * timeline.frame_rate) if end else timeline.duration_frames
    except (ValueError, ZeroDivisionError):
        raise InvalidRequestError(
            f"{span} is no range; write seconds, such as 2-5.5.", field="--range"
        ) from None
    if first >= last:
        raise InvalidRequestError(
            f"There is no frame in {span}; write where it begins and ends, such as 2-5.5.",
            field="--range",
        )
    if not 0 <= first < timeline.duration_frames:
        raise InvalidRequestError(
            f"{span} is not in the composition, which lasts {_seconds(timeline):g} seconds.",
            field="--range",
        )
    return range(first, min(last, timeline.duration_frames))


def _n_frames(order: Order, timeline: Timeline) -> int:
    return timeline.duration_frames if order.frames is None else len(order.frames)


def _seconds(timeline: Timeline) -> float:
    return float(timeline.duration_frames / timeline.frame_rate)


def _summary(timeline: Timeline) -> str:
    n_clips = sum(len(track.clips) for track in timeline.tracks)
    rate = float(timeline.frame_rate)
    return (
        f"{timeline.width}x{timeline.height}, {rate:g} fps, {_seconds(timeline):g} s "
        f"({_counted(timeline.duration_frames, 'frame')}), {_counted(n_clips, 'clip')}"
    )


def _verdict(faults: Sequence[Problem], warnings: Sequence[Problem]) -> str:
    told = _counted(len(faults), "fault")
    return f"{told}, {_counted(len(warnings), 'warning')}" if warnings else told


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")


def show(problems: Sequence[Problem], *, is_warning: bool = False) -> None:
    """One line each: where, what, what was found, what is allowed there."""
    style = "yellow" if is_warning else "red"
    for each in problems:
        line = Text(f"{each.path or 'document'}: ", style=style)
        line.append(f"{each.message} Found {each.got}; allowed: {each.allowed}.", style="default")
        kind = ", a warning" if is_warning else ""
        _console.print(line.append(f" {each.code}{kind}", style="dim"), soft_wrap=True)


class _Speed(TextColumn):
    """Frames a second."""

    def __init__(self) -> None:
        super().__init__("")

    @override
    def render(self, task: Task) -> Text:
        return Text(f"{task.speed:.0f} fps" if task.speed else "")


@contextmanager
def _bar(name: str, *, n_frames: int) -> Iterator[Any]:
    least, most = _BAR_WIDTHS
    room = _console.width - _NUMBERS_WIDTH
    shown = Text(name)
    shown.truncate(max(room, least), overflow="ellipsis")
    left = min(room - shown.cell_len, most)
    columns = (
        TextColumn("{task.description}", markup=False),
        *([BarColumn(left)] if left >= least else ()),
        *(MofNCompleteColumn(), _Speed(), TimeRemainingColumn(), TextColumn("left")),
    )
    with Progress(*columns, console=_console) as progress:
        task = progress.add_task(shown.plain, total=n_frames)
        yield lambda done, _: progress.update(task, completed=done)


def _say(line: str, *, style: str = "") -> None:
    _console.print(Text(line, style=style), soft_wrap=True)
