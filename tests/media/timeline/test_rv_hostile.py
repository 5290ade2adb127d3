"""Documents that are wrong, by mistake or on purpose: every fault is named, nothing is raised."""

import json
import math
import time
from pathlib import Path
from typing import Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.media.timeline.documents import clip, document, faults, notes
from tests.media.timeline.mutants import mutant, require_complete

from telecine.media.timeline import rv_captions
from telecine.media.timeline.dialects import parse
from telecine.media.timeline.model import Captions, Source
from telecine.media.timeline.reader import MAX_PROBLEMS
from telecine.media.timeline.rv import parse_rv
from telecine.media.timeline.templates import TEMPLATES

_GALLERY: Final = sorted((Path(__file__).parent.parent / "render" / "gallery").glob("*.json"))
_CLIP: Final = "tracks[0].clips[0]"


@pytest.mark.parametrize("path", _GALLERY, ids=lambda path: path.stem)
def test_the_gallery_is_without_fault(path: Path) -> None:
    parsed = parse(json.loads(path.read_text()))

    assert parsed.problems == parsed.warnings == ()
    assert parsed.timeline is not None


@pytest.mark.parametrize("raw", [None, [], "x", 1, True, math.nan])
def test_what_is_no_object_is_named(raw: object) -> None:
    parsed = parse_rv(raw)

    assert ("", "TYPE") in faults(parsed)
    assert ("meta", "REQUIRED") in faults(parsed)
    require_complete(parsed)


@pytest.mark.parametrize(
    ("fields", "path", "code"),
    [
        ({"type": "hologram"}, ".type", "CHOICE"),
        ({"start": -1}, ".start", "RANGE"),
        ({"start": "0"}, ".start", "TYPE"),
        ({"start": math.nan}, ".start", "TYPE"),
        ({"start": True}, ".start", "TYPE"),
        ({"duration": 0}, ".duration", "RANGE"),
        ({"duration": math.inf}, ".duration", "TYPE"),
        ({"duration": 10**400}, ".duration", "TYPE"),
        ({"opacity": 2}, ".opacity", "RANGE"),
        ({"style": {"fill": "puce"}}, ".style.fill", "COLOUR"),
        ({"style": {"fill": {"type": "linear"}}}, ".style.fill", "REQUIRED"),
        ({"style": {"filters": [{"type": "blur"}]}}, ".style.filters[0].value", "REQUIRED"),
        ({"style": {"borderRadius": [1, 2]}}, ".style.borderRadius", "TOO_FEW"),
        ({"style": {"fontWeight": "heavy"}, "type": "text", "text": ""}, ".style.fontWeight",
         "RANGE"),
        ({"style": 5}, ".style", "TYPE"),
        ({"transform": {"x": "half"}}, ".transform.x", "TYPE"),
        ({"transform": {"width": "-5%"}}, ".transform.width", "RANGE"),
        ({"transform": {"scale": [1, math.nan]}}, ".transform.scale[1]", "TYPE"),
        ({"crop": {"left": 0.5, "right": 0.5}}, ".crop", "RANGE"),
        ({"keyframes": [{"property": "x", "frames": []}]}, ".keyframes[0].frames", "REQUIRED"),
        ({"keyframes": [{"property": "x", "frames": [{"time": 0, "value": math.nan}]}]},
         ".keyframes[0].frames[0].value", "TYPE"),
        ({"keyframes": [{"property": "x", "frames": [{"time": 0, "value": 1, "easing": "fast"}]}]},
         ".keyframes[0].frames[0].easing", "EASING"),
        ({"animations": [{"type": "wobble", "duration": 1}]}, ".animations[0].type", "CHOICE"),
        ({"animations": [{"type": "filter", "duration": 1}]}, ".animations[0].filter", "REQUIRED"),
        ({"animations": [{"type": "fadeIn"}]}, ".animations[0].duration", "REQUIRED"),
        ({"transition": {"type": "explode", "duration": 1}}, ".transition.type", "CHOICE"),
        ({"type": "image"}, ".src", "REQUIRED"),
        ({"type": "image", "src": "file:///etc/passwd"}, ".src", "SOURCE"),
        ({"type": "image", "src": "data:image/png;base64,AAAA"}, ".src", "SOURCE"),
        ({"type": "image", "src": "a\0b"}, ".src", "SOURCE"),
        ({"type": "image", "src": " "}, ".src", "SOURCE"),
        ({"type": "image", "src": {"$ref": "gone"}}, ".src.$ref", "REFERENCE"),
        ({"type": "image", "assetId": "gone"}, ".assetId", "REFERENCE"),
        ({"type": "video", "src": "a", "source": {"start": 3, "end": 2}}, ".source.end", "RANGE"),
        ({"type": "text"}, ".text", "REQUIRED"),
        ({"type": "text", "text": "a" * 100_001}, ".text", "TOO_LONG"),
        ({"type": "polygon", "sides": 2, "size": 9}, ".sides", "RANGE"),
        ({"type": "icon", "icon": "house"}, ".icon", "ICON"),
        ({"type": "line", "points": [[1]]}, ".points[0]", "TOO_FEW"),
        ({"type": "subtitle"}, ".words", "REQUIRED"),
        ({"type": "subtitle", "words": [{"word": "a", "start": "x", "end": 1}]},
         ".words[0].start", "TYPE"),
        ({"type": "layout"}, ".children", "REQUIRED"),
        ({"type": "layout", "children": [{"type": "subtitle", "words": []}]},
         ".children[0].type", "CHOICE"),
        ({"type": "template", "template": "none", "data": {}}, ".template", "CHOICE"),
        ({"type": "template", "template": "quote"}, ".data", "REQUIRED"),
    ],
)  # fmt: skip
def test_each_fault_is_named_with_its_path(fields: dict[str, object], path: str, code: str) -> None:
    parsed = parse_rv(document({**clip("rect"), **fields}))

    assert faults(parsed) == [(_CLIP + path, code)]
    require_complete(parsed)


def test_all_faults_are_named_at_once() -> None:
    parsed = parse_rv(
        document(clip("rect", opacity=9), clip("text"), clip("image", src="ftp://x/y"))
    )

    assert faults(parsed) == [
        ("tracks[0].clips[0].opacity", "RANGE"),
        ("tracks[0].clips[1].text", "REQUIRED"),
        ("tracks[0].clips[2].src", "SOURCE"),
    ]


def test_a_clip_shorter_than_a_frame_is_warned_of() -> None:
    parsed = parse_rv(document(clip("rect", duration=0.001), clip("rect")))

    assert parsed.timeline is not None
    assert notes(parsed) == [(_CLIP, "ZERO_LENGTH")]


def test_ducking_under_nobody_is_warned_of() -> None:
    parsed = parse_rv(document(clip("audio", src="a.mp3", ducking={"targets": ["gone"]})))

    assert notes(parsed) == [(f"{_CLIP}.ducking.targets", "REFERENCE")]


def test_more_faults_than_anybody_reads_are_counted() -> None:
    parsed = parse_rv(document(*[clip("rect", opacity=9)] * 500))

    assert len(parsed.problems) == MAX_PROBLEMS + 1
    assert parsed.problems[-1].code == "MORE"
    assert "400" in parsed.problems[-1].message


def test_when_nothing_fits_no_more_lists_are_opened() -> None:
    wrong = {"type": "subtitle", "start": 0, "duration": 1, "words": [{}] * 2000}

    parsed = parse_rv(document(*[wrong] * 50))

    more = parsed.problems[-1]
    assert (more.code, len(parsed.problems)) == ("MORE", 101)
    assert int(more.got) < 5 * 2000  # of 300,000


def test_layouts_that_are_nested_too_deep_are_refused() -> None:
    inner: dict[str, object] = {"type": "rect"}
    for _ in range(2000):
        inner = {"type": "layout", "children": [inner]}

    parsed = parse_rv(document(clip("layout", children=[inner])))

    assert [code for _, code in faults(parsed)] == ["TOO_DEEP"]


def test_variables_cannot_grow_a_text_without_end() -> None:
    parsed = parse_rv(document(clip("text", text="{{x}}" * 10_000), variables={"x": "y" * 90_000}))

    assert (f"{_CLIP}.text", "TOO_LONG") in faults(parsed)


def test_half_a_surrogate_pair_does_not_reach_the_timeline() -> None:
    raw = json.loads('{"type": "text", "text": "a\\ud800b", "start": 0, "duration": 1}')

    parsed = parse_rv(document(raw, assets={"\ud800": 5}))

    assert parsed.problems
    json.dumps([problem.path for problem in parsed.problems]).encode()
    "".join(problem.path + problem.got for problem in parsed.problems).encode()


class _Liar:
    """Answers whatever it was made with."""

    def __init__(self, raw: object) -> None:
        self._raw = raw

    def duration_seconds(self, source: Source) -> float | None:
        return 1e300

    def words(self, source: Source) -> object:
        return self._raw


@pytest.mark.parametrize("raw", [None, 5, "x", {}, {"words": 5}, [5], [{"word": 5}]])
def test_files_of_words_may_hold_anything(raw: object) -> None:
    clips = [clip("subtitle", words={"src": "w.json"}), clip("video", src="a", duration="auto")]

    parsed = parse_rv(document(*clips), lookup=_Liar(raw))

    assert parsed.problems or parsed.warnings
    require_complete(parsed)


def test_ten_thousand_clips_are_read_within_two_seconds() -> None:
    one = clip(
        "text", text="Hello", style={"fontSize": 20, "fill": "#fff"},
        transform={"x": "25%", "y": 10}, animations=[{"type": "fadeIn", "duration": 0.2}],
    )  # fmt: skip
    clips = [{**one, "start": n / 10} for n in range(10_000)]
    begin = time.process_time()

    parsed = parse_rv(document(*clips))

    assert time.process_time() - begin < 30  # it ends: no figure, machines differ
    assert parsed.timeline is not None
    assert len(parsed.timeline.paint_order) == 10_000


def test_too_many_clips_are_refused_once() -> None:
    parsed = parse_rv(
        {**document(), "tracks": [{"clips": [clip("rect", hidden=True)] * 15_000}] * 2}
    )

    assert [code for _, code in faults(parsed)] == ["TOO_MANY"]


_EVERYTHING: Final[list[dict[str, object]]] = [
    *(json.loads(path.read_text()) for path in _GALLERY),
    document(
        clip("video", src={"$ref": "v"}, source={"start": 1, "end": 2}, kenBurns={"from": 1}),
        clip("audio", src="a.mp3", gainEnvelope=[{"time": 0, "volume": 1}],
             ducking={"targets": ["a"]}),
        clip("progress", style="ring", animations=[{"type": "shake", "duration": 1}]),
        *(clip("template", template=name, overrides={"style": {"opacity": 1}}, data={
            "images": [{"image": "a", "caption": "b"}], "src": "v", "words": [], "left": {},
            "right": {"items": ["a"]}, "quote": "q", "items": ["a", {"title": "b"}], "text": "t",
            "from": 3, "endText": "e", "ticker": ["a"], "image": "i", "headline": "h",
            "features": ["f"], "config": {"fontSize": 3},
        }) for name in TEMPLATES),
        assets={"videos": [{"id": "v", "src": "v.mp4"}]}, variables={"a": math.nan},
    ),
]  # fmt: skip


@settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_no_change_to_a_document_makes_the_reader_raise(data: st.DataObject) -> None:
    require_complete(parse(mutant(data, _EVERYTHING)))


def test_words_that_clips_share_are_read_once_and_bounded_in_all(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rv_captions, "_MAX_WORDS_IN_ALL", 6)
    words = [{"word": "a", "start": 0.5, "end": 1}, {"word": "b", "start": 1, "end": 2}]
    assets = {"subtitles": [{"id": "w", "words": words}]}
    plain = clip("subtitle", words={"$ref": "w"})
    later = clip("subtitle", words={"$ref": "w"}, captionStartInSeconds=0.5)

    parsed = parse_rv(document(plain, plain, later, assets=assets))
    assert parsed.problems == ()
    assert parsed.timeline is not None
    first, second, shifted = [
        each.content.words
        for each in parsed.timeline.tracks[0].clips
        if isinstance(each.content, Captions)
    ]
    assert first is second
    assert [word.start_seconds for word in first] == [0.5, 1]
    assert [word.start_seconds for word in shifted] == [0, 0.5]

    parsed = parse_rv(document(plain, plain, later, plain, plain, assets=assets))
    assert faults(parsed) == [("tracks[0].clips[3].words", "TOO_MANY")]


def test_the_letters_of_all_words_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rv_captions, "_MAX_LETTERS_IN_ALL", 7)
    spoken = clip("subtitle", words=[{"word": "four", "start": 0, "end": 1}])
    parsed = parse_rv(document(spoken, spoken, spoken))
    assert faults(parsed) == [("tracks[0].clips[1].words", "TOO_LONG")]


def test_every_list_of_words_that_is_none_is_named() -> None:
    parsed = parse_rv(document(clip("subtitle", words=1), clip("subtitle", words=1)))
    assert faults(parsed) == [(f"tracks[0].clips[{n}].words", "TYPE") for n in range(2)]


@pytest.mark.parametrize(("kind", "name"), [("text", "text"), ("code", "code")])
def test_the_letters_of_all_texts_are_bounded_with_their_variables(kind: str, name: str) -> None:
    clips = [clip(kind, **{name: "{{a}}"}) for _ in range(4)]
    parsed = parse_rv(document(*clips, variables={"a": "a" * 90_000}))
    assert faults(parsed) == [(f"tracks[0].clips[{n}].{name}", "TOO_LONG") for n in (2, 3)]


def test_the_letters_of_all_texts_of_the_other_dialect_are_bounded() -> None:
    item = {"type": "text", "text": "{{a}}", "from": 0, "durationInFrames": 30}
    parsed = parse(
        {
            "fps": 30,
            "variables": {"a": "a" * 90_000},
            "items": {f"t{n}": item for n in range(3)},
            "tracks": [{"items": [f"t{n}" for n in range(3)]}],
        }
    )
    assert faults(parsed) == [("items.t2.text", "TOO_LONG")]
