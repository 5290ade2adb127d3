"""The codecs of films, their scales of quality and their presets: what may be asked for.

No library is needed to say what is allowed, so whoever asks does not wait for one's import.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

RenderCodec = Literal["h264", "h265", "vp9"]

#: About the same quality to the eye; 20 is what composition documents mean when they say nothing.
DEFAULT_CRF: Final[Mapping[RenderCodec, float]] = {"h264": 20, "h265": 24, "vp9": 31}
#: The worst quality that a codec's scale has; the best is 0.
MOST_CRF: Final[Mapping[RenderCodec, float]] = {"h264": 51, "h265": 51, "vp9": 63}
#: The names of x264, for every codec. Behind them: how thorough libvpx is (its cpu-used).
PRESETS: Final[Mapping[str, int]] = {
    "ultrafast": 5,
    "superfast": 5,
    "veryfast": 5,
    "faster": 4,
    "fast": 4,
    "medium": 3,
    "slow": 2,
    "slower": 1,
    "veryslow": 1,
}
