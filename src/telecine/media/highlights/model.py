"""What goes into the choice of clips and what comes out of it.

A score is a heuristic on what was said and how, comparable within one talk: nobody has measured
it against an audience, and nothing here claims so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

from telecine.kit.errors import InvalidRequestError

#: What was weighed; the order in which it is shown.
PART_NAMES = ("hook", "completeness", "topic", "density", "payoff", "emotion", "energy")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """How long clips may be, and how many. Raises `InvalidRequestError` naming the field."""

    min_seconds: float = 15.0
    max_seconds: float = 90.0
    max_clips: int = 10

    @classmethod
    def of(
        cls,
        *,
        min_seconds: float | None = None,
        max_seconds: float | None = None,
        max_clips: int | None = None,
    ) -> Wishes:
        """Return what was wished, and of the rest what is usual: a usual length gives way to a
        wish that is beyond it. Raises `InvalidRequestError`.
        """
        usual = cls()
        shortest, longest = usual.min_seconds, usual.max_seconds
        if max_seconds is not None and max_seconds < shortest:
            shortest = max_seconds / 2
        if min_seconds is not None and min_seconds > longest:
            longest = min_seconds * 2
        return cls(
            min_seconds=shortest if min_seconds is None else min_seconds,
            max_seconds=longest if max_seconds is None else max_seconds,
            max_clips=usual.max_clips if max_clips is None else max_clips,
        )

    def __post_init__(self) -> None:
        """Refuse lengths that no clip can have."""
        if not 0 < self.min_seconds < float("inf"):
            raise InvalidRequestError("'min_duration' must be above 0.", field="min_duration")
        if not self.min_seconds <= self.max_seconds < float("inf"):
            raise InvalidRequestError(
                f"'max_duration' ({self.max_seconds:g} s) must not be below 'min_duration' "
                f"({self.min_seconds:g} s).",
                field="max_duration",
            )
        if self.max_clips < 1:
            raise InvalidRequestError("'max_clips' must be at least 1.", field="max_clips")


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What a score is made of, each 0 to 1.

    `hook`: the first words make one want the next. `completeness`: it needs nothing before or
    after. `topic`: one subject, from its beginning to its end. `density`: little of it is
    filler. `payoff`: it ends on a conclusion. `emotion`: words of feeling and of people. `energy`: louder,
    livelier than the rest of the talk.
    """

    hook: float
    completeness: float
    topic: float
    density: float
    payoff: float
    emotion: float
    energy: float

    def as_mapping(self) -> Mapping[str, float]:
        """Return the parts by name, rounded for people."""
        return {field.name: round(getattr(self, field.name), 2) for field in fields(self)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A stretch of the talk that may become a clip.

    `start_seconds` and `end_seconds` are where to cut: at most 0.3 s outside the words of
    `sentences[first_sentence:end_sentence]`, which are the transcript's where those are in
    order. `reasons` are sentences for people.
    """

    start_seconds: float
    end_seconds: float
    first_sentence: int
    end_sentence: int
    virality_score: int
    score_parts: Parts
    reasons: tuple[str, ...]
    title: str

    @property
    def duration_seconds(self) -> float:
        """How long the clip is."""
        return self.end_seconds - self.start_seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Texts:
    """Three texts of a talk. `model` names who wrote them: `extractive`, or a language model.

    Extractive texts are the speaker's own sentences, chosen and freed of fillers; nothing is
    added to them. `thread` has posts of at most 280 characters, each with its number; `blog` is
    Markdown.
    """

    thread: tuple[str, ...]
    linkedin: str
    blog: str
    model: str


EXTRACTIVE = "extractive"
