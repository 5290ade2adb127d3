"""Text: ten scripts shaped and broken right, nothing lost, nothing cut, every option visible."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from skimage.metrics import structural_similarity
from tests.media.render.drawing import (
    BLACK,
    BLUE,
    RED,
    SCRIPTS,
    amount,
    drawn,
    ink,
    on_canvas,
    plain,
    rows_of_ink,
    touches_a_border,
)

from telecine.media.render.drawing import fonts, text
from telecine.media.render.drawing.fonts import FontBook
from telecine.media.render.drawing.pixels import Rgba
from telecine.media.render.drawing.skia_guard import skia
from telecine.media.timeline.model import Gradient, GradientStop, Span, Stroke, TextBackground

GALLERY = Path(__file__).parent / "pictures" / "ten_scripts.png"


@pytest.fixture(scope="module", autouse=True)
def no_system_fonts() -> Iterator[None]:
    """As on a machine that has none."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fonts, "_SYSTEM", ())
        fonts._system.cache_clear()
        yield
    fonts._system.cache_clear()


@pytest.fixture(scope="module")
def book() -> FontBook:
    return FontBook()


def width_of(words: str, book: FontBook, **more: object) -> float:
    return text.text_size(plain(words, **more), fonts=book, max_width=None)[0]  # type: ignore[arg-type]


# --- Ten scripts -----------------------------------------------------------------------------


def test_ten_scripts_look_as_they_did_when_readers_looked_at_them(
    book: FontBook, tmp_path: Path
) -> None:
    """After a wanted change look at what the message names, and put it in the old one's place."""
    sheet = np.full((10 * 48, 480, 3), 24, np.uint8)
    for row, words in enumerate(SCRIPTS.values()):
        _, height = text.text_size(plain(words, size=28), fonts=book, max_width=None)
        left = drawn(plain(words, size=28), fonts=book, margin=8)[: int(height) + 14, :480]
        part = sheet[row * 48 : row * 48 + left.shape[0], : left.shape[1]]
        cover = left[..., 3:].astype(np.float32) / 255
        part[:] = np.rint(left[..., 2::-1] + part * (1 - cover)).astype(np.uint8)
    found = tmp_path / "ten_scripts.png"
    cv2.imwrite(str(found), sheet)
    expected = cv2.imread(str(GALLERY))
    assert expected is not None, f"look at {found}, then put it into {GALLERY.parent}"
    for row, script in enumerate(SCRIPTS):
        lines = slice(row * 48, row * 48 + 48)
        alike = structural_similarity(sheet[lines], expected[lines], channel_axis=2)
        assert alike > 0.97, f"{script} has changed: compare {found}"


@pytest.mark.parametrize("script", SCRIPTS)
@pytest.mark.parametrize("size", [13.0, 64.0])
def test_no_ink_leaves_the_room_that_is_asked_for(book: FontBook, script: str, size: float) -> None:
    stroke = Stroke(paint=BLACK, width=6)
    pixels = drawn(plain(SCRIPTS[script], size=size, weight=900), fonts=book, stroke=stroke)
    assert amount(pixels) > size
    assert not touches_a_border(pixels)


@pytest.mark.parametrize("script", SCRIPTS)
def test_the_measured_width_is_that_of_the_ink(book: FontBook, script: str) -> None:
    content = plain(SCRIPTS[script])
    width, _ = text.text_size(content, fonts=book, max_width=None)
    left, _, right, _ = ink(drawn(content, fonts=book, margin=50))
    assert left - 50 == pytest.approx(0, abs=6)
    assert right - 50 == pytest.approx(width, abs=6)


@pytest.mark.parametrize("script", SCRIPTS)
def test_lines_are_equally_high_in_every_script(book: FontBook, script: str) -> None:
    one = text.text_size(plain(SCRIPTS[script]), fonts=book, max_width=None)[1]
    three = text.text_size(plain("\n".join([SCRIPTS[script]] * 3)), fonts=book, max_width=None)[1]
    assert one == pytest.approx(32 * 1.2, abs=1)
    assert three == pytest.approx(3 * one, abs=1)


@pytest.mark.parametrize(
    ("joined", "apart", "most"),
    [
        ("لا", "ل\u200cا", 0.95),  # lam and alef are one shape
        ("ببب", "ب\u200cب\u200cب", 0.8),  # letters inside a word are narrower
        ("क्ष", "क\u200d्\u200cष", 0.95),  # a conjunct
        ("ที่", "ทที", 0.6),  # marks stand above
        ("é̂", "e", 1.05),  # and combine
        ("각", "ㄱㅏㄱ", 0.5),  # a syllable of three letters
    ],
)
def test_letters_join_as_their_script_wants(
    book: FontBook, joined: str, apart: str, most: float
) -> None:
    assert width_of(joined, book) <= most * width_of(apart, book)


def test_right_to_left_lines_begin_at_the_right(book: FontBook) -> None:
    # A full stop ends the sentence: at the left in Hebrew and Arabic, at the right in Latin.
    for words, is_at_left in (("שלום.", True), ("سلام.", True), ("hello.", False)):
        alpha = drawn(plain(words), fonts=book, margin=50)[..., 3]
        columns = np.nonzero(alpha.any(axis=0))[0]
        at_left, at_right = alpha[:, columns[0] : columns[0] + 4], alpha[:, columns[-1] - 3 :]
        dot = at_left if is_at_left else at_right
        other = at_right if is_at_left else at_left
        assert 0 < np.count_nonzero(dot.any(axis=1)) < 8, words
        assert np.count_nonzero(other.any(axis=1)) > 8, words


def test_a_direction_that_is_given_moves_the_full_stop(book: FontBook) -> None:
    as_latin = drawn(plain("שלום.", direction="ltr"), fonts=book)
    as_hebrew = drawn(plain("שלום.", direction="rtl"), fonts=book)
    by_itself = drawn(plain("שלום."), fonts=book)
    assert np.array_equal(by_itself, as_hebrew)
    assert not np.array_equal(by_itself, as_latin)


# --- Lines -----------------------------------------------------------------------------------


@pytest.mark.parametrize("script", SCRIPTS)
def test_long_texts_are_broken_within_their_width(book: FontBook, script: str) -> None:
    content = plain(" ".join([SCRIPTS[script]] * 3))
    whole = drawn(content, fonts=book)
    width, height = text.text_size(content, fonts=book, max_width=260)
    broken = drawn(content, fonts=book, max_width=260)
    left, _, right, _ = ink(broken)
    assert width <= 260
    assert right - left <= 260 + 12
    assert height >= 3 * 38
    assert amount(broken) == pytest.approx(amount(whole), rel=0.02)


@pytest.mark.parametrize("letter", ["x", "ש", "م", "你", "👍", "क"])
def test_a_word_of_500_characters_is_broken_and_whole(book: FontBook, letter: str) -> None:
    content = plain(letter * 500, size=20)
    width, height = text.text_size(content, fonts=book, max_width=300)
    pixels = drawn(content, fonts=book, max_width=300)
    assert width <= 300
    assert height > 5 * 24
    assert not touches_a_border(pixels)
    in_one_line = drawn(content, fonts=book)
    assert amount(pixels) == pytest.approx(amount(in_one_line), rel=0.02)
    assert in_one_line.shape[1] > 1500


def test_a_text_in_a_box_of_its_own_size_is_broken_alike(book: FontBook) -> None:
    words = "Some words of quite different lengths, in several lines: antidisestablishmentarianism"
    for width in range(40, 700, 61):
        size = text.text_size(plain(words), fonts=book, max_width=width)
        assert text.text_size(plain(words), fonts=book, max_width=size[0]) == size


def test_unwrapped_texts_break_at_their_own_lines_only(book: FontBook) -> None:
    content = plain("a b c d e f g h i j k l\nm", is_wrapped=False)
    assert text.text_size(content, fonts=book, max_width=40)[1] == pytest.approx(2 * 38, abs=1)


@pytest.mark.parametrize("words", ["many words that go on and on " * 6, "كلمات كثيرة تستمر " * 12])
@pytest.mark.parametrize("max_lines", [1, 2, 3])
def test_too_many_lines_end_in_an_ellipsis(book: FontBook, words: str, max_lines: int) -> None:
    content = plain(words, max_lines=max_lines)
    block = text._block(content, fonts=book, width=300.0)
    assert block.height == pytest.approx(max_lines * 38, abs=1)
    assert block.text.endswith("…")
    assert words.startswith(block.text[:-1])
    # No more would have fitted.
    longer = words[: len(block.text) + 1] + "…"
    assert text.text_size(plain(longer), fonts=book, max_width=300)[1] > block.height
    short = text._block(plain("short", max_lines=max_lines), fonts=book, width=300.0)
    assert short.text == "short"


@pytest.mark.parametrize("size", [2.0, 7.3, 13.4])
def test_lines_of_small_letters_are_counted_right(book: FontBook, size: float) -> None:
    ten = "\n".join("abcdefghij")
    assert text._block(plain(ten, size=size, max_lines=10), fonts=book, width=None).text == ten
    nine = text._block(plain(ten, size=size, max_lines=9), fonts=book, width=None).text
    assert nine == "\n".join("abcdefghi") + "…"


def test_an_ellipsis_never_cuts_a_letter_apart(book: FontBook) -> None:
    family = "👩‍👩‍👧"
    for width in range(60, 400, 23):
        content = plain(family * 20, max_lines=1)
        found = text._block(content, fonts=book, width=float(width)).text[:-1]
        assert found == family * (len(found) // len(family))


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("abc", ["a", "b", "c"]),
        ("e\u0301a", ["e\u0301", "a"]),
        ("👩‍👩‍👧👍🏽🇩🇪🇫🇷", ["👩‍👩‍👧", "👍🏽", "🇩🇪", "🇫🇷"]),
        ("क्षि", ["क्षि"]),
        ("", []),
    ],
)
def test_clusters_are_what_readers_take_for_letters(words: str, expected: list[str]) -> None:
    assert list(text.clusters(words)) == expected


# --- Looks -----------------------------------------------------------------------------------


def test_letter_spacing_is_added_to_each_letter(book: FontBook) -> None:
    added = width_of("hello", book, letter_spacing=10.0) - width_of("hello", book)
    assert added == pytest.approx(50, abs=1)
    assert width_of("hello", book, letter_spacing=-2.0) < width_of("hello", book)
    arabic = width_of("سلام", book, letter_spacing=10.0)
    assert arabic == width_of("سلام", book)


def test_line_height_is_a_multiple_of_the_size(book: FontBook) -> None:
    for line_height in (0.8, 1.0, 1.5, 3.0):
        content = plain("one\ntwo", line_height=line_height)
        height = text.text_size(content, fonts=book, max_width=None)[1]
        assert height == pytest.approx(2 * 32 * line_height, abs=1)


@pytest.mark.parametrize(("align", "share"), [("left", 0.0), ("center", 0.5), ("right", 1.0)])
@pytest.mark.parametrize(("vertical", "down"), [("top", 0.0), ("middle", 0.5), ("bottom", 1.0)])
@pytest.mark.parametrize("words", ["HIM", "שלם"])
def test_a_text_stands_where_its_alignments_say(
    book: FontBook, words: str, align: str, share: float, vertical: str, down: float
) -> None:
    content = plain(words, align=align, vertical_align=vertical)
    width, height = text.text_size(content, fonts=book, max_width=None)

    def draw(canvas: skia.Canvas) -> None:
        text.draw_text(canvas, content, fonts=book, width=500, height=200)

    at_edge = ink(drawn(content, fonts=book, margin=0))
    left, top, _, _ = ink(on_canvas(500, 200, 0, draw))
    assert left - at_edge[0] == pytest.approx((500 - width) * share, abs=1)
    assert top - at_edge[1] == pytest.approx((200 - height) * down, abs=1)


def test_lines_of_a_paragraph_are_aligned_with_each_other(book: FontBook) -> None:
    edges = {}
    for align in ("left", "center", "right"):
        pixels = drawn(plain("HHHHHHHH\nHH", align=align), fonts=book, margin=0)
        height = pixels.shape[0] // 2
        upper, lower = ink(pixels[:height]), ink(pixels[height:])
        edges[align] = lower[0] - upper[0], upper[2] - lower[2]
    assert edges["left"][0] == pytest.approx(0, abs=1)
    assert edges["right"][1] == pytest.approx(0, abs=1)
    assert edges["center"][0] == pytest.approx(edges["center"][1], abs=2)


def test_a_stroke_lies_round_and_below_the_letters(book: FontBook) -> None:
    bare = drawn(plain("HOG", size=60), fonts=book, margin=40)
    stroke = Stroke(paint=RED, width=12)
    stroked = drawn(plain("HOG", size=60), fonts=book, margin=40, stroke=stroke)
    grown = np.abs(np.array(ink(stroked)) - np.array(ink(bare)))
    assert grown == pytest.approx([6, 6, 6, 6], abs=1)
    inside = bare[..., 3] == 255
    assert (stroked[inside] == 255).all()
    around = (bare[..., 3] == 0) & (stroked[..., 3] == 255)
    assert (stroked[around] == (255, 0, 0, 255)).all()


def test_a_gradient_runs_across_the_box(book: FontBook) -> None:
    stops = (GradientStop(offset=0, colour=RED), GradientStop(offset=1, colour=BLUE))
    paint = Gradient(kind="linear", stops=stops)
    pixels = drawn(plain("MMMMMMMM", size=60, paint=paint), fonts=book, margin=0)
    solid = pixels[..., 3] == 255
    columns = np.nonzero(solid.any(axis=0))[0]
    first, last = pixels[:, columns[0]][solid[:, columns[0]]], pixels[:, columns[-1]]
    assert first[0][0] > 230
    assert first[0][2] < 25
    assert last[solid[:, columns[-1]]][0][2] > 230


def test_a_background_is_a_box_with_padding_and_round_corners(book: FontBook) -> None:
    background = TextBackground(
        colour=BLUE, horizontal_padding=20, vertical_padding=10, corner_radius=8
    )
    width, height = text.text_size(plain("Box"), fonts=book, max_width=None)
    content = plain("Box", background=background)
    assert text.text_size(content, fonts=book, max_width=None) == (width + 40, height + 20)
    pixels = drawn(content, fonts=book, margin=30)
    left, top, right, bottom = ink(pixels)
    assert (left, top) == (30, 30)
    assert right - left == pytest.approx(width + 40, abs=1)
    assert bottom - top == pytest.approx(height + 20, abs=1)
    assert tuple(pixels[(top + bottom) // 2, left + 2]) == (0, 0, 255, 255)
    assert pixels[top, left, 3] < 60


def test_italics_lean(book: FontBook) -> None:
    def lean(pixels: Rgba) -> float:
        alpha = pixels[..., 3].astype(np.float64)
        top, bottom = np.split(alpha[: alpha.shape[0] // 2 * 2], 2)
        places = np.arange(alpha.shape[1])
        return float((top.sum(0) @ places) / top.sum() - (bottom.sum(0) @ places) / bottom.sum())

    upright = drawn(plain("IIIII"), fonts=book, margin=10)
    leaning = drawn(plain("IIIII", italic=True), fonts=book, margin=10)
    assert abs(lean(upright)) < 0.5
    assert lean(leaning) > 1


# --- What people send ------------------------------------------------------------------------


@pytest.mark.parametrize("words", ["", " ", "\n", "\u200b", "\u202e", "\x00\x07", "\ufeff"])
def test_a_text_without_letters_draws_nothing(book: FontBook, words: str) -> None:
    assert text.text_size(plain(words), fonts=book, max_width=100)[1] > 0
    assert not drawn(plain(words), fonts=book).any()


@pytest.mark.parametrize("words", ["a\udc80b", "a\x00b", "a\r\nb", "a\u202eb", "a\tb", "a\u2067b"])
def test_what_no_font_draws_is_dropped(book: FontBook, words: str) -> None:
    assert amount(drawn(plain(words), fonts=book)) > 0
    assert not any(
        unicodedata.category(each) in ("Cs", "Cc") for each in text.clean(words) if each != "\n"
    )
    assert not set(text.clean(words)) & set("\u202a\u202e\u2067\u2069")


def test_a_mark_of_direction_does_not_turn_the_rest_round(book: FontBook) -> None:
    pixels = drawn(plain("\u202eabc"), fonts=book)
    assert np.array_equal(pixels, drawn(plain("abc"), fonts=book))


@settings(max_examples=60, deadline=None)
@given(words=st.text(max_size=40), width=st.none() | st.floats(1, 800), weight=st.integers(1, 1000))
def test_any_text_can_be_measured_and_drawn(words: str, width: float | None, weight: int) -> None:
    content = plain(words, size=16, weight=weight, max_lines=2)
    pixels = drawn(content, fonts=FontBook(), max_width=width)
    assert pixels.shape[0] < 16 * 1.2 * 2 + 2 * 26


def test_the_same_text_is_the_same_picture_in_another_book(book: FontBook) -> None:
    for words in SCRIPTS.values():
        assert np.array_equal(
            drawn(plain(words), fonts=book), drawn(plain(words), fonts=FontBook())
        )


def test_rows_of_a_paragraph_do_not_touch(book: FontBook) -> None:
    assert rows_of_ink(drawn(plain("HHH\nHHH\nHHH"), fonts=book)) == 3


@pytest.mark.parametrize("words", ["W", "WiW\nW W", "👩‍👩‍👧W"])
def test_a_letter_wider_than_its_box_makes_all_smaller(book: FontBook, words: str) -> None:
    def draw(canvas: skia.Canvas) -> None:
        text.draw_text(canvas, plain(words, size=80), fonts=book, width=30, height=200)

    left, _, right, _ = ink(on_canvas(30, 200, 60, draw))
    assert right - left > 12
    assert 58 <= left < right <= 92


def test_a_letter_wider_than_the_canvas_is_as_large_as_it_is(book: FontBook) -> None:
    width, _ = text.text_size(plain("W", size=900), fonts=book, max_width=400)
    assert width > 800
    assert text.text_size(plain("WWWW", size=100), fonts=book, max_width=200)[0] <= 200


def test_stretches_of_a_text_are_set_each_in_its_way(book: FontBook) -> None:
    words = "wide wide"
    spans = (Span(n_characters=5), Span(n_characters=4, is_bold=True))
    one, other = (
        text.text_size(each, fonts=book, max_width=None)
        for each in (plain(words), plain(words, spans=spans))
    )
    bold = text.text_size(plain(words, weight=700), fonts=book, max_width=None)
    assert one[0] < other[0] < bold[0]
    assert one[1] == other[1]
    large = (replace(spans[0], scale=2.0), replace(spans[1], scale=2.0))
    double = text.text_size(plain(words, spans=large), fonts=book, max_width=None)
    assert double[1] == pytest.approx(2 * one[1], abs=2)


def test_half_a_word_may_be_bold_in_any_script(book: FontBook) -> None:
    for words in ("مرحبا بكم", "👩‍👩‍👧 ab", "a\x07\tb", "你好"):
        for cut in range(len(words)):
            spans = (Span(n_characters=cut), Span(n_characters=len(words) - cut, is_bold=True))
            assert amount(drawn(plain(words, spans=spans), fonts=book)) > 50
