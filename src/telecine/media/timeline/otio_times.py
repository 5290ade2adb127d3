"""Times of an OpenTimelineIO file: all in seconds, those of a clip from its file's first frame.

A file may begin at any timecode: `source_range` counts as `available_range` does, not from zero.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Final

import msgspec

from telecine.media.timeline.otio import MAX_LABEL_CHARACTERS
from telecine.media.timeline.reader import Node
from telecine.media.timeline.scene import MAX_DURATION_SECONDS

_MAX_TIME: Final = 1e9


class When(msgspec.Struct, frozen=True, kw_only=True):
    """Seconds: where a clip is, where in its file it begins, how long it is faded to."""

    start: Fraction
    end: Fraction
    trim: Fraction
    fade: Fraction | None


def span(child: Node) -> tuple[Fraction, Fraction]:
    """Return where in its file this begins, and how long it is: all of it where it does not say."""
    media = reference(child)
    is_known = media.has("available_range")
    if not is_known and not child.has("source_range"):
        child.report.problem(
            child.path_of("source_range"), "REQUIRED", "How long this is stands nowhere.",
            allowed="a TimeRange, here or as the media's available_range",
        )  # fmt: skip
        return Fraction(0), Fraction(0)
    known = _bounds(media.node("available_range")) if is_known else None
    if not child.has("source_range"):
        return Fraction(0), known[1] if known else Fraction(0)
    time = child.node("source_range")
    start, length = _bounds(time)
    return (start if known is None else _within(time, start, known)), length


def _within(time: Node, start: Fraction, known: tuple[Fraction, Fraction]) -> Fraction:
    """Count from where the file begins; say so where there is nothing of it at this time."""
    first, length = known
    if 0 <= start < first:
        time.report.warn(
            f"{time.path}.start_time", "BEFORE_MEDIA",
            "This begins before its media does; it is counted from the file's first frame.",
            got=float(start), allowed=f"{float(first):g} seconds and more",
        )  # fmt: skip
        return start
    if 0 < length <= start - first:
        time.report.warn(
            f"{time.path}.start_time", "BEHIND_MEDIA", "This begins where its media has ended.",
            got=float(start), allowed=f"less than {float(first + length):g} seconds",
        )  # fmt: skip
    return start - first


def _bounds(time: Node) -> tuple[Fraction, Fraction]:
    length = seconds(time.node("duration"))
    if length < 0:
        time.report.problem(
            f"{time.path}.duration", "RANGE", "This ends before it begins.", got=float(length),
            allowed="0 and more",
        )  # fmt: skip
    return seconds(time.node("start_time")), max(length, Fraction(0))


def seconds(time: Node) -> Fraction:
    """Return a RationalTime in seconds, 0 where it is none."""
    value, rate = time.required("value"), time.required("rate")
    number = None if value is None else value.number(low=-_MAX_TIME, high=_MAX_TIME)
    per_second = None if rate is None else rate.number(low=0, high=_MAX_TIME, above=0)
    if number is None or per_second is None:
        return Fraction(0)
    found = Fraction(number) / Fraction(per_second)
    if abs(found) > MAX_DURATION_SECONDS * 10:
        time.report.problem(
            time.path, "RANGE", "This time is out of range.", got=number, allowed="hours, not days"
        )
        return Fraction(0)
    return found


def reference(clip: Node) -> Node:
    """Return a clip's media, of the one or the other schema."""
    if clip.has("media_references"):
        key = clip.text(
            "active_media_reference_key", "DEFAULT_MEDIA", max_characters=MAX_LABEL_CHARACTERS
        )
        return clip.node("media_references").node(key)
    return clip.node("media_reference")
