"""SubRip subtitles (.srt), and WebVTT as far as it is the same: read into words, written from pages.

A cue has no times for its words: all of them are there as long as the cue is, and the last ends
its page. Tags and the break between lines are not kept.
"""

from __future__ import annotations

import codecs
import math
import re
from collections.abc import Iterator, Sequence
from typing import Any, Final

import msgspec

from telecine.media.cues import Cue, write_srt
from telecine.media.timeline.captions import captions_of, pages
from telecine.media.timeline.model import Timeline
from telecine.media.timeline.reader import Problem, Report
from telecine.media.timeline.whole import closing

MOST_BYTES: Final = 16 * 2**20
MAX_WORDS: Final = 50_000
_MAX_HOURS: Final = 100
_TIME: Final = r"(?:(\d{1,4}):)?(\d{1,2}):(\d{1,2})[,.](\d{1,3})"
_TIMES: Final = re.compile(rf"\s*{_TIME}\s*-->\s*{_TIME}(?:\s.*)?")
#: Tags of SubRip and WebVTT, and the override codes of other formats that stray into it.
_TAG: Final = re.compile(r"</?[A-Za-z][^<>\n]{0,100}>|\{\\[^{}\n]{0,100}\}|<\d[\d:.]{0,20}>")

Json = dict[str, Any]


class Subtitles(msgspec.Struct, frozen=True, kw_only=True):
    """The cues of a file, in order of time; none where there are problems."""

    cues: tuple[Cue, ...]
    problems: tuple[Problem, ...]


def read(content: bytes) -> Subtitles:
    """Read a file, or say what is wrong with it, by its lines."""
    report = Report()
    text = _decoded(content, report)
    cues = [] if text is None else list(_cues(text, report))
    if text is not None and not cues:
        report.problem("", "EMPTY", "There are no subtitles in this file.", allowed=_EXAMPLE)
    n_words = sum(len(cue.text.split()) for cue in cues)
    if n_words > MAX_WORDS:
        report.problem("", "TOO_MANY", "Too many words.", got=n_words, allowed=f"up to {MAX_WORDS}")
    problems = closing(report)
    cues.sort(key=lambda cue: (cue.start_ms, cue.end_ms))
    return Subtitles(cues=() if problems else tuple(cues), problems=problems)


_EXAMPLE: Final = "1, 00:00:01,000 --> 00:00:02,500, a text, an empty line"


def _decoded(content: bytes, report: Report) -> str | None:
    if len(content) > MOST_BYTES:
        report.problem("", "TOO_LONG", "This file is too large.", allowed="up to 16 MiB")
        return None
    is_wide = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        text = content.decode("utf-16" if is_wide else "utf-8-sig")
    except UnicodeDecodeError as error:
        report.problem(
            "", "ENCODING", "This is not text in UTF-8. Save it again with that encoding.",
            got=f"byte {error.start}", allowed="UTF-8, or UTF-16 with its mark",
        )  # fmt: skip
        return None
    if "\0" in text:
        report.problem("", "ENCODING", "This is no text.", got="a zero byte", allowed="UTF-8")
        return None
    return text


def _cues(text: str, report: Report) -> Iterator[Cue]:
    """Yield the cues: a line of times, then text up to an empty line."""
    lines = text.splitlines()
    number = 0
    while number < len(lines):
        line = lines[number]
        number += 1
        if "-->" not in line:
            continue
        times = _times(line, f"line {number}", report)
        said: list[str] = []
        while number < len(lines) and lines[number].strip() and "-->" not in lines[number]:
            said.append(_TAG.sub("", lines[number]))
            number += 1
        words = " ".join(" ".join(said).split())
        if times and words:
            yield Cue(text=words, start_ms=times[0], end_ms=times[1])


def _times(line: str, path: str, report: Report) -> tuple[int, int] | None:
    match = _TIMES.fullmatch(line)
    if match is None:
        report.problem(
            path, "TIME", "These are no times of a subtitle.", got=line,
            allowed="00:00:01,000 --> 00:00:02,500",
        )  # fmt: skip
        return None
    start, end = _milliseconds(match.groups()[:4]), _milliseconds(match.groups()[4:])
    if not start <= end <= _MAX_HOURS * 3_600_000:
        report.problem(
            path, "RANGE", "This ends before it begins, or days later.", got=line,
            allowed="a later end",
        )  # fmt: skip
        return None
    return start, end


def _milliseconds(parts: Sequence[str | None]) -> int:
    hours, minutes, seconds, rest = ((part or "0") for part in parts)
    whole = (int(hours) * 60 + int(minutes)) * 60 + int(seconds)
    return whole * 1000 + int(rest.ljust(3, "0"))


def words(cues: Sequence[Cue]) -> list[Json]:
    """Return the cues as the `captions` of an asset: each word as long as its cue."""
    found: list[Json] = []
    for cue in cues:
        found += [
            {"text": f" {word}", "startMs": cue.start_ms, "endMs": cue.end_ms}
            for word in cue.text.split()
        ]
        if found:
            found[-1]["break"] = True
    return found


def composition(cues: Sequence[Cue], *, filename: str = "") -> Json:
    """Return a composition of nothing but captions, as long as they are."""
    fps = 30
    end_ms = max((cue.end_ms for cue in cues), default=0)
    asset = {"id": "subtitles", "type": "caption", "filename": filename, "captions": words(cues)}
    item = {
        "id": "captions", "type": "captions", "assetId": "subtitles", "from": 0,
        "durationInFrames": max(math.ceil(end_ms * fps / 1000), 1), "fontSize": 56,
        "fontStyle": {"variant": "normal", "weight": "700"}, "highlightStyle": "none",
        "strokeColor": "#000000", "strokeWidth": 6, "maxLines": 3,
        "pageDurationInMilliseconds": 1,
    }  # fmt: skip
    return {
        "fps": fps, "compositionWidth": 1920, "compositionHeight": 1080,
        "tracks": [{"id": "captions", "name": "Captions", "items": ["captions"]}],
        "items": {"captions": item}, "assets": {"subtitles": asset},
    }  # fmt: skip


def write(timeline: Timeline) -> str:
    """Write what is said as SubRip, a cue for each page; nothing where nothing is said."""
    found: list[Cue] = []
    for clip, captions in captions_of(timeline):
        begin, end = (
            float(frame / timeline.frame_rate) for frame in (clip.start_frame, clip.end_frame)
        )
        for page in pages(captions):
            start, last = max(begin + page.start_seconds, begin), min(begin + page.end_seconds, end)
            if start < last:
                text = " ".join(" ".join(word.text for word in page.words).split())
                found.append(
                    Cue(text=text, start_ms=round(start * 1000), end_ms=round(last * 1000))
                )
    found.sort(key=lambda cue: (cue.start_ms, cue.end_ms))
    return write_srt(found)
