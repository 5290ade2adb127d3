"""The words of this room. Places are shares of the picture, times are seconds of the file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

#: How a shot is shown. `crop`: a window that follows somebody, or the whole where its shape fits.
#: `split`: a speaker in a corner above, the whole below. `stack`: two people in two panels.
#: `fit`: the whole before a blurred ground.
LayoutKind = Literal["crop", "split", "stack", "fit"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A rectangle; all four are shares of the picture's width and height."""

    left: float
    top: float
    width: float
    height: float

    @property
    def x(self) -> float:
        """Its middle, across."""
        return self.left + self.width / 2

    @property
    def y(self) -> float:
        """Its middle, down."""
        return self.top + self.height / 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Face:
    """A face as the detector boxes it, brow to chin. `score` is how sure it is, 0 to 1."""

    box: Box
    score: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Glance:
    """One sampled picture and the faces in it."""

    seconds: float
    faces: tuple[Face, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    """From one cut to the next: `start_seconds` is its first picture's time."""

    start_seconds: float
    end_seconds: float

    @property
    def duration_seconds(self) -> float:
        """How long it is."""
        return self.end_seconds - self.start_seconds

    def has(self, seconds: float) -> bool:
        """Say whether a picture belongs to it."""
        return self.start_seconds <= seconds < self.end_seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What was seen of a part of a file. `width` and `height` are of its upright picture, in px.

    Shots follow each other without a gap, and together they are the part.
    """

    width: int
    height: int
    shots: tuple[Shot, ...]
    glances: tuple[Glance, ...]

    @property
    def start_seconds(self) -> float:
        """Where the part begins."""
        return self.shots[0].start_seconds

    @property
    def end_seconds(self) -> float:
        """Where it ends."""
        return self.shots[-1].end_seconds

    def glances_of(self, shot: Shot) -> tuple[Glance, ...]:
        """Return what was sampled of one shot."""
        return tuple(glance for glance in self.glances if shot.has(glance.seconds))


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """Where a face was at one moment."""

    seconds: float
    box: Box


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """One face through one shot. `presence` is the share of the shot's glances that have it."""

    sightings: tuple[Sighting, ...]
    presence: float
    score: float

    @property
    def size(self) -> float:
        """Its usual height, as a share of the picture's."""
        heights = sorted(each.box.height for each in self.sightings)
        return heights[len(heights) // 2]

    @property
    def place(self) -> tuple[float, float]:
        """Where its middle usually is."""
        across = sorted(each.box.x for each in self.sightings)
        down = sorted(each.box.y for each in self.sightings)
        return across[len(across) // 2], down[len(down) // 2]
