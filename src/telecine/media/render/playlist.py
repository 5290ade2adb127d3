"""How a film is told in segments: how large, how many, and the playlist that lists them.

A playlist of HLS (RFC 8216) with fragments of MP4. Segments begin on exact frames; the lengths
that are written add up to the film's, whatever each was rounded to.
"""

from __future__ import annotations

import math
import re
from fractions import Fraction
from typing import Final

import msgspec

from telecine.media.render.job import Facts

HEAD_NAME: Final = "init.mp4"
PLAYLIST_NAME: Final = "index.m3u8"
POSTER_NAME: Final = "poster.png"
CAPTIONS_NAME: Final = "captions.vtt"
_SEGMENT_NAME: Final = re.compile(r"(0|[1-9][0-9]{0,6})\.m4s", re.ASCII)

_SEGMENT_SECONDS: Final = 2
#: The first one is shorter: a film is seen as soon as it is there.
_FIRST_SECONDS: Final = 1
_WIDTH, _HEIGHT = 854, 480
#: So much smaller than it might be a preview may be, for sides that are exact.
_EXACT_FROM: Final = Fraction(9, 10)


class Cut(msgspec.Struct, frozen=True, kw_only=True):
    """A film of so many frames, cut into segments: a short one, then equal ones, and the rest."""

    n_frames: int
    frame_rate: Fraction

    @classmethod
    def of(cls, facts: Facts) -> Cut:
        """Return that of a film which was opened."""
        return cls(n_frames=facts.n_frames, frame_rate=facts.n_frames / facts.duration_seconds)

    @property
    def n_segments(self) -> int:
        """How many there are."""
        first, length = self._lengths
        return 1 + max(0, math.ceil((self.n_frames - first) / length))

    def frames_of(self, number: int) -> range:
        """Return the frames of a segment, counted from 0; none behind the last."""
        first, length = self._lengths
        start = 0 if number == 0 else first + (number - 1) * length
        end = first + number * length
        return range(min(start, self.n_frames), min(end, self.n_frames))

    @property
    def _lengths(self) -> tuple[int, int]:
        """Frames in the first segment, and in those that follow."""
        first, length = _FIRST_SECONDS * self.frame_rate, _SEGMENT_SECONDS * self.frame_rate
        return max(1, round(first)), max(1, round(length))

    def playlist(self) -> str:
        """Write the playlist; its addresses lie beside its own."""
        ends = [
            round(Fraction(self.frames_of(number).stop) / self.frame_rate, 6)
            for number in range(self.n_segments)
        ]
        lengths = [end - start for start, end in zip([Fraction(0), *ends], ends, strict=False)]
        entries = [
            f"#EXTINF:{float(length):.6f},\n{segment_name(number)}\n"
            for number, length in enumerate(lengths)
        ]
        return (
            "#EXTM3U\n"
            "#EXT-X-VERSION:7\n"
            f"#EXT-X-TARGETDURATION:{max(1, round(max(lengths)))}\n"
            "#EXT-X-MEDIA-SEQUENCE:0\n"
            "#EXT-X-PLAYLIST-TYPE:VOD\n"
            "#EXT-X-INDEPENDENT-SEGMENTS\n"
            f'#EXT-X-MAP:URI="{HEAD_NAME}"\n'
            f"{''.join(entries)}"
            "#EXT-X-ENDLIST\n"
        )


def segment_name(number: int) -> str:
    """Return what a segment is called."""
    return f"{number}.m4s"


def segment_number(name: str) -> int | None:
    """Return which segment is called so; None where none can be."""
    match = _SEGMENT_NAME.fullmatch(name)
    return None if match is None else int(match[1])


def preview_size(width: int, height: int) -> tuple[int, int]:
    """Return the largest even size inside 854x480 and the film's own that has its aspect.

    Exactly its aspect where such a size is nearly as large: then pictures of the canvas' size
    lie on whole pixels. Else the aspect is kept to the pixel.
    """
    common = math.gcd(width, height)
    across, down = width // common, height // common
    scale = min(Fraction(1), Fraction(_WIDTH, width), Fraction(_HEIGHT, height))
    times = math.floor(scale * common) // 2 * 2
    if times and times >= _EXACT_FROM * scale * common:
        return across * times, down * times
    return _even(width * scale), _even(height * scale)


def _even(side: Fraction) -> int:
    return max(2, math.floor(side / 2) * 2)
