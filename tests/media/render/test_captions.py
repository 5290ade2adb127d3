"""Caption pages: every word has a box of its own, in the right order, and none is ever cut."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.media.render.drawing import BLACK, BLUE, RED, amount, drawn_page, ink, page_of

from telecine.media.render.display import CaptionPage
from telecine.media.render.drawing import bidi
from telecine.media.render.drawing.captions import (
    WordBox,
    caption_overhang,
    caption_size,
    word_box,
    word_boxes,
)
from telecine.media.render.drawing.fonts import FontBook
from telecine.media.render.drawing.pixels import Rgba
from telecine.media.timeline.model import Colour, Font, Stroke

PAGES = {
    "latin": "The quick brown fox",
    "cyrillic": "Съешь ещё этих булок",
    "greek": "Γειά σου όμορφε κόσμε",
    "arabic": "مرحبا بكم في عالم",
    "hebrew": "שלום לכל העולם היום",
    "devanagari": "नमस्ते दुनिया क्षत्रिय है",
    "thai": "สวัสดี ชาว โลก วันนี้",
    "chinese": "你好 世界 字幕 测试",
    "korean": "안녕하세요 자막 테스트 입니다",
    "emoji": "I ❤️ 👩‍👩‍👧 🇩🇪",
}
MARGIN = 60


@pytest.fixture(scope="module")
def book() -> FontBook:
    return FontBook()


def from_the_left(boxes: tuple[WordBox, ...]) -> list[int]:
    """Return the words line by line as they are seen, from the left."""
    return [box.word for box in sorted(boxes, key=lambda box: (box.top, box.left))]


def crop(pixels: Rgba, box: WordBox, *, beyond: int = 0) -> Rgba:
    left, right = int(box.left) + MARGIN - beyond, int(np.ceil(box.right)) + MARGIN + beyond
    top, bottom = int(box.top) + MARGIN - beyond, int(np.ceil(box.bottom)) + MARGIN + beyond
    return pixels[max(top, 0) : bottom, max(left, 0) : right]


def yellow(pixels: Rgba) -> int:
    """Count the pixels in the colour of the spoken word."""
    red, _, blue, alpha = (pixels[..., each].astype(np.int16) for each in range(4))
    return int(((alpha > 200) & (red - blue > 150)).sum())


# --- Where words stand -----------------------------------------------------------------------


@pytest.mark.parametrize("script", PAGES)
@pytest.mark.parametrize("width", [150.0, 320.0, 900.0])
def test_words_never_overlap_and_stay_on_their_page(
    book: FontBook, script: str, width: float
) -> None:
    page = page_of(PAGES[script])
    size = caption_size(page, fonts=book, max_width=width)
    boxes = word_boxes(page, fonts=book, width=size[0], height=size[1])
    assert sorted({box.word for box in boxes}) == [0, 1, 2, 3]
    assert size[0] <= width + 1
    for box in boxes:
        assert box.left >= -0.02
        assert box.top >= 0
        assert box.right <= size[0] + 0.02
        assert box.bottom <= size[1] + 0.02
    for one, other in itertools.combinations(boxes, 2):
        is_apart = (
            one.right <= other.left + 0.02
            or other.right <= one.left + 0.02
            or one.bottom <= other.top + 0.02
            or other.bottom <= one.top + 0.02
        )
        assert is_apart, (one, other)


@pytest.mark.parametrize("script", PAGES)
def test_all_ink_is_there_and_none_is_cut(book: FontBook, script: str) -> None:
    page = page_of(PAGES[script], outline=Stroke(paint=BLACK, width=6))
    room = int(caption_overhang(page)) + 1
    pixels, boxes = drawn_page(page, fonts=book, margin=room)
    left, top, right, bottom = ink(pixels)
    assert left > 0
    assert top > 0
    assert right < pixels.shape[1]
    assert bottom < pixels.shape[0]
    plain, _ = drawn_page(page_of(PAGES[script]), fonts=book, margin=room)
    alone = [amount(drawn_page(page_of(word), fonts=book)[0]) for word in PAGES[script].split()]
    assert amount(plain) == pytest.approx(sum(alone), rel=0.02)
    assert len(boxes) == 4


@pytest.mark.parametrize("script", PAGES)
def test_words_run_in_the_direction_of_their_script(book: FontBook, script: str) -> None:
    _, boxes = drawn_page(page_of(PAGES[script]), fonts=book, max_width=2000)
    backwards = script in ("arabic", "hebrew")
    assert from_the_left(boxes) == ([3, 2, 1, 0] if backwards else [0, 1, 2, 3])


@pytest.mark.parametrize(
    ("words", "order"),
    [
        ("שלום hello world עולם", [3, 1, 2, 0]),
        ("hello שלום עולם world", [0, 2, 1, 3]),
        ("مرحبا 10 20 عالم", [3, 2, 1, 0]),
        ("hello 10 20 world", [0, 1, 2, 3]),
        ("עולם 42% hello! כן", [3, 2, 1, 0]),
        ("😀 שלום ❤️ עולם", [3, 2, 1, 0]),
    ],
)
def test_mixed_directions_follow_the_bidirectional_algorithm(
    book: FontBook, words: str, order: list[int]
) -> None:
    _, boxes = drawn_page(page_of(words), fonts=book, max_width=2000)
    assert from_the_left(boxes) == order


def test_the_first_line_holds_the_first_words_in_either_direction(book: FontBook) -> None:
    _, boxes = drawn_page(page_of("שלום לכל העולם היום"), fonts=book, max_width=200)
    lines = {top: [box.word for box in boxes if box.top == top] for top in {b.top for b in boxes}}
    assert [sorted(lines[top]) for top in sorted(lines)] == [[0, 1], [2, 3]]
    assert from_the_left(boxes) == [1, 0, 3, 2]


def test_a_direction_that_is_given_counts_more_than_the_letters(book: FontBook) -> None:
    _, boxes = drawn_page(page_of("one שתיים three", direction="rtl"), fonts=book, max_width=2000)
    assert from_the_left(boxes) == [2, 1, 0]


@pytest.mark.parametrize(
    ("words", "is_apart"),
    [
        ("one two", True),
        ("안녕 자막", True),
        ("你好 世界", False),
        ("字幕 です", False),
        ("你 ok", True),
    ],
)
def test_words_stand_apart_where_the_script_has_spaces(
    book: FontBook, words: str, is_apart: bool
) -> None:
    _, (first, second) = drawn_page(page_of(words), fonts=book)
    assert (second.left - first.right > 4) is is_apart


def test_nothing_moves_when_another_word_is_spoken_or_appears(book: FontBook) -> None:
    found = [
        drawn_page(page_of(PAGES["latin"], spoken=spoken, visible=visible), fonts=book)[1]
        for spoken, visible in ((None, 4), (0, 1), (2, 3), (3, 4))
    ]
    assert all(each == found[0] for each in found)


@settings(max_examples=25, deadline=None)
@given(
    words=st.lists(
        st.sampled_from(
            [
                *[
                    "a",
                    "bb",
                    "ccc",
                    "one-two",
                    "Wörter",
                    "שלום",
                    "مرحبا",
                    "你好",
                    "😀",
                    "99%",
                    "दुनिया",
                ],
                "x" * 40,
            ]
        ),
        min_size=1,
        max_size=9,
    ),
    width=st.floats(60, 900),
    max_lines=st.integers(1, 3),
)
def test_a_page_in_a_box_of_its_own_size_is_broken_alike(
    words: list[str], width: float, max_lines: int
) -> None:
    book = FontBook()
    page = page_of(" ".join(words), max_lines=max_lines)
    size = caption_size(page, fonts=book, max_width=width)
    inside = word_boxes(page, fonts=book, width=size[0], height=size[1])
    wide = word_boxes(page, fonts=book, width=width, height=size[1])
    assert [(box.word, box.block.text) for box in inside] == [
        (box.word, box.block.text) for box in wide
    ]
    assert [box.top for box in inside] == pytest.approx([box.top for box in wide])


# --- Too much text ---------------------------------------------------------------------------


def test_too_many_lines_are_set_smaller_first(book: FontBook) -> None:
    one = page_of("alpha beta gamma delta epsilon", max_lines=1)
    _, boxes = drawn_page(one, fonts=book, max_width=360)
    sizes = {box.block.setting.font.size for box in boxes}
    assert len({box.top for box in boxes}) == 1
    assert len(sizes) == 1
    assert 16 <= sizes.pop() < 32


def test_then_there_are_more_lines_and_still_every_word(book: FontBook) -> None:
    words = " ".join(f"word{number}" for number in range(40))
    _, boxes = drawn_page(page_of(words, max_lines=2), fonts=book, max_width=300)
    assert [box.word for box in boxes] == list(range(40))
    assert {box.block.setting.font.size for box in boxes} == {16.0}
    assert len({box.top for box in boxes}) > 2


@pytest.mark.parametrize("letter", ["x", "ש", "你", "👍🏽", "क्षि"])
def test_a_word_of_500_characters_goes_on_in_the_next_lines(book: FontBook, letter: str) -> None:
    letters = letter * (500 // len(letter))
    pixels, boxes = drawn_page(page_of(f"one {letters} two"), fonts=book, max_width=400)
    parts = [box for box in boxes if box.word == 1]
    assert "".join(part.block.text for part in parts) == letters
    assert len(parts) > 5
    assert all(box.right <= 401 for box in boxes)
    assert all(part.block.text == letter * (len(part.block.text) // len(letter)) for part in parts)
    small = Font(size=16, weight=700)
    alone, _ = drawn_page(page_of(letter * 5, font=small), fonts=book)
    both, _ = drawn_page(page_of("one two", font=small), fonts=book)
    expected = len(letters) // len(letter) / 5 * amount(alone) + amount(both)
    assert amount(pixels) == pytest.approx(expected, rel=0.05)


def test_lines_are_about_equally_long(book: FontBook) -> None:
    _, boxes = drawn_page(page_of("aaaa aaaa aaaa aaaa aaaa aaaa"), fonts=book, max_width=300)
    lines = [[box for box in boxes if box.top == top] for top in sorted({b.top for b in boxes})]
    assert [len(line) for line in lines] == [3, 3]
    _, boxes = drawn_page(page_of("aaaa aaaa aaaa aaaa"), fonts=book, max_width=300)
    assert [box.word for box in boxes if box.top == 0] == [0, 1]


@pytest.mark.parametrize("words", ["one two three ?", "字幕 です 世界 。", "שלום לכל עולם !"])
def test_a_mark_that_is_a_word_of_its_own_follows_its_word(book: FontBook, words: str) -> None:
    for width in range(70, 400, 10):
        _, boxes = drawn_page(page_of(words, max_lines=9), fonts=book, max_width=width)
        (word,) = [box for box in boxes if box.word == 2]
        (mark,) = [box for box in boxes if box.word == 3]
        assert mark.top == word.top
        assert min(abs(mark.left - word.right), abs(word.left - mark.right)) < 0.02


def test_words_without_letters_take_no_place(book: FontBook) -> None:
    page = page_of("one two")
    empty = CaptionPage(captions=page.captions, words=(), spoken=None, visible=0)
    assert caption_size(empty, fonts=book, max_width=300) == (0, 0)
    assert not drawn_page(empty, fonts=book)[0].any()
    blank = page_of("one \u202e two", spoken=1)
    _, boxes = drawn_page(blank, fonts=book)
    assert [box.word for box in boxes] == [0, 2]


# --- How it looks ----------------------------------------------------------------------------


@pytest.mark.parametrize("script", [name for name in PAGES if name != "emoji"])
def test_only_the_spoken_word_is_marked(book: FontBook, script: str) -> None:
    for spoken in range(4):
        page = page_of(PAGES[script], spoken=spoken)
        pixels, boxes = drawn_page(page, fonts=book)
        (box,) = [each for each in boxes if each.word == spoken]
        assert yellow(pixels) > 20
        assert yellow(crop(pixels, box, beyond=12)) == yellow(pixels)


@pytest.mark.parametrize("script", PAGES)
def test_only_the_first_words_are_visible(book: FontBook, script: str) -> None:
    whole, boxes = drawn_page(page_of(PAGES[script]), fonts=book)
    part, _ = drawn_page(page_of(PAGES[script], visible=2), fonts=book)
    assert part.shape == whole.shape
    for box in boxes:
        if box.word < 2:
            assert amount(crop(part, box)) == pytest.approx(amount(crop(whole, box)), rel=0.05)
        else:
            assert amount(crop(part, box)) < 0.05 * amount(crop(whole, box))
    nothing, _ = drawn_page(page_of(PAGES[script], visible=0), fonts=book)
    assert not nothing.any()


@pytest.mark.parametrize(("align", "share"), [("left", 0.0), ("center", 0.5), ("right", 1.0)])
@pytest.mark.parametrize("script", ["latin", "arabic"])
def test_short_lines_are_aligned(book: FontBook, align: str, share: float, script: str) -> None:
    page = page_of(PAGES[script], align=align)
    size = caption_size(page, fonts=book, max_width=700)
    assert (size[0] == 700) is (align != "center")
    boxes = word_boxes(page, fonts=book, width=700, height=size[1])
    left, right = min(box.left for box in boxes), max(box.right for box in boxes)
    assert left == pytest.approx((700 - (right - left)) * share)


def test_the_box_behind_a_page_holds_all_its_words_from_the_start(book: FontBook) -> None:
    half_black = Colour(red=0, green=0, blue=0, alpha=0.5)
    page = page_of("alpha beta gamma delta", background=half_black, visible=0)
    pixels, _ = drawn_page(page, fonts=book, max_width=250)
    left, top, right, bottom = ink(pixels)
    assert (left, top) == (MARGIN, MARGIN)
    assert pixels.shape[1] - right - MARGIN in (-1, 0, 1)
    assert pixels.shape[0] - bottom - MARGIN in (-1, 0, 1)
    assert pixels[top, left, 3] < 40  # a round corner
    middle = pixels[(top + bottom) // 2, (left + right) // 2]
    assert tuple(middle) == (0, 0, 0, 128)


def test_the_box_behind_the_spoken_word_is_behind_no_other(book: FontBook) -> None:
    page = page_of("alpha beta gamma", spoken=1, spoken_background=BLUE)
    pixels, boxes = drawn_page(page, fonts=book)
    is_blue = (pixels[..., 2] > 200) & (pixels[..., 0] < 50)
    _, columns = np.nonzero(is_blue)
    assert boxes[1].left - 6 < columns.min() - MARGIN < boxes[1].left
    assert boxes[1].right < columns.max() - MARGIN < boxes[1].right + 6
    assert columns.min() - MARGIN > boxes[0].right
    assert columns.max() - MARGIN < boxes[2].left
    assert yellow(pixels) > 20


def test_a_word_in_a_box_has_no_outline(book: FontBook) -> None:
    outline = Stroke(paint=RED, width=6)
    page = page_of("alpha beta gamma", spoken=1, spoken_background=BLUE, outline=outline)
    pixels, boxes = drawn_page(page, fonts=book)
    is_red = (pixels[..., 0] > 150) & (pixels[..., 1] < 60) & (pixels[..., 2] < 60)
    _, columns = np.nonzero(is_red)
    columns = columns - MARGIN
    assert np.any(columns < boxes[0].right)
    assert not np.any((columns > boxes[1].left) & (columns < boxes[1].right))


def test_an_outline_never_lies_on_a_neighbours_letters(book: FontBook) -> None:
    bare, _ = drawn_page(page_of("你好 世界"), fonts=book)
    page = page_of("你好 世界", outline=Stroke(paint=RED, width=10))
    outlined, _ = drawn_page(page, fonts=book)
    inside = bare[..., 3] == 255
    assert (outlined[inside] == 255).all()
    reach = np.array(ink(bare)) - np.array(ink(outlined))
    assert np.abs(np.abs(reach) - 5).max() <= 1


# --- The bidirectional algorithm -------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "is_right_to_left", "expected"),
    [
        ("abc", False, "000"),
        ("abc", True, "222"),
        ("אבג", False, "111"),
        ("a אב b", False, "001100"),
        ("א ab ב", True, "112211"),
        ("א 12 ב", True, "112211"),
        ("א 1,2 3", True, "1122212"),
        ("ا 1,2-3", True, "1122212"),
        ("a 12 ב", False, "000001"),
        ("א $5% b!", True, "11222121"),
        ("אָב", False, "111"),
        ("a, אב, ג.", False, "000111110"),
        ("", True, ""),
    ],
)
def test_levels_are_unicodes(text: str, is_right_to_left: bool, expected: str) -> None:
    found = bidi.levels(text, is_right_to_left=is_right_to_left)
    assert "".join(str(level) for level in found) == expected


@pytest.mark.parametrize(
    ("levels", "order"),
    [
        ([0, 0, 0], [0, 1, 2]),
        ([1, 1, 1], [2, 1, 0]),
        ([0, 1, 1, 0], [0, 2, 1, 3]),
        ([1, 2, 2, 1], [3, 1, 2, 0]),
        ([2, 1, 2], [2, 1, 0]),
        ([], []),
    ],
)
def test_items_are_turned_round_level_by_level(levels: list[int], order: list[int]) -> None:
    assert bidi.visual_order(levels) == order


# --- A word apart from its page --------------------------------------------------------------


def test_a_page_and_the_word_apart_from_it_are_the_whole_page(book: FontBook) -> None:
    whole, boxes = drawn_page(page_of("one two three", spoken=1), fonts=book)
    page = page_of("one two three", spoken=1)
    rest, _ = drawn_page(replace(page, without=1), fonts=book)
    word, _ = drawn_page(replace(page, only=1), fonts=book)
    assert yellow(rest) == 0
    assert yellow(word) == yellow(whole) > 50
    assert (np.maximum(rest, word) == whole).all()
    left, _, right, _ = ink(word)
    assert left >= boxes[1].left + MARGIN - 2
    assert right <= boxes[1].right + MARGIN + 2


def test_the_box_behind_a_page_is_not_drawn_again_for_a_word(book: FontBook) -> None:
    page = page_of("one two", spoken=0, background=BLUE)
    assert amount(drawn_page(replace(page, only=0), fonts=book)[0]) < 0.2 * amount(
        drawn_page(replace(page, without=0), fonts=book)[0]
    )


def test_the_box_of_a_word_in_pieces_holds_all_of_them(book: FontBook) -> None:
    page = page_of("a " + "m" * 40)
    size = caption_size(page, fonts=book, max_width=300)
    boxes = word_boxes(page, fonts=book, width=size[0], height=size[1])
    found = word_box(page, 1, fonts=book, width=size[0], height=size[1])
    pieces = [box for box in boxes if box.word == 1]
    assert len(pieces) > 1
    assert found[1] == min(box.top for box in pieces)
    assert found[3] == max(box.bottom for box in pieces)


def test_a_box_narrower_than_a_letter_has_smaller_letters(book: FontBook) -> None:
    page = page_of("W Wide", font=Font(size=100, weight=700))
    _, boxes = drawn_page(page, fonts=book, max_width=30)
    assert all(-1 < box.left < box.right < 32 for box in boxes)
