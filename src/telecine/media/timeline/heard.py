"""Which clips of a timeline can be heard, as far as the timeline itself says."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from telecine.media.timeline.model import Clip, GainPoint, Layout, Sound, Timeline


def heard_clips(timeline: Timeline) -> Iterator[tuple[Clip, Sound, float]]:
    """Yield the clips that can be heard, those inside layouts too, and the gain of their track.

    Whether there is a sound in their files is another matter.
    """
    for track in timeline.tracks:
        for clip in _with_children(track.clips) if track.gain else ():
            sound = clip.sound
            if sound is not None and sound.gain and _is_ever_up(sound.envelope):
                yield clip, sound, track.gain


def _is_ever_up(envelope: Sequence[GainPoint]) -> bool:
    return not envelope or any(point.gain for point in envelope)


def _with_children(clips: Sequence[Clip]) -> Iterator[Clip]:
    for clip in clips:
        yield clip
        if isinstance(clip.content, Layout):
            yield from _with_children(clip.content.children)
