"""Subtitles with their times, written as SubRip and as WebVTT."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Cue:
    """A text and when it is shown. A line break in the text is one on the screen."""

    text: str
    start_ms: int
    end_ms: int


def write_srt(cues: Iterable[Cue]) -> str:
    """Write cues as SubRip: numbered, in UTF-8 with plain line ends."""
    return "\n".join(
        f"{number}\n{_times(cue, point=',')}\n{_lines(cue.text).replace('-->', '→')}\n"
        for number, cue in enumerate(cues, 1)
    )


def write_vtt(cues: Iterable[Cue]) -> str:
    """Write cues as WebVTT."""
    blocks = (f"{_times(cue, point='.')}\n{_escaped(_lines(cue.text))}\n" for cue in cues)
    return "\n".join(["WEBVTT\n", *blocks])


def _times(cue: Cue, *, point: str) -> str:
    return f"{_clock(cue.start_ms, point)} --> {_clock(cue.end_ms, point)}"


def _clock(milliseconds: int, point: str) -> str:
    seconds, rest = divmod(max(0, milliseconds), 1000)
    minutes, seconds = divmod(seconds, 60)
    return f"{minutes // 60:02}:{minutes % 60:02}:{seconds:02}{point}{rest:03}"


def _lines(text: str) -> str:
    """Leave empty lines out: one would end the cue."""
    return "\n".join(line for line in text.splitlines() if line.strip())


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
