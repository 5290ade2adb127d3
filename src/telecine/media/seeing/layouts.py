"""Which layout a shot has, and which windows of the picture stand in it where.

Decided from the faces of the whole shot, once: a layout never changes between two cuts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from telecine.media.seeing import camera, tracks
from telecine.media.seeing.camera import Point
from telecine.media.seeing.model import LayoutKind, Seen, Shot, Track

#: A face of less than this is nobody to follow; from the second on it is followed anywhere.
_LEAST_FACE: Final = 0.04
_LARGE_FACE: Final = 0.12
#: A small face this near to two edges, that stays where it is, is a picture in the picture.
_CORNER: Final = 0.36
_STILL: Final = 0.03
_ALWAYS: Final = 0.6
#: Who is in less of a shot than this is not followed, and the shot not for two.
_OFTEN: Final = 0.35
_BOTH: Final = 0.5
#: Two people are alike in size up to this, or one of them is in the background.
_ALIKE: Final = 2.2
#: A shape is the same as another within this.
_SAME_SHAPE: Final = 0.02
#: Windows on one person, in heights of their face; and where in it the face is.
_PANEL_FACES: Final = 3.4
_INSET_FACES: Final = 2.3
#: How wide a panel's window is, in ways from the face to the nearer edge: 2 is in the very middle.
_ROOM: Final = 2.3
_EYES_AT: Final = 0.45
#: The panel of a split that has the speaker, of the canvas; and how wide it is at the most, in its
#: heights: beside a small picture in a picture there is what is not to be seen there.
_UPPER: Final = 0.4
_WIDEST_INSET: Final = 1.42
#: Above this share of a tall canvas both panels end: two lines of captions begin there.
_ABOVE_CAPTIONS: Final = 0.648
_TALL: Final = 0.8
_LEAST_UPPER: Final = 0.3


@dataclass(frozen=True, slots=True, kw_only=True)
class Area:
    """A rectangle of the canvas, in shares of it."""

    left: float
    top: float
    width: float
    height: float


WHOLE: Final = Area(left=0.0, top=0.0, width=1.0, height=1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A window of the picture, `width` by `height` of it, and the area that it fills.

    `across` and `down` are the ways of its middle. `is_fitted`: the window is shown whole and
    does not fill its area.
    """

    area: Area
    width: float
    height: float
    across: tuple[Point, ...]
    down: tuple[Point, ...]
    is_fitted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """How one shot is shown. `ground` is the window that lies blurred behind all, if one does."""

    kind: LayoutKind
    shot: Shot
    views: tuple[View, ...]
    ground: View | None = None


def choose(seen: Seen, *, aspect: float, frame_rate: float) -> tuple[Layout, ...]:
    """Return one layout for each shot; `aspect` is the canvas's width by its height."""
    return tuple(_Chooser(seen, shot, aspect, frame_rate).layout() for shot in seen.shots)


class _Chooser:
    """Looks at the faces of one shot."""

    def __init__(self, seen: Seen, shot: Shot, aspect: float, frame_rate: float) -> None:
        self._shot = shot
        self._aspect = aspect
        self._frame_rate = frame_rate
        self._picture = seen.width / seen.height
        self._faces = [
            track for track in tracks.follow(seen.glances_of(shot)) if track.size >= _LEAST_FACE
        ]

    def layout(self) -> Layout:
        if abs(self._picture / self._aspect - 1) <= _SAME_SHAPE:
            return self._made("crop", (self._still(WHOLE, 1.0, 1.0, (0.5, 0.5)),))
        if (pair := self._pair()) is not None:
            return self._stack(*pair)
        main = self._main()
        if main is None:
            return self._fit()
        if self._is_inset(main):
            return self._split(main)
        return self._made("crop", (self._following(main, WHOLE, most=1.0),))

    def _main(self) -> Track | None:
        """Return who is followed: much seen, large, and in the middle."""
        often = [track for track in self._faces if track.presence >= _OFTEN]
        return max(often, key=_weight, default=None)

    def _pair(self) -> tuple[Track, Track] | None:
        """Return two people, the left one first, who do not fit into one window."""
        both = sorted(
            (each for each in self._faces if each.presence >= _BOTH), key=_weight, reverse=True
        )[:2]
        if len(both) < 2 or not _together(*both):
            return None
        sizes = sorted(track.size for track in both)
        if sizes[1] > _ALIKE * sizes[0]:
            return None
        left, right = sorted(both, key=lambda track: track.place[0])
        apart = right.place[0] - left.place[0]
        margin = (left.size + right.size) / 2 / self._picture
        is_far = apart > margin and apart + margin > self._window(WHOLE, 1.0)[0]
        return (left, right) if is_far else None

    def _is_inset(self, face: Track) -> bool:
        if face.size >= _LARGE_FACE or face.presence < _ALWAYS or self._aspect >= self._picture:
            return False
        x, y = face.place
        is_corner = min(x, 1 - x) <= _CORNER and min(y, 1 - y) <= _CORNER
        return is_corner and _wandering(face) <= _STILL

    def _fit(self) -> Layout:
        whole = self._still(WHOLE, 1.0, 1.0, (0.5, 0.5), is_fitted=True)
        return self._made("fit", (whole,), ground=self._still(WHOLE, 1.0, 1.0, (0.5, 0.5)))

    def _split(self, face: Track) -> Layout:
        is_wide = self._aspect > 1
        fitted = self._aspect / self._picture  # the height of the whole, as wide as the canvas
        share = _UPPER
        if not is_wide:
            end = _ABOVE_CAPTIONS if self._aspect < _TALL else 1.0
            share = max(_LEAST_UPPER, end - fitted)
        upper, lower = _halves(share, is_wide=is_wide)
        if not is_wide:  # what is fitted lies right below the speaker
            lower = replace(lower, height=min(lower.height, fitted))
        upper = _narrowed(upper, to=_WIDEST_INSET / self._aspect)
        near = self._window(upper, min(1.0, _INSET_FACES * face.size))
        speaker = self._still(upper, *near, face.place)
        whole = self._still(lower, 1.0, 1.0, (0.5, 0.5), is_fitted=True)
        # A screen may be black; around somebody who is filmed it seldom is.
        ground = self._still(WHOLE, *near, face.place)
        return self._made("split", (speaker, whole), ground=ground)

    def _stack(self, left: Track, right: Track) -> Layout:
        upper, lower = _halves(0.5, is_wide=self._aspect > 1)
        apart = right.place[0] - left.place[0]
        return self._made(
            "stack",
            tuple(
                self._following(
                    track,
                    area,
                    most=_PANEL_FACES * track.size,
                    widest=min(apart, self._room(track)),
                )
                for track, area in ((left, upper), (right, lower))
            ),
        )

    def _room(self, track: Track) -> float:
        """Return how wide a window may be that has a face near its middle, and all of the face."""
        to_edge = min(track.place[0], 1 - track.place[0])
        return max(_ROOM * to_edge, 2 * track.size / self._picture)

    def _window(self, area: Area, height: float, *, widest: float = 1.0) -> tuple[float, float]:
        """Return the largest window of an area's shape, no higher and no wider than that."""
        shape = self._aspect * area.width / area.height / self._picture
        tall = min(height, 1.0, widest / shape, 1.0 / shape)
        return tall * shape, tall

    def _following(self, track: Track, area: Area, *, most: float, widest: float = 1.0) -> View:
        width, height = self._window(area, most, widest=widest)
        lower = (0.5 - _EYES_AT) * height
        across = [(each.seconds, each.box.x) for each in track.sightings]
        down = [(each.seconds, each.box.y + lower) for each in track.sightings]
        return View(
            area=area,
            width=width,
            height=height,
            across=self._path(across, width),
            down=self._path(down, height),
        )

    def _path(self, sightings: Sequence[tuple[float, float]], window: float) -> tuple[Point, ...]:
        return camera.path(
            sightings,
            start_seconds=self._shot.start_seconds,
            end_seconds=self._shot.end_seconds,
            frame_rate=self._frame_rate,
            window=window,
        )

    def _still(
        self,
        area: Area,
        width: float,
        height: float,
        middle: tuple[float, float],
        *,
        is_fitted: bool = False,
    ) -> View:
        start = self._shot.start_seconds
        across, down = (
            (Point(seconds=start, place=min(max(place, side / 2), 1 - side / 2)),)
            for place, side in zip(middle, (width, height), strict=True)
        )
        return View(
            area=area, width=width, height=height, across=across, down=down, is_fitted=is_fitted
        )

    def _made(
        self, kind: LayoutKind, views: tuple[View, ...], *, ground: View | None = None
    ) -> Layout:
        return Layout(kind=kind, shot=self._shot, views=views, ground=ground)


def _halves(share: float, *, is_wide: bool) -> tuple[Area, Area]:
    """Part a canvas in two: the first above the other, on a wide one to the left of it."""
    rest = 1 - share
    if is_wide:
        return (
            Area(left=0.0, top=0.0, width=share, height=1.0),
            Area(left=share, top=0.0, width=rest, height=1.0),
        )
    return (
        Area(left=0.0, top=0.0, width=1.0, height=share),
        Area(left=0.0, top=share, width=1.0, height=rest),
    )


def _narrowed(area: Area, *, to: float) -> Area:
    """Return the middle of an area that is at most `to` of its heights wide, in shares."""
    width = min(area.width, to * area.height)
    return replace(area, left=area.left + (area.width - width) / 2, width=width)


def _weight(track: Track) -> float:
    return track.presence * track.size * (1 - abs(track.place[0] - 0.5) / 2)


def _together(one: Track, other: Track) -> bool:
    """Say whether two faces are seen at the same moments: else it may be one who has moved."""
    times = {each.seconds for each in one.sightings} & {each.seconds for each in other.sightings}
    return 2 * len(times) >= min(len(one.sightings), len(other.sightings))


def _wandering(track: Track) -> float:
    """Return how far a face goes from its usual place, without its few farthest ways."""
    x, y = track.place
    ways = sorted(max(abs(each.box.x - x), abs(each.box.y - y)) for each in track.sightings)
    return ways[int(0.9 * (len(ways) - 1))]
