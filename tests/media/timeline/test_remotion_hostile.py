"""Compositions in the Remotion-style dialect that are wrong: every fault is named, none raised."""

import math
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.media.timeline.compositions import ASSETS, composition, item
from tests.media.timeline.documents import faults, notes
from tests.media.timeline.mutants import mutant, require_complete

from telecine.media.timeline.dialects import parse
from telecine.media.timeline.reader import MAX_PROBLEMS
from telecine.media.timeline.remotion import parse_remotion
from telecine.media.timeline.scene import MAX_CLIPS

_EVERYTHING: Final = [
    composition(
        item("video", assetId="film", left=1, top=2, width=300, height=200, rotation=3),
        item("image", assetId="picture", keyframes=[
            {"property": "left", "frames": [{"frame": 0, "value": 1}, {"time": 1, "value": 2}]},
        ]),
        item("gif", assetId="moving", kenBurnsEffect="pan-left"),
        item("audio", assetId="tune"),
        item("text", text="Hello {{a}}", background={"color": "#fff"}, transform={"scale": 2}),
        item("solid", color="#fff", zIndex=2),
        item("captions", assetId="said", height=200, style={"fontSize": 20}),
        item("circle", size=20, left=3),
        item("template", template="quote", data={"quote": "q"}, durationInFrames="end"),
        item("layout", children=[{"type": "rect"}]),
        variables={"a": math.nan}, fonts=[{"src": "a.ttf", "family": "A"}], durationInFrames=200,
        backgroundColor="#123456",
    )
]  # fmt: skip


@pytest.mark.parametrize(
    ("fields", "path", "code"),
    [
        ({"from": -1}, "from", "RANGE"),
        ({"from": 0.5}, "from", "TYPE"),
        ({"from": None}, "from", "REQUIRED"),
        ({"from": "0"}, "from", "TYPE"),
        ({"from": 10**400}, "from", "TYPE"),
        ({"from": 1e9}, "from", "RANGE"),
        ({"durationInFrames": 0}, "durationInFrames", "RANGE"),
        ({"durationInFrames": -30}, "durationInFrames", "RANGE"),
        ({"durationInFrames": math.nan}, "durationInFrames", "TYPE"),
        ({"durationInFrames": None}, "durationInFrames", "REQUIRED"),
        ({"type": None}, "type", "REQUIRED"),
        ({"type": "hologram"}, "type", "CHOICE"),
        ({"type": []}, "type", "CHOICE"),
        ({"left": "50%"}, "left", "TYPE"),
        ({"width": -1}, "width", "RANGE"),
        ({"rotation": "up"}, "rotation", "TYPE"),
        ({"opacity": 2}, "opacity", "RANGE"),
        ({"color": "puce"}, "color", "COLOUR"),
        ({"transform": 5}, "transform", "TYPE"),
        ({"type": "video"}, "assetId", "REQUIRED"),
        ({"type": "video", "assetId": "gone"}, "assetId", "REFERENCE"),
        ({"type": "image", "assetId": "said"}, "assetId", "REFERENCE"),
        ({"type": "captions", "assetId": "gone"}, "assetId", "REFERENCE"),
    ],
)
def test_each_fault_of_an_item_is_named_with_its_path(
    fields: dict[str, object], path: str, code: str
) -> None:
    parsed = parse_remotion(composition({**item("solid"), **fields}))

    assert (f"items.a.{path}", code) in faults(parsed)
    require_complete(parsed)


@pytest.mark.parametrize(
    ("root", "path", "code"),
    [
        ({"fps": 0}, "fps", "RANGE"),
        ({"fps": -30}, "fps", "RANGE"),
        ({"fps": "30"}, "fps", "TYPE"),
        ({"compositionWidth": 0}, "compositionWidth", "RANGE"),
        ({"compositionHeight": 10**9}, "compositionHeight", "RANGE"),
        ({"compositionHeight": 720.5}, "compositionHeight", "TYPE"),
        ({"durationInFrames": 0}, "durationInFrames", "RANGE"),
        ({"tracks": {}}, "tracks", "TYPE"),
        ({"tracks": [7]}, "tracks[0]", "TYPE"),
        ({"tracks": [{"items": "a"}]}, "tracks[0].items", "TYPE"),
        ({"tracks": [{"items": [7]}]}, "tracks[0].items[0]", "TYPE"),
        ({"tracks": [{"items": ["a", "gone"]}]}, "tracks[0].items[1]", "REFERENCE"),
        ({"items": []}, "items", "TYPE"),
        ({"items": {"a": 7}}, "items.a", "TYPE"),
        ({"items": {"a": None}}, "tracks[0].items[0]", "REFERENCE"),
        ({"assets": 7}, "assets", "TYPE"),
        ({"backgroundColor": "puce"}, "backgroundColor", "COLOUR"),
        ({"fonts": [{"src": "a.ttf"}]}, "fonts[0].family", "REQUIRED"),
    ],
)
def test_each_fault_of_the_whole_is_named_with_its_path(
    root: dict[str, object], path: str, code: str
) -> None:
    parsed = parse_remotion(composition(item("solid"), **root))

    assert (path, code) in faults(parsed)
    require_complete(parsed)


def test_too_many_items_are_refused_once() -> None:
    many: dict[str, object] = {str(index): {} for index in range(MAX_CLIPS + 1)}

    parsed = parse_remotion(composition(items=many, tracks=[{"items": list(many)}]))

    assert faults(parsed) == [("items", "TOO_MANY")]


def test_ids_of_no_items_are_given_up_soon() -> None:
    tracks = [{"items": ["gone"] * MAX_CLIPS} for _ in range(50)]

    parsed = parse_remotion(composition(item("solid"), tracks=tracks))

    assert parsed.timeline is None
    assert len(parsed.problems) <= MAX_PROBLEMS + 1


def test_captions_without_words_are_named() -> None:
    parsed = parse_remotion(composition(item("captions", assetId="picture")))

    assert ("assets.picture.words", "REQUIRED") in faults(parsed)


def test_an_item_on_two_tracks_is_drawn_once_with_a_warning() -> None:
    parsed = parse(composition(item("solid"), tracks=[{"items": ["a", "a"]}, {"items": ["a"]}]))

    assert parsed.timeline is not None
    assert [len(track.clips) for track in parsed.timeline.tracks] == [1, 0]
    assert notes(parsed) == [("tracks[0].items[1]", "TWICE"), ("tracks[1].items[0]", "TWICE")]


def test_an_item_on_no_track_is_warned_of() -> None:
    parsed = parse(composition(item("solid"), item("hologram"), tracks=[{"items": ["a"]}]))

    assert notes(parsed) == [("items.b", "UNUSED")]


def test_items_that_are_seen_at_once_on_one_track_are_warned_of() -> None:
    parsed = parse(composition(item("solid"), {**item("solid"), "from": 59}))

    assert notes(parsed) == [("tracks[0].items", "ITEM_OVERLAP")]


def test_items_that_follow_one_another_are_not_warned_of() -> None:
    parsed = parse(composition({**item("solid"), "from": 60}, item("solid")))

    assert notes(parsed) == []


@pytest.mark.parametrize(
    ("root", "path"),
    [
        ({"compositionHieght": 720}, "compositionHieght"),
        ({"tracks": [{"items": ["a"], "mutted": True}]}, "tracks[0].mutted"),
        ({"items": {"a": item("solid", colour="#fff")}}, "items.a.colour"),
        ({"items": {"a": item("solid", start=1)}}, "items.a.start"),
        ({"items": {"a": item("solid", style={"colour": "#fff"})}}, "items.a.style.colour"),
    ],
)
def test_a_field_that_nobody_reads_is_warned_of(root: dict[str, Any], path: str) -> None:
    parsed = parse(composition(item("solid"), **root))

    assert notes(parsed) == [(path, "UNKNOWN_FIELD")]


def test_what_editors_keep_for_themselves_is_not_warned_of() -> None:
    kept = item("solid", isDraggingInTimeline=True, metadata={"a": 1}, locked=True, _mine=1)

    parsed = parse(composition(kept, deletedAssets=[], metadata={}, title="A", assets=ASSETS))

    assert notes(parsed) == []


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_no_change_to_a_composition_makes_the_reader_raise(data: st.DataObject) -> None:
    require_complete(parse_remotion(mutant(data, _EVERYTHING)))
