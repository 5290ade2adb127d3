"""The Remotion-style dialect: what its documents mean."""

from fractions import Fraction
from typing import Any

import pytest
from tests.media.timeline.compositions import ASSETS, composition, item, only, timeline
from tests.media.timeline.documents import clip, document, notes

from telecine.media.timeline.dialects import dialect, parse
from telecine.media.timeline.model import (
    Captions,
    Colour,
    Curve,
    Image,
    Placement,
    Rect,
    Svg,
    Text,
    TextBackground,
    Video,
    Word,
)
from telecine.media.timeline.remotion import parse_remotion
from telecine.media.timeline.rv import parse_rv

_WHOLE = Placement(width=1280, height=720)


def test_the_documented_composition_is_read() -> None:
    document: dict[str, object] = {
        "fps": 30,
        "compositionWidth": 1920,
        "compositionHeight": 1080,
        "tracks": [
            {"id": "track-1", "trackType": "video", "name": "Main", "items": ["item-1"]}
        ],
        "items": {
            "item-1": {
                "id": "item-1", "type": "video", "assetId": "asset-1", "from": 0,
                "durationInFrames": 150,
            },
        },
        "assets": {
            "asset-1": {
                "id": "asset-1", "type": "video", "remoteUrl": "https://cdn.kvid.ai/clip.mp4",
                "durationInSeconds": 5,
            },
        },
    }  # fmt: skip

    parsed = parse_remotion(document)

    assert parsed.problems == parsed.warnings == ()
    assert parsed.timeline is not None
    assert (parsed.timeline.width, parsed.timeline.height) == (1920, 1080)
    assert parsed.timeline.duration_frames == 150
    (found,) = parsed.timeline.tracks[0].clips
    assert found.id == "item-1"
    assert found.placement == Placement(width=1920, height=1080)
    assert found.style.fit == "contain"
    assert isinstance(found.content, Video)
    assert found.content.source.src == "https://cdn.kvid.ai/clip.mp4"
    assert found.sound is not None


def test_an_empty_project_is_a_composition_of_no_frames() -> None:
    empty = {"fps": 30, "compositionWidth": 1920, "compositionHeight": 1080, "tracks": [],
             "items": {}, "assets": {}}  # fmt: skip

    parsed = parse(empty)

    assert parsed.timeline is not None
    assert parsed.timeline.duration_frames == 0
    assert notes(parsed) == [("tracks", "EMPTY")]


def test_size_and_rate_have_the_editors_values_where_they_are_left_out() -> None:
    parsed = parse_remotion({"items": {"a": item("solid")}, "tracks": [{"items": ["a"]}]})

    assert parsed.timeline is not None
    assert (parsed.timeline.width, parsed.timeline.height) == (1920, 1080)
    assert parsed.timeline.frame_rate == 30


@pytest.mark.parametrize(
    ("document", "name"),
    [
        (document(clip("rect")), "rv"),
        (composition(item("solid")), "remotion"),
        ({"fps": 0}, "remotion"),
        ({"meta": {}, "fps": 30}, "rv"),
        ({}, "rv"),
        (None, "rv"),
        ([], "rv"),
    ],
)
def test_the_dialect_is_told_by_the_keys_of_the_root(document: object, name: str) -> None:
    assert dialect(document) == name


def test_frames_are_kept_at_a_broadcast_rate() -> None:
    found = timeline(item("solid", **{"from": 1001, "durationInFrames": 1}), fps=29.97)

    assert found.frame_rate == Fraction(30_000, 1001)
    (solid,) = found.tracks[0].clips
    assert (solid.start_frame, solid.end_frame) == (1001, 1002)


@pytest.mark.parametrize("kind", ["image", "video", "gif"])
def test_media_without_a_place_fill_the_canvas_and_keep_their_shape(kind: str) -> None:
    names = {"image": "picture", "video": "film", "gif": "moving"}

    found = only(kind, assetId=names[kind])

    assert found.placement == _WHOLE
    assert found.style.fit == "contain"


def test_a_box_is_measured_from_the_top_left() -> None:
    found = only("solid", left=100, top=50, width=200, height=100, rotation=30, color="#f00")

    assert found.placement == Placement(x=-440, y=-260, width=200, height=100, rotation=30)
    assert found.content == Rect(paint=Colour(red=1, green=0, blue=0))


def test_a_crop_hides_the_edges_of_the_box() -> None:
    found = only("image", assetId="picture", left=0, top=0, width=400, height=200, cropLeft=0.25,
                 cropBottom=0.5)  # fmt: skip

    assert found.placement == Placement(x=-390, y=-310, width=300, height=100)
    assert (found.style.crop.left, found.style.crop.bottom) == (0.25, 0.5)


def test_an_empty_transition_is_none() -> None:
    assert only("solid", transition={}).transition_in is None


def test_what_may_lose_its_shape_fills_its_box() -> None:
    assert only("image", assetId="picture", keepAspectRatio=False).style.fit == "fill"


def test_an_image_may_be_a_drawing_until_its_asset_has_a_file() -> None:
    markup = "<svg viewBox='0 0 1 1'/>"
    drawn = {"art": {"type": "svg", "svg": markup}}
    filed = {"art": {"type": "svg", "svg": markup, "remoteUrl": "a.png"}}

    (drawing,) = timeline(item("image", assetId="art"), assets=drawn).tracks[0].clips
    (picture,) = timeline(item("image", assetId="art"), assets=filed).tracks[0].clips

    assert isinstance(drawing.content, Svg)
    assert drawing.content.svg == markup
    assert isinstance(picture.content, Image)


def test_a_text_has_the_editors_defaults() -> None:
    found = only("text", text="Hello", left=80, top=40)

    assert isinstance(found.content, Text)
    assert (found.content.font.size, found.content.align) == (80, "left")
    assert found.placement == Placement(x=40, y=-320, width=1200, anchor=(0.5, 0.0))


def test_every_field_of_a_text_is_read() -> None:
    found = only(
        "text", text="Hello", left=0, top=0, width=640, height=90, color="#00f", align="right",
        fontFamily="Roboto", fontStyle={"variant": "italic", "weight": "700"}, fontSize=50,
        lineHeight=1.5, letterSpacing=2, direction="rtl", strokeWidth=3, strokeColor="#fff",
        resizeOnEdit=True, isDraggingInTimeline=False, opacity=0.5,
        background={"color": "#000", "horizontalPadding": 20, "borderRadius": 8},
        fadeInDurationInSeconds=0.5, fadeOutDurationInSeconds=0.25,
    )  # fmt: skip

    text = found.content
    assert isinstance(text, Text)
    assert (text.font.family, text.font.weight, text.font.is_italic) == ("Roboto", 700, True)
    assert (text.font.size, text.line_height, text.letter_spacing) == (50, 1.5, 2)
    assert (text.align, text.direction) == ("right", "rtl")
    assert text.background == TextBackground(
        colour=Colour(red=0, green=0, blue=0), horizontal_padding=20, corner_radius=8
    )
    assert found.style.opacity == 0.5
    assert found.style.stroke is not None
    assert found.style.stroke.width == 3
    fades = [(each.kind, each.duration_seconds) for each in found.animations]
    assert fades == [("fadeIn", 0.5), ("fadeOut", 0.25)]


def test_every_field_of_a_video_is_read() -> None:
    found = only(
        "video", assetId="film", videoStartFromInSeconds=1, decibelAdjustment=-6, playbackRate=2,
        audioFadeInDurationInSeconds=0.5, audioFadeOutDurationInSeconds=0.75, borderRadius=12,
        cropLeft=0.1, cropTop=0.2, cropRight=0.3, cropBottom=0.4, keepAspectRatio=True,
    )  # fmt: skip

    assert isinstance(found.content, Video)
    assert (found.content.trim_start_seconds, found.content.rate) == (1, 2)
    assert found.sound is not None
    assert found.sound.gain == pytest.approx(0.501, abs=0.001)
    assert (found.sound.fade_in_seconds, found.sound.fade_out_seconds) == (0.5, 0.75)
    assert found.style.corner_radii == (12.0,) * 4
    crop = found.style.crop
    assert (crop.left, crop.top, crop.right, crop.bottom) == (0.1, 0.2, 0.3, 0.4)


def test_a_sound_and_a_moving_picture_start_where_they_are_told() -> None:
    sound = only("audio", assetId="tune", audioStartFromInSeconds=3, playbackRate=0.5)
    moving = only("gif", assetId="moving", gifStartFromInSeconds=0.5, playbackRate=2)

    assert sound.content is None
    assert sound.sound is not None
    assert (sound.sound.trim_start_seconds, sound.sound.rate) == (3, 0.5)
    assert isinstance(moving.content, Image)
    assert (moving.content.start_seconds, moving.content.rate) == (0.5, 2)


def test_captions_come_from_their_asset_in_pages_by_time() -> None:
    found = only(
        "captions", assetId="said", left=100, top=500, width=1080, height=200, color="#ff0",
        highlightColor="#f00", strokeWidth=4, strokeColor="#000", maxLines=1, fontSize=60,
        captionStartInSeconds=-1,
    )  # fmt: skip

    captions = found.content
    assert isinstance(captions, Captions)
    assert captions.words == (
        Word(text="Hello", start_seconds=1, end_seconds=1.4),
        Word(text="world", start_seconds=1.4, end_seconds=1.9),
    )
    assert (captions.page_seconds, captions.max_lines, captions.font.size) == (1.2, 1, 60)
    assert (captions.position, captions.colour) == ("center", Colour(red=1, green=1, blue=0))
    assert found.placement == Placement(x=0, y=240, width=1080, height=200)


def test_parts_of_a_word_are_joined_where_blanks_begin_words() -> None:
    texts = ["I", " don", "'t", " know", "."]
    captions = [
        {"text": text, "startMs": 100 * index, "endMs": 100 * index + 90}
        for index, text in enumerate(texts)
    ]
    said = {"said": {"type": "caption", "captions": captions}}

    (found,) = timeline(item("captions", assetId="said"), assets=said).tracks[0].clips

    assert isinstance(found.content, Captions)
    assert found.content.words == (
        Word(text="I", start_seconds=0, end_seconds=0.09),
        Word(text="don't", start_seconds=0.1, end_seconds=0.29),
        Word(text="know.", start_seconds=0.3, end_seconds=0.49),
    )


def test_captions_without_a_place_stand_at_the_bottom() -> None:
    captions = only("captions", assetId="said").content

    assert isinstance(captions, Captions)
    assert captions.position == "bottom"


def test_captions_that_say_their_words_a_page_are_not_cut_by_time() -> None:
    captions = only("captions", assetId="said", wordsPerBatch=1).content

    assert isinstance(captions, Captions)
    assert captions.page_seconds is None


def test_the_first_track_is_in_front() -> None:
    items: dict[str, Any] = {name: item("solid") for name in ("front", "middle", "last", "back")}
    tracks = [{"items": ["front"]}, {"items": ["middle", "last"]}, {"items": ["back"]}]

    found = timeline(items=items, tracks=tracks)

    assert found.paint_order == ("back", "middle", "last", "front")


def test_a_z_index_goes_before_the_order_of_tracks() -> None:
    items: dict[str, Any] = {"front": item("solid"), "back": item("solid", zIndex=1)}

    found = timeline(items=items, tracks=[{"items": ["front"]}, {"items": ["back"]}])

    assert found.paint_order == ("front", "back")


def test_the_clips_of_a_template_stay_behind_the_track_in_front() -> None:
    quote = item("template", template="quote", data={"quote": "So it goes."})
    items: dict[str, Any] = {"front": item("solid"), "back": quote}

    found = timeline(items=items, tracks=[{"items": ["front"]}, {"items": ["back"]}])

    assert len(found.paint_order) > 2
    assert found.paint_order[-1] == "front"


def test_a_track_may_be_hidden_or_muted() -> None:
    tracks = [{"items": ["a"], "hidden": True}, {"items": ["b"], "muted": True}]

    found = timeline(item("solid"), item("audio", assetId="tune"), tracks=tracks)

    assert [(track.opacity, track.gain) for track in found.tracks] == [(0, 1), (1, 0)]


def test_the_length_may_be_given() -> None:
    assert timeline(item("solid"), durationInFrames=90).duration_frames == 90
    assert timeline(item("solid"), durationInFrames=30).duration_frames == 30


def test_an_item_may_last_to_the_end_of_the_project() -> None:
    first, second = (
        item("solid", durationInFrames=90),
        item("text", text="", durationInFrames="end"),
    )

    found = timeline(first, {**second, "from": 30})

    assert found.tracks[0].clips[1].end_frame == 90


def test_an_item_may_do_all_that_a_clip_can() -> None:
    frames = [{"frame": 0, "value": 0}, {"frame": 30, "value": 1, "easing": "easeOutQuad"}]
    extra: dict[str, Any] = {
        "keyframes": [{"property": "opacity", "frames": frames}],
        "animations": [{"type": "slideIn", "duration": 0.5}], "kenBurnsEffect": "zoom-in",
        "transition": {"type": "wipe", "duration": 0.5},
        "style": {"filters": [{"type": "blur", "value": 3}]},
    }  # fmt: skip

    in_an_item = only("image", assetId="picture", **extra)
    parsed = parse_rv(document(clip("image", src=ASSETS["picture"]["remoteUrl"], **extra)))  # type: ignore[index]

    assert parsed.timeline is not None
    (in_a_clip,) = parsed.timeline.tracks[0].clips
    for name in ("curves", "animations", "transition_in", "style"):
        assert getattr(in_an_item, name) == getattr(in_a_clip, name), name


def test_left_and_top_may_be_keyframed() -> None:
    frames = [{"time": 0, "value": 0}, {"time": 1, "value": 1080}]

    found = only("solid", left=0, top=0, width=200, height=100,
                 keyframes=[{"property": "left", "frames": frames}])  # fmt: skip

    (curve,) = found.curves
    assert isinstance(curve, Curve)
    assert curve.property == "x"
    assert [point.value for point in curve.points] == [-540, 540]


def test_variables_are_filled_in() -> None:
    found = timeline(item("text", text="Hello, {{name}}"), variables={"name": "Ada"})

    (text,) = found.tracks[0].clips
    assert isinstance(text.content, Text)
    assert text.content.text == "Hello, Ada"


def test_a_composition_brings_its_fonts() -> None:
    found = timeline(
        item("solid"), fonts=[{"src": "brand.ttf", "family": "Brand", "weight": 700}]
    )  # fmt: skip

    assert [(font.family, font.weight) for font in found.fonts] == [("Brand", 700)]


def test_an_item_that_is_null_is_named_as_that() -> None:
    written = composition(item("solid"), items={"a": None})

    parsed = parse(written)

    assert [(each.path, each.message) for each in parsed.problems] == [
        ("tracks[0].items[0]", "This item is null.")
    ]
    assert parsed.warnings == ()  # nothing lasts, but because of the fault


def test_a_file_is_named_by_the_field_that_it_stands_in() -> None:
    written = composition(item("image", assetId="picture"))

    [source] = parse(written).sources

    assert source.path == "assets.picture.remoteUrl"


def test_a_field_that_nothing_reads_is_said_in_good_english() -> None:
    [warning] = parse(composition(item("solid", unknown=1))).warnings

    assert warning.message == "Nothing reads this field of an item."
