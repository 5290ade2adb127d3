"""A media file being written: streams are added, then `start`, then packets from any thread.

MP4 comes out with its index in front, and with clocks in which frames and samples are whole
numbers: no frame rate is rounded. What FFmpeg reports becomes one of Telecine's errors here.
"""

from __future__ import annotations

import contextlib
import errno
import math
import threading
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any, Final, TypeAlias, TypeVar

import av
import av.error
import msgspec
import numpy as np
import numpy.typing as npt
from av import AudioStream, Packet, VideoStream
from av.audio.codeccontext import AudioCodecContext
from msgspec.structs import replace

from telecine.kit import disk
from telecine.kit.errors import (
    InternalError,
    ProcessingError,
    ResourceLimitError,
    StorageFullError,
    TelecineError,
)
from telecine.media.render.encoding import codecs
from telecine.media.render.encoding.codecs import SAMPLE_RATE, EncodeSettings, SoundCodec

#: Sound: samples x 2 at 48 kHz, 1 is full scale.
Block = npt.NDArray[np.float32]
#: Of any kind of stream.
AnyPacket: TypeAlias = "Packet[Any]"
_Copied = TypeVar("_Copied", VideoStream, AudioStream)

#: How FFmpeg calls the containers.
_MUXERS: Final = {".mp4": "mp4", ".m4a": "mp4", ".webm": "webm", ".mp3": "mp3", ".wav": "wav"}
_LEAST_CLOCK: Final = 10_000


class OutputFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What was written. `n_samples` is the sound's length at 48 kHz, 0 without sound."""

    width: int
    height: int
    n_frames: int
    duration_seconds: Fraction
    n_samples: int
    size_bytes: int


class OutputFile:
    """One file. Where it fails or is given up, `discard` leaves nothing behind."""

    def __init__(
        self, path: Path, *, frame_rate: Fraction | None = None, comment: str = ""
    ) -> None:
        """`path` decides the container by its suffix. MP4 with pictures needs `frame_rate`."""
        muxer = _MUXERS.get(path.suffix.lower())
        if muxer is None:
            raise InternalError(f"no container for {path.suffix!r}")
        self._path = path
        self._lock = threading.Lock()
        self._is_open = True
        options = mp4_options(frame_rate) if muxer == "mp4" else {}
        with translated():
            self._container = av.open(str(path), "w", format=muxer, container_options=options)
        if comment:
            self._container.metadata["comment"] = comment

    def add_video(
        self, settings: EncodeSettings, *, width: int, height: int, frame_rate: Fraction
    ) -> VideoStream:
        """Add a stream. Its own encoder only says what is in the head; chunks have their own."""
        stream = self._container.add_stream(codecs.video_encoder(settings), rate=frame_rate)
        assert isinstance(stream, VideoStream)
        codecs.prepare_video(
            stream.codec_context,
            replace(settings, threads=1),  # it never gets a frame: let it be small
            width=width,
            height=height,
            frame_rate=frame_rate,
        )
        return stream

    def add_audio(self, codec: SoundCodec, *, bits_per_second: int) -> AudioStream:
        """Add a stream with its encoder."""
        stream = self._container.add_stream(codecs.sound_encoder(codec), rate=SAMPLE_RATE)
        assert isinstance(stream, AudioStream)
        context: AudioCodecContext = stream.codec_context
        codecs.prepare_audio(context, codec, bits_per_second=bits_per_second)
        return stream

    def add_copy(self, template: _Copied) -> _Copied:
        """Add a stream for packets of another file."""
        return self._container.add_stream_from_template(template, opaque=True)

    def start(self) -> None:
        """Open the encoders and write the head of the file."""
        with translated():
            self._container.start_encoding()

    def write(self, packets: Sequence[AnyPacket]) -> None:
        """Take packets that know their stream; each stream's own order is the caller's."""
        with self._lock, translated():
            self._container.mux(packets)

    def close(self) -> int:
        """Write the index. Returns the size in bytes."""
        with self._lock, translated():
            self._is_open = False
            self._container.close()
        return self._path.stat().st_size

    def discard(self) -> None:
        """Delete what was written, however far it came."""
        self._path.unlink(missing_ok=True)
        if self._is_open:
            self._is_open = False
            with self._lock, contextlib.suppress(av.error.FFmpegError, OSError):
                self._container.close()
        self._path.unlink(missing_ok=True)


def mp4_options(frame_rate: Fraction | None) -> dict[str, str]:
    """Return the muxer's options: index in front, a clock that divides into frames and samples."""
    options = {"movflags": "+faststart"}
    if frame_rate is None:
        return {**options, "movie_timescale": str(SAMPLE_RATE)}
    rate = frame_rate.numerator
    clock = SAMPLE_RATE if SAMPLE_RATE % rate == 0 else rate * math.ceil(_LEAST_CLOCK / rate)
    both = math.lcm(clock, SAMPLE_RATE)
    return {
        **options,
        "video_track_timescale": str(clock),
        "movie_timescale": str(both if both < 2**31 else clock),
    }


@contextlib.contextmanager
def translated() -> Iterator[None]:
    """Turn what FFmpeg and the system report into errors that say what to do."""
    try:
        yield
    except TelecineError:
        raise
    except (av.error.FFmpegError, OSError) as error:
        if disk.is_full(error):
            raise StorageFullError from error
        if error.errno == errno.EFBIG:
            raise ResourceLimitError("The output is larger than one job may write.") from error
        raise ProcessingError("The output could not be encoded.") from error
