"""What a portrait does on each frame: how its mouth stands, when it blinks, how its head sways.

The same sound and words always give the same curves; only the blinks are drawn by lot, with a
seed. Movements are smoothed over about 70 ms and come a moment before the sound, as people's do.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Final, NamedTuple

import numpy as np

from telecine.media.speech.transcript import Word
from telecine.media.talking.letters import shapes_of
from telecine.media.talking.voice import Curve, Voice

_SEED: Final = 5
#: Movements are worked out so finely, whatever the film's frame rate.
_FINE_HERTZ: Final = 200
#: Standard deviation; twice and a bit of it is the width of the bell, 70 ms.
_SMOOTHING_SECONDS: Final = 0.03
_CLOSING_SECONDS: Final = 0.018
_LEAD_SECONDS: Final = 0.035
#: How much louder than its surroundings a syllable is shown.
_CONTRAST: Final = 0.45
_SURROUNDINGS_SECONDS: Final = 0.35
#: Whoever does not know what is said does not open the mouth all the way.
_GUESSED: Final = 0.8
_BLINK_SECONDS: Final = 0.24
_BETWEEN_BLINKS_SECONDS: Final = (2.5, 5.0)
#: A word is not spoken for longer than this, whatever the transcript says.
_LONGEST_SHAPE_SECONDS: Final = 0.22


class Poses(NamedTuple):
    """A value a frame. `opening` and `closure` (lips shut) are 0 to 1, `width` -1 (round) to 1
    (wide), `blink` 0 to 1 (shut); `yaw`, `pitch` and `roll` of the head are about -1 to 1.
    """

    opening: Curve
    width: Curve
    closure: Curve
    blink: Curve
    yaw: Curve
    pitch: Curve
    roll: Curve


def act(voice: Voice, *, words: Sequence[Word], frame_rate: Fraction) -> Poses:
    """Return the poses for a voice; `words` make the lips exact where they are known."""
    rate = float(frame_rate)
    opening, width = _by_ear(voice, rate=rate)
    closure = np.zeros_like(opening)
    if words:
        opening, width, closure = _by_words(words, voice, (opening, width), rate=rate)
    calm = _smoothed(voice.level, seconds=0.4, rate=rate)
    yaw, pitch, roll = _sway(len(opening), calm, rate=rate)
    return Poses(
        opening=np.clip(opening, 0, 1).astype(np.float32),
        width=np.clip(width, -1, 1).astype(np.float32),
        closure=np.clip(closure, 0, 1).astype(np.float32),
        blink=_blinks(len(opening), rate=rate),
        yaw=yaw,
        pitch=pitch,
        roll=roll,
    )


def _by_ear(voice: Voice, *, rate: float) -> tuple[Curve, Curve]:
    """Return opening and width as the sound alone suggests them."""
    level = np.square(voice.level)
    around = _smoothed(level, seconds=_SURROUNDINGS_SECONDS, rate=rate)
    opening = np.clip((level - _CONTRAST * around) / (1 - _CONTRAST), 0, 1)
    opening = _GUESSED * opening * (1 - 0.8 * np.clip((voice.hiss - 0.4) / 0.4, 0, 1))
    heard = voice.level > 0.3
    usual = float(np.median(voice.bright[heard])) if heard.any() else 0.3
    width = np.clip((voice.bright - usual) * 3, -0.7, 0.7) * voice.level
    lead = _LEAD_SECONDS
    return (
        _smoothed(opening, seconds=_SMOOTHING_SECONDS, rate=rate, lead_seconds=lead),
        _smoothed(width, seconds=2 * _SMOOTHING_SECONDS, rate=rate, lead_seconds=lead),
    )


def _by_words(
    words: Sequence[Word], voice: Voice, by_ear: tuple[Curve, Curve], *, rate: float
) -> tuple[Curve, Curve, Curve]:
    """Return opening, width and closure: the words' shapes where there are words."""
    n_frames = len(voice.level)
    n_fine = math.ceil(n_frames / rate * _FINE_HERTZ) + 1
    # Opening, width, closure, and whether a word says so.
    fine = np.zeros((4, n_fine), np.float32)
    for word in words:
        _spell(word, fine)
    at = np.arange(n_frames) / rate + _LEAD_SECONDS
    times = np.arange(n_fine) / _FINE_HERTZ
    spoken, width, closure, known = (
        np.interp(
            at,
            times,
            _smoothed(
                row,
                seconds=_CLOSING_SECONDS if is_closing else _SMOOTHING_SECONDS,
                rate=_FINE_HERTZ,
            ),
        )
        for row, is_closing in zip(fine, (False, False, True, False), strict=True)
    )
    # Smoothing flattens what is short: a closed mouth is closed.
    closure = np.clip(closure * 1.5, 0, 1)
    loud = _smoothed(voice.level, seconds=0.04, rate=rate, lead_seconds=_LEAD_SECONDS)
    gate = np.clip(loud * 1.5, 0, 1)
    opening = spoken * gate * (0.6 + 0.4 * loud)
    opening = (opening + (1 - known) * by_ear[0]) * (1 - closure)
    width = width * gate + (1 - known) * by_ear[1]
    return (
        opening.astype(np.float32),
        width.astype(np.float32),
        (closure * np.clip(gate + 0.3, 0, 1)).astype(np.float32),
    )


def _spell(word: Word, fine: Curve) -> None:
    """Write a word's shapes into the rows, one after the other over its time."""
    shapes = shapes_of(word.text)
    if not shapes:
        return
    longest = _LONGEST_SHAPE_SECONDS * len(shapes)
    start = word.start_seconds
    length = min(max(word.end_seconds - start, 0.03), longest)
    total = sum(shape.weight for shape in shapes)
    for shape in shapes:
        end = start + length * shape.weight / total
        part = slice(max(0, round(start * _FINE_HERTZ)), max(0, round(end * _FINE_HERTZ)))
        fine[:, part] = np.array(
            [[shape.opening], [shape.width], [shape.closure], [1.0]], np.float32
        )
        start = end


def _smoothed(curve: Curve, *, seconds: float, rate: float, lead_seconds: float = 0.0) -> Curve:
    """Return a curve under a bell of that standard deviation, moved ahead; 0 lies beyond it."""
    sigma = seconds * rate
    lead = lead_seconds * rate
    reach = math.ceil(4 * sigma + abs(lead)) + 1
    offsets = np.arange(-reach, reach + 1)
    bell = np.exp(-0.5 * np.square((offsets + lead) / max(sigma, 0.3)))
    found = np.convolve(curve, bell / bell.sum(), mode="full")[reach : reach + len(curve)]
    return found.astype(np.float32)


def _blinks(n_frames: int, *, rate: float) -> Curve:
    """Return blinks: down fast, up more slowly."""
    lot = np.random.default_rng(_SEED)
    times = np.arange(n_frames) / rate
    blink = np.zeros(n_frames)
    at = 1.0 + float(lot.uniform(0.0, 1.0))
    while at < n_frames / rate:
        phase = (times - at) / _BLINK_SECONDS
        down = np.clip(phase / 0.35, 0, 1)
        up = np.clip((1 - phase) / 0.45, 0, 1)
        eased = np.minimum(down, up)
        blink = np.maximum(blink, eased * eased * (3 - 2 * eased))
        at += float(lot.uniform(*_BETWEEN_BLINKS_SECONDS))
    return blink.astype(np.float32)


def _sway(n_frames: int, calm: Curve, *, rate: float) -> tuple[Curve, Curve, Curve]:
    """Return slow waves that never repeat; the head nods a little with what is said loudly."""
    turns = 2 * math.pi * np.arange(n_frames) / rate
    start = np.clip(np.arange(n_frames) / rate / 1.5, 0, 1)  # it begins where the picture is
    yaw = 0.6 * np.sin(turns * 0.11) + 0.4 * np.sin(turns * 0.23 + 1.0) - 0.4 * math.sin(1.0)
    pitch = 0.4 * np.sin(turns * 0.17 + 0.5) - 0.4 * math.sin(0.5) + 0.6 * calm
    roll = 0.6 * np.sin(turns * 0.13 + 2.0) - 0.6 * math.sin(2.0)
    calmed = np.stack([yaw, pitch, roll]) * start * 0.8
    yaw, pitch, roll = calmed.astype(np.float32)
    return yaw, pitch, roll
