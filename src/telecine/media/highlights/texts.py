"""Three texts of a talk without a language model: a thread, a LinkedIn post, a blog post.

Extractive: the speaker's own whole sentences, in the order in which they were said, freed of
fillers. The chosen clips are told from beginning to end, because a passage that stands alone as
a clip stands alone as text; advertisements and greetings do not get in.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from telecine.media.highlights import choosing, headings, titles
from telecine.media.highlights.model import EXTRACTIVE, Candidate, Texts
from telecine.media.highlights.phrasing import clean, finished
from telecine.media.highlights.talk import Talk
from telecine.media.highlights.topics import Floats
from telecine.media.highlights.wording import is_unspaced

MOST_POST_CHARACTERS = 280
MOST_POSTS = 12
_LINKEDIN_CHARACTERS = 1600
_PARAGRAPH_SENTENCES = 4
_SECTION_SENTENCES = 10
_MOST_SECTIONS = 7
_LONGEST_SENTENCE = 420
# What is told beside the clips must score at least this share of the least of them.
_WORTH_TELLING = 0.6
_STANDS_ALONE = 0.5
# Characters that count once in a post; all others (Chinese, emoji) count twice.
_LIGHT = ((0x0000, 0x10FF), (0x2000, 0x200D), (0x2010, 0x201F), (0x2032, 0x2037))
_CLAUSE = re.compile(r"(?<=[,;:、，；：،؛])\s*")
_MARKDOWN = re.compile(r"([\\`*_\[\]<>#])")

Span = tuple[int, int]


def write(talk: Talk, candidates: Sequence[Candidate]) -> Texts:
    """Write the texts of a talk from the clips that were chosen from it, the best first."""
    lines = _lines(talk)
    spans = _told(lines, candidates) or _instead(talk, lines)
    return Texts(
        thread=_thread(lines, spans),
        linkedin=_linkedin(lines, spans),
        blog=_blog(talk, lines, spans, candidates),
        model=EXTRACTIVE,
    )


def weight(text: str) -> int:
    """Return the length of a post as the network counts it."""
    return sum(
        1 if any(first <= ord(letter) <= last for first, last in _LIGHT) else 2 for letter in text
    )


def number(posts: Sequence[str]) -> tuple[str, ...]:
    """Put the number of each post before it: `1/ `."""
    return tuple(f"{at}/ {post}" for at, post in enumerate(posts, start=1))


def joined(sentences: Sequence[str]) -> str:
    """Return sentences as running text; scripts without spaces have none between them either."""
    text = " ".join(sentences)
    return "".join(sentences) if is_unspaced(text) else text


def _lines(talk: Talk) -> list[str]:
    """Return each sentence as it would be printed; empty where it should not be."""
    marks = talk.marks.promotion | talk.marks.housekeeping
    printed = []
    for reading, marked in zip(talk.readings, marks, strict=True):
        text = clean(reading.text, english=talk.english)
        usable = text and not marked and len(text) <= _LONGEST_SENTENCE
        printed.append(finished(text) if usable else "")
    return printed


def _told(lines: Sequence[str], candidates: Sequence[Candidate]) -> list[Span]:
    """Return the clips that have something to print, the best first, none within another."""
    spans: list[Span] = []
    for candidate in candidates:
        span = (candidate.first_sentence, candidate.end_sentence)
        apart = all(span[1] <= first or end <= span[0] for first, end in spans)
        if apart and any(lines[span[0] : span[1]]):
            spans.append(span)
    return spans


def _instead(talk: Talk, lines: Sequence[str]) -> list[Span]:
    """Return the passages of a talk without clips: all that it has, the best first."""
    worth = _worth(talk)
    sections = [span for span in _sections(talk, 0, len(lines)) if any(lines[slice(*span)])]
    return sorted(sections, key=lambda span: (-float(worth[slice(*span)].mean()), span))


def _worth(talk: Talk) -> Floats:
    """Return how much each sentence is worth telling."""
    words = np.array([len(reading.content) for reading in talk.readings], dtype=float)
    return np.asarray(
        0.25 * talk.centrality
        + 0.25 * talk.hooks
        + 0.25 * talk.payoffs
        + 0.25 * talk.feelings
        + 0.20 * np.clip(words / 6, 0, 1)
        - 0.10 * talk.fillers
    )


def _thread(lines: Sequence[str], spans: Sequence[Span]) -> tuple[str, ...]:
    """Tell the best passages in full, as many as fit, in the order of the talk."""
    room = MOST_POST_CHARACTERS - len(f"{MOST_POSTS}/ ")
    taken: dict[Span, list[str]] = {}
    left = MOST_POSTS
    for span in spans:
        posts = _packed([line for line in lines[slice(*span)] if line], room=room)
        if taken and len(posts) > left:
            continue
        taken[span] = posts[:left]
        left -= len(taken[span])
    return number([post for span in sorted(taken) for post in taken[span]])


def _packed(sentences: Sequence[str], *, room: int) -> list[str]:
    """Fill posts with whole sentences; one too long for a post is parted at its clauses."""
    posts: list[str] = []
    held: list[str] = []
    for sentence in sentences:
        for piece in _split(sentence, room=room):
            if held and weight(joined([*held, piece])) > room:
                posts.append(joined(held))
                held = []
            held.append(piece)
    return [*posts, joined(held)] if held else posts


def _split(sentence: str, *, room: int) -> list[str]:
    if weight(sentence) <= room:
        return [sentence]
    pieces, held = [], ""
    for clause in _CLAUSE.split(sentence):
        for piece in _broken(clause, room=room):
            longer = joined([held, piece]) if held else piece
            if weight(longer) <= room:
                held = longer
            else:
                pieces.append(held)
                held = piece
    return [piece for piece in (*pieces, held) if piece]


def _broken(clause: str, *, room: int) -> list[str]:
    """Break a clause that no post can hold between words, or anywhere if it has no spaces."""
    pieces, rest = [], clause
    while weight(rest) > room:
        head = rest[: room // 2]
        at = head.rfind(" ") if " " in head.strip() else len(head)
        pieces.append(rest[:at].strip())
        rest = rest[at:].strip()
    return [*pieces, rest]


def _linkedin(lines: Sequence[str], spans: Sequence[Span]) -> str:
    """Tell the best passage, the line that stops the reader alone, the rest in short paragraphs."""
    if not spans:
        return ""
    sentences = [line for line in lines[slice(*spans[0])] if line]
    paragraphs = [sentences[0], *_paragraphs(sentences[1:], most=2)]
    while len("\n\n".join(paragraphs)) > _LINKEDIN_CHARACTERS and len(paragraphs) > 1:
        paragraphs.pop()
    return "\n\n".join(paragraphs)


def _paragraphs(sentences: Sequence[str], *, most: int) -> list[str]:
    return [joined(sentences[at : at + most]) for at in range(0, len(sentences), most)]


def _blog(
    talk: Talk, lines: Sequence[str], spans: Sequence[Span], candidates: Sequence[Candidate]
) -> str:
    """Tell the clips as sections, and what is worth it between them."""
    if not spans:
        return ""
    sections = sorted([*spans[:_MOST_SECTIONS], *_between(talk, lines, spans)])
    named = {(one.first_sentence, one.end_sentence): one.title for one in candidates}
    name = headings.bare(named.get(spans[0]) or "") or _name(talk, lines, spans[0])
    written, used = [f"# {_escape(name)}"], {name}
    for first, end in sections:
        heading = headings.bare(named.get((first, end), ""))
        if not heading or heading in used:
            heading = headings.heading(talk, lines, first=first, end=end, avoid=used)
        if heading and heading not in used:
            written.append(f"## {_escape(heading)}")
        used.add(heading)
        told = [line for line in lines[first:end] if line]
        written += [_escape(text) for text in _paragraphs(told, most=_PARAGRAPH_SENTENCES)]
    return "\n\n".join(written) + "\n"


def _name(talk: Talk, lines: Sequence[str], span: Span) -> str:
    """Return the name of a post: a heading of its best part, or as much of a sentence as fits."""
    first, end = span
    heading = headings.heading(talk, lines, first=first, end=end, avoid=())
    return heading or titles.title(talk, first=first, end=end).rstrip("…")


def _between(talk: Talk, lines: Sequence[str], spans: Sequence[Span]) -> list[Span]:
    """Return passages outside of the told ones that are nearly as much worth telling."""
    room = _MOST_SECTIONS - len(spans)
    if room <= 0:
        return []
    least = _WORTH_TELLING * min(_score(talk, span) for span in spans)
    edges = [0, *(edge for span in sorted(spans) for edge in span), len(lines)]
    gaps = zip(edges[::2], edges[1::2], strict=True)
    found = [span for first, end in gaps for span in _sections(talk, first, end) if first < end]
    passages = [_passage(talk, lines, span) for span in found]
    good = [span for span in passages if span[1] - span[0] > 1 and _score(talk, span) >= least]
    return sorted(good, key=lambda span: (-_score(talk, span), span))[:room]


def _score(talk: Talk, span: Span) -> int:
    return choosing.stretch(talk, first=span[0], end=span[1]).virality_score


def _passage(talk: Talk, lines: Sequence[str], span: Span) -> Span:
    """Return the longest run within a span that stands alone and has nothing to leave out."""
    best = (span[0], span[0])
    for start in range(*span):
        if not lines[start] or talk.openings[start] <= _STANDS_ALONE:
            continue
        end = start
        while end < span[1] and lines[end]:
            end += 1
        if end - start > best[1] - best[0]:
            best = (start, end)
    return best


def _sections(talk: Talk, first: int, end: int) -> list[Span]:
    """Part a stretch where its subject changes most, into parts that are worth a heading."""
    count = end - first
    wanted = min(2 * _MOST_SECTIONS, max(1, round(count / _SECTION_SENTENCES)))
    fewest = max(3, count // (4 * wanted))
    edges = [first, end]
    for at in sorted(range(first + 1, end), key=lambda at: (-talk.boundaries[at], at)):
        if len(edges) > wanted:
            break
        if all(abs(at - edge) >= fewest for edge in edges):
            edges.append(at)
    return [span for span in pairwise(sorted(edges)) if span[0] < span[1]]


def _escape(text: str) -> str:
    """Return speech as Markdown that shows it as it is."""
    return _MARKDOWN.sub(r"\\\1", text)
