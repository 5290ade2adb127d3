"""Code: its lines, colours, numbers and the lines that are selected."""

from __future__ import annotations

import time

import numpy as np
import pytest
from msgspec.structs import replace
from tests.media.render.layers import drawn, ink, layer_of, sprites

from telecine.media.render.drawing.code import themes
from telecine.media.render.drawing.pixels import Rgba
from telecine.media.timeline.model import Code, Font

MONO = Font(family="monospace", size=20)
PYTHON = '''\
def area(radius: float) -> float:
    """Of a disc."""
    # not a sphere
    return 3.14159 * radius**2
'''


def shown(code: Code) -> Rgba:
    """Draw in a box of the code's own size, without a margin."""
    drawer = sprites()
    return drawn(layer_of(code, size=drawer.code_size(code)), margin=0, drawer=drawer)


def lines_of(rgba: Rgba, code: Code) -> list[Rgba]:
    height = code.font.size * code.line_height
    count = round(rgba.shape[0] / height)
    return [rgba[round(n * height) : round((n + 1) * height)] for n in range(count)]


def colours_of(rgba: Rgba) -> set[tuple[int, ...]]:
    """Return the colours of the pixels that are all ink."""
    return {tuple(int(part) for part in pixel) for pixel in rgba[rgba[..., 3] == 255]}


def test_every_line_has_the_same_height() -> None:
    code = Code(code="a\nb\n\nd", font=MONO)
    width, height = sprites().code_size(code)
    assert height == pytest.approx(4 * 20 * 1.4)
    assert width == pytest.approx(12, abs=1.01)  # one cell of a face 0.6 wide


def test_the_end_of_the_last_line_is_no_line_of_its_own() -> None:
    drawer = sprites()
    assert drawer.code_size(Code(code="a\nb\n", font=MONO)) == drawer.code_size(
        Code(code="a\nb", font=MONO)
    )


def test_lines_are_never_wrapped() -> None:
    code = Code(code="x = " + "1 + " * 200, font=MONO)
    width, height = sprites().code_size(code)
    assert height == pytest.approx(28)
    assert width > 9000


def test_a_tab_is_four_columns() -> None:
    rgba = shown(Code(code="\tx", font=MONO))
    assert ink(rgba)[0] == pytest.approx(4 * 12, abs=2)


def test_words_are_coloured_by_what_they_are() -> None:
    code = Code(code=PYTHON, font=MONO, language="python")
    keyword, text, comment, number = lines_of(shown(code), code)
    assert (0xC6, 0x78, 0xDD, 255) in colours_of(keyword)
    assert (0x98, 0xC3, 0x79, 255) in colours_of(text)
    assert (0x7F, 0x84, 0x8E, 255) in colours_of(comment)
    assert (0xD1, 0x9A, 0x66, 255) in colours_of(number)


def test_colouring_moves_nothing() -> None:
    coloured = Code(code="x = 'a' + 12  # y", font=MONO, language="python")
    plain = replace(coloured, language="text")
    assert sprites().code_size(coloured) == sprites().code_size(plain)
    assert ink(shown(coloured)) == pytest.approx(ink(shown(plain)), abs=1)


def test_an_unknown_language_is_plain() -> None:
    for language in ("no such language", "", "../os", "__import__"):
        code = Code(code=PYTHON, font=MONO, language=language)
        assert len(colours_of(shown(code))) == 1


def test_a_language_is_known_by_its_usual_names() -> None:
    for language in ("js", "TypeScript", "c++", "golang", "Rust", "sh", "html", "json", "sql"):
        code = Code(code='if (x) { return "12" }', font=MONO, language=language)
        assert shown(code)[..., 3].any()


def test_a_theme_changes_the_colours() -> None:
    assert {"monokai", "github-dark", "one-dark"} <= set(themes())
    looks = [
        colours_of(shown(Code(code=PYTHON, font=MONO, language="python", theme=theme)))
        for theme in ("one-dark", "monokai")
    ]
    assert looks[0] != looks[1]


def test_plain_words_can_be_read_on_the_ground_that_a_theme_is_made_for() -> None:
    for theme, plain in (("friendly", 0), ("default", 0), ("dracula", 248), ("one-dark", 171)):
        seen = colours_of(shown(Code(code="name", font=MONO, theme=theme)))
        assert {red for red, _, _, _ in seen} == {plain}


def test_an_unknown_theme_is_the_usual_one() -> None:
    known = Code(code=PYTHON, font=MONO, language="python")
    for theme in ("no such theme", "..", "os"):
        assert (shown(replace(known, theme=theme)) == shown(known)).all()


def test_lines_that_are_not_selected_are_dimmed() -> None:
    code = Code(code="aaa\nbbb\nccc\nddd", font=MONO, selection=((1, 2),))
    strongest = [int(line[..., 3].max()) for line in lines_of(shown(code), code)]
    assert strongest == pytest.approx([77, 255, 255, 77], abs=2)


def test_a_selection_of_lines_that_are_not_there_dims_all() -> None:
    code = Code(code="aaa\nbbb", font=MONO, selection=((7, 9),))
    assert shown(code)[..., 3].max() < 90


def test_a_string_over_several_lines_is_dimmed_by_the_line() -> None:
    code = Code(code='"""a\nb\nc"""', font=MONO, language="python", selection=((1, 1),))
    strongest = [int(line[..., 3].max()) for line in lines_of(shown(code), code)]
    assert strongest == pytest.approx([77, 255, 77], abs=2)


def test_line_numbers_stand_before_the_lines() -> None:
    text = "\n".join(["x"] * 12)
    plain = Code(code=text, font=MONO)
    numbered = replace(plain, has_line_numbers=True)
    wider = sprites().code_size(numbered)[0] - sprites().code_size(plain)[0]
    assert wider == pytest.approx(2 * 12 + 20, abs=1.5)
    first, *_, last = lines_of(shown(numbered), numbered)
    assert ink(first)[0] > ink(last)[0] + 8  # one digit, set to the right


def test_signs_stand_for_themselves_and_are_not_joined() -> None:
    # Every cell of a pair looks like the sign alone: no arrow is made of "->". Lexers give some
    # as one piece and others as two.
    for pair in ("->", "!=", ">=", "=>", "==", "//", "&&", "<=", "<-"):
        for language in ("", "go", "python"):
            if (pair, language) != ("//", "go"):  # a comment
                check_pair(pair, language)


def check_pair(pair: str, language: str) -> None:
    apart = shown(Code(code=f"{pair[0]} {pair[1]}", font=MONO, language=language))
    joined = shown(Code(code=pair, font=MONO, language=language))
    first, second = joined[:, :12, 3].astype(int), joined[:, 12:24, 3].astype(int)
    assert np.abs(first - apart[:, :12, 3]).max() < 40, pair
    assert np.abs(second - apart[:, 24:36, 3]).max() < 40, pair


def test_code_that_is_larger_than_its_box_is_not_cut_off() -> None:
    code = Code(code="a" * 40, font=MONO)
    pixels = sprites().pixels(layer_of(code, size=(100, 28)))
    assert pixels.rgba.shape[1] > 470


def test_every_script_has_glyphs_and_an_emoji_has_colours() -> None:
    code = Code(code="# 漢字 привет שלום 🙂", font=MONO, language="python")
    rgba = shown(code)
    saturation = rgba[..., :3].max(axis=2).astype(int) - rgba[..., :3].min(axis=2)
    assert int(np.count_nonzero(saturation > 100)) > 50


def test_empty_and_odd_code_is_no_crash() -> None:
    for text in ("", "\n", "\r\n\r\n", "\0\x1b[31m", "\ud800", "\u202e" * 50, " " * 500):
        shown(Code(code=text, font=MONO, language="python", has_line_numbers=True))


def test_very_long_code_is_not_coloured_but_drawn() -> None:
    code = Code(code="((((((((((" * 4000, font=Font(family="monospace", size=2), language="js")
    started = time.process_time()
    shown(code)
    assert time.process_time() - started < 30  # it ends: no figure, machines differ
