"""Sounds and timelines of sounds, for tests."""

from __future__ import annotations

import wave
from fractions import Fraction
from pathlib import Path

import numpy as np
import numpy.typing as npt

from telecine.media.render.sound.mix import mix
from telecine.media.timeline.model import Clip, Colour, Sound, Source, Timeline, Track

RATE = 48_000


def write_wav(path: Path, samples: npt.NDArray[np.floating], *, rate: int = RATE) -> Path:
    """Write samples (in rows, 1 is full scale) with 16 bits."""
    columns = samples.reshape(len(samples), samples.shape[1] if samples.ndim > 1 else 1)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(columns.shape[1])
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(np.rint(np.clip(columns, -1, 1) * 32_767).astype("<i2").tobytes())
    return path


def tone(
    seconds: float, *, hertz: float = 440, level: float = 0.5, rate: int = RATE
) -> npt.NDArray[np.float64]:
    """Return a sine in one channel."""
    times = np.arange(round(seconds * rate)) / rate
    return np.asarray(level * np.sin(2 * np.pi * hertz * times), np.float64)


def clicks(seconds: float, *, every: float, rate: int = RATE) -> npt.NDArray[np.float64]:
    """Return single samples in silence, the first at 0."""
    sound = np.zeros(round(seconds * rate))
    sound[:: round(every * rate)] = 0.8
    return sound


def clip(
    sound: Sound, *, name: str = "clip", start: int = 0, end: int = 60, **others: object
) -> Clip:
    """Return a clip that is only heard."""
    return Clip(
        id=name, path=f"tracks[0].clips[{name}]", start_frame=start, end_frame=end, content=None,
        sound=sound, **others,  # type: ignore[arg-type]
    )  # fmt: skip


def source(name: str) -> Source:
    """Return a source by the name of its file."""
    return Source(src=name, path=f"tracks[0].clips[0].{name}")


def timeline(
    *clips: Clip, frames: int = 60, fps: Fraction = Fraction(30), gain: float = 1.0
) -> Timeline:
    """Return a timeline of one track."""
    return Timeline(
        width=64, height=64, frame_rate=fps, duration_frames=frames,
        background=Colour(red=0, green=0, blue=0), paint_order=(),
        tracks=(Track(id="track", clips=clips, gain=gain),),
    )  # fmt: skip


def heard(what: Timeline, folder: Path, *, frames: range | None = None) -> npt.NDArray[np.float32]:
    """Return the whole mix; sources are files in a folder."""
    blocks = mix(what, find=lambda asked: folder / asked.src, frames=frames)
    return np.concatenate(list(blocks))


def hertz_of(channel: npt.NDArray[np.float32]) -> float:
    """Return the frequency of a tone from its upward zero crossings."""
    ups = np.flatnonzero((channel[:-1] < 0) & (channel[1:] >= 0))
    return float((len(ups) - 1) / (ups[-1] - ups[0]) * RATE)


def level_of(channel: npt.NDArray[np.float32]) -> float:
    """Return the peak of a sine of this power."""
    return float(np.sqrt(2 * np.mean(np.square(channel, dtype=np.float64))))


def click_places(sound: npt.NDArray[np.float32]) -> list[int]:
    """Return where single clicks are, each the loudest of its tenth of a second."""
    loud = np.flatnonzero(np.abs(sound[:, 0]) > 0.3)
    starts = loud[np.diff(loud, prepend=-RATE) > RATE // 10]
    return [int(at + np.abs(sound[at : at + RATE // 10, 0]).argmax()) for at in starts]
