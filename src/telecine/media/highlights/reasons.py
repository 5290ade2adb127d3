"""Why a clip was chosen, in plain words: what speaks for it first, then what speaks against."""

from __future__ import annotations

from telecine.media.highlights import lexicon
from telecine.media.highlights.model import PART_NAMES, Parts
from telecine.media.highlights.talk import Talk

_GOOD, _BAD = 0.6, 0.25
_MOST_GOOD, _MOST_BAD = 4, 2

_SAID = {
    "hook": ("The first words make one want the next.", "It opens without a hook."),
    "completeness": (
        "It begins and ends with whole sentences that stand alone.",
        "It needs what was said before or after it.",
    ),
    "topic": ("It is one subject from its beginning to its end.", "It strays between subjects."),
    "density": ("Little of it is filler.", "Much of it is filler."),
    "payoff": ("It ends on a conclusion.", "It ends without a conclusion."),
    "emotion": ("There is feeling in the words.", "It is told without feeling."),
    "energy": ("It is livelier than the rest.", "It is quieter than the rest."),
}


def explain(talk: Talk, *, first: int, end: int, parts: Parts) -> tuple[str, ...]:
    """Return the reasons for the score of `sentences[first:end]`."""
    values = {name: getattr(parts, name) for name in PART_NAMES}
    good = sorted((name for name in PART_NAMES if values[name] >= _GOOD), key=lambda n: -values[n])
    bad = sorted((name for name in PART_NAMES if values[name] <= _BAD), key=lambda n: values[n])
    said = [
        _opening(talk, first) if name == "hook" else _SAID[name][0] for name in good[:_MOST_GOOD]
    ]
    said += [_SAID[name][1] for name in bad[:_MOST_BAD]]
    if talk.marks.promotion[first:end].any():
        said.append("Part of it is an advertisement.")
    if talk.marks.housekeeping[first:end].any():
        said.append("Part of it is a greeting or a notice.")
    return tuple(said)


def _opening(talk: Talk, first: int) -> str:
    reading = talk.readings[first]
    if reading.is_question:
        return "It opens with a question."
    if talk.english and lexicon.STORY.search(reading.line):
        return "It opens with a story."
    if reading.has_number:
        return "It opens with a number."
    return _SAID["hook"][0]
