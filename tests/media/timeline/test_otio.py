"""OpenTimelineIO, out and in: nothing is lost on the way, and what others change is taken over."""

from __future__ import annotations

import copy
import json
import math
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.media.timeline.compositions import ASSETS, composition, item
from tests.media.timeline.documents import clip, document
from tests.media.timeline.mutants import mutant

from telecine import templates
from telecine.media.timeline import otio, otio_reading
from telecine.media.timeline.dialects import dialect, parse

_GALLERY: Final = Path(__file__).parent.parent / "render" / "gallery"
_ITEMS: Final = [
    json.loads(path.read_text("utf-8")) for path in sorted(_GALLERY.rglob("item-*.json"))
]
_RICH: Final = composition(
    item("video", assetId="film", videoStartFromInSeconds=1.5, playbackRate=2, name="Beach"),
    {**item("image", assetId="picture"), "from": 75},
    item("text", text="Over the\nvideo", hidden=True, _mine={"a": [1, 2.0]}),
    item("audio", assetId="tune", audioStartFromInSeconds=0.1),
    item("captions", assetId="said", captionStartInSeconds=-1),
    item("solid", durationInFrames="end", markers=[{"frame": 3, "name": "here", "note": 1}]),
    item("solid"),
    tracks=[
        {"id": "t1", "name": "Main", "items": ["a", "c", "b"], "muted": True, "mine": 1},
        {"id": "t2", "items": ["d"], "hidden": True},
        {"items": ["e", "a", "f"]},
        {"id": "empty"},
    ],
    markers=[{"frame": 30, "durationInFrames": 15, "name": "Chorus", "color": "GREEN"}],
    fps=29.97, deletedAssets=[], metadata={"by": "me"},
)  # fmt: skip
_ALL: Final = [
    *_ITEMS,
    _RICH,
    *(each.composition(shape) for each in templates.known().values() for shape in ("wide", "tall")),
]
#: The first track of _RICH, near the end of the stack: what overlaps lies above it.
_MAIN: Final = 4
_SECOND: Final = 3


def _sent(written: object) -> Any:
    return json.loads(json.dumps(written))


def _read(written: object) -> dict[str, Any]:
    imported = otio_reading.read(_sent(written))
    assert imported.problems == imported.warnings == ()
    assert imported.composition is not None
    return imported.composition


def _only_clip(name: str = "Clip") -> dict[str, Any]:
    return {
        "OTIO_SCHEMA": "Clip.1", "name": name,
        "source_range": otio.time_range(24, 48, 24),
        "media_reference": {
            "OTIO_SCHEMA": "ExternalReference.1", "target_url": "https://example.com/a%20b.mov",
        },
    }  # fmt: skip


def _foreign(*tracks: dict[str, Any]) -> dict[str, Any]:
    return {
        "OTIO_SCHEMA": "Timeline.1", "name": "Cut 3", "global_start_time": None,
        "tracks": {"OTIO_SCHEMA": "Stack.1", "children": list(tracks)},
    }  # fmt: skip


def _track(*children: dict[str, Any], kind: str = "Video") -> dict[str, Any]:
    return {"OTIO_SCHEMA": "Track.1", "name": "V1", "kind": kind, "children": list(children)}


@pytest.mark.parametrize("written", _ALL, ids=range(len(_ALL)))
def test_a_composition_comes_back_as_it_was(written: dict[str, Any]) -> None:
    back = _read(otio.write(written, name="Mine"))

    assert back == written
    assert json.dumps(back) == json.dumps(written)  # in the same order, too


def test_the_name_comes_back() -> None:
    assert otio_reading.read(otio.write(_RICH, name="Holidays")).name == "Holidays"


if sys.version_info < (3, 14):  # the library has no wheels for more
    import opentimelineio

    @pytest.mark.parametrize("written", _ALL, ids=range(len(_ALL)))
    def test_the_library_reads_it_and_what_it_writes_is_read(written: dict[str, Any]) -> None:
        text = json.dumps(otio.write(written, name="Mine"))

        timeline = opentimelineio.adapters.read_from_string(text, "otio_json")
        again = opentimelineio.adapters.write_to_string(timeline, "otio_json")

        assert isinstance(timeline, opentimelineio.schema.Timeline)
        assert _read(json.loads(again)) == written

    def test_the_library_finds_the_clips_where_they_are() -> None:
        text = json.dumps(otio.write(_RICH, name="Mine"))

        timeline = opentimelineio.adapters.read_from_string(text, "otio_json")

        tracks = list(timeline.tracks)
        assert [track.kind for track in tracks] == [
            "Video",
            "Video",
            "Video",
            "Audio",
            "Video",
            "Video",
        ]
        assert not tracks[_SECOND].enabled
        beach, picture = tracks[_MAIN].find_clips()
        assert (beach.name, picture.name) == ("Beach", "b")
        assert beach.range_in_parent().duration.value == 60
        assert beach.source_range.start_time.to_seconds() == pytest.approx(1.5)
        assert [effect.time_scalar for effect in beach.effects] == [2]
        assert beach.media_reference.target_url == "https://example.com/a.mp4"
        assert beach.media_reference.available_range.duration.to_seconds() == pytest.approx(5)
        assert picture.range_in_parent().start_time.value == 75
        (marker,) = timeline.tracks.markers
        assert (marker.name, marker.color) == ("Chorus", "GREEN")
        assert marker.marked_range.start_time.value == 30


def test_what_another_editor_changed_is_taken_over() -> None:
    written = _sent(otio.write(_RICH, name="Mine"))
    beach = written["tracks"]["children"][_MAIN]["children"][0]
    beach["name"] = "Shore"
    beach["source_range"] = otio.time_range(60, 30, 30)
    beach["effects"] = []
    beach["enabled"] = False
    beach["media_references"]["DEFAULT_MEDIA"]["target_url"] = "https://example.com/new.mp4"
    written["tracks"]["markers"][0]["name"] = "Verse"

    back = _read(written)

    changed = back["items"]["a"]
    assert changed == {
        **_RICH["items"]["a"], "name": "Shore", "videoStartFromInSeconds": 2.0,  # type: ignore[index]
        "durationInFrames": 30, "playbackRate": 1.0, "hidden": True, "assetId": changed["assetId"],
    }  # fmt: skip
    assert back["assets"][changed["assetId"]]["remoteUrl"] == "https://example.com/new.mp4"
    assert back["assets"]["film"] == ASSETS["film"]
    assert back["items"]["b"]["from"] == 45
    assert back["markers"] == [{**_RICH["markers"][0], "name": "Verse"}]  # type: ignore[index]
    assert back["items"]["e"] == _RICH["items"]["e"]  # type: ignore[index]


def test_a_clip_that_was_removed_is_gone() -> None:
    written = _sent(otio.write(_RICH, name="Mine"))
    del written["tracks"]["children"][_MAIN]["children"][0]

    back = _read(written)

    assert "a" not in back["items"]
    assert back["tracks"][0]["items"] == ["c", "b"]


def test_a_clip_that_was_copied_becomes_a_second_item() -> None:
    written = _sent(otio.write(_RICH, name="Mine"))
    main = written["tracks"]["children"][_MAIN]["children"]
    main.append(copy.deepcopy(main[0]))

    back = _read(written)

    *_, second = back["tracks"][0]["items"]
    assert back["items"][second] == {**_RICH["items"]["a"], "from": 135}  # type: ignore[index]


def test_a_clip_that_was_moved_to_another_track_is_there_alone() -> None:
    written = _sent(otio.write(_RICH, name="Mine"))
    tracks = written["tracks"]["children"]
    tracks[_SECOND]["children"] = [tracks[_MAIN]["children"].pop(0)]

    back = _read(written)

    assert back["tracks"][0]["items"] == ["c", "b"]
    assert back["tracks"][1]["items"] == ["a"]


def test_a_file_of_another_editor_becomes_a_composition() -> None:
    gap = {"OTIO_SCHEMA": "Gap.1", "source_range": otio.time_range(0, 24, 24)}
    fade = {
        "OTIO_SCHEMA": "Transition.1", "transition_type": "SMPTE_Dissolve",
        "in_offset": otio.rational(6, 24), "out_offset": otio.rational(6, 24),
    }  # fmt: skip
    voice = {**_only_clip("Voice"), "media_reference": {
        "OTIO_SCHEMA": "ExternalReference.1", "target_url": "file:///a/voice.wav"}}  # fmt: skip

    imported = otio_reading.read(_foreign(
        _track(gap, _only_clip("One"), fade, _only_clip("Two")), _track(voice, kind="Audio")
    ))  # fmt: skip

    assert imported.problems == ()
    assert imported.name == "Cut 3"
    found = imported.composition
    assert found is not None
    assert found["fps"] == 24
    audio, video = found["tracks"]
    one, two = (found["items"][each] for each in video["items"])
    assert (one["from"], one["durationInFrames"], two["from"]) == (24, 48, 72)
    assert (one["type"], one["name"], one["videoStartFromInSeconds"]) == ("video", "One", 1.0)
    assert "transition" not in one
    assert two["transition"] == {"type": "fade", "duration": 0.5}
    assert one["assetId"] == two["assetId"]
    asset = found["assets"][one["assetId"]]
    assert (asset["remoteUrl"], asset["filename"]) == ("https://example.com/a%20b.mov", "a b.mov")
    (voice_id,) = audio["items"]
    assert found["items"][voice_id]["type"] == "audio"
    assert dialect(found) == "remotion"


@pytest.mark.parametrize(
    ("ending", "kind"), [("png", "image"), ("GIF", "gif"), ("mp3", "audio"), ("mxf", "video")]
)
def test_what_a_clip_is_is_told_by_its_file(ending: str, kind: str) -> None:
    one = _only_clip()
    one["media_reference"]["target_url"] = f"https://example.com/a.{ending}?b=c.txt"

    imported = otio_reading.read(_foreign(_track(one)))

    assert imported.composition is not None
    (found,) = imported.composition["items"].values()
    assert found["type"] == kind


def test_a_clip_without_media_is_black() -> None:
    one = {**_only_clip("Slug"), "media_reference": {"OTIO_SCHEMA": "MissingReference.1"}}

    imported = otio_reading.read(_foreign(_track(one)))

    assert imported.composition is not None
    assert parse(imported.composition).problems == ()


def _without_times(one: dict[str, Any]) -> None:
    del one["source_range"]


def _of_no_rate(one: dict[str, Any]) -> None:
    one["source_range"]["duration"]["rate"] = 0


def _backwards(one: dict[str, Any]) -> None:
    one["source_range"]["duration"]["value"] = -1


def _endless(one: dict[str, Any]) -> None:
    one["source_range"]["duration"]["value"] = math.inf


def _nested(one: dict[str, Any]) -> None:
    one["OTIO_SCHEMA"] = "Stack.1"


def _of_years(one: dict[str, Any]) -> None:
    one["source_range"]["duration"]["value"] = 1e9


@pytest.mark.parametrize(
    ("spoil", "path", "code"),
    [
        (_without_times, ".source_range", "REQUIRED"),
        (_of_no_rate, ".source_range.duration.rate", "RANGE"),
        (_backwards, ".source_range.duration", "RANGE"),
        (_endless, ".source_range.duration.value", "TYPE"),
        (_of_years, ".source_range.duration", "RANGE"),
        (_nested, ".OTIO_SCHEMA", "SCHEMA"),
    ],
)
def test_a_fault_is_named_with_its_place(
    spoil: Callable[[dict[str, Any]], None], path: str, code: str
) -> None:
    one = _only_clip()
    spoil(one)

    imported = otio_reading.read(_foreign(_track(one)))

    assert imported.composition is None
    faults = [(problem.path, problem.code) for problem in imported.problems]
    assert (f"tracks.children[0].children[0]{path}", code) in faults


@pytest.mark.parametrize(
    "raw", [None, [], "x", {}, {"OTIO_SCHEMA": "Clip.2"}, document(clip("rect"))]
)
def test_what_is_no_timeline_is_named(raw: object) -> None:
    imported = otio_reading.read(raw)

    assert imported.composition is None
    assert "OTIO_SCHEMA" in {problem.path for problem in imported.problems}


def test_a_composition_in_seconds_is_written_in_frames() -> None:
    found = _read(otio.write(document(clip("rect", id="box", start=1)), name=""))

    assert found["items"]["box"]["from"] == 30
    assert dialect(found) == "remotion"


def test_a_composition_with_faults_is_not_written() -> None:
    with pytest.raises(ValueError, match="without faults"):
        otio.write(composition(item("hologram")), name="")


_WRITTEN: Final = [_sent(otio.write(_RICH, name="Mine")), _foreign(_track(_only_clip()))]


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_no_change_to_a_file_makes_the_reader_raise(data: st.DataObject) -> None:
    imported = otio_reading.read(mutant(data, _WRITTEN))

    assert (imported.composition is None) == bool(imported.problems)
    if imported.composition is not None:
        json.dumps(imported.composition)
        parse(imported.composition)


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_whatever_can_be_rendered_comes_back(data: st.DataObject) -> None:
    changed = mutant(data, [_RICH])
    try:
        sent = json.loads(json.dumps(changed, allow_nan=False))
    except ValueError:
        return  # nobody can send it
    if dialect(sent) == "remotion" and parse(sent).timeline is not None:
        assert _read(otio.write(sent, name="")) == sent


def _timecoded(start: float) -> dict[str, Any]:
    """A clip of ten seconds of a file whose timecode begins at an hour, at 24 frames a second."""
    clip = _only_clip()
    clip["source_range"] = otio.time_range(start, 48, 24)
    clip["media_reference"]["available_range"] = otio.time_range(86400, 240, 24)
    return _foreign(_track(clip))


def test_a_clip_begins_where_it_does_in_its_file_whatever_timecode_that_begins_at() -> None:
    back = _read(_timecoded(86424))

    assert back["items"]["video-1"]["videoStartFromInSeconds"] == 1.0


@pytest.mark.parametrize(
    ("start", "code", "begin"),
    [(86400 + 240, "BEHIND_MEDIA", 10), (24, "BEFORE_MEDIA", 1)],
)
def test_a_clip_of_what_its_file_does_not_have_is_said(start: int, code: str, begin: float) -> None:
    imported = otio_reading.read(_sent(_timecoded(start)))

    assert imported.problems == ()
    assert [(each.path, each.code) for each in imported.warnings] == [
        ("tracks.children[0].children[0].source_range.start_time", code)
    ]
    assert imported.composition is not None
    assert imported.composition["items"]["video-1"]["videoStartFromInSeconds"] == begin


def test_a_hidden_track_with_items_at_the_same_time_keeps_its_id_and_name() -> None:
    written = composition(
        item("solid"), item("solid"),
        tracks=[{"id": "t", "name": "N", "hidden": True, "items": ["a", "b"]}],
    )  # fmt: skip

    assert _read(otio.write(written, name="")) == written


def test_a_track_of_several_can_be_renamed_and_shown_by_another_editor() -> None:
    written = composition(
        item("solid"), item("solid"),
        tracks=[{"id": "t", "name": "N", "hidden": True, "items": ["a", "b"]}],
    )  # fmt: skip
    sent = otio.write(written, name="")
    for track in sent["tracks"]["children"]:
        track.update(name="Other", enabled=True)

    [track] = _read(sent)["tracks"]

    assert track == {"id": "t", "name": "Other", "hidden": False, "items": ["a", "b"]}
