"""Template clips: what they become, and how data, variants and overrides reach it."""

from itertools import pairwise

import pytest
from tests.media.timeline.documents import clip, document, faults, notes

from telecine.media.timeline.model import (
    Captions,
    Clip,
    Colour,
    Image,
    PathLine,
    Sound,
    Text,
    Video,
)
from telecine.media.timeline.rv import parse_rv
from telecine.media.timeline.template_stage import PALETTES
from telecine.media.timeline.templates import TEMPLATES

_WORDS = [{"word": "hello", "start": 0, "end": 1}]
_DATA: dict[str, dict[str, object]] = {
    "product-intro": {
        "name": "Watch", "tagline": "For teams", "features": ["One", "Two"], "price": 299,
        "image": "p.png", "cta": "Order",
    },
    "slideshow": {"images": [{"image": "a.png", "caption": "First"}, "b.png"]},
    "subtitle-video": {"src": "v.mp4", "words": _WORDS},
    "talking-head": {
        "src": "v.mp4", "words": _WORDS, "title": "Update", "speaker": "Alex", "role": "Founder",
    },
    "comparison": {"left": {"title": "Old", "items": ["slow"]}, "right": {"title": "New"}},
    "countdown": {"from": 3, "title": "Soon", "endText": "Go"},
    "text-reveal": {"text": "Ship video at the speed of the encoder"},
    "news": {"headline": "It works", "image": "n.png", "ticker": ["one", "two"]},
    "quote": {"quote": "Less is more", "author": "Mies"},
    "list": {"title": "Things", "items": ["One", {"title": "Two", "description": "More"}]},
}  # fmt: skip
_SAID = {
    "product-intro": {"Watch", "For teams", "One", "Two", "299", "Order"},
    "slideshow": {"First"},
    "subtitle-video": set(),
    "talking-head": {"Update", "Alex", "Founder"},
    "comparison": {"Old", "slow", "New", "VS"},
    "countdown": {"3", "2", "1", "Soon", "Go"},
    "text-reveal": {"Ship video at the speed", "of the encoder"},
    "news": {"It works", "NEWS", "one   •   two"},
    "quote": {"\u201c", "Less is more", "Mies"},
    "list": {"Things", "One", "Two", "More", "1", "2"},
}


def _expanded(name: str, *, data: object = None, **fields: object) -> list[Clip]:
    made = clip("template", template=name, data=data or _DATA[name], **{"duration": 4, **fields})
    parsed = parse_rv(document(made))
    assert parsed.problems == parsed.warnings == ()
    assert parsed.timeline is not None
    found = {one.id: one for one in parsed.timeline.tracks[0].clips}
    drawn = [found[name] for name in parsed.timeline.paint_order]
    return [*drawn, *(one for one in found.values() if one.content is None)]


def _texts(clips: list[Clip]) -> set[str]:
    return {one.content.text for one in clips if isinstance(one.content, Text)}


def test_there_are_the_ten_documented_templates() -> None:
    assert set(TEMPLATES) == set(_DATA) == set(_SAID)


@pytest.mark.parametrize("name", TEMPLATES)
def test_every_template_says_what_its_data_says(name: str) -> None:
    assert _texts(_expanded(name)) == _SAID[name]


@pytest.mark.parametrize("name", TEMPLATES)
@pytest.mark.parametrize("duration", [0.1, 1, 60])
def test_templates_stay_within_their_own_time(name: str, duration: float) -> None:
    clips = _expanded(name, start=1, duration=duration)

    assert clips
    assert all(one.start_frame >= 30 for one in clips)
    assert all(one.end_frame <= 30 + 30 * duration for one in clips)
    assert max(one.end_frame for one in clips) == 30 + 30 * duration


@pytest.mark.parametrize("name", TEMPLATES)
@pytest.mark.parametrize("duration", [1e-6, 0.02])
def test_templates_shorter_than_a_frame_are_no_crash(name: str, duration: float) -> None:
    parsed = parse_rv(
        document(clip("template", template=name, data=_DATA[name], duration=duration))
    )
    assert parsed.problems == ()


@pytest.mark.parametrize("name", TEMPLATES)
@pytest.mark.parametrize(("width", "height"), [(1920, 1080), (1080, 1920), (64, 64), (2000, 100)])
@pytest.mark.parametrize("variant", PALETTES)
def test_templates_fit_any_canvas_in_any_variant(
    name: str, width: int, height: int, variant: str
) -> None:
    made = clip("template", template=name, data=_DATA[name], variant=variant)
    meta = {"width": width, "height": height, "fps": 30}

    parsed = parse_rv({"meta": meta, "tracks": [{"clips": [made]}]})

    assert parsed.problems == parsed.warnings == ()


def test_an_unknown_variant_is_the_usual_one_with_a_warning() -> None:
    parsed = parse_rv(document(clip("template", template="quote", variant="x", data={"text": "a"})))

    assert parsed.timeline is not None
    assert notes(parsed) == [("tracks[0].clips[0].variant", "VARIANT")]


def test_faults_are_reported_where_they_were_written() -> None:
    images = [{"image": "ftp://a/b"}, {"caption": "no picture"}]
    made = [
        clip("template", template="slideshow", data={"images": images}),
        clip("template", template="quote", data={}),
        clip("template", template="subtitle-video", data={"src": {"$ref": "x"}, "words": 5}),
        clip("template", template="list", data={"items": ["a"]},
             overrides={"data": {"title": ["b"]}, "style": {"fill": "puce"}}),
    ]  # fmt: skip

    found = set(faults(parse_rv(document(*made))))

    assert found == {
        ("tracks[0].clips[0].data.images[0].image", "SOURCE"),
        ("tracks[0].clips[0].data.images[1].image", "REQUIRED"),
        ("tracks[0].clips[1].data.quote", "REQUIRED"),
        ("tracks[0].clips[2].data.src.$ref", "REFERENCE"),
        ("tracks[0].clips[2].data.words", "TYPE"),
        ("tracks[0].clips[3].overrides.data.title", "TYPE"),
        ("tracks[0].clips[3].overrides.style.fill", "COLOUR"),
    }


def test_sources_keep_the_path_where_they_were_written() -> None:
    pictures = [one.content for one in _expanded("slideshow") if isinstance(one.content, Image)]

    assert [picture.source.path for picture in pictures] == [
        "tracks[0].clips[0].data.images[0].image", "tracks[0].clips[0].data.images[1]",
    ]  # fmt: skip


def test_overrides_reach_what_is_drawn_and_lift_it() -> None:
    red = Colour(red=1, green=0, blue=0)
    made = clip(
        "template", template="text-reveal", data={"text": "Old", "music": "m.mp3"}, zIndex=2,
        overrides={
            "data": {"text": "New"}, "style": {"fill": "red"}, "zIndexOffset": 3,
            "transition": {"type": "zoom", "duration": 1},
        },
    )  # fmt: skip

    parsed = parse_rv(
        document(clip("rect", id="z4", zIndex=4), made, clip("rect", id="z6", zIndex=6))
    )

    assert parsed.timeline is not None
    clips = parsed.timeline.tracks[0].clips
    texts = [one for one in clips if isinstance(one.content, Text)]
    assert _texts(list(clips)) == {"New"}
    assert all(isinstance(one.content, Text) and one.content.paint == red for one in texts)
    ways = {one.transition_in.kind for one in clips[1:-1] if one.transition_in}
    assert ways == {"zoom", "wipe"}  # the lines of a reveal have their own
    (music,) = [one for one in clips if one.content is None]
    assert isinstance(music.sound, Sound)
    assert parsed.timeline.paint_order[0] == "z4"
    assert parsed.timeline.paint_order[-1] == "z6"


def test_a_film_keeps_its_trim_and_loudness_and_words_their_looks() -> None:
    data = {
        "src": "v.mp4", "words": _WORDS, "source": {"start": 2}, "volume": 0.25,
        "playbackRate": 2, "config": {"fontSize": 33, "position": "top"},
    }  # fmt: skip

    clips = _expanded("subtitle-video", data=data)

    video = next(one for one in clips if isinstance(one.content, Video))
    words = next(one.content for one in clips if isinstance(one.content, Captions))
    assert isinstance(video.content, Video)
    assert (video.content.trim_start_seconds, video.content.rate) == (2, 2)
    assert video.sound is not None
    assert video.sound.gain == 0.25
    assert (words.font.size, words.position, words.font.weight) == (33, "top", 800)


def test_slides_last_as_long_as_they_are_told_and_cover_one_another() -> None:
    data = {"images": ["a", "b", "c"], "durationPerSlide": 1}

    slides = [one for one in _expanded("slideshow", data=data) if isinstance(one.content, Image)]

    assert [(one.start_frame, one.end_frame) for one in slides] == [(0, 30), (20, 60), (50, 120)]


def test_a_lower_third_can_be_left_out() -> None:
    data = {**_DATA["talking-head"], "showLowerThird": False}

    assert _texts(_expanded("talking-head", data=data)) == {"Update"}


def test_a_transparent_ground_is_not_drawn() -> None:
    ground = len(_expanded("quote"))

    bare = len(_expanded("quote", data={**_DATA["quote"], "background": "transparent"}))

    assert bare == ground - 2


def test_no_moment_of_a_countdown_is_without_a_number_or_the_last_word() -> None:
    made = _expanded("countdown", duration=4)  # the fourth number would be its last word
    said = {one.content.text: one for one in made if isinstance(one.content, Text)}
    numbers = [said[text] for text in ("3", "2", "1", "Go")]
    for before, after in pairwise(numbers):
        (fade,) = [each for each in before.animations if each.kind == "fadeOut"]
        # What goes is at least half there when the next comes, which is there at once.
        assert before.end_frame - after.start_frame >= fade.duration_seconds * 30 / 2 - 1
        assert before.end_frame > after.start_frame
    for number in numbers[:-1]:
        assert {each.kind for each in number.animations} == {"scale", "fadeOut"}
    rings = [one for one in made if isinstance(one.content, PathLine)]
    assert len(rings) == 2
    assert rings[0].end_frame > numbers[-1].start_frame
    assert [each.kind for each in rings[0].animations] == ["fadeOut"]


_LONG = "Whoever waits for the right moment waits long and often, and then it was yesterday. " * 3
_TEXTS = {"short": "Hi", "long": _LONG, "han": "凡事预则立。不预则废。" * 12, "word": "Unbreakable" * 9,
          "arabic": "من سار على الدرب وصل " * 10}  # fmt: skip


def _filled(name: str, text: str) -> dict[str, object]:
    data: dict[str, object] = {
        key: text if isinstance(value, str) and not value.endswith((".png", ".mp4")) else value
        for key, value in _DATA[name].items()
    }
    sides = {"title": text, "text": text, "items": [text] * 3, "image": "p.png"}
    more: dict[str, dict[str, object]] = {
        "quote": {"avatar": "a.png", "role": text},
        "list": {"items": [{"title": text, "description": text}] * 5},
        "comparison": {"left": sides, "right": sides, "title": text},
        "product-intro": {"features": [text] * 4},
        "text-reveal": {"subtitle": text},
        "news": {"summary": text, "category": text, "source": text},
    }
    return data | more.get(name, {})


def _box(clip: Clip, size: tuple[int, int]) -> tuple[float, float, float, float]:
    place = clip.placement
    assert place.width is not None
    assert place.height is not None
    left = size[0] / 2 + place.x - place.anchor[0] * place.width
    top = size[1] / 2 + place.y - place.anchor[1] * place.height
    return left, top, left + place.width, top + place.height


@pytest.mark.parametrize("size", [(1280, 720), (720, 1280), (1080, 1080)])
@pytest.mark.parametrize("text", _TEXTS)
@pytest.mark.parametrize("name", sorted(set(TEMPLATES) - {"countdown"}))
def test_no_text_leaves_the_canvas_or_lies_on_another(
    name: str, text: str, size: tuple[int, int]
) -> None:
    made = clip("template", template=name, data=_filled(name, _TEXTS[text]), duration=8)
    root = document(made)
    root["meta"] = {"width": size[0], "height": size[1], "fps": 30}
    parsed = parse_rv(root)
    assert parsed.problems == ()
    assert parsed.timeline is not None
    written = [
        one
        for one in parsed.timeline.tracks[0].clips
        if isinstance(one.content, Text)
        and one.content.text not in "\u201c12345"
        and not any(curve.property == "x" for curve in one.curves)
    ]
    assert all(isinstance(one.content, Text) and one.content.only_shrinks for one in written)
    drawn = [
        _box(one, size)
        for one in (*written, *parsed.timeline.tracks[0].clips)
        if one in written or (name == "quote" and isinstance(one.content, Image))
    ]
    boxes = list(dict.fromkeys(drawn))
    for index, (left, top, right, bottom) in enumerate(boxes):
        assert -1 <= left < right <= size[0] + 1
        assert -1 <= top < bottom <= size[1] + 1
        for other in boxes[:index]:
            across = min(right, other[2]) - max(left, other[0])
            down = min(bottom, other[3]) - max(top, other[1])
            assert min(across, down) <= 0.5, (boxes[index], other)


@pytest.mark.parametrize("text", ["凡事预则立。" * 40, "Words that run by " * 20])
def test_a_ticker_has_run_by_at_the_end(text: str) -> None:
    (line,) = [
        one
        for one in _expanded("news", data={"headline": "a", "ticker": text}, duration=5)
        if isinstance(one.content, Text) and one.content.text == text
    ]
    (curve,) = [curve for curve in line.curves if curve.property == "x"]
    assert isinstance(line.content, Text)
    size = line.content.font.size
    wide = sum(0.45 * size if sign.isascii() else 0.95 * size for sign in text)
    assert float(str(curve.points[-1].value)) <= -1280 / 2 - wide
