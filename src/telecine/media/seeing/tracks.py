"""Faces that follow each other through a shot. No track goes over a cut."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from telecine.media.seeing.model import Box, Face, Glance, Sighting, Track

#: How far a face moves between two glances, in its own widths, and how much its size changes.
_MOST_WIDTHS: Final = 1.2
_MOST_GROWTH: Final = 1.8
#: After so long without it, a face is another one.
_MOST_GAP_SECONDS: Final = 1.5
#: A track with less is a mistake of the detector's: sightings, share of the shot.
_LEAST_SIGHTINGS: Final = 3
_LEAST_PRESENCE: Final = 0.15
#: And so is one with a lower mean score. The larger a face is, the surer the detector ought to be:
#: these are for faces of 12 % and of 30 % of the height.
_LEAST_SCORES: Final = (0.65, 0.75)
_SIZES: Final = (0.12, 0.3)


@dataclass(slots=True)
class _Open:
    sightings: list[Sighting] = field(default_factory=list)
    scores: list[float] = field(default_factory=list)

    def add(self, seconds: float, face: Face) -> None:
        self.sightings.append(Sighting(seconds=seconds, box=face.box))
        self.scores.append(face.score)


def follow(glances: Sequence[Glance]) -> tuple[Track, ...]:
    """Return the faces of one shot, the most present first."""
    tracks: list[_Open] = []
    for glance in glances:
        near = [
            track
            for track in tracks
            if glance.seconds - track.sightings[-1].seconds <= _MOST_GAP_SECONDS
        ]
        pairs = sorted(
            (
                (distance, n_track, n_face)
                for n_track, track in enumerate(near)
                for n_face, face in enumerate(glance.faces)
                if (distance := _distance(track.sightings[-1].box, face.box)) <= _MOST_WIDTHS
            )
        )
        left_tracks, left_faces = set(range(len(near))), set(range(len(glance.faces)))
        for _, n_track, n_face in pairs:
            if n_track in left_tracks and n_face in left_faces:
                left_tracks.remove(n_track)
                left_faces.remove(n_face)
                near[n_track].add(glance.seconds, glance.faces[n_face])
        for n_face in sorted(left_faces):
            tracks.append(_Open())
            tracks[-1].add(glance.seconds, glance.faces[n_face])
    return _kept(tracks, n_glances=len(glances))


def _distance(one: Box, other: Box) -> float:
    """Return how far apart two boxes are, in widths; endless where their sizes do not go together."""
    growth = max(one.height, other.height) / max(1e-9, min(one.height, other.height))
    if growth > _MOST_GROWTH:
        return float("inf")
    across = (one.x - other.x) / max(1e-9, one.width)
    down = (one.y - other.y) / max(1e-9, one.height)
    return float((across**2 + down**2) ** 0.5)


def _kept(tracks: Sequence[_Open], *, n_glances: int) -> tuple[Track, ...]:
    found = [
        Track(
            sightings=tuple(track.sightings),
            presence=len(track.sightings) / n_glances,
            score=sum(track.scores) / len(track.scores),
        )
        for track in tracks
        if len(track.sightings) >= min(_LEAST_SIGHTINGS, n_glances)
    ]
    good = [
        track
        for track in found
        if track.presence >= _LEAST_PRESENCE and track.score >= _least_score(track.size)
    ]
    return tuple(sorted(good, key=lambda track: -track.presence * track.size))


def _least_score(size: float) -> float:
    share = min(1.0, max(0.0, (size - _SIZES[0]) / (_SIZES[1] - _SIZES[0])))
    return _LEAST_SCORES[0] + share * (_LEAST_SCORES[1] - _LEAST_SCORES[0])
