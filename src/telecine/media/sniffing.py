"""Which loader a picture gets, by its first bytes: never by its name, nor by a library's guess."""

from __future__ import annotations

#: Enough for the boxes before the pixels of nearly every HEIC and AVIF.
LOOKED_AT_BYTES = 64 * 1024

_AVIF_BRANDS = frozenset({b"avif", b"avis"})
_HEIC_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis"})
#: They promise a picture in this container, and leave open of which codec.
_ANY_CODEC_BRANDS = frozenset({b"mif1", b"msf1"})


def image_loader(start: bytes) -> str | None:
    """Return libvips' word for the format, "heic" for libheif, None for all that we do not take."""
    if start.startswith(b"\xff\xd8\xff"):
        return "jpeg"
    if start.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if start.startswith((b"GIF87a", b"GIF89a")):
        return "gif"
    if start.startswith(b"RIFF") and start[8:12] == b"WEBP":
        return "webp"
    if start.startswith((b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")):
        return "tiff"
    if start[4:8] == b"ftyp":
        # The major brand, a version, then the compatible brands: 4 bytes each (ISO 14496-12).
        end = min(int.from_bytes(start[:4], "big"), len(start))
        brands = {start[8:12]} | {start[at : at + 4] for at in range(16, end, 4)}
        if brands & _AVIF_BRANDS:
            return "heif"
        is_hevc = brands & _HEIC_BRANDS or (brands & _ANY_CODEC_BRANDS and b"hvcC" in start)
        return "heic" if is_hevc else "heif" if brands & _ANY_CODEC_BRANDS else None
    return None
