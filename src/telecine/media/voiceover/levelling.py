"""A voiceover's sound, decoded once and brought to -16 LUFS: a file of our own that says the truth.

A confined FFmpeg decodes the stranger's bytes to 48 kHz in two channels, holes as silence where
packets have times (MP3 has none: there the rest comes earlier), and measures; another one makes that louder or quieter. A limiter works only where peaks would be
above -2 dBTP, which leaves room for what AAC adds.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Final

from telecine.kit.errors import ProcessingError, UndecodableMediaError
from telecine.media.ffmpeg import FFmpeg, never

RATE: Final = 48_000
#: Loudness of speech for the web and for podcasts (integrated, ITU-R BS.1770-4).
TARGET_LUFS: Final = -16.0
CEILING_DBTP: Final = -2.0
#: What is nearly silent is noise: no more than that is added.
_MOST_GAIN_DB: Final = 30.0
#: Below that nothing was measured: silence, or less than 0.4 s.
_SILENT_LUFS: Final = -69.0
_CLOSE_DB: Final = 0.3
_MOST_TRIES: Final = 3
_LOUDNESS: Final = re.compile(r"\bI:\s+(-?[\d.]+|-inf|nan) LUFS")
_PEAK: Final = re.compile(r"\bPeak:\s+(-?[\d.]+|-inf|nan) dBFS")
_STREAM_INFO: Final = slice(18, 26)


@dataclass(frozen=True, slots=True, kw_only=True)
class Levelled:
    """The sound as it will be heard. `loudness_lufs` is of what was sent; None: not measurable."""

    path: Path
    n_samples: int
    loudness_lufs: float | None

    @classmethod
    def read(cls, path: Path, *, loudness_lufs: float | None) -> Levelled:
        """Return one that `level` has written."""
        return cls(path=path, n_samples=_n_samples(path), loudness_lufs=loudness_lufs)

    @property
    def seconds(self) -> Fraction:
        """How long it is, to the sample."""
        return Fraction(self.n_samples, RATE)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Measured:
    lufs: float
    dbtp: float


def level(
    ffmpeg: FFmpeg,
    source: Path,
    *,
    workspace: Path,
    most_seconds: float,
    on_progress: Callable[[float], None] | None = None,
    is_cancelled: Callable[[], bool] = never,
) -> Levelled:
    """Write `voice.flac` to the workspace. What comes after `most_seconds` is left out.

    `on_progress` is told seconds. Raises `UndecodableMediaError` (`field` is `audio`), and what
    `FFmpeg.run` raises.
    """
    decoded, made = workspace / "decoded.flac", workspace / "voice.flac"

    def run(chain: str, read: Path, written: Path) -> _Measured:
        tail = ffmpeg.run(
            (
                *("-map", "0:a:0", "-vn", "-sn", "-dn", "-t", f"{most_seconds:.6f}"),
                *("-af", f"{chain},ebur128=peak=true:framelog=quiet"),
                *("-c:a", "flac", "-compression_level", "2", "-sample_fmt", "s16", written.name),
            ),
            input_path=read,
            workspace=workspace,
            on_progress=None
            if on_progress is None
            else lambda now: on_progress(now.out_time_seconds),
            is_cancelled=is_cancelled,
            log_level="info",
        )
        return _read(tail)

    try:
        # Sound files of one channel are heard on both sides.
        found = run(
            f"aresample={RATE}:async=1:first_pts=0,aformat=channel_layouts=mono|stereo,"
            "aformat=channel_layouts=stereo",
            source,
            decoded,
        )
    except ProcessingError as error:
        if type(error) is not ProcessingError:
            raise
        raise UndecodableMediaError("The audio cannot be decoded.", field="audio") from error
    if _n_samples(decoded) == 0:
        raise UndecodableMediaError("There is no sound in the audio.", field="audio")
    if found.lufs <= _SILENT_LUFS:
        decoded.replace(made)
        return Levelled.read(made, loudness_lufs=None)
    gain = min(TARGET_LUFS - found.lufs, _MOST_GAIN_DB)
    for _ in range(_MOST_TRIES):
        is_limited = found.dbtp + gain > CEILING_DBTP
        came = run(_louder(gain, is_limited=is_limited), decoded, made)
        missing = TARGET_LUFS - came.lufs
        # A limiter takes loudness away, too.
        if not is_limited or missing < _CLOSE_DB or gain >= _MOST_GAIN_DB:
            break
        gain = min(gain + missing, _MOST_GAIN_DB)
    decoded.unlink()
    return Levelled.read(made, loudness_lufs=found.lufs)


def _louder(gain_db: float, *, is_limited: bool) -> str:
    chain = f"volume={gain_db:.2f}dB:precision=double"
    if is_limited:
        # At four times the rate, where the peaks between samples show.
        limit = 10 ** ((CEILING_DBTP - 0.2) / 20)
        chain += (
            f",aresample={4 * RATE},alimiter=limit={limit:.5f}:attack=5:release=60:level=0"
            f":latency=1,aresample={RATE}"
        )
    return chain


def _read(tail: str) -> _Measured:
    """Read the summary that FFmpeg writes last."""
    loudness, peak = _LOUDNESS.findall(tail), _PEAK.findall(tail)
    if not loudness or not peak:
        raise ProcessingError("The loudness of the audio could not be measured.")
    lufs, dbtp = float(loudness[-1]), float(peak[-1])
    silent = -math.inf
    return _Measured(
        lufs=silent if math.isnan(lufs) else lufs, dbtp=silent if math.isnan(dbtp) else dbtp
    )


def _n_samples(path: Path) -> int:
    """Read the length of a FLAC file of ours out of its STREAMINFO (RFC 9639): its last 36 bits."""
    with path.open("rb") as file:
        head = file.read(_STREAM_INFO.stop)
    return int.from_bytes(head[_STREAM_INFO]) & (2**36 - 1)
