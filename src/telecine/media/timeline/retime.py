"""A timeline at another frame rate: the same instants, on the nearest frames.

Inside of clips time is seconds already, so only where they begin and end changes.
"""

from __future__ import annotations

from fractions import Fraction

from msgspec.structs import replace

from telecine.media.timeline.model import Clip, Layout, Timeline


def retimed(timeline: Timeline, frame_rate: Fraction) -> Timeline:
    """Return the timeline at `frame_rate`. A clip that is on none of the new frames is left out."""
    if frame_rate == timeline.frame_rate:
        return timeline
    ratio = frame_rate / timeline.frame_rate
    tracks = tuple(replace(track, clips=_clips(track.clips, ratio)) for track in timeline.tracks)
    ids = {clip.id for track in tracks for clip in track.clips}
    return replace(
        timeline,
        frame_rate=frame_rate,
        duration_frames=scaled(timeline.duration_frames, ratio),
        tracks=tracks,
        paint_order=tuple(each for each in timeline.paint_order if each in ids),
    )


def scaled(frame: int, ratio: Fraction) -> int:
    """Return the frame that is nearest to the instant of `frame`; a half goes up."""
    return (frame * ratio + Fraction(1, 2)).__floor__()


def _clips(clips: tuple[Clip, ...], ratio: Fraction) -> tuple[Clip, ...]:
    moved = (_clip(clip, ratio) for clip in clips)
    return tuple(clip for clip in moved if clip.start_frame < clip.end_frame)


def _clip(clip: Clip, ratio: Fraction) -> Clip:
    shown = clip.content
    if isinstance(shown, Layout):
        shown = replace(shown, children=_clips(shown.children, ratio))
    return replace(
        clip,
        start_frame=scaled(clip.start_frame, ratio),
        end_frame=scaled(clip.end_frame, ratio),
        content=shown,
    )
