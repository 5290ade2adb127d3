"""Fonts: what is bundled covers ten scripts by itself, and the order of choice is ours."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from tests.media.render.drawing import SCRIPTS, amount, drawn, ink, plain

from telecine.kit.errors import UnsupportedMediaError
from telecine.media.render.drawing import fonts
from telecine.media.render.drawing.fonts import FontBook, emoji_runs
from telecine.media.timeline import families
from telecine.media.timeline.model import Font, FontFace, Source


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


def own(path: Path, *, family: str = "Mine") -> tuple[FontFace, Path]:
    source = Source(src="font.ttf", path="assets.fonts[0]")
    return FontFace(family=family, weight=400, is_italic=False, source=source), path


def package_file(package: str, pattern: str) -> Path:
    folder = fonts._folder(package)
    assert folder is not None
    return next(iter(sorted(folder.rglob(pattern))))


@pytest.mark.parametrize("script", SCRIPTS)
def test_no_character_is_missing(book: FontBook, script: str) -> None:
    assert book.missing_scripts(SCRIPTS[script]) == ()


@pytest.mark.parametrize("script", [name for name in SCRIPTS if name != "emoji"])
def test_no_character_comes_out_as_the_box_of_a_missing_one(book: FontBook, script: str) -> None:
    box = drawn(plain("\U00013000"), fonts=book, margin=60)
    for character in sorted(set(SCRIPTS[script]) - set(" ")):
        if character.isalpha():
            found = drawn(plain(character), fonts=book, margin=60)
            assert found.shape != box.shape or not np.array_equal(found, box), character


def test_what_no_font_has_is_named(book: FontBook) -> None:
    assert book.missing_scripts("ok \U00013000 \U00012000") == ("CUNEIFORM", "EGYPTIAN")


@pytest.mark.parametrize("words", ["Hamburg", "你好世界"])
def test_heavier_weights_have_more_ink(book: FontBook, words: str) -> None:
    found = [
        amount(drawn(plain(words, weight=weight), fonts=book)) for weight in (100, 400, 700, 900)
    ]
    assert all(less * 1.1 < more for less, more in pairwise(found)), found


def test_each_weight_between_is_its_own(book: FontBook) -> None:
    found = [
        amount(drawn(plain("Hamburg", weight=weight), fonts=book)) for weight in (500, 550, 600)
    ]
    assert found[0] < found[1] < found[2]


def test_italics_are_the_familys_own(book: FontBook) -> None:
    name = book.families(Font(is_italic=True), "a")[0]
    assert book.typeface(name).isItalic()
    assert not book.typeface(book.families(Font(), "a")[0]).isItalic()


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("Montserrat", "Montserrat"),
        ("montserrat", "Montserrat"),
        ("Arial", "Inter"),
        ("Georgia", "Noto Serif"),
        ("monospace", "JetBrains Mono"),
        ("'No Such', \"Poppins\", serif", "Poppins"),
        ("No Such, monospace", "JetBrains Mono"),
        ("No Such", "Inter"),
        ("", "Inter"),
    ],
)
def test_a_family_is_found_as_css_would(book: FontBook, asked: str, found: str) -> None:
    (name,) = book.families(Font(family=asked), "abc")
    assert book.typeface(name).getFamilyName().startswith(found)
    assert book.has_family(asked) is (asked not in ("No Such", ""))


def test_other_scripts_come_after_the_family_that_was_asked_for(book: FontBook) -> None:
    names = book.families(Font(family="Anton"), "abc שלום 你好")
    families = [book.typeface(name).getFamilyName() for name in names]
    assert families[0] == "Anton"
    assert set(families[1:]) == {"Noto Sans Hebrew", "Noto Sans CJK SC"}


@pytest.mark.parametrize(
    ("words", "country"),
    [("直", "SC"), ("直、です", "JP"), ("직直", "KR"), ("體", "TC"), ("体", "SC")],
)
def test_han_is_drawn_as_in_the_texts_country(book: FontBook, words: str, country: str) -> None:
    names = book.families(Font(), words)
    assert f"Noto Sans CJK {country}" in {book.typeface(name).getFamilyName() for name in names}


def test_the_documents_own_font_wins_over_a_bundled_one() -> None:
    book = FontBook([own(package_file("fontpkg_anton", "*.ttf"), family="Inter")])
    (name,) = book.families(Font(family="inter"), "abc")
    assert book.typeface(name).getFamilyName() == "Anton"


@pytest.mark.parametrize("content", [b"", b"wOF2" + bytes(500), b"not a font" * 100])
def test_a_file_that_is_no_font_is_refused_by_its_path(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "font.ttf"
    path.write_bytes(content)
    with pytest.raises(UnsupportedMediaError) as caught:
        FontBook([own(path)])
    assert caught.value.field == "assets.fonts[0]"


def test_a_font_that_is_cut_off_is_refused_by_its_name(tmp_path: Path) -> None:
    whole = package_file("fontpkg_anton", "*.ttf").read_bytes()
    for length in (*range(1, len(whole), len(whole) // 12), len(whole) - 8):
        path = tmp_path / f"{length}.ttf"
        path.write_bytes(whole[:length])
        with pytest.raises(UnsupportedMediaError, match="The font Mine"):
            FontBook([own(path)])


def test_a_font_that_is_damaged_is_refused_or_drawn(tmp_path: Path) -> None:
    whole = package_file("fontpkg_anton", "*.ttf").read_bytes()
    for start in range(100, len(whole), len(whole) // 12):
        path = tmp_path / f"{start}.ttf"
        path.write_bytes(whole[:start] + b"\x55" * 999 + whole[start + 999 :])
        try:
            book = FontBook([own(path)])
        except UnsupportedMediaError:
            continue
        assert drawn(plain("abc", family="Mine"), fonts=book).shape[2] == 4


def test_every_bundled_file_is_whole_and_its_family_known_to_the_reader() -> None:
    paths = [
        path for name in fonts._PACKAGES for path in fonts._files(fonts._folder(name) or Path())
    ]
    assert paths
    assert all(fonts._is_whole(path) for path in paths)
    bundled = {faces[0].family for faces in fonts._bundled().values()}
    assert bundled == set(families.BUNDLED)


def colours_of(words: str, book: FontBook) -> int:
    """Return how far the ink is from grey, at most."""
    pixels = drawn(plain(words), fonts=book)[..., :3].astype(np.int16)
    return int((pixels.max(axis=2) - pixels.min(axis=2)).max())


def test_emoji_have_colours(book: FontBook) -> None:
    for emoji in ("😀", "❤️", "👍🏽", "🇯🇵", "1️⃣", "☎️"):
        assert colours_of(emoji, book) > 60, emoji
    assert colours_of("☎ abc 123", book) == 0


@pytest.mark.parametrize("emoji", ["👩‍👩‍👧", "🇯🇵", "👍🏽", "1️⃣", "🏴󠁧󠁢󠁳󠁣󠁴󠁿"])
def test_what_is_one_emoji_is_as_wide_as_one(book: FontBook, emoji: str) -> None:
    left, _, right, _ = ink(drawn(plain(emoji), fonts=book))
    assert 20 < right - left < 45  # at 32 px


def test_without_the_fetched_font_emoji_are_still_drawn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fonts, "_EMOJI_FONTS", tmp_path)
    fonts._colour_emoji.cache_clear()
    try:
        assert colours_of("😀", FontBook()) == 0
        assert amount(drawn(plain("😀"), fonts=FontBook())) > 100
    finally:
        fonts._colour_emoji.cache_clear()


def test_a_process_that_waits_can_open_everything_before() -> None:
    caches = (fonts._bundled, fonts._colour_emoji)
    for cache in caches:
        cache.cache_clear()
    fonts.open_bundled()
    drawn(plain("a שלום 你好 😀"), fonts=FontBook())
    assert [cache.cache_info().misses for cache in caches] == [1, 1]


def test_text_is_split_where_emoji_begin_and_end() -> None:
    assert list(emoji_runs("a😀❤️b 1️⃣2")) == [
        ("a", False), ("😀❤️", True), ("b ", False), ("1️⃣", True), ("2", False),
    ]  # fmt: skip
    assert list(emoji_runs("❤ 12 ©")) == [("❤ 12 ©", False)]
    assert list(emoji_runs("")) == []
