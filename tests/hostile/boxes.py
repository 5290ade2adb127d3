"""QuickTime boxes and PNG chunks, as small writers: what lying files are built of."""

from __future__ import annotations

import struct
import zlib
from functools import cache

SECOND = 600


def box(name: bytes, *parts: bytes) -> bytes:
    """One box with its content."""
    content = b"".join(parts)
    return struct.pack(">I4s", len(content) + 8, name) + content


def numbers(*values: int) -> bytes:
    """Big-endian 32-bit numbers, as all tables have them."""
    return struct.pack(f">{len(values)}I", *values)


def table(name: bytes, *values: int) -> bytes:
    """A box with version, flags and a table."""
    return box(name, bytes(4), numbers(*values))


def picture_entry(codec: bytes, *, width: int, height: int) -> bytes:
    """A sample description: what the samples are said to be."""
    entry = bytes(6) + struct.pack(">H", 1) + bytes(16) + struct.pack(">HH", width, height)
    entry += numbers(72 << 16, 72 << 16) + bytes(4) + struct.pack(">H", 1)
    entry += bytes(32) + struct.pack(">Hh", 24, -1)
    return box(b"stsd", bytes(4), numbers(1), box(codec, entry))


def sample_table(
    entry: bytes,
    *,
    sizes: bytes,
    chunks: bytes,
    n_samples: int,
    delta: int = 20,
    per_chunk: int = 1,
) -> bytes:
    """The tables of a track; `sizes` and `chunks` are boxes."""
    return box(
        b"stbl",
        entry,
        table(b"stts", 1, n_samples, delta),
        table(b"stsc", 1, 1, per_chunk, 1),
        sizes,
        chunks,
    )


def track(
    samples: bytes, *, duration: int, number: int = 1, reference: bytes | None = None
) -> bytes:
    """A video track of 64x48; its data lies where `reference` says, in this file without it."""
    where = reference or box(b"url ", b"\0\0\0\1")
    references = box(b"dinf", box(b"dref", bytes(4), numbers(1), where))
    media = box(
        b"mdia",
        box(b"mdhd", bytes(12), numbers(SECOND, duration), bytes(4)),
        box(b"hdlr", bytes(8), b"vide", bytes(13)),
        box(b"minf", box(b"vmhd", bytes(12)), references, samples),
    )
    shape = numbers(1 << 16, 0, 0, 0, 1 << 16, 0, 0, 0, 1 << 30, 64 << 16, 48 << 16)
    head = box(b"tkhd", b"\0\0\0\x0f", bytes(8), numbers(number, 0, duration), bytes(16), shape)
    return box(b"trak", head, media)


def movie(*tracks: bytes, duration: int = SECOND, more: bytes = b"") -> bytes:
    """The index of a film."""
    head = box(b"mvhd", bytes(12), numbers(SECOND, duration, 1 << 16), bytes(12 + 36 + 28))
    return box(b"moov", head, *tracks, more)


HEAD = box(b"ftyp", b"qt  ", bytes(4), b"qt  ")
#: Where the samples of `film` begin: behind the head and the head of `mdat`.
DATA_AT = len(HEAD) + 8


def film(
    sample: bytes,
    *,
    codec: bytes,
    n_samples: int,
    size: tuple[int, int] = (64, 48),
    delta: int = 20,
    first: bytes = b"",
) -> bytes:
    """A film whose many samples all are the same bytes; `first` may be another one before them."""
    offsets = [DATA_AT + (len(first) if first and n else 0) for n in range(1 + bool(first))]
    places = [offsets[min(n, len(offsets) - 1)] for n in range(n_samples)]
    lengths = [len(first) if first and not n else len(sample) for n in range(n_samples)]
    tables = sample_table(
        picture_entry(codec, width=size[0], height=size[1]),
        sizes=table(b"stsz", 0, n_samples, *lengths),
        chunks=table(b"stco", n_samples, *places),
        n_samples=n_samples,
        delta=delta,
    )
    duration = n_samples * delta
    index = movie(track(tables, duration=duration), duration=duration)
    return HEAD + box(b"mdat", first + sample) + index


def chunk(name: bytes, content: bytes) -> bytes:
    """A chunk of a PNG."""
    return struct.pack(">I", len(content)) + name + content + numbers(zlib.crc32(name + content))


@cache
def png(
    width: int, height: int, *, is_whole: bool = True, depth: int = 1, before: bytes = b""
) -> bytes:
    """A black PNG, packed well; with `is_whole` False only its first bytes are there."""
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, 0, 0, 0, 0))
    rows = height if is_whole else 1
    packer = zlib.compressobj(9)
    row = bytes(1 + (width * depth + 7) // 8)
    data = b"".join(packer.compress(row) for _ in range(rows)) + packer.flush()
    tail = chunk(b"IEND", b"") if is_whole else b""
    return b"\x89PNG\r\n\x1a\n" + head + before + chunk(b"IDAT", data) + tail
