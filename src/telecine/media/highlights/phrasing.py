"""A spoken sentence made fit to be read: without "um", "you know" and words said twice.

Nothing is added but a capital at the front and a full stop at the end.
"""

from __future__ import annotations

import re

from telecine.media.highlights import lexicon
from telecine.media.highlights.wording import is_unspaced
from telecine.media.speech.sentences import has_stop

_FILLER = re.compile(r"(?:^|(?<=[\s,]))(?:um+|uh+m*|erm*|hmm+|mhm)\b(?!-)[,.…]*\s*", re.IGNORECASE)
_ASIDE = re.compile(r",\s*(?:you know|i mean)\s*,\s*", re.IGNORECASE)
_TWICE = re.compile(
    r"\b(i|a|an|the|to|and|of|in|it|we|he|she|they|my|is|was|but|so)(?:,?\s+\1\b)+", re.IGNORECASE
)
_HANGING_COMMA = re.compile(r"\s+([,.;:!?])")


def clean(text: str, *, english: bool) -> str:
    """Return a sentence for readers. Empty where nothing but fillers was said."""
    text = " ".join(text.split())
    if english:
        text = lexicon.EMPTY_OPENERS.sub("", _FILLER.sub("", text))
        text = _ASIDE.sub(" ", text)
        text = _TWICE.sub(r"\1", text)
        text = _HANGING_COMMA.sub(r"\1", text).strip(" ,")
    if not any(character.isalnum() for character in text):
        return ""
    return text[:1].upper() + text[1:]


def alone(text: str, *, english: bool) -> str:
    """Return a cleaned sentence without the word that tied it to the one before."""
    if english:
        text = lexicon.LOOSE_OPENERS.sub("", text)
    return text[:1].upper() + text[1:]


def finished(text: str) -> str:
    """Return the sentence with the mark of an end, if it has none."""
    if has_stop(text):
        return text
    return text.rstrip(",;:–—- ") + ("。" if is_unspaced(text) else ".")
