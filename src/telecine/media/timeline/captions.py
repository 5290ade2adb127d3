"""Whether a timeline has captions: words shown while they are spoken."""

from __future__ import annotations

from collections.abc import Iterable

from telecine.media.timeline.model import Captions, Clip, Layout, Timeline


def has_captions(timeline: Timeline) -> bool:
    """Say whether any clip shows captions, be they written out or in a file."""
    return any(_any_in(track.clips) for track in timeline.tracks)


def _any_in(clips: Iterable[Clip]) -> bool:
    for clip in clips:
        if isinstance(clip.content, Captions):
            return True
        if isinstance(clip.content, Layout) and _any_in(clip.content.children):
            return True
    return False
