"""Composed frames and mixed sound to a film: each encoded in a thread of its own, beside drawing.

Every frame lasts equally long, and exactly as many come out as went in. Odd sides are made
even, as H.264 needs them, by repeating the last column or row; nothing is cut off.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Final, NamedTuple, Self

import av
import numpy as np
from av import AudioFrame, AudioStream, VideoStream

from telecine.kit.errors import InternalError
from telecine.media.render.encoding import codecs
from telecine.media.render.encoding.canvas import EncoderCanvas
from telecine.media.render.encoding.chunks import ChunkedEncoder
from telecine.media.render.encoding.codecs import SAMPLE_RATE, EncodeSettings, SoundCodec
from telecine.media.render.encoding.conveyor import Conveyor
from telecine.media.render.encoding.outfile import (
    AnyPacket,
    Block,
    OutputFacts,
    OutputFile,
    translated,
)
from telecine.media.render.planes import Planes

#: Pictures that may wait to be encoded.
QUEUE_LENGTH: Final = 3
#: Pictures in use at once: those that wait, the one being encoded, the one being submitted. A
#: ring of buffers with fewer than this would be drawn into while it is read.
LEAST_RING: Final = QUEUE_LENGTH + 2
#: Blocks of sound that may wait; they are small.
_SOUND_QUEUE_LENGTH: Final = 64


class _Shown(NamedTuple):
    planes: Planes
    n_frames: int


class Encoder:
    """Writes one video file: MP4 or WebM, as the suffix says. `with` gives it up on an error.

    `submit` and `audio` may be called by different threads. Keep them within some seconds of
    each other: what is ahead is kept, encoded, until the other comes. What goes wrong in the
    threads comes out at the next call, or at `finish`.
    """

    wants_pictures = True

    def __init__(
        self,
        path: Path,
        *,
        width: int,
        height: int,
        frame_rate: Fraction,
        settings: EncodeSettings = EncodeSettings(),
        has_sound: bool = False,
    ) -> None:
        self._frame_rate = frame_rate
        self._size = (width + width % 2, height + height % 2)
        self._file = OutputFile(path, frame_rate=frame_rate, comment=settings.comment)
        try:
            video = self._file.add_video(
                settings, width=self._size[0], height=self._size[1], frame_rate=frame_rate
            )
            audio = None
            if has_sound:
                audio = self._file.add_audio(
                    _sound_codec(path), bits_per_second=settings.sound_bits_per_second
                )
            self._file.start()
        except BaseException:
            self._file.discard()
            raise
        self._pictures = PictureTrack(self._file, video, settings=settings, size=(width, height))
        self._sound = None if audio is None else SoundTrack(self._file, audio)
        self.wants_sound = has_sound
        self._is_over = False

    def submit(self, planes: Planes, *, n_frames: int = 1) -> None:
        """Show an opaque picture for so many frames. It must stay as it is, see `LEAST_RING`.

        Submitting the same picture again is cheap.
        """
        self._pictures.put(planes, n_frames)

    def audio(self, block: Block) -> None:
        """Append samples x 2 at 48 kHz; 1 is full scale. The block belongs to the encoder now."""
        if self._sound is None:
            raise InternalError("This output has no sound.")
        self._sound.put(block)

    def finish(self) -> OutputFacts:
        """Wait for the last frame and close the file."""
        self._is_over = True
        try:
            n_frames = self._pictures.close()
            if not n_frames:
                raise InternalError("There was no picture.")
            n_samples = 0 if self._sound is None else self._sound.close()
            size_bytes = self._file.close()
        except BaseException:
            self.abort()
            raise
        return OutputFacts(
            width=self._size[0],
            height=self._size[1],
            n_frames=n_frames,
            duration_seconds=n_frames / self._frame_rate,
            n_samples=n_samples,
            size_bytes=size_bytes,
        )

    def abort(self) -> None:
        """Give up: stop the threads and delete the file. Harmless when it is over already."""
        self._is_over = True
        self._pictures.drop()
        if self._sound is not None:
            self._sound.drop()
        self._file.discard()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if not self._is_over:
            self.abort()


class PictureTrack:
    """Encodes pictures into one stream of a file, in its own thread."""

    def __init__(
        self,
        file: OutputFile,
        stream: VideoStream,
        *,
        settings: EncodeSettings,
        size: tuple[int, int],
    ) -> None:
        context = stream.codec_context
        frame_rate = context.framerate

        def make() -> av.VideoCodecContext:
            made = codecs.video_context(
                settings, width=context.width, height=context.height, frame_rate=frame_rate
            )
            made.open()
            if made.extradata != context.extradata:
                raise InternalError("two encoders with the same settings have different heads")
            return made

        self._file = file
        self._stream = stream
        self._encoder = ChunkedEncoder(make, size=codecs.chunk_frames(frame_rate))
        self._canvas = EncoderCanvas(size, coded=(context.width, context.height))
        self._shown: Planes | None = None
        self.n_frames = 0
        self._conveyor = Conveyor(self._encode, length=QUEUE_LENGTH, name="encode pictures")

    def put(self, planes: Planes, n_frames: int) -> None:
        """Queue a picture."""
        self._conveyor.put(_Shown(planes, n_frames))

    def close(self) -> int:
        """Wait, and write what the encoder holds. Returns how many frames there are."""
        self._conveyor.close()
        with translated():
            self._write(self._encoder.finish())
        return self.n_frames

    def drop(self) -> None:
        """Stop."""
        self._conveyor.drop()

    def _encode(self, shown: _Shown) -> None:
        if shown.planes is not self._shown:
            self._canvas.fill(shown.planes)
            self._shown = shown.planes
        for _ in range(shown.n_frames):
            self._canvas.frame.pts = self.n_frames
            self.n_frames += 1
            with translated():
                self._write(self._encoder.encode(self._canvas.frame))

    def _write(self, packets: Iterable[AnyPacket]) -> None:
        for packet in packets:
            packet.stream = self._stream
            packet.time_base = 1 / self._frame_rate
            packet.duration = 1
            self._file.write([packet])

    @property
    def _frame_rate(self) -> Fraction:
        return self._stream.codec_context.framerate


class SoundTrack:
    """Encodes sound into one stream of a file, in its own thread."""

    def __init__(self, file: OutputFile, stream: AudioStream) -> None:
        self._file = file
        self._stream = stream
        self.n_samples = 0
        self._conveyor = Conveyor(self._encode, length=_SOUND_QUEUE_LENGTH, name="encode sound")

    def put(self, block: Block) -> None:
        """Queue samples x 2."""
        self._conveyor.put(block)

    def close(self) -> int:
        """Wait, and write what the encoder holds. Returns how many samples there are."""
        self._conveyor.close()
        if self.n_samples:
            with translated():
                self._file.write(self._stream.encode(None))
        return self.n_samples

    def drop(self) -> None:
        """Stop."""
        self._conveyor.drop()

    def _encode(self, block: Block) -> None:
        if not len(block):
            return
        frame = sound_frame(block, start=self.n_samples)
        self.n_samples += len(block)
        with translated():
            self._file.write(self._stream.encode(frame))


def sound_frame(block: Block, *, start: int) -> AudioFrame:
    """Wrap samples x 2 for an encoder, the first of them being number `start`."""
    finite = np.nan_to_num(block, nan=0.0, posinf=1.0, neginf=-1.0)
    rows = np.ascontiguousarray(np.clip(finite, -1.0, 1.0).T.astype(np.float32, copy=False))
    frame = AudioFrame.from_ndarray(rows, format="fltp", layout="stereo")
    frame.sample_rate = SAMPLE_RATE
    frame.time_base = Fraction(1, SAMPLE_RATE)
    frame.pts = start
    return frame


def _sound_codec(path: Path) -> SoundCodec:
    return "opus" if path.suffix.lower() == ".webm" else "aac"
