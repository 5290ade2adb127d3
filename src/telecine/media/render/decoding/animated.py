"""Animated GIF and WebP: frames with delays of their own, decoded by libvips, for ever repeated.

Frames are kept as planes while all of them fit in a budget; a longer animation is decoded
again on every round. A delay of 10 ms or less counts as 100 ms, as in browsers.
"""

from __future__ import annotations

import bisect
import itertools
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyvips

from telecine.kit.errors import MediaError, MediaLimitError, UndecodableMediaError
from telecine.media import images
from telecine.media.image_formats import ANIMATED
from telecine.media.render.decoding.frames import from_rgba
from telecine.media.render.planes import Planes

_KEPT_BYTES: Final = 96 * 2**20
_SHORTEST_DELAY_MS: Final = 10
_USUAL_DELAY_MS: Final = 100
_LOADERS: Final = {"gif": pyvips.Image.gifload, "webp": pyvips.Image.webpload}


class AnimatedImage:
    """The frames of an animated image at `size` px (width, height).

    Raises `UndecodableMediaError` and `MediaLimitError` (more than `images.MAX_FRAMES`).
    """

    def __init__(self, path: Path, *, size: tuple[int, int]) -> None:
        self._path = path
        self._size = size
        self._loader = _LOADERS[image_facts(path)["format"]]
        self._strip = self._open()
        self._count = _pages(self._strip)
        if self._count > images.MAX_FRAMES:
            raise MediaLimitError(
                f"The animation has {self._count} frames; at most {images.MAX_FRAMES} are allowed."
            )
        self._ends = frame_ends_seconds(self._strip)
        self._next = 0
        self._kept: dict[int, Planes] = {}
        self._current: tuple[int, Planes] | None = None
        n_bytes = self._count * size[0] * size[1] * 3  # luma, alpha, and the four halves
        self._keeps_all = n_bytes <= _KEPT_BYTES

    @staticmethod
    def is_one(path: Path) -> bool:
        """Say whether a file is an animated image. False for what is no image at all."""
        try:
            facts = image_facts(path)
        except MediaError:
            return False
        return bool(facts["pages"] > 1 and facts["format"] in ANIMATED)

    @property
    def duration_seconds(self) -> Fraction:
        """How long one round lasts."""
        return self._ends[-1]

    def frame_at(self, seconds: Fraction) -> Planes:
        """Return what is seen then; the same object for the same frame in one round."""
        place = max(seconds, Fraction(0)) % self._ends[-1]
        index = min(bisect.bisect_right(self._ends, place), self._count - 1)
        if self._current is None or self._current[0] != index:
            self._current = (index, self._kept.get(index) or self._decode(index))
        return self._current[1]

    def close(self) -> None:
        """Let go of file and frames."""
        self._kept.clear()
        self._current = None
        self._strip = None

    def _open(self) -> Any:
        try:
            return self._loader(str(self._path), n=-1, access="sequential")
        except pyvips.Error as error:
            raise UndecodableMediaError("The animation cannot be read.") from error

    def _decode(self, index: int) -> Planes:
        if index < self._next or self._strip is None:
            self._strip, self._next = self._open(), 0
        # libvips composes each frame on the one before, so those between are decoded too.
        while True:
            planes = self._picture(self._next) if self._keeps_all or self._next == index else None
            if planes is not None and self._keeps_all:
                self._kept[self._next] = planes
            self._next += 1
            if self._next > index:
                assert planes is not None
                return planes

    def _picture(self, index: int) -> Planes:
        height = self._strip.get("page-height")
        try:
            page = self._strip.crop(0, index * height, self._strip.width, height)
            page = page.colourspace("srgb")
            page = page if page.hasalpha() else page.bandjoin(255)
            shrunk = page.premultiply().resize(
                self._size[0] / page.width, vscale=self._size[1] / page.height
            )
            data = shrunk.rint().cast("uchar").write_to_memory()
        except pyvips.Error as error:
            raise UndecodableMediaError("The animation is damaged.") from error
        rgba = np.frombuffer(data, np.uint8).reshape(shrunk.height, shrunk.width, 4)
        return from_rgba(rgba)


def image_facts(path: Path) -> dict[str, Any]:
    """Return width, height (as displayed), pages and format of a picture file.

    Raises `MediaError` where it is none.
    """
    with path.open("rb") as file:
        return images.identify_task({}, file.fileno())


def frame_ends_seconds(strip: Any) -> list[Fraction]:
    """Return when each frame ends, from the delays that libvips read."""
    count = _pages(strip)
    delays = list(strip.get("delay"))[:count] if "delay" in strip.get_fields() else []
    delays += [_USUAL_DELAY_MS] * (count - len(delays))
    shown = (_USUAL_DELAY_MS if delay <= _SHORTEST_DELAY_MS else delay for delay in delays)
    return [Fraction(end, 1000) for end in itertools.accumulate(shown)]


def _pages(strip: Any) -> int:
    return max(1, int(strip.height // strip.get("page-height")))
