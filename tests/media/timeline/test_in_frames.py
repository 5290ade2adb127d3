"""From seconds to frames: the same film, whatever the document uses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest
from msgspec.structs import fields, replace
from tests.media.timeline.compositions import composition, item
from tests.media.timeline.documents import clip, document

from telecine.media.timeline import otio, otio_reading
from telecine.media.timeline.dialects import dialect, parse
from telecine.media.timeline.in_frames import in_frames
from telecine.media.timeline.model import Timeline

_GALLERY: Final = Path(__file__).parent.parent / "render" / "gallery"
_DOCUMENTS: Final = [
    each
    for path in sorted(_GALLERY.rglob("*.json"))
    if dialect(each := json.loads(path.read_text("utf-8"))) == "rv"
]


def _bare(value: Any) -> Any:
    """Leave out where in its document a thing stands, and its name, which may follow from that."""
    if isinstance(value, msgspec.Struct):
        return {
            each.name: _bare(getattr(value, each.name))
            for each in fields(value)
            if each.name not in ("path", "id", "easing")
        }
    return [_bare(each) for each in value] if isinstance(value, tuple) else value


def _film(written: object) -> Any:
    parsed = parse(written)
    assert parsed.problems == ()
    timeline = parsed.timeline
    assert isinstance(timeline, Timeline)
    clips = {clip.id: clip for track in timeline.tracks for clip in track.clips}
    painted = [
        [
            _bare(clips[clip_id])
            for clip_id in timeline.paint_order
            if clips[clip_id].start_frame <= frame < clips[clip_id].end_frame
        ]
        for frame in range(timeline.duration_frames)
    ]
    return _bare(replace(timeline, paint_order=())), painted


@pytest.mark.parametrize("written", _DOCUMENTS, ids=[str(each.get("name")) for each in _DOCUMENTS])
def test_the_gallery_is_the_same_film_in_frames(written: dict[str, Any]) -> None:
    assert _film(in_frames(written)) == _film(written)


def test_what_is_in_front_stays_there() -> None:
    written = document(clip("rect", zIndex=2), clip("circle", size=3))
    written["tracks"].append({"clips": [clip("rect", start=1), clip("rect", zIndex=-1.5)]})  # type: ignore[attr-defined]

    assert _film(in_frames(written)) == _film(written)


def test_names_assets_and_the_canvas_are_kept() -> None:
    assets = {"images": [{"id": "i", "src": "a.png"}]}
    written = document(
        clip("image", id="face", src={"$ref": "i"}), clip("rect", id="face", duration="end"),
        assets=assets, variables={"a": 1},
    )  # fmt: skip

    found = in_frames(written)

    assert list(found["items"]) == ["face", "clip-1-2"]
    assert (found["assets"], found["variables"]) == (assets, {"a": 1})
    assert (found["fps"], found["compositionWidth"]) == (30, 1280)


def test_a_composition_in_frames_stays_as_it_is() -> None:
    assert in_frames(composition(item("solid"))) == composition(item("solid"))


def test_a_composition_with_faults_is_not_translated() -> None:
    with pytest.raises(ValueError, match="without faults"):
        in_frames(document(clip("hologram")))


@pytest.mark.parametrize("written", _DOCUMENTS, ids=[str(each.get("name")) for each in _DOCUMENTS])
def test_the_gallery_goes_to_other_editors_and_back(written: dict[str, Any]) -> None:
    translated = in_frames(written)

    back = otio_reading.read(json.loads(json.dumps(otio.write(translated, name=""))))

    assert back.problems == ()
    assert back.composition == translated
