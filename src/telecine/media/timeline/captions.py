"""The captions of a timeline: clips whose words are shown while they are spoken."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from telecine.media.timeline.model import Captions, Clip, Layout, Timeline


def captions_of(timeline: Timeline) -> Iterator[tuple[Clip, Captions]]:
    """Yield all captions, be they written out or in a file, and the clip that is their time.

    What lies in a layout lives as long as the layout.
    """
    for track in timeline.tracks:
        for clip in track.clips:
            for content in _within([clip]):
                yield clip, content


def _within(clips: Iterable[Clip]) -> Iterator[Captions]:
    for clip in clips:
        if isinstance(clip.content, Captions):
            yield clip.content
        elif isinstance(clip.content, Layout):
            yield from _within(clip.content.children)
