"""Text that is typed letter by letter, and text that is fitted into its box."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace
from tests.media.render.drawing import BLUE, SCRIPTS, amount, drawn, ink, plain

from telecine.media.render.drawing.fonts import FontBook
from telecine.media.render.drawing.sprites import Sprites
from telecine.media.render.measuring import Measuring
from telecine.media.render.planning import boxes
from telecine.media.timeline.model import TextBackground


@pytest.fixture(scope="module")
def book() -> FontBook:
    return FontBook()


# --- Text that is typed ----------------------------------------------------------------------


@pytest.mark.parametrize("script", SCRIPTS)
def test_letters_come_one_by_one_and_none_moves(book: FontBook, script: str) -> None:
    words = SCRIPTS[script]
    whole = drawn(plain(words), fonts=book, max_width=150)
    before = np.zeros_like(whole[..., 3]).astype(np.int16)
    amounts = []
    for n in range(len(words) + 1):
        now = drawn(plain(words, n_seen=n), fonts=book, max_width=150)[..., 3].astype(np.int16)
        assert (now >= before - 2).all(), n
        amounts.append(int(now.sum()))
        before = now
    assert amounts[0] == 0
    assert sorted(amounts) == amounts
    assert len(set(amounts)) > 4
    assert (before == whole[..., 3]).all()


def test_a_letter_of_several_characters_comes_as_one(book: FontBook) -> None:
    family = "👩\u200d👩\u200d👧"
    states = {
        amount(drawn(plain(family + "a", n_seen=n), fonts=book)) for n in range(len(family) + 2)
    }
    assert len(states) == 3


def test_the_box_behind_a_typed_text_is_there_from_the_start(book: FontBook) -> None:
    box = TextBackground(colour=BLUE, horizontal_padding=4, vertical_padding=4)
    empty = drawn(plain("typed", background=box, n_seen=0), fonts=book)
    whole = drawn(plain("typed", background=box), fonts=book)
    assert ink(empty) == ink(whole)


# --- Text that is fitted ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "box", "fields"),
    [
        ("SALE", (400.0, 200.0), {}),
        ("SALE", (4000.0, 60.0), {}),
        ("A longer headline that still fills its box", (300.0, 200.0), {}),
        ("one line, however long it may be", (300.0, 200.0), {"max_lines": 1}),
        ("one line, however long it may be", (300.0, 200.0), {"is_wrapped": False}),
        ("Donaudampfschifffahrt ahoi", (200.0, 300.0), {}),
        ("你好世界你好世界", (120.0, 120.0), {}),
    ],
)
def test_a_fitted_text_is_as_large_as_its_box_can_hold(
    book: FontBook, words: str, box: tuple[float, float], fields: dict[str, bool | int]
) -> None:
    measure = Measuring(Sprites(fonts=book, find=lambda _: Path()), find=lambda _: Path())
    wanted = plain(words, size=7, is_fitted=True, **fields)
    found = boxes.fitted(wanted, box, measure=measure)
    limit = box[0] if wanted.is_wrapped else None

    def fits(size: float) -> bool:
        whole = replace(found, font=replace(found.font, size=size), max_lines=None)
        width, height = measure.text_size(whole, limit)
        widest = replace(whole, text=max(words.split(), key=len) if words.isascii() else "")
        n_lines = round(height / measure.text_size(replace(whole, text="x"), None)[1])
        return (
            width <= box[0] + 1
            and height <= box[1]
            and measure.text_size(widest, None)[0] <= box[0] + 1
            and n_lines <= (found.max_lines or 1000)
        )

    assert fits(found.font.size)
    assert not fits(found.font.size + 1)


@pytest.mark.parametrize(("words", "size"), [("Hi", 40.0), ("A headline that is too long", 0.0)])
def test_a_text_that_only_shrinks_is_never_larger_than_its_size(
    book: FontBook, words: str, size: float
) -> None:
    measure = Measuring(Sprites(fonts=book, find=lambda _: Path()), find=lambda _: Path())
    wanted = plain(words, size=40, is_fitted=True, only_shrinks=True, max_lines=1)

    found = boxes.fitted(wanted, (200.0, 100.0), measure=measure)

    free = boxes.fitted(replace(wanted, only_shrinks=False), (200.0, 100.0), measure=measure)
    assert found.font.size == (size or free.font.size)
    assert found.font.size <= 40
