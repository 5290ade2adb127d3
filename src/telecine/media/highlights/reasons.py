"""Why a clip was chosen, in plain words: what speaks for it first, then what speaks against."""

from __future__ import annotations

from telecine.media.highlights import lexicon, wording
from telecine.media.highlights.model import PART_NAMES, Parts
from telecine.media.highlights.talk import Talk

_GOOD, _BAD = 0.6, 0.25
_MOST_GOOD, _MOST_BAD = 4, 2
# A number among so many first words is what a clip opens with.
_OPENING_WORDS = 6
_STANDS_ALONE = 0.6

_SAID = {
    "hook": ("The first words make one want the next.", "It opens without a hook."),
    "completeness": (
        "It begins and ends with whole sentences.",
        "It needs what was said before or after it.",
    ),
    "topic": ("It is one subject from its beginning to its end.", "It strays between subjects."),
    "density": ("Little of it is filler.", "Much of it is filler."),
    "payoff": ("It ends on a conclusion.", "It ends without a conclusion."),
    "emotion": ("There is feeling in the words.", "It is told without feeling."),
    "energy": ("It is livelier than the rest.", "It is quieter than the rest."),
}


def explain(
    talk: Talk,
    *,
    first: int,
    end: int,
    parts: Parts,
    is_cut_before: bool = False,
    is_cut_after: bool = False,
) -> tuple[str, ...]:
    """Return the reasons for the score of `sentences[first:end]`.

    `is_cut_before`, `is_cut_after`: the clip begins, or ends, within a sentence.
    """
    values = {name: getattr(parts, name) for name in PART_NAMES}
    good = sorted((name for name in PART_NAMES if values[name] >= _GOOD), key=lambda n: -values[n])
    bad = sorted((name for name in PART_NAMES if values[name] <= _BAD), key=lambda n: values[n])
    untrue = {
        "hook": is_cut_before,
        "payoff": is_cut_after,
        "completeness": is_cut_before or is_cut_after or not _is_whole(talk, first, end),
    }
    said = [_praise(talk, first, name) for name in good if not untrue.get(name, False)][:_MOST_GOOD]
    said += [_SAID[name][1] for name in bad[:_MOST_BAD]]
    if is_cut_before:
        said.append("It begins in the middle of a sentence.")
    if is_cut_after:
        said.append("It ends in the middle of a sentence.")
    if talk.marks.promotion[first:end].any():
        said.append("Part of it is an advertisement.")
    if talk.marks.housekeeping[first:end].any():
        said.append("Part of it is a greeting or a notice.")
    return tuple(said)


def _is_whole(talk: Talk, first: int, end: int) -> bool:
    """Say whether a clip visibly begins with a sentence and ends with one."""
    is_inside = bool(talk.halved[first] or talk.halved[end])
    return (
        not is_inside and talk.readings[first].is_capitalised and talk.readings[end - 1].is_finished
    )


def _praise(talk: Talk, first: int, name: str) -> str:
    if name == "hook":
        return _opening(talk, first)
    if name == "completeness" and talk.openings[first] >= _STANDS_ALONE:
        return "It begins and ends with whole sentences that stand alone."
    return _SAID[name][0]


def _opening(talk: Talk, first: int) -> str:
    reading = talk.readings[first]
    if reading.is_question:
        return "It opens with a question."
    if talk.english and lexicon.STORY.search(reading.line):
        return "It opens with a story."
    if wording.has_number(reading.tokens[:_OPENING_WORDS], english=talk.english):
        return "It opens with a number."
    return _SAID["hook"][0]
