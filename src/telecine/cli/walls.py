"""The layers around media that are no wall of the kernel's, tried for `doctor` on files of its own."""

from __future__ import annotations

import struct
import sys
import tempfile
import wave
import zlib
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from telecine.assembly import Telecine
from telecine.kit.errors import (
    MediaLimitError,
    ProcessingError,
    ProcessTimeoutError,
    TelecineError,
    UndecodableMediaError,
)
from telecine.media import process
from telecine.media.ffmpeg import DEMUXERS
from telecine.media.probe import MOST_STREAMS
from telecine.media.process import Limits
from telecine.media.sandbox import Policy
from telecine.operations.convert import ConvertParams, convert

#: The layer that is ffmpeg's: without one, it cannot be tried.
INPUT = "input"
_STILL_SECONDS = 0.3


def checks(telecine: Telecine) -> Mapping[str, Callable[[], str]]:
    """Return what tries each layer, by its name: it says what was found, or raises."""
    tried = {
        INPUT: _input,
        "budgets": _budgets,
        "watchdogs": _watchdogs,
        "read back": _read_back,
    }
    return {name: partial(_in_a_folder, check, telecine) for name, check in tried.items()}


def _in_a_folder(check: Callable[[Telecine, Path], str], telecine: Telecine) -> str:
    with tempfile.TemporaryDirectory() as folder:
        return check(telecine, Path(folder))


def _input(telecine: Telecine, folder: Path) -> str:
    sound, playlist = folder / "in.wav", folder / "list"
    with wave.open(str(sound), "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes(bytes(1600))
    playlist.write_text(f"ffconcat version 1.0\nfile {sound.name}\n")
    to_nowhere = ("-c", "copy", "-f", "null", "-")
    telecine.ffmpeg.run(to_nowhere, input_path=sound, workspace=folder)
    _require_refusal(
        ProcessingError,
        lambda: telecine.ffmpeg.run(to_nowhere, input_path=playlist, workspace=folder),
        otherwise="a list of files was followed",
    )
    return f"descriptors alone, {len(DEMUXERS)} demuxers; a list of files was refused"


def _budgets(telecine: Telecine, folder: Path) -> str:
    settings = telecine.settings
    side = int(settings.max_pixels**0.5) + 1
    large = folder / "large.png"
    large.write_bytes(_png_head(side))
    _require_refusal(
        MediaLimitError,
        lambda: _converted(telecine, large),
        otherwise=f"a picture of {side} x {side} pixels was not refused",
    )
    return (
        f"{settings.max_pixels / 1e6:g} megapixels a frame, {settings.max_video_gigapixels}"
        f" gigapixels and {settings.max_duration_seconds} s a film, {MOST_STREAMS} streams"
    )


def _watchdogs(telecine: Telecine, folder: Path) -> str:
    limits = telecine.ffmpeg.limits
    short = Limits(
        memory_bytes=limits.memory_bytes,
        output_bytes=limits.output_bytes,
        wall_seconds=60,
        stall_seconds=_STILL_SECONDS,
    )

    def stand_still() -> None:
        policy = Policy(mode="off")
        command = (sys.executable, "-I", "-S", "-c", "import time; time.sleep(60)")
        with process.start(command, policy=policy, cwd=folder) as program:
            process.supervise(
                program, limits=short, on_output=lambda _: False, is_cancelled=lambda: False
            )

    _require_refusal(
        ProcessTimeoutError, stand_still, otherwise="what stands still was not stopped"
    )
    return f"{limits.wall_seconds:g} s in all, {limits.stall_seconds:g} s without progress"


def _read_back(telecine: Telecine, folder: Path) -> str:
    cut = folder / "cut.png"
    cut.write_bytes(_png_head(64))
    _require_refusal(
        UndecodableMediaError,
        lambda: _converted(telecine, cut),
        otherwise="a file that is cut off was taken for a whole one",
    )
    return "results are opened again; what is cut off is refused"


def _converted(telecine: Telecine, source: Path) -> None:
    params = ConvertParams(format="jpg", max_pixels=telecine.settings.max_pixels)
    convert(telecine.pool, params, input_path=source, output_path=source.with_suffix(".jpg"))


def _png_head(side: int) -> bytes:
    """A PNG that is nothing but its head."""
    head = b"IHDR" + struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    data = b"IDAT" + zlib.compress(bytes(side + 1))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk))
        for chunk in (head, data)
    )


def _require_refusal(
    kind: type[TelecineError], act: Callable[[], object], *, otherwise: str
) -> None:
    try:
        act()
    except kind:
        return
    raise ProcessingError(otherwise)
