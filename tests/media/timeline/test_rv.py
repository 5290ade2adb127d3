"""What RenderingVideo's documents become: canvas, times, places, tracks."""

from fractions import Fraction
from itertools import pairwise

import pytest
from tests.media.timeline.documents import clip, document, faults, notes, only, timeline

from telecine.media.timeline.model import (
    Colour,
    Layout,
    Source,
    Text,
)
from telecine.media.timeline.rv import parse_rv

_RED = Colour(red=1, green=0, blue=0)


class _Known:
    """Answers for one video of 12 s and one file of words."""

    def duration_seconds(self, source: Source) -> float | None:
        return 12.0 if source.src == "a.mp4" else None

    def words(self, source: Source) -> object:
        return {"words": [{"word": source.src, "start": 0, "end": 1}]}


def test_the_documented_example_is_five_seconds_of_text() -> None:
    parsed = parse_rv({
        "meta": {"version": "2.0.0", "width": 1920, "height": 1080, "fps": 30,
                 "background": "#000000"},
        "tracks": [{"clips": [{"type": "text", "text": "Hello World", "start": 0, "duration": 5}]}],
    })  # fmt: skip

    assert parsed.problems == parsed.warnings == ()
    found = parsed.timeline
    assert found is not None
    assert (found.width, found.height, found.frame_rate) == (1920, 1080, Fraction(30))
    assert found.duration_frames == 150
    content = found.tracks[0].clips[0].content
    assert isinstance(content, Text)
    assert (content.text, content.font.family, content.font.size) == ("Hello World", "Inter", 48)
    assert (content.align, content.line_height, content.is_wrapped) == ("center", 1.2, True)


@pytest.mark.parametrize(
    ("fps", "rate"),
    [(30, Fraction(30)), (29.97, Fraction(30_000, 1001)), (23.976, Fraction(24_000, 1001)),
     (59.94, Fraction(60_000, 1001)), (12.5, Fraction(25, 2)), (None, Fraction(30))],
)  # fmt: skip
def test_frame_rates_are_exact(fps: float | None, rate: Fraction) -> None:
    meta = {"version": "2.0.0", "width": 64, "height": 64, "fps": fps}

    parsed = parse_rv({"meta": meta, "tracks": [{"clips": []}]})

    assert parsed.timeline is not None
    assert parsed.timeline.frame_rate == rate


def test_neighbours_neither_gap_nor_overlap_and_halves_round_up() -> None:
    thirds = [clip("rect", start=n * 0.35, duration=0.35) for n in range(40)]
    for item in thirds:
        item["start"] = round(float(str(item["start"])), 10)

    clips = timeline(*thirds).tracks[0].clips

    assert clips[0].end_frame == 11  # 10.5 frames
    pairs = pairwise(clips)
    assert all(first.end_frame == second.start_frame for first, second in pairs)


def test_points_are_from_the_centre_and_sizes_are_shares_of_the_canvas() -> None:
    place = only(
        "rect",
        transform={"x": "25%", "y": -10, "width": "50%", "height": 40, "scale": [2, 3],
                   "rotation": 30, "skew": [5, -5], "anchor": "top-left"},
    ).placement  # fmt: skip

    assert (place.x, place.y, place.width, place.height) == (-320, -10, 640, 40)
    assert (place.scale, place.rotation, place.skew) == ((2, 3), 30, (5, -5))
    assert place.anchor == (0, 0)


def test_without_a_transform_a_clip_is_in_the_centre() -> None:
    place = only("rect").placement

    assert (place.x, place.y, place.width, place.height) == (0, 0, None, None)
    assert (place.scale, place.anchor) == ((1, 1), (0.5, 0.5))


def test_style_wins_over_the_clip_s_own_fields() -> None:
    assert only("rect", opacity=0.5).style.opacity == 0.5
    assert only("rect", opacity=0.5, style={"opacity": 0.25}).style.opacity == 0.25


def test_looks_of_a_clip() -> None:
    style = only(
        "image", src="a.png", crop={"left": 0.1, "right": 0.2}, cropTop=0.3,
        style={
            "objectFit": "cover", "borderRadius": [1, 2, 3, 4], "compositeOperation": "multiply",
            "filters": [{"type": "blur", "value": 3}, {"type": "hue", "value": 90}],
            "shadowColor": "#f00", "shadowBlur": 8, "shadowOffset": [1, 2],
            "stroke": "red", "strokeWidth": 3,
        },
    ).style  # fmt: skip

    assert (style.fit, style.blend, style.corner_radii) == ("cover", "multiply", (1, 2, 3, 4))
    assert (style.crop.left, style.crop.top, style.crop.right, style.crop.bottom) == (
        0.1, 0.3, 0.2, 0.0,
    )  # fmt: skip
    assert [(one.kind, one.value) for one in style.filters] == [("blur", 3), ("hue", 90)]
    assert style.shadow is not None
    assert (style.shadow.colour, style.shadow.blur, style.shadow.offset) == (_RED, 8, (1, 2))
    assert style.stroke is not None
    assert (style.stroke.paint, style.stroke.width) == (_RED, 3)


def test_layouts_hold_clips_that_live_as_long_as_they_do() -> None:
    found = only(
        "layout", transform={"width": 400, "height": 200}, direction="horizontal", gap=8,
        padding=[1, 2, 3, 4], alignItems="center", justifyContent="space-around", clip=True,
        children=[
            {"type": "rect", "start": 5, "duration": 1, "transform": {"width": "50%"}},
            {"type": "layout", "children": [{"type": "text", "text": "T"}]},
        ],
    )  # fmt: skip

    layout = found.content
    assert isinstance(layout, Layout)
    assert (layout.direction, layout.gap, layout.padding) == ("horizontal", 8, (1, 2, 3, 4))
    assert (layout.align, layout.justify, layout.is_clipped) == ("center", "space-around", True)
    rect, inner = layout.children
    assert (rect.start_frame, rect.end_frame, rect.placement.width) == (0, 60, 197)
    assert isinstance(inner.content, Layout)
    assert inner.content.children[0].path == "tracks[0].clips[0].children[1].children[0]"


def test_clips_are_painted_by_z_index_then_start_then_place() -> None:
    parsed = parse_rv({
        **document(),
        "tracks": [
            {"clips": [clip("rect", id="top", zIndex=1), clip("rect", id="late", start=1)]},
            {"clips": [clip("rect", id="early"), clip("audio", id="heard", src="a.mp3")]},
        ],
    })  # fmt: skip

    assert parsed.timeline is not None
    assert parsed.timeline.paint_order == ("early", "late", "top")
    assert notes(parsed) == [("tracks[0].clips[1]", "LAYER_ORDER")]


def test_tracks_have_opacity_and_gain_and_can_be_hidden_and_muted() -> None:
    parsed = parse_rv({
        **document(),
        "tracks": [{"id": "a", "opacity": 0.5, "volume": 2, "clips": []},
                   {"hidden": True, "muted": True, "clips": []}],
    })  # fmt: skip

    assert parsed.timeline is not None
    first, second = parsed.timeline.tracks
    assert (first.id, first.opacity, first.gain) == ("a", 0.5, 2)
    assert (second.id, second.opacity, second.gain) == ("tracks[1]", 0, 0)


def test_fonts_that_the_document_brings() -> None:
    fonts = [{"id": "f", "src": "f.ttf", "family": "Mine", "weight": 700, "style": "italic"}]

    (face,) = timeline(assets={"fonts": fonts}).fonts

    assert (face.family, face.weight, face.is_italic) == ("Mine", 700, True)
    assert (face.source.src, face.source.path) == ("f.ttf", "assets.fonts[0].src")


def test_variables_fill_in_strings_and_whole_values() -> None:
    found = timeline(
        clip("text", text="Hi {{name}}, {{ n }}x", style={"fontSize": "{{size}}"}),
        variables={"name": "Ann", "n": 3, "size": 99},
    )

    content = found.tracks[0].clips[0].content
    assert isinstance(content, Text)
    assert (content.text, content.font.size) == ("Hi Ann, 3x", 99)


@pytest.mark.parametrize(
    ("made", "variables", "path", "near"),
    [
        (clip("text", text="Hi {{nmae}}, {{n}}"), {"name": "Ann", "n": 1}, "text", "name"),
        (clip("text", text="{{NAME}}"), {"name": "Ann", "nave": 1}, "text", "name"),
        (clip("text", text="{{x}}"), {"one": 1, "two": 2}, "text", "one, two"),
        (clip("text", text="Hi {{name}}"), {}, "text", "names in `variables`"),
        (clip("rect", style={"fill": "red", "blendMode": "{{mode}}"}), {"mode": "screen",
         "list": [1]}, None, "a string, a number, true or false"),
        (clip("rect", id="{{my id}}"), {"my id": 1}, None, "up to 64 letters, digits, _, . and -"),
        (clip("template", template="quote", data={"quote": "a {{b}}"}), {"bb": 1}, "data.quote",
         "bb"),
    ],
)  # fmt: skip
def test_a_variable_that_is_not_there_is_a_warning_with_the_nearest_name(
    made: dict[str, object], variables: dict[str, object], path: str | None, near: str
) -> None:
    parsed = parse_rv(document(made, variables=variables))

    assert parsed.problems == ()
    (told,) = parsed.warnings
    assert told.code == "VARIABLE"
    assert told.path == (f"tracks[0].clips[0].{path}" if path else f"variables.{[*variables][-1]}")
    assert told.allowed == near


def test_braces_from_a_variable_are_shown_as_they_are() -> None:
    parsed = parse_rv(document(clip("text", text="{{a}}"), variables={"a": "{{b}}"}))

    assert parsed.warnings == ()
    assert parsed.timeline is not None
    content = parsed.timeline.tracks[0].clips[0].content
    assert isinstance(content, Text)
    assert content.text == "{{b}}"


def test_durations_by_word() -> None:
    clips = [
        clip("rect", duration=4),
        clip("rect", start=1, duration="end"),
        clip("video", src="a.mp4", duration="auto", playbackRate=2),
        clip("video", src="b.mp4", duration="auto", source={"start": 1, "end": 3}),
        clip("image", src="c.png", duration="auto"),
    ]

    parsed = parse_rv(document(*clips), lookup=_Known())

    assert parsed.timeline is not None
    ends = [one.end_frame for one in parsed.timeline.tracks[0].clips]
    assert ends == [120, 120, 180, 60, 150]
    assert notes(parsed) == [("tracks[0].clips[4].duration", "DURATION")]


def test_hidden_clips_are_left_out() -> None:
    assert timeline(clip("rect", hidden=True)).tracks[0].clips == ()


def test_clips_without_ids_are_named_by_their_path_and_doubles_are_renamed() -> None:
    parsed = parse_rv(document(clip("rect", id="a"), clip("rect", id="a"), clip("rect")))

    assert parsed.timeline is not None
    assert [one.id for one in parsed.timeline.tracks[0].clips] == [
        "a", "tracks[0].clips[1]", "tracks[0].clips[2]",
    ]  # fmt: skip
    assert notes(parsed) == [("tracks[0].clips[1].id", "DUPLICATE_ID")]


def test_odd_sizes_lose_a_row() -> None:
    parsed = parse_rv({"meta": {"width": 101, "height": 50, "fps": 10}, "tracks": [{}]})

    assert parsed.timeline is not None
    assert (parsed.timeline.width, parsed.timeline.height) == (100, 50)
    assert ("meta.width", "ODD_SIZE") in notes(parsed)


def test_three_dimensional_clips_are_checked_then_refused() -> None:
    parsed = parse_rv(document(clip("three", objects=[{"type": "box"}, {}])))

    assert faults(parsed) == [
        ("tracks[0].clips[0].objects[1].type", "REQUIRED"),
        ("tracks[0].clips[0].type", "CLIP_TYPE_UNSUPPORTED"),
    ]


@pytest.mark.parametrize(
    ("made", "path"),
    [
        (clip("subtitle", words=[], config={"fontsize": 3}), "config.fontsize"),
        (clip("rect", transition={"type": "fade", "duration": 1, "ease": "hold"}),
         "transition.ease"),
        (clip("rect", crop={"lfet": 0.1}), "crop.lfet"),
        (clip("text", text="a", background={"color": "red", "padding": 3}), "background.padding"),
        (clip("video", src="a.mp4", source={"from": 1}), "source.from"),
        (clip("audio", src="a.mp3", ducking={"target": ["x"]}), "ducking.target"),
    ],
)  # fmt: skip
def test_a_field_that_nobody_reads_in_a_part_of_a_clip_is_a_warning(
    made: dict[str, object], path: str
) -> None:
    parsed = parse_rv(document(made))

    assert notes(parsed) == [(f"tracks[0].clips[0].{path}", "UNKNOWN_FIELD")]


def test_a_field_of_a_track_that_nobody_reads_is_a_warning() -> None:
    track = {"clips": [clip("rect")], "type": "video", "opactiy": 0.5}
    parsed = parse_rv({**document(), "tracks": [track]})

    assert [(each.path, each.allowed) for each in parsed.warnings] == [
        ("tracks[0].opactiy", "opacity")
    ]


def test_another_version_of_the_schema_is_warned_of() -> None:
    meta = {"version": "1.0", "width": 64, "height": 64}
    parsed = parse_rv({"meta": meta, "tracks": [{"clips": [clip("text", text="T")]}]})
    assert notes(parsed) == [("meta.version", "VERSION")]


def test_fields_that_nobody_reads_are_warnings_with_the_nearest_name() -> None:
    made = clip(
        "text", text="a", opactiy=0.5, locked=True, _editor={"x": 1},
        style={"fontsize": 20, "zIndex": 3}, transform={"rotate": 5, "X": 1},
        keyframes=[{"property": "x", "frames": [{"time": 0, "value": 1, "ease": "linear"}]}],
        animations=[{"type": "fadeIn", "duration": 1, "delays": 2, "id": "f"}],
    )  # fmt: skip
    inner = {"type": "rect", "start": 0, "duration": 1, "fil": "#fff", "metadata": {"a": 1}}
    layout = clip("layout", children=[inner])
    meta = {"width": 640, "height": 360, "framerate": 30, "title": "t"}
    parsed = parse_rv(document(made, layout, meta=meta))

    assert parsed.problems == ()
    assert [one.code for one in parsed.warnings] == ["UNKNOWN_FIELD"] * 9
    at = "tracks[0].clips[0]"
    assert {one.path: one.allowed for one in parsed.warnings} == {
        "meta.framerate": "the fields in the reference",
        f"{at}.opactiy": "opacity",
        f"{at}.style.fontsize": "fontSize",
        f"{at}.style.zIndex": "the fields in the reference",
        f"{at}.transform.rotate": "rotation",
        f"{at}.transform.X": "x",
        f"{at}.keyframes[0].frames[0].ease": "easing",
        f"{at}.animations[0].delays": "delay",
        "tracks[0].clips[1].children[0].fil": "fill",
    }


def test_fields_that_are_known_elsewhere_or_private_are_no_warning() -> None:
    made = clip("rect", text="a", fontSize=3, style={"textAlign": "left"}, sides=None, typo=None)
    private = {"$schema": "s", "x-tool": 1, "name": "n", "resizeOnEdit": True}
    assert parse_rv(document({**made, **private})).warnings == ()
