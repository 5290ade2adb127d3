"""Subtitles with their times, written as SubRip and as WebVTT."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

#: However short a text is, it stays for so long, if nothing follows.
_SHORTEST_MS: Final = 1200
#: Recognisers end a word before the voice does: up to so much.
_LINGER_MS: Final = 500
#: Between two that would touch each other nothing is left: no flicker.
_JOIN_MS: Final = 250


@dataclass(frozen=True, slots=True, kw_only=True)
class Cue:
    """A text and when it is shown. A line break in the text is one on the screen."""

    text: str
    start_ms: int
    end_ms: int


def shown_until(spoken: Sequence[tuple[int, int]], *, last_ms: float) -> list[int]:
    """Return until when texts are shown that are spoken from and to so many milliseconds.

    None goes away while it may still be heard, or overlaps the next, or outlasts `last_ms`.
    Subtitles and captions in the picture have this one rule.
    """
    found = []
    for at, (start, end) in enumerate(spoken, start=1):
        following = spoken[at][0] if at < len(spoken) else None
        until = int(min(max(end + _LINGER_MS, start + _SHORTEST_MS), last_ms))
        until = max(until, end)
        if following is not None:
            until = min(until, following)
            if following - until < _JOIN_MS:
                until = following
        found.append(until)
    return found


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
