"""A timeline at another rate: the same instants, on the nearest frames."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from typing import Any

import pytest

from telecine.media.timeline.model import Layout, Timeline
from telecine.media.timeline.retime import retimed
from telecine.media.timeline.rv import parse_rv


def timeline(*clips: dict[str, Any], fps: int = 30) -> Timeline:
    shown = {
        "type": "rect",
        "shape": {"width": 10, "height": 10},
        "style": {"backgroundColor": "red"},
    }
    document = {
        "meta": {"version": "2.0.0", "width": 160, "height": 90, "fps": fps},
        "tracks": [{"clips": [{**shown, **clip} for clip in clips]}],
    }
    parsed = parse_rv(document)
    assert parsed.timeline is not None, parsed.problems
    return parsed.timeline


def spans(line: Timeline) -> list[tuple[int, int]]:
    return [(clip.start_frame, clip.end_frame) for track in line.tracks for clip in track.clips]


@pytest.mark.parametrize("rate", [Fraction(60), Fraction(24), Fraction(30000, 1001), Fraction(1)])
def test_neighbours_stay_neighbours_and_the_end_is_the_end(rate: Fraction) -> None:
    line = timeline(*({"start": n / 2, "duration": 0.5} for n in range(8)))
    other = retimed(line, rate)
    found = spans(other)
    assert all(end == start for (_, end), (start, _) in pairwise(found))
    assert found[-1][1] == other.duration_frames == round(4 * rate)
    assert other.frame_rate == rate


def test_the_same_rate_is_the_same_timeline() -> None:
    line = timeline({"start": 0, "duration": 1})
    assert retimed(line, Fraction(30)) is line


def test_a_clip_between_two_frames_is_left_out() -> None:
    line = timeline({"start": 0, "duration": 1}, {"start": 0.1, "duration": 0.1, "zIndex": 3})
    other = retimed(line, Fraction(2))
    assert (len(spans(line)), spans(other), len(other.paint_order)) == (2, [(0, 2)], 1)


def test_what_lies_in_a_layout_moves_along() -> None:
    child = {"type": "text", "text": "Hi"}
    line = timeline({"type": "layout", "children": [child], "start": 1, "duration": 1})
    shown = retimed(line, Fraction(10)).tracks[0].clips[0].content
    assert isinstance(shown, Layout)
    assert [(each.start_frame, each.end_frame) for each in shown.children] == [(10, 20)]
