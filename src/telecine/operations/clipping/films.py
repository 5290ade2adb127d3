"""The film that clips are cut from: fetched or given, opened, and held to the limits."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from telecine.kit.errors import UnsupportedMediaError
from telecine.media.probe import MediaInfo, probe
from telecine.operations import sources
from telecine.operations.bars import Report
from telecine.operations.clipping import stages
from telecine.operations.clipping.params import ClipsParams
from telecine.operations.clipping.stages import Work

_STEP: Final = "film"
#: By the first of libav's names for a container: suffix and media type.
_KINDS: Final = {
    "mov": (".mp4", "video/mp4"),
    "matroska": (".mkv", "video/x-matroska"),
    "avi": (".avi", "video/x-msvideo"),
    "mpegts": (".ts", "video/mp2t"),
    "mpeg": (".mpg", "video/mpeg"),
    "flv": (".flv", "video/x-flv"),
    "asf": (".wmv", "video/x-ms-asf"),
    "ogg": (".ogv", "video/ogg"),
}
_OTHER: Final = (".video", "application/octet-stream")


@dataclass(frozen=True, slots=True, kw_only=True)
class Film:
    """A film that can be heard, or whose parts are chosen by hand. `src` is what compositions call it: a file beside them."""

    path: Path
    info: MediaInfo

    @property
    def src(self) -> str:
        """The name for compositions, and of the output."""
        return f"source{self._kind[0]}"

    @property
    def media_type(self) -> str:
        """By its container, whatever it was called."""
        return self._kind[1]

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of its upright picture."""
        return self.info.video.display_width, self.info.video.display_height

    @property
    def seen_seconds(self) -> float:
        """Until when there are pictures."""
        return min(
            self.info.duration_seconds,
            self.info.video.duration_seconds or self.info.duration_seconds,
        )

    @property
    def _kind(self) -> tuple[str, str]:
        return _KINDS.get(self.info.container.partition(",")[0], _OTHER)


def take(params: ClipsParams, work: Work) -> Film:
    """Fetch the film where it is elsewhere, and open it. Raises `OutboundError`, `MediaError`."""
    report = stages.begin_fetching(work.context)
    if params.source_url is None:
        path = work.context.inputs[0].path
    else:
        url = params.source_url
        path = work.context.file_once(_STEP, lambda: _fetch(url, params, work, report))
    report(1.0)
    info = probe(work.context.pool, path, limits=params.limits)
    if not info.audio and not params.segments:
        raise UnsupportedMediaError(
            "The video has no sound track, and clips are cut by what is said. Choose parts "
            "yourself: 'segments'."
        )
    return Film(path=path, info=info)


def _fetch(url: str, params: ClipsParams, work: Work, report: Report) -> Path:
    folder = work.context.workspace / "fetched"
    files = sources.fetch(
        work.cache,
        (url,),
        folder=folder,
        room=sources.Room(max_bytes=params.max_source_bytes),
        report=report,
        is_cancelled=work.context.is_cancelled,
    )
    return files[url]
