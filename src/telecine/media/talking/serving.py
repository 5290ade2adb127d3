"""Has the operator's lip-sync server make the film: a picture and a sound go there, a video comes.

What goes is made here: a PNG and a WAV of 16 kHz, one channel. What comes is a stranger's: it is
decoded by the confined FFmpeg, every frame of it, and encoded anew.
"""

from __future__ import annotations

import io
import threading
import wave
from collections.abc import Callable
from concurrent.futures import Future, wait
from fractions import Fraction
from pathlib import Path
from typing import Final

from telecine.kit.errors import CancelledError, OutboundError, ProcessingError, TelecineError
from telecine.kit.outbound import LipSync
from telecine.media.ffmpeg import FFmpeg
from telecine.media.speech.sound import RATE
from telecine.media.talking.job import SYNTHETIC

_TICK_SECONDS: Final = 0.5
#: A film that is shorter than the sound by more than this is not one of it.
_LEAST_SHARE: Final = 0.9


def ask(
    server: LipSync,
    *,
    picture: Path,
    samples: Path,
    to: Path,
    is_cancelled: Callable[[], bool],
) -> None:
    """Write the server's answer to a new file. Raises `OutboundError`, `CancelledError`."""
    done: Future[None] = Future()

    def work() -> None:
        try:
            server.ask(image=picture.read_bytes(), sound=_wav(samples), to=to)
            done.set_result(None)
        except Exception as error:  # noqa: BLE001 (raised by who waits)
            done.set_exception(error)

    # A request cannot be broken off: one that nobody waits for any more ends by its own limits.
    threading.Thread(target=work, name="lip-sync", daemon=True).start()
    while not wait([done], timeout=_TICK_SECONDS).done:
        if is_cancelled():
            raise CancelledError
    done.result()


def as_film(
    ffmpeg: FFmpeg,
    answer: Path,
    *,
    output: Path,
    frame_rate: Fraction,
    n_frames: int,
    on_progress: Callable[[float], None],
    is_cancelled: Callable[[], bool],
) -> None:
    """Make a silent MP4 of an answer: of that rate, even sides, and no longer than the sound.

    Raises `OutboundError` where it is no video, or much shorter than the sound.
    """
    seen = 0

    def tell(frame: int) -> None:
        nonlocal seen
        seen = max(seen, frame)
        on_progress(min(1.0, frame / n_frames))

    try:
        ffmpeg.run(
            (
                *("-map", "0:v:0", "-an", "-sn", "-dn", "-map_metadata", "-1"),
                *("-vf", "scale=trunc(iw/2)*2:trunc(ih/2)*2,setsar=1", "-r", str(frame_rate)),
                *("-fps_mode", "cfr", "-frames:v", str(n_frames), "-pix_fmt", "yuv420p"),
                *("-c:v", "libx264", "-preset", "veryfast", "-crf", "14"),
                *("-metadata", f"comment={SYNTHETIC}", "-movflags", "+faststart", output.name),
            ),
            input_path=answer,
            workspace=output.parent,
            on_progress=lambda now: tell(now.frame),
            is_cancelled=is_cancelled,
        )
    except ProcessingError as error:
        if _is_its_own(error):
            raise OutboundError(
                f"The lip-sync server's answer is no video that can be read. {error.message}"
            ) from error
        raise
    if seen < _LEAST_SHARE * n_frames:
        seconds, wanted = (float(frames / frame_rate) for frames in (seen, n_frames))
        raise OutboundError(
            f"The lip-sync server's video lasts {seconds:.1f} s, and the sound {wanted:.1f} s."
        )


def _is_its_own(error: TelecineError) -> bool:
    """Say whether it is the answer's fault: a failure that is no limit and no time-out."""
    return type(error) is ProcessingError


def _wav(samples: Path) -> bytes:
    written = io.BytesIO()
    with wave.open(written, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(samples.read_bytes())
    return written.getvalue()
