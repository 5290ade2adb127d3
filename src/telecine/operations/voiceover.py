"""Make a video of one image and one sound: a composition is built, and the renderer draws it.

The first input is the image, the second the sound. How long the film may be was measured, and
paid for, before the sound was decoded: a longer one fails.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from telecine.kit.errors import InternalError
from telecine.media.seeing import caption_styles
from telecine.media.voiceover.canvas import LEAST_SIDE, MOST_SIDE
from telecine.operations.base import Context, Result
from telecine.operations.render import tier_of
from telecine.settings import Prices

Mode = Literal["auto", "still", "kenburns", "audiogram", "talking"]


class VoiceoverParams(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is made. `seconds` are those that the sound was measured to have, and are paid for.

    `width` and `height` are the canvas's, from `media.voiceover.canvas.canvas_size`: even.
    `language` is what is spoken, for captions; empty: found out.
    """

    seconds: Annotated[float, Meta(gt=0)]
    width: Annotated[int, Meta(ge=LEAST_SIDE, le=MOST_SIDE)]
    height: Annotated[int, Meta(ge=LEAST_SIDE, le=MOST_SIDE)]
    mode: Mode = "auto"
    captions: bool = False
    caption_style: str = caption_styles.DEFAULT
    language: str = ""
    filename: str = "video.mp4"
    n_workers: Annotated[int, Meta(ge=1, le=64)] = 1
    encoder_threads: int = 0


@dataclass(frozen=True, slots=True)
class _Voiceover:
    name: str = "voiceover"
    params_type: type[VoiceoverParams] = VoiceoverParams

    def price(self, params: VoiceoverParams, *, input_bytes: int, prices: Prices) -> int:
        """As a render of that length and size costs: rounded up, at least one credit."""
        del input_bytes
        tier = tier_of(prices, width=params.width, height=params.height)
        by_second = Fraction(repr(tier.credits_per_second))
        return max(1, math.ceil(Fraction(params.seconds) * by_second))

    def run(self, params: VoiceoverParams, context: Context) -> Result:
        """Two outputs: the video, then its poster (JPEG). Facts: duration_seconds, frames, width,
        height, size_bytes, mode, faces, captions (clips of them), loudness_lufs (of what was
        sent; None: too quiet or too short to say).
        """
        del params, context
        raise InternalError("Voiceovers cannot be made yet.")


VOICEOVER = _Voiceover()
