"""Markdown in texts: what is drawn of it, how, and how much of it is read."""

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.media.timeline.documents import clip, document, faults, only

from telecine.media.timeline.markdown import rich
from telecine.media.timeline.model import Span, Text
from telecine.media.timeline.rv import parse_rv


def _styled(source: str) -> list[tuple[str, str]]:
    """Return the stretches of a text, each with what it is."""
    text, spans = rich(source)
    found, start = [], 0
    for span in spans:
        part = text[start : start + span.n_characters]
        start += span.n_characters
        marks = (
            (span.is_bold, "b"),
            (span.is_italic, "i"),
            (span.is_code, "c"),
            (span.scale > 1, "h"),
        )
        found.append((part, "".join(mark for is_so, mark in marks if is_so)))
    assert start == len(text)
    return found


def test_words_are_bold_italic_both_or_code() -> None:
    assert _styled("a **b** *c* ***d*** `e`") == [
        ("a ", ""), ("b", "b"), (" ", ""), ("c", "i"), (" ", ""), ("d", "bi"), (" ", ""), ("e", "c"),
    ]  # fmt: skip


def test_headings_are_bold_and_larger_and_lines_stay_lines() -> None:
    text, spans = rich("# Title\none\ntwo\n\nthree")
    assert text == "Title\n\none\ntwo\n\nthree"
    assert spans[0] == Span(n_characters=5, is_bold=True, scale=1.6)


def test_lists_have_bullets_numbers_and_indents() -> None:
    text, _ = rich("- a\n  - b\n- c\n\n3. d\n4. e")
    lines = ["•\u2002a", "\u2003–\u2002b", "•\u2002c", "", "3.\u2002d", "4.\u2002e"]
    assert text.split("\n") == lines


def test_quotations_are_italic_and_blocks_of_code_keep_their_indents() -> None:
    assert ("said", "i") in _styled("> said")
    assert ("if x:\n    y", "c") in _styled("```py\nif x:\n    y\n```")


def test_links_pictures_and_html_stay_legible() -> None:
    text, _ = rich("[words](https://a.b) ![alt](c.png) <b>d</b> &amp; 2 \\* 3\n\n---")
    assert text == "words alt <b>d</b> & 2 * 3\n\n———"


def test_a_text_is_markdown_only_where_it_says_so() -> None:
    marked = only("text", text="**a**", markdown=True).content
    plain = only("text", text="**a**").content
    assert isinstance(marked, Text)
    assert isinstance(plain, Text)
    assert (marked.text, marked.spans[0].is_bold) == ("a", True)
    assert (plain.text, plain.spans) == ("**a**", ())


def test_too_much_markdown_is_a_fault() -> None:
    long = clip("text", text="a" * 5001, markdown=True)
    assert faults(parse_rv(document(long))) == [("tracks[0].clips[0].text", "TOO_LONG")]
    many = [clip("text", text="a" * 5000, markdown=True) for _ in range(51)]
    assert faults(parse_rv(document(*many))) == [("tracks[0].clips[50].text", "TOO_LONG")]


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet="ab *_`#>-1.[]()!\n\\<&", max_size=80))
def test_stretches_are_all_of_the_text(source: str) -> None:
    text, spans = rich(source)
    assert sum(span.n_characters for span in spans) == len(text)
