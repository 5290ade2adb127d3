"""Markdown (CommonMark) to the plain text that is drawn, and what of it is bold, larger, a list.

A line that ends in the source ends on the canvas, as in any other text here. What a film cannot
show stays legible: a link is its words, a picture its description, HTML itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from telecine.media.timeline.content import Span

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

#: Of headings from the first level on; from the fourth they are only bold.
_SCALES: Final = {"h1": 1.6, "h2": 1.35, "h3": 1.15}
#: A blank line between blocks is this high, as a share of a line.
_GAP: Final = 0.5
_BULLETS: Final = ("\u2022", "\u2013")
_INDENT: Final = "\u2003"
_PLAIN: Final = Span(n_characters=0)


def rich(source: str) -> tuple[str, tuple[Span, ...]]:
    """Return a text and its stretches. Takes a quarter of a second for the worst 10,000 signs."""
    setter = _Setter()
    for token in _parser().parse(source):
        setter.take(token)
    runs = [run for run in setter.runs if run[0]]
    text = "".join(run[0] for run in runs)
    return text, tuple(replace(span, n_characters=len(part)) for part, span in runs)


@cache
def _parser() -> MarkdownIt:
    # Few films have Markdown, and all would wait for its import.
    from markdown_it import MarkdownIt  # noqa: PLC0415

    return MarkdownIt("commonmark", {"html": False})


class _Setter:
    """Writes one block below the other."""

    def __init__(self) -> None:
        self.runs: list[tuple[str, Span]] = []
        #: The lists that are open: the next number of each, None with bullets.
        self._lists: list[int | None] = []
        self._was_list = False
        self._quotes = 0
        self._block = _PLAIN
        self._lead: str | None = None

    def take(self, token: Token) -> None:
        """Go on by a token of a block."""
        match token.type:
            case "heading_open":
                scale = _SCALES.get(token.tag, 1.0)
                self._block = replace(self._block, is_bold=True, scale=scale)
            case "heading_close":
                self._block = _PLAIN
            case "bullet_list_open" | "ordered_list_open":
                is_numbered = token.type == "ordered_list_open"
                self._lists.append(int(token.attrs.get("start", 1)) if is_numbered else None)
            case "bullet_list_close" | "ordered_list_close":
                self._lists.pop()
                self._was_list = bool(self._lists)
            case "list_item_open":
                self._lead = self._mark()
            case "blockquote_open" | "blockquote_close":
                self._quotes += token.nesting
            case "inline":
                self._begin()
                self._inline(token.children or ())
            case "fence" | "code_block":
                self._begin()
                self._write(token.content.rstrip("\n"), replace(self._block, is_code=True))
            case "hr":
                self._begin()
                self._write("\u2014" * 3, self._block)

    def _mark(self) -> str:
        """Return what a point of the innermost list begins with."""
        number, depth = self._lists[-1], len(self._lists) - 1
        if number is None:
            return f"{_INDENT * depth}{_BULLETS[min(depth, 1)]}\u2002"
        self._lists[-1] = number + 1
        return f"{_INDENT * depth}{number}.\u2002"

    def _begin(self) -> None:
        """Begin a block: on a new line, after a gap but between the points of a list."""
        if self.runs:
            self._write("\n", _PLAIN)
            if not (self._lists and self._was_list):
                self._write("\n", replace(_PLAIN, scale=_GAP))
        self._was_list = bool(self._lists)
        lead, self._lead = self._lead, None
        self._write(_INDENT * len(self._lists) if lead is None else lead, self._block)

    def _inline(self, tokens: Sequence[Token]) -> None:
        bold, italic = 0, 0
        for token in _flat(tokens):
            bold += {"strong_open": 1, "strong_close": -1}.get(token.type, 0)
            italic += {"em_open": 1, "em_close": -1}.get(token.type, 0)
            span = replace(
                self._block, is_bold=self._block.is_bold or bold > 0,
                is_italic=italic > 0 or self._quotes > 0, is_code=token.type == "code_inline",
            )  # fmt: skip
            if token.type in ("text", "code_inline"):
                self._write(token.content, span)
            elif token.type in ("softbreak", "hardbreak"):
                self._write("\n", span)

    def _write(self, text: str, span: Span) -> None:
        self.runs.append((text, span))


def _flat(tokens: Sequence[Token]) -> Iterator[Token]:
    for token in tokens:
        yield token
        if token.type == "image":
            yield from _flat(token.children or ())
