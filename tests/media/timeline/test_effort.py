"""How much work a film is: only the order of things is promised."""

from __future__ import annotations

from typing import Any

from telecine.media.timeline.dialects import parse
from telecine.media.timeline.effort import effort

PIXELS = 1280 * 720
FRAMES = 300
FULL = {"width": "100%", "height": "100%"}
HALF = {"width": "50%", "height": "50%"}
ZOOM = [{"property": "scale", "frames": [{"time": 0, "value": 1}, {"time": 9, "value": 2}]}]
TEXT = {"type": "text", "text": "a"}
VIDEO = {"type": "video", "src": "https://example.com/v.mp4", "transform": FULL}


def of(*clips: dict[str, Any], size: tuple[int, int] = (1280, 720)) -> float:
    shown = {
        "meta": {"version": "2.0.0", "width": size[0], "height": size[1], "fps": 30},
        "tracks": [{"clips": [{"start": 0, "duration": 10, **clip} for clip in clips]}],
    }
    timeline = parse(shown).timeline
    assert timeline is not None
    return effort(timeline)


def test_what_stands_still_is_only_encoded() -> None:
    assert of(TEXT) == of(TEXT, TEXT) == PIXELS * FRAMES


def test_what_moves_is_more_and_a_video_more_still() -> None:
    moving = of({**TEXT, "keyframes": ZOOM})
    picture = of({"type": "image", "src": "a.png", "transform": FULL, "keyframes": ZOOM})
    assert of(TEXT) < moving < picture < of(VIDEO)


def test_a_video_counts_by_its_box_and_its_time() -> None:
    whole = of(VIDEO) - of(TEXT)
    assert of({**VIDEO, "transform": HALF}) - of(TEXT) == whole / 4
    assert of({**VIDEO, "duration": 5}, TEXT) - of(TEXT) == whole / 2


def test_a_filter_on_a_video_is_more() -> None:
    assert of({**VIDEO, "style": {"filters": [{"type": "blur", "value": 4}]}}) > of(VIDEO)


def test_four_times_the_pixels_are_four_times_the_work() -> None:
    assert of(VIDEO, size=(2560, 1440)) == 4 * of(VIDEO)


def test_children_of_a_layout_count_too() -> None:
    layout = {"type": "layout", "transform": FULL, "children": [{**VIDEO, "transform": HALF}]}
    assert of(layout) > of(TEXT)
