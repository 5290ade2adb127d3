"""Every kind of file that frames and sound become, behind one protocol. The suffix decides."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Final, Protocol

import cv2
import msgspec
from msgspec.structs import replace

from telecine.kit.errors import InternalError, InvalidRequestError, StorageError
from telecine.media.render.composing import rgb
from telecine.media.render.composing.kernels import Rect
from telecine.media.render.encoding.codecs import EncodeSettings, SoundCodec
from telecine.media.render.encoding.encode import Encoder, SoundTrack
from telecine.media.render.encoding.gif import GifEncoder
from telecine.media.render.encoding.outfile import Block, OutputFacts, OutputFile
from telecine.media.render.planes import Planes


class Output(Protocol):
    """A file in the making. Ends with `finish` or `abort`; nothing is left of what failed."""

    @property
    def wants_pictures(self) -> bool:
        """False: nothing needs to be drawn."""
        ...

    @property
    def wants_sound(self) -> bool:
        """False: nothing needs to be mixed."""
        ...

    def submit(self, planes: Planes, *, n_frames: int = 1) -> None:
        """Show a picture for so many frames; it must stay as it is (`encode.LEAST_RING`)."""
        ...

    def audio(self, block: Block) -> None:
        """Append sound, and give the block away."""
        ...

    def finish(self) -> OutputFacts:
        """Wait until the file is whole."""
        ...

    def abort(self) -> None:
        """Give up; may be called at any time, and again."""
        ...


class _Order(msgspec.Struct, frozen=True, kw_only=True):
    path: Path
    width: int
    height: int
    frame_rate: Fraction
    settings: EncodeSettings
    has_sound: bool


def open_output(
    path: Path,
    *,
    width: int,
    height: int,
    frame_rate: Fraction,
    settings: EncodeSettings = EncodeSettings(),
    has_sound: bool = False,
) -> Output:
    """Begin a file: .mp4, .webm, .gif, .png (the first picture), .mp3, .wav or .m4a.

    Raises `InvalidRequestError` for another suffix. WebM is VP9 whatever the settings say.
    """
    make = _OUTPUTS.get(path.suffix.lower())
    if make is None:
        allowed = ", ".join(_OUTPUTS)
        raise InvalidRequestError(
            f"The output's name must end with one of: {allowed}.", field="output"
        )
    return make(
        _Order(
            path=path,
            width=width,
            height=height,
            frame_rate=frame_rate,
            settings=settings,
            has_sound=has_sound,
        )
    )


class SoundEncoder:
    """An output that is only heard."""

    wants_pictures = False
    wants_sound = True

    def __init__(
        self,
        path: Path,
        *,
        settings: EncodeSettings = EncodeSettings(),
    ) -> None:
        codec = _SOUND_CODECS[path.suffix.lower()]
        self._file = OutputFile(path, comment=settings.comment)
        try:
            stream = self._file.add_audio(codec, bits_per_second=settings.sound_bits_per_second)
            self._file.start()
        except BaseException:
            self._file.discard()
            raise
        self._track = SoundTrack(self._file, stream)

    def submit(self, planes: Planes, *, n_frames: int = 1) -> None:  # noqa: ARG002 - the protocol's
        """Refuse: see `wants_pictures`."""
        raise InternalError("This output has no pictures.")

    def audio(self, block: Block) -> None:
        """Append samples x 2 at 48 kHz; 1 is full scale. The block belongs to the encoder now."""
        self._track.put(block)

    def finish(self) -> OutputFacts:
        """Wait for the last sample and close the file."""
        try:
            n_samples = self._track.close()
            size_bytes = self._file.close()
        except BaseException:
            self.abort()
            raise
        return OutputFacts(
            width=0,
            height=0,
            n_frames=0,
            duration_seconds=Fraction(n_samples, 48_000),
            n_samples=n_samples,
            size_bytes=size_bytes,
        )

    def abort(self) -> None:
        """Give up and delete the file."""
        self._track.drop()
        self._file.discard()


class StillEncoder:
    """A PNG of the first picture; the others are not looked at."""

    wants_pictures = True
    wants_sound = False

    def __init__(self, path: Path) -> None:
        self._path = path
        self._size = (0, 0)

    def submit(self, planes: Planes, *, n_frames: int = 1) -> None:  # noqa: ARG002 - the protocol's
        """Write the picture, at once."""
        if self._size != (0, 0):
            return
        height, width = planes.y.shape
        self._size = (width, height)
        try:
            self._path.write_bytes(png(planes))
        except OSError as error:
            self.abort()
            raise StorageError("The picture could not be written.") from error

    def audio(self, block: Block) -> None:  # noqa: ARG002 - the protocol's
        """Refuse: see `wants_sound`."""
        raise InternalError("A picture has no sound.")

    def finish(self) -> OutputFacts:
        """Say what was written."""
        if self._size == (0, 0):
            raise InternalError("There was no picture.")
        return OutputFacts(
            width=self._size[0],
            height=self._size[1],
            n_frames=1,
            duration_seconds=Fraction(0),
            n_samples=0,
            size_bytes=self._path.stat().st_size,
        )

    def abort(self) -> None:
        """Delete the file."""
        self._path.unlink(missing_ok=True)


def png(planes: Planes) -> bytes:
    """Return an opaque picture as a PNG."""
    height, width = planes.y.shape
    box = Rect(0, 0, width + width % 2, height + height % 2)
    rgba = rgb.part_of(planes, box)[:height, :width, :3]
    is_made, data = cv2.imencode(".png", rgba[..., ::-1])
    if not is_made:
        raise InternalError("no PNG came of a picture")
    return data.tobytes()


def _video(order: _Order) -> Output:
    settings = order.settings
    if order.path.suffix.lower() == ".webm":
        settings = replace(settings, codec="vp9")
    elif settings.codec == "vp9":
        raise InvalidRequestError("VP9 goes into .webm, not into .mp4.", field="codec")
    return Encoder(
        order.path,
        width=order.width,
        height=order.height,
        frame_rate=order.frame_rate,
        settings=settings,
        has_sound=order.has_sound,
    )


def _gif(order: _Order) -> Output:
    return GifEncoder(
        order.path, width=order.width, height=order.height, frame_rate=order.frame_rate
    )


def _still(order: _Order) -> Output:
    return StillEncoder(order.path)


def _sound(order: _Order) -> Output:
    return SoundEncoder(order.path, settings=order.settings)


_SOUND_CODECS: Final[dict[str, SoundCodec]] = {".m4a": "aac", ".mp3": "mp3", ".wav": "wav"}
_OUTPUTS: Final[dict[str, Callable[[_Order], Output]]] = {
    ".mp4": _video,
    ".webm": _video,
    ".gif": _gif,
    ".png": _still,
    ".mp3": _sound,
    ".wav": _sound,
    ".m4a": _sound,
}
