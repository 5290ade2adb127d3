"""Captions as WebVTT, for players: what they show is what the picture shows, at the same time."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import groupby

from telecine.media.render.planning.pages import shots
from telecine.media.render.planning.spans import Clock
from telecine.media.timeline.captions import captions_of
from telecine.media.timeline.model import Timeline


def webvtt(timeline: Timeline) -> str | None:
    """Write a cue for every page of captions; None where nothing is said."""
    cues: list[tuple[int, int, str]] = []
    for clip, captions in captions_of(timeline):
        clock = Clock(frame_rate=timeline.frame_rate, n_frames=clip.end_frame - clip.start_frame)
        for _, states in groupby(shots(captions, clock=clock), key=lambda shot: shot.came):
            first, *more = states
            last = more[-1] if more else first
            words = " ".join(word.text.strip() for word in first.page.words)
            cues.append((clip.start_frame + first.first, clip.start_frame + last.end, words))
    if not cues:
        return None
    rate = timeline.frame_rate
    blocks = (
        f"{_time(start / rate)} --> {_time(end / rate)}\n{_text(words)}\n"
        for start, end, words in sorted(cues)
    )
    return "\n".join(["WEBVTT\n", *blocks])


def _time(seconds: Fraction) -> str:
    milliseconds = math.floor(seconds * 1000 + Fraction(1, 2))
    minutes, rest = divmod(milliseconds, 60_000)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{rest // 1000:02}.{rest % 1000:03}"


def _text(words: str) -> str:
    """Escape, and keep to one line: an empty one would end the cue."""
    line = " ".join(words.split())
    return line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
