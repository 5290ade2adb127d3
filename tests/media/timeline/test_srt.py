"""SubRip: what is read of it, what is written, and what is said of files that are none."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.media.timeline.compositions import composition, item

from telecine.media.cues import Cue
from telecine.media.timeline import srt, wordfile
from telecine.media.timeline.captions import captions_of, pages
from telecine.media.timeline.dialects import parse
from telecine.media.timeline.model import Captions

_FILE = """\ufeff1
00:00:01,000 --> 00:00:02,500
Hello,
<i>world</i>!

2
00:01:00,5 --> 01:00:00,000 X1:40 X2:600
{\\an8}- Is anybody there?

"""


def _timeline(made: object) -> str:
    parsed = parse(made)
    assert parsed.problems == parsed.warnings == ()
    assert parsed.timeline is not None
    return srt.write(parsed.timeline)


def test_a_file_is_read() -> None:
    found = srt.read(_FILE.encode())

    assert found.problems == ()
    assert found.cues == (
        Cue(text="Hello, world!", start_ms=1000, end_ms=2500),
        Cue(text="- Is anybody there?", start_ms=60_500, end_ms=3_600_000),
    )


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends_and_encodings_do_not_matter(encoding: str, end: str) -> None:
    content = "1\n00:00:01,000 --> 00:00:02,000\nÄh …\n".replace("\n", end).encode(encoding)

    assert [cue.text for cue in srt.read(content).cues] == ["Äh …"]


def test_webvtt_is_read() -> None:
    content = b"WEBVTT\n\nNOTE by hand\n\nintro\n00:01.000 --> 00:02.000 line:0\n<v Ann>Hello</v>\n"

    assert srt.read(content).cues == (Cue(text="Hello", start_ms=1000, end_ms=2000),)


def test_numbers_may_be_missing_and_cues_in_any_order() -> None:
    content = b"00:00:03,000 --> 00:00:04,000\nlater\n00:00:01,000 --> 00:00:02,000\nfirst\n\n"

    assert [cue.text for cue in srt.read(content).cues] == ["first", "later"]


@pytest.mark.parametrize(
    ("content", "path", "code"),
    [
        (b"", "", "EMPTY"),
        (b"%PDF-1.7", "", "EMPTY"),
        (b"1\n00:00:01,000 --> 00:00:02,000\n\n", "", "EMPTY"),
        (b"\xff\xd8\xff\xe0 a picture", "", "ENCODING"),
        ("1\n00:00:01,000 --> 00:00:02,000\nÄh\n".encode("latin-1"), "", "ENCODING"),
        (b"a\0b", "", "ENCODING"),
        (b"1\n00:00:01 --> 00:00:02\nHello\n", "line 2", "TIME"),
        (b"1\n" + b"9" * 5000 + b":00:01,000 --> 00:00:02,000\nHello\n", "line 2", "TIME"),
        (b"1\n00:00:02,000 --> 00:00:01,000\nHello\n", "line 2", "RANGE"),
        (b"1\n00:00:02,000 --> 9999:00:01,000\nHello\n", "line 2", "RANGE"),
        (b"1\n00:00:01,000 --> 00:00:02,000\n" + b"a " * 50_001, "", "TOO_MANY"),
        (b" " * (16 * 2**20 + 1), "", "TOO_LONG"),
    ],
)
def test_a_fault_is_named_with_its_line(content: bytes, path: str, code: str) -> None:
    found = srt.read(content)

    assert found.cues == ()
    assert (path, code) in [(problem.path, problem.code) for problem in found.problems]


def test_subtitles_come_back_as_they_were() -> None:
    cues = (
        Cue(text="Hello, world!", start_ms=1000, end_ms=2500),
        Cue(text="Two cues without a pause", start_ms=2500, end_ms=4000),
        Cue(text="and one after one", start_ms=61_234, end_ms=62_345),
    )

    written = _timeline(srt.composition(cues, filename="a.srt"))

    assert srt.read(written.encode()).cues == cues
    assert written.startswith("1\n00:00:01,000 --> 00:00:02,500\nHello, world!\n\n2\n")


def test_captions_are_written_page_by_page_where_their_item_is() -> None:
    captions = item("captions", assetId="said", pageDurationInMilliseconds=400)

    assert _timeline(composition({**captions, "from": 30})) == (
        "1\n00:00:01,000 --> 00:00:01,400\nHello\n\n2\n00:00:01,400 --> 00:00:01,900\nworld\n"
    )


def test_what_is_not_seen_is_not_written() -> None:
    captions = item("captions", assetId="said", durationInFrames=6, captionStartInSeconds=0.3)

    assert _timeline(composition(captions)) == "1\n00:00:00,000 --> 00:00:00,200\nHello world\n"


def test_nothing_is_written_where_nothing_is_said() -> None:
    assert _timeline(composition(item("solid"))) == ""


def test_all_words_of_a_cue_are_there_as_long_as_it_is() -> None:
    parsed = parse(srt.composition([Cue(text="Hello there", start_ms=500, end_ms=900)]))

    assert parsed.timeline is not None
    (clip,) = parsed.timeline.tracks[0].clips
    assert isinstance(clip.content, Captions)
    assert {(word.start_seconds, word.end_seconds) for word in clip.content.words} == {(0.5, 0.9)}


def test_a_clip_shows_every_cue_whole_whatever_its_pages_hold() -> None:
    said = srt.words(srt.read(_FILE.encode()).cues)
    clip = {"type": "subtitle", "start": 0, "duration": 70, "words": said, "wordsPerBatch": 2}
    parsed = parse({"meta": {"width": 640, "height": 360}, "tracks": [{"clips": [clip]}]})

    assert parsed.timeline is not None
    ((_, captions),) = captions_of(parsed.timeline)
    shown = [" ".join(word.text for word in page.words) for page in pages(captions)]
    assert shown == [cue.text for cue in srt.read(_FILE.encode()).cues]


def test_a_caption_file_may_be_subrip() -> None:
    found = wordfile.decode(_FILE.encode())

    assert wordfile.last_end_seconds(found) == 3600
    assert wordfile.decode(b"neither this nor that") is None


@settings(max_examples=200, deadline=None)
@given(
    st.one_of(
        st.binary(max_size=300),
        st.lists(
            st.sampled_from(
                [b"1", b"\n", b"-->", b"00:00:01,000", b" ", b"<", b">", b"{\\", b"99", b":", b","]
            )
        ).map(b"".join),
    )
)
def test_nothing_makes_the_reader_raise(content: bytes) -> None:
    found = srt.read(content)

    assert bool(found.cues) != bool(found.problems)
    if found.cues:
        assert parse(srt.composition(found.cues)).problems == ()
