"""HEIC pictures through libheif: libvips as it is packaged for Python has no HEVC decoder.

Opening reads boxes only; the pixels come when they are asked for, so that their number can be
judged before. Rotation and mirroring (`irot`, `imir`) are part of the picture and are done by
libheif; an EXIF orientation beside them says the same again and must not be obeyed as well
(ISO 23008-12, 6.5.10).
"""

from __future__ import annotations

import os
from dataclasses import dataclass

import pillow_heif
import pyvips

from telecine.kit.errors import (
    MediaLimitError,
    ResourceLimitError,
    TelecineError,
    UndecodableMediaError,
)

#: What libheif raises where bytes are wrong. OSError: its word for a broken codec stream.
_DAMAGED = (ValueError, EOFError, SyntaxError, RuntimeError, OSError)
_COLOURS = {1: "b-w", 2: "b-w", 3: "srgb", 4: "srgb"}

# One picture is wanted; what else a file holds is not looked at.
pillow_heif.options.THUMBNAILS = False
pillow_heif.options.DEPTH_IMAGES = False
pillow_heif.options.AUX_IMAGES = False


@dataclass(frozen=True, slots=True)
class HeicPicture:
    """The primary picture of a file, not decoded yet. Sizes are those shown: turned upright."""

    _picture: pillow_heif.HeifImage

    @property
    def width(self) -> int:
        """In pixels."""
        return int(self._picture.size[0])

    @property
    def height(self) -> int:
        """In pixels."""
        return int(self._picture.size[1])

    @property
    def has_alpha(self) -> bool:
        """Whether the picture has a plane of transparency."""
        return bool(self._picture.has_alpha)

    def decode(self) -> pyvips.Image:
        """Return the picture, 8 bits a colour, with its ICC profile. Raises `MediaError`s."""
        size = self._picture.size
        try:
            pixels = self._picture.data
        except MemoryError as error:
            raise ResourceLimitError("The image needs more memory than is allowed.") from error
        except _DAMAGED as error:
            raise _explain(error) from error
        if self._picture.size != size:  # what was judged is not what came
            raise _damaged()
        n_bands = len(self._picture.mode.partition(";")[0])
        image = pyvips.Image.new_from_memory(pixels, *size, n_bands, "uchar")
        image = image.copy(interpretation=_COLOURS[n_bands])
        if self._picture.premultiplied_alpha:
            image = image.unpremultiply().cast("uchar")
        profile = self._picture.info.get("icc_profile")
        if profile:
            image.set_type(pyvips.GValue.blob_type, "icc-profile-data", profile)
        return image


def open_heic(source_fd: int) -> HeicPicture:
    """Find the primary picture. Raises `UndecodableMediaError`."""
    content = os.pread(source_fd, os.fstat(source_fd).st_size, 0)
    try:
        file = pillow_heif.HeifFile(content)  # type: ignore[no-untyped-call]
        return HeicPicture(file[file.primary_index])
    except (IndexError, *_DAMAGED) as error:
        raise _explain(error) from error


def _explain(error: Exception) -> TelecineError:
    """libheif names what went wrong first: "Security limit exceeded: …"."""
    text = str(error)
    if "Security limit" in text:
        return MediaLimitError("The image is larger than can be read here.", field="file")
    if "Memory allocation" in text:
        return ResourceLimitError("The image needs more memory than is allowed.")
    return _damaged()


def _damaged() -> UndecodableMediaError:
    return UndecodableMediaError("The image is damaged or truncated.", field="file")
