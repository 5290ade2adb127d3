"""Captions as WebVTT, for players: what they show is what the picture shows, at the same time."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import groupby

from telecine.media.cues import Cue, write_vtt
from telecine.media.render.planning.pages import shots
from telecine.media.render.planning.spans import Clock
from telecine.media.timeline.captions import captions_of
from telecine.media.timeline.model import Timeline


def webvtt(timeline: Timeline) -> str | None:
    """Write a cue for every page of captions; None where nothing is said."""
    found: list[Cue] = []
    for clip, captions in captions_of(timeline):
        clock = Clock(frame_rate=timeline.frame_rate, n_frames=clip.end_frame - clip.start_frame)
        for _, states in groupby(shots(captions, clock=clock), key=lambda shot: shot.came):
            first, *more = states
            last = more[-1] if more else first
            words = " ".join(word.text.strip() for word in first.page.words)
            found.append(
                Cue(
                    text=" ".join(words.split()),
                    start_ms=_milliseconds((clip.start_frame + first.first) / timeline.frame_rate),
                    end_ms=_milliseconds((clip.start_frame + last.end) / timeline.frame_rate),
                )
            )
    found.sort(key=lambda cue: (cue.start_ms, cue.end_ms, cue.text))
    return write_vtt(found) if found else None


def _milliseconds(seconds: Fraction) -> int:
    return math.floor(seconds * 1000 + Fraction(1, 2))
