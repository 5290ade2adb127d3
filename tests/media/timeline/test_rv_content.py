"""What the clip types of RenderingVideo's documents become, field by field."""

from typing import Any

import pytest
from tests.media.timeline.documents import clip, document, notes, only, timeline

from telecine.media.timeline.easing import EASINGS
from telecine.media.timeline.model import (
    Captions,
    Circle,
    Code,
    Colour,
    Gradient,
    Icon,
    Image,
    PathLine,
    Polygon,
    Rect,
    Svg,
    Text,
    Video,
)
from telecine.media.timeline.reader import MAX_PROBLEMS
from telecine.media.timeline.rv import parse_rv

_RED = Colour(red=1, green=0, blue=0)


def test_gradients_are_read_for_fills_and_grounds() -> None:
    stops = [{"offset": 1, "color": "blue"}, {"offset": 0, "color": "red"}]
    fill = {"type": "radial", "angle": 30, "stops": stops}

    content = only("rect", style={"fill": fill}).content

    assert isinstance(content, Rect)
    assert isinstance(content.paint, Gradient)
    assert (content.paint.kind, content.paint.angle) == ("radial", 30)
    assert [stop.offset for stop in content.paint.stops] == [0, 1]
    assert content.paint.stops[0].colour == _RED


def test_text_has_all_of_its_fields() -> None:
    found = only(
        "text", text="T", direction="rtl", maxLines=3,
        background={"color": "red", "horizontalPadding": 4, "verticalPadding": 2,
                    "borderRadius": 6},
        style={"fontFamily": "Noto Sans", "fontSize": 20, "fontWeight": "bold",
               "fontStyle": "italic", "lineHeight": 1.5, "letterSpacing": 2, "textAlign": "left",
               "textWrap": False, "verticalAlign": "top", "fill": "red"},
    ).content  # fmt: skip

    assert isinstance(found, Text)
    assert (found.font.family, found.font.size) == ("Noto Sans", 20)
    assert (found.font.weight, found.font.is_italic) == (700, True)
    assert (found.line_height, found.letter_spacing, found.align) == (1.5, 2, "left")
    assert (found.is_wrapped, found.vertical_align) == (False, "top")
    assert (found.direction, found.max_lines, found.paint) == ("rtl", 3, _RED)
    assert found.background is not None
    assert (found.background.horizontal_padding, found.background.corner_radius) == (4, 6)


def test_remotion_s_names_are_read_in_a_clip_of_this_dialect() -> None:
    found = only(
        "text", text="T", color="red", align="right", fontSize=30,
        fontStyle={"variant": "italic", "weight": "600"}, strokeColor="red", strokeWidth=2,
        fadeInDurationInSeconds=0.5,
    )  # fmt: skip

    assert isinstance(found.content, Text)
    assert (found.content.paint, found.content.align) == (_RED, "right")
    font = found.content.font
    assert (font.size, font.weight, font.is_italic) == (30, 600, True)
    assert found.style.stroke is not None
    assert [(one.kind, one.duration_seconds) for one in found.animations] == [("fadeIn", 0.5)]


def test_shapes() -> None:
    circle = only("circle", size=50, startAngle=10, endAngle=90).content
    polygon = only("polygon", sides=5, size=40, style={"fill": "red"}).content

    assert isinstance(circle, Circle)
    assert (circle.diameter, circle.start_angle, circle.end_angle) == (50, 10, 90)
    assert isinstance(polygon, Polygon)
    assert (polygon.sides, polygon.diameter, polygon.paint) == (5, 40, _RED)


def test_lines_and_paths() -> None:
    line = only("line", points=[[0, 0], {"x": 10, "y": 5}], style={"stroke": "red"})
    path = only(
        "path", data="M0 0 L9 9", closed=True, drawStart=0.1, drawEnd=0.9, startOffset=2,
        endOffset=3, startArrow=True, arrowSize=9, lineWidth=7, lineCap="round",
        lineJoin="bevel", style={"fill": "red", "stroke": "blue"},
    )  # fmt: skip

    assert isinstance(line.content, PathLine)
    assert (line.content.data, line.content.line_paint) == ("M0 0 L10 5", _RED)
    assert line.style.stroke is None
    found = path.content
    assert isinstance(found, PathLine)
    assert (found.paint, found.is_closed, found.line_width) == (_RED, True, 7)
    assert (found.draw_start, found.draw_end, found.start_offset) == (0.1, 0.9, 2)
    assert (found.has_start_arrow, found.has_end_arrow, found.arrow_size) == (True, False, 9)
    assert (found.cap, found.join) == ("round", "bevel")


def test_round_corners_of_a_line_begin_and_end_at_its_points() -> None:
    found = only("line", points=[[0, 0], [10, 0], [10, 10]], radius=4).content

    assert isinstance(found, PathLine)
    assert found.data == "M0 0 L6 0 Q10 0 10 4 L10 10"


def test_code_icons_and_drawings() -> None:
    code = only("code", code="x = 1", language="python", fontSize=20, selection=[1, [3, 5]]).content
    icon = only("icon", icon="lucide:house", color="red").content
    svg = timeline(
        clip("svg", svg={"$ref": "mark"}), clip("svg", src={"$ref": "file"}),
        assets={"svgs": [{"id": "mark", "svg": "<svg/>"}, {"id": "file", "src": "a.svg"}]},
    )  # fmt: skip

    assert isinstance(code, Code)
    assert (code.code, code.language, code.font.size) == ("x = 1", "python", 20)
    assert (code.font.family, code.selection) == ("monospace", ((1, 1), (3, 5)))
    assert icon == Icon(name="lucide:house", colour=_RED)
    inline, filed = (one.content for one in svg.tracks[0].clips)
    assert isinstance(inline, Svg)
    assert inline.svg == "<svg/>"
    assert isinstance(filed, Svg)
    assert filed.source is not None
    assert (filed.source.src, filed.source.path) == ("a.svg", "assets.svgs[1].src")


@pytest.mark.parametrize(
    "look",
    [{"fill": "red"}, {"style": {"color": "red"}}, {"color": "red", "style": {"fill": "blue"}}],
)
def test_an_icon_has_its_colour_wherever_that_stands(look: dict[str, Any]) -> None:
    found = only("icon", icon="lucide:house", **look).content
    assert isinstance(found, Icon)
    assert found.colour == _RED


def test_fields_of_the_schema_that_change_nothing_here_are_taken_without_a_word() -> None:
    looks = {"cache": True, "cachePadding": 4, "composite": True}
    parsed = parse_rv(
        document(
            clip("rect", style=looks),
            clip("template", template="quote", version="1.0", data={"quote": "Q"}),
        )
    )
    assert (parsed.problems, parsed.warnings) == ((), ())


def test_a_selection_of_places_is_its_lines() -> None:
    found = only("code", code="x", selection=[[[2, 4], [5, 0]]]).content

    assert isinstance(found, Code)
    assert found.selection == ((2, 5),)


def test_videos_are_seen_and_heard() -> None:
    found = only(
        "video", src="a.mp4", source={"start": 1, "end": 4}, volume=0.5, playbackRate=2,
        freezeAfterEnd="blank", fadeIn=0.5,
    )  # fmt: skip

    video, sound = found.content, found.sound
    assert isinstance(video, Video)
    assert (video.trim_start_seconds, video.trim_end_seconds, video.rate) == (1, 4, 2)
    assert video.after_end == "blank"
    assert sound is not None
    assert (sound.trim_start_seconds, sound.trim_end_seconds, sound.rate) == (1, 4, 2)
    assert (sound.gain, sound.fade_in_seconds, sound.keeps_pitch) == (0.5, 0.5, True)


def test_muted_and_reversed_videos_are_not_heard() -> None:
    assert only("video", src="a.mp4", muted=True).sound is None
    assert only("video", src="a.mp4", reverse=True).sound is None


def test_a_looped_video_begins_again() -> None:
    found = only("video", src="a.mp4", loop=True)

    assert isinstance(found.content, Video)
    assert found.content.after_end == "loop"
    assert found.sound is not None
    assert found.sound.is_looped


def test_assets_are_named_by_reference_or_by_id() -> None:
    assets = {"images": [{"id": "pic", "src": "https://a.example/p.png"}]}

    found = timeline(
        clip("image", src={"$ref": "pic"}), clip("image", assetId="pic"), assets=assets
    )
    flat = timeline(clip("image", assetId="pic"), assets={"pic": {"src": "p.png", "type": "image"}})

    contents = [one.content for one in (*found.tracks[0].clips, *flat.tracks[0].clips)]
    assert [one.source.src for one in contents if isinstance(one, Image)] == [
        "https://a.example/p.png", "https://a.example/p.png", "p.png",
    ]  # fmt: skip


def test_sounds_have_all_of_their_fields() -> None:
    found = only(
        "audio", src="a.mp3", source={"start": 2}, volume=0.8, loop=True, playbackRate=1.5,
        fadeIn=1, fadeOut=0.5, pan=-0.5, detune=100, preservePitch=False,
        gainEnvelope=[{"time": 1, "volume": 1}, {"time": 0, "volume": 0, "easing": "easeInQuad"}],
        ducking={"targets": ["voice"], "amount": 0.1, "attack": 0.2, "release": 0.3},
    )  # fmt: skip

    sound = found.sound
    assert found.content is None
    assert sound is not None
    assert (sound.trim_start_seconds, sound.gain, sound.rate) == (2, 0.8, 1.5)
    assert (sound.fade_in_seconds, sound.fade_out_seconds, sound.pan) == (1, 0.5, -0.5)
    assert (sound.detune_cents, sound.keeps_pitch, sound.is_looped) == (100, False, True)
    assert [(point.time_seconds, point.gain) for point in sound.envelope] == [(0, 0), (1, 1)]
    assert sound.envelope[0].easing is EASINGS["easeInQuad"]
    ducking = sound.ducking
    assert ducking is not None
    assert (ducking.targets, ducking.gain) == (("voice",), 0.1)
    assert (ducking.attack_seconds, ducking.release_seconds) == (0.2, 0.3)


def test_a_muted_sound_takes_its_time_and_is_not_heard() -> None:
    frames = [{"time": 0, "value": 1}]
    parsed = parse_rv(
        document(
            clip("audio", src="a.mp3", muted=True, duration=3,
                 keyframes=[{"property": "volume", "frames": frames}]),
            clip("rect", duration=1),
        )
    )  # fmt: skip
    assert parsed.timeline is not None
    sound = parsed.timeline.tracks[0].clips[0].sound
    assert sound is not None
    assert (sound.gain, sound.envelope) == (0, ())
    assert parsed.timeline.duration_frames == 3 * parsed.timeline.frame_rate


def test_a_layout_that_asks_for_a_ground_is_told_that_it_has_none() -> None:
    style = {"fill": "red", "shadowColor": "#000", "opacity": 0.5, "borderRadius": 4}
    parsed = parse_rv(document(clip("layout", children=[clip("rect")], style=style)))
    at = "tracks[0].clips[0].style"
    assert notes(parsed) == [(f"{at}.fill", "NOT_DRAWN"), (f"{at}.shadowColor", "NOT_DRAWN")]


def test_decibels_are_gain_and_loud_is_clamped() -> None:
    quiet = only("audio", src="a.mp3", decibelAdjustment=-20).sound
    loud = parse_rv(document(clip("audio", src="a.mp3", volume=100)))

    assert quiet is not None
    assert quiet.gain == pytest.approx(0.1)
    assert notes(loud) == [("tracks[0].clips[0].volume", "CLAMPED")]


def test_keyframes_of_volume_become_the_envelope() -> None:
    frames = [{"time": 0, "value": 0}, {"time": 1, "value": 2}]

    found = only(
        "audio", src="a.mp3", volume=0.5, keyframes=[{"property": "volume", "frames": frames}]
    )

    assert found.sound is not None
    assert found.sound.gain == 1
    assert [(one.time_seconds, one.gain) for one in found.sound.envelope] == [(0, 0), (1, 2)]
    assert found.curves == ()


@pytest.mark.parametrize("way", ["pop-in", "scale", "bounce", "glow"])
def test_what_the_spoken_word_does_is_read(way: str) -> None:
    words = [{"word": "a", "start": 0, "end": 1}]
    config = {"highlightStyle": way, "highlightColor": "#ff0000"}
    parsed = parse_rv(document(clip("subtitle", words=words, config=config)))
    assert parsed.timeline is not None
    assert parsed.warnings == ()
    content = parsed.timeline.tracks[0].clips[0].content
    assert isinstance(content, Captions)
    assert content.emphasis == way
    assert content.highlight == Colour(red=1, green=0, blue=0)


@pytest.mark.parametrize("mode", ["destination-over", "source-out"])
def test_an_operator_that_shows_nothing_of_a_clip_is_a_warning(mode: str) -> None:
    parsed = parse_rv(document(clip("rect", style={"compositeOperation": mode})))
    assert notes(parsed) == [("tracks[0].clips[0].style.compositeOperation", "NOT_DRAWN")]


@pytest.mark.parametrize(
    "data",
    ["M 0 0 L 1e3,-.5 .5.5z m1-2a1 1 0 01 5 5", "\n M0,0 Q1 2 3 4 t 5 6 H7 v 8 S 1 2 3 4 Z "],
)
def test_path_data_is_taken_as_it_is_written(data: str) -> None:
    assert notes(parse_rv(document(clip("path", data=data)))) == []


@pytest.mark.parametrize(
    "data", ["L 0 0", "M 0 0 L nan nan", "M 0 0 X 5 5", "<path/>", "M 0 0 L 5;5"]
)
def test_a_mistake_in_path_data_is_a_warning(data: str) -> None:
    parsed = parse_rv(document(clip("path", data=data)))
    assert notes(parsed) == [("tracks[0].clips[0].data", "NOT_DRAWN")]


def test_a_family_that_is_nowhere_is_a_warning_with_the_nearest_names() -> None:
    fonts = [{"id": "b", "src": "b.ttf", "family": "Brandon"}]
    clips = [
        clip("text", text="a", style={"fontFamily": name})
        for name in ("Monserat", "BRANDON", "Gotham, Arial", "inter", "Brendon", "Monserat", "Xyz")
    ]
    parsed = parse_rv(document(*clips, assets={"fonts": fonts}))
    assert [(one.path, one.code, one.allowed) for one in parsed.warnings] == [
        ("tracks[0].clips[0].style.fontFamily", "FONT", "Montserrat"),
        ("tracks[0].clips[4].style.fontFamily", "FONT", "Brandon"),
        ("tracks[0].clips[6].style.fontFamily", "FONT", "Inter, Roboto, Noto Serif, …"),
    ]


def test_thousands_of_families_are_read_in_no_time() -> None:
    clips = [clip("text", text="a", fontFamily=f"Family {number}" * 8) for number in range(3_000)]
    parsed = parse_rv(document(*clips))
    assert len(parsed.warnings) == MAX_PROBLEMS


def test_a_scene_in_space_is_refused_with_what_to_do_instead() -> None:
    (problem,) = parse_rv(document(clip("three"))).problems
    assert problem.code == "CLIP_TYPE_UNSUPPORTED"
    assert "`video`" in problem.message


def test_a_mistyped_type_is_told_the_nearest_and_nothing_that_does_not_work() -> None:
    parsed = parse_rv(document(clip("txt")))
    (problem,) = parsed.problems
    assert "'text'" in problem.message
    assert "three" not in problem.allowed
    assert parsed.warnings == ()
