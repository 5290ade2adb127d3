"""Files of the library in a part that they cannot play: a picture as a sound, a sound as a picture.

What a file is was found out when it was uploaded, so this is said before anything is rendered.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from telecine.core.assets import Asset, AssetKind
from telecine.media.timeline.model import (
    Clip,
    Content,
    Image,
    Layout,
    Sound,
    Source,
    Svg,
    Timeline,
    Video,
    Waveform,
)
from telecine.media.timeline.reader import Problem

_DRAWING: Final = "image/svg+xml"
#: A picture that libav reads as a film, too.
_MOVING: Final = "image/gif"


def misused(timeline: Timeline, assets: Mapping[str, Asset]) -> list[Problem]:
    """Return a fault for every use of a file, known by its `src`, as what it is not."""
    if not assets:
        return []
    clips = (clip for track in timeline.tracks for clip in track.clips)
    return [
        _fault(source, asset, allowed)
        for source, part in _parts(clips)
        if (asset := assets.get(source.src)) and (allowed := _wanted(part, asset))
    ]


def _parts(clips: Iterable[Clip]) -> Iterator[tuple[Source, Content | Sound]]:
    """Yield every file that is seen or heard, once a clip."""
    for clip in clips:
        content = clip.content
        if isinstance(content, Layout):
            yield from _parts(content.children)
        if isinstance(content, Image | Video | Svg) and content.source is not None:
            yield content.source, content
        elif isinstance(content, Waveform):
            yield content.sound.source, content.sound
        elif clip.sound is not None:
            yield clip.sound.source, clip.sound


def _wanted(part: Content | Sound, asset: Asset) -> str | None:
    """Return what should be there instead; None where the file will do."""
    media_type, kind = asset.file.media_type, asset.kind
    match part:
        case Video():
            fits, wanted = kind is AssetKind.VIDEO or media_type == _MOVING, "a video"
        case Svg():
            fits, wanted = media_type == _DRAWING, "an SVG"
        case Image():
            fits, wanted = kind is AssetKind.IMAGE, "an image"
        case _:
            fits = kind in {AssetKind.AUDIO, AssetKind.VIDEO} or media_type == _MOVING
            wanted = "a sound, or a video"
    return None if fits else wanted


def _fault(source: Source, asset: Asset, allowed: str) -> Problem:
    return Problem(
        path=source.path,
        code="SOURCE",
        message=f"This file is of another kind: {asset.file.media_type}.",
        got=source.src[:200],
        allowed=allowed,
    )
