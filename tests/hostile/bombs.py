"""Small files that want much: huge pictures, hours, endless tables, and heads that lie.

Each is written at once and is a few kilobytes to a few megabytes large.
"""

from __future__ import annotations

import struct
import zlib

from tests.hostile import boxes
from tests.hostile.boxes import (
    HEAD,
    box,
    chunk,
    film,
    movie,
    numbers,
    png,
    sample_table,
    table,
    track,
)

_MOST = 2**32 - 1


def pictures() -> dict[str, bytes]:
    """Pictures that would be gigabytes, or a long time."""
    zeros = zlib.compress(bytes(64 * 2**20), 9)
    text = b"".join(chunk(b"zTXt", b"Comment\0\0" + zeros) for _ in range(4))
    profile = chunk(b"iCCP", b"x\0\0" + zeros)
    moving = chunk(b"acTL", numbers(100_000, 0)) + b"".join(
        chunk(b"fcTL", numbers(n, 1, 1, 0, 0) + bytes(6)) for n in range(2_000)
    )
    return {
        "png-large": png(16_000, 16_000),
        "png-header": png(50_000, 50_000, is_whole=False),
        "png-edge": png(2**31 - 1, 2**31 - 1, is_whole=False)[:200],
        "png-text": png(64, 64, before=text),
        "png-profile": png(64, 64, before=profile),
        "png-frames": png(64, 64, before=moving),
        "png-cut": png(9_000, 9_000)[:3_000],
        "gif-canvas": _gif(16_000, 16_000, n_frames=3),
        "gif-frames": _gif(64, 64, n_frames=100_000),
        "gif-both": _gif(9_000, 9_000, n_frames=1_000),
        "gif-widest": _gif(65_535, 65_535, n_frames=1),
        "webp-canvas": _webp(16_383, 16_383),
        "webp-widest": _webp(2**24, 2**24),
        "tiff-large": _tiff(100_000, 100_000),
        "tiff-pages": _tiff(64, 64, n_pages=5_000),
        "tiff-ring": _tiff(64, 64, is_ring=True),
        "jpeg-large": _jpeg(65_500, 65_500),
        "jpeg-scans": _jpeg(4_000, 4_000, n_scans=2_000),
        "avif-large": _avif(65_535, 65_535),
        "jxl": b"\xff\x0a" + bytes(range(64)),
        "bmp-large": b"BM" + struct.pack("<IIIIiiHHI", 100, 0, 54, 40, 60_000, 60_000, 1, 24, 0),
        "ico": b"\0\0\1\0\1\0" + bytes(16) + png(50_000, 50_000, is_whole=False),
    }


def films() -> dict[str, bytes]:
    """Films that lie of their size, their length, or of how much there is in them."""
    large, small = png(16_000, 16_000), png(64, 48, depth=8)
    named = chunk(b"iCCP", b"name\0\0" + zlib.compress(bytes(200)))
    nested = HEAD
    for _ in range(2_000):
        nested = box(b"moov", nested)
    hours = film(png(3840, 2160), codec=b"png ", n_samples=200_000, size=(3840, 2160))
    return {
        "mov-lying-size": film(large, codec=b"png ", n_samples=2_000),
        "mov-later-size": film(large, codec=b"png ", n_samples=100, first=small),
        "mov-hours": hours,
        # A profile with a name: PyAV frees that twice, where it is asked for what lies beside a frame.
        "mov-profile": film(png(64, 48, depth=8, before=named), codec=b"png ", n_samples=5),
        "mov-frames": film(small, codec=b"png ", n_samples=500_000, delta=1),
        "mov-nested": nested,
        "mov-streams": _streams(1_000),
        "mov-samples": _counts(size=b"\0\0\0\1", count=_MOST),
        "mov-chunks": _counts(size=b"\0\0\0\1", count=_MOST, per_chunk=_MOST),
        "mov-late": _late(),
        "mov-edits": _edits(),
        "mov-chapters": _chapters(),
        "mov-packed-index": HEAD + _packed_index(),
        "mov-empty-boxes": HEAD + bytes.fromhex("0000000866726565") * 20_000,
        "mov-negative": HEAD + b"\0\0\0\0moov" + b"\xff" * 500,
        "mkv-void": b"\x1a\x45\xdf\xa3\x80"
        + b"\x18\x53\x80\x67\x01"
        + b"\xff" * 6
        + b"\xec\x08"
        + b"\xff" * 99,
        "mkv-nested": b"\x1a\x45\xdf\xa3\x80"
        + b"\x18\x53\x80\x67\x01\xff\xff\xff\xff\xff\xff\xff" * 5_000,
        "flv-nested": _flv(),
        "avi-lying": _avi(),
        "ts-nothing": (b"\x47\x1f\xff\x10" + b"\xff" * 184) * 20_000,
        "ogg-nothing": b"OggS\0\2" + bytes(20) + b"\xff" + b"\xff" * 255 + bytes(65_025),
        "gif-film": _gif(16_000, 16_000, n_frames=50_000),
    }


def sounds() -> dict[str, bytes]:
    """Sounds that say that they have more channels, samples or words than anything could."""
    size = numbers(0x7F7F7F7F)
    return {
        "wav-channels": _wav(channels=65_535, rate=48_000, size=2**31),
        "wav-rate": _wav(channels=1, rate=_MOST, size=_MOST),
        "wav-slow": _wav(channels=1, rate=1, size=2**31),
        "mp3-tag": b"ID3\x04\0\0" + size + b"APIC" + size + bytes(5_000),
        "flac-picture": b"fLaC\x86\xff\xff\xff" + numbers(3, _MOST, _MOST) + bytes(999),
        "aiff-lying": b"FORM" + numbers(_MOST) + b"AIFFCOMM" + numbers(18) + b"\xff" * 18,
        "caf-lying": b"caff\0\1\0\0desc" + b"\x7f" * 8 + b"\xff" * 64,
        "amr-nothing": b"#!AMR\n" + b"\x7c" * 5_000,
    }


def _gif(width: int, height: int, *, n_frames: int) -> bytes:
    """Frames of one pixel on a canvas."""
    head = b"GIF89a" + struct.pack("<HHBBB", width, height, 0x80, 0, 0) + bytes(6)
    frame = b"\x21\xf9\x04\0\x01\0\0\0" + b"\x2c" + struct.pack("<HHHHB", 0, 0, 1, 1, 0)
    return head + (frame + b"\x02\x02\x44\x01\0") * n_frames + b"\x3b"


def _webp(width: int, height: int) -> bytes:
    """An animation of two frames without pixels on a large canvas."""

    def part(name: bytes, content: bytes) -> bytes:
        return name + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2)

    def three(value: int) -> bytes:
        return struct.pack("<I", value)[:3]

    canvas = part(b"VP8X", b"\x02\0\0\0" + three(width - 1) + three(height - 1))
    pixels = part(b"VP8L", b"\x2f" + struct.pack("<I", (2**14 - 1) | (2**14 - 1) << 14) + bytes(20))
    where = three(0) * 2 + three(16_382) * 2 + three(10) + b"\0"
    frames = part(b"ANMF", where + pixels) * 2
    return (
        b"RIFF" + struct.pack("<I", 4_000_000) + b"WEBP" + canvas + part(b"ANIM", bytes(6)) + frames
    )


def _tiff(width: int, height: int, *, n_pages: int = 1, is_ring: bool = False) -> bytes:
    """Pages whose pixels are not there; in a ring the last page is followed by the first."""
    tags = [(256, width), (257, height), (258, 8), (259, 1), (262, 1), (273, 8), (277, 1)]
    tags += [(278, height), (279, min(width * height, _MOST))]
    length = 2 + 12 * len(tags) + 4
    content = b"II*\0" + struct.pack("<I", 8)
    for page in range(n_pages):
        following = 8 if is_ring else 8 + length * (page + 1) if page + 1 < n_pages else 0
        content += struct.pack("<H", len(tags))
        content += b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags)
        content += struct.pack("<I", following)
    return content


def _jpeg(width: int, height: int, *, n_scans: int = 1) -> bytes:
    """A progressive JPEG whose scans hold nothing."""
    quantised = b"\xff\xdb\0\x43\0" + bytes([1]) * 64
    frame = b"\xff\xc2" + struct.pack(">HBHHB", 11, 8, height, width, 1) + b"\x01\x11\0"
    codes = b"\xff\xc4\0\x14\0\x01" + bytes(15) + b"\0"
    scan = b"\xff\xda\0\x08\x01\x01\0\0\0\0" + bytes(20)
    return b"\xff\xd8" + quantised + frame + codes + scan * n_scans + b"\xff\xd9"


def _avif(width: int, height: int) -> bytes:
    brand = box(b"ftyp", b"avif", bytes(4), b"avifmif1")
    sides = box(b"ispe", bytes(4), numbers(width, height))
    config = box(b"av1C", bytes([0x81, 0, 0x0C, 0]))
    depth = box(b"pixi", bytes(4), b"\x03\x08\x08\x08")
    links = box(b"ipma", bytes(4), numbers(1), b"\0\x01\x03\x01\x82\x83")
    item = box(b"infe", b"\x02\0\0\0", b"\0\x01\0\0av01\0")
    place = box(b"iloc", bytes(4), b"\x44\0\0\x01\0\x01\0\0\0\x01", numbers(400, 999))
    about = box(
        b"meta",
        bytes(4),
        box(b"hdlr", bytes(8), b"pict", bytes(13)),
        box(b"pitm", bytes(4), b"\0\x01"),
        place,
        box(b"iinf", bytes(4), b"\0\x01", item),
        box(b"iprp", box(b"ipco", sides, config, depth), links),
    )
    return brand + about + box(b"mdat", bytes(999))


def _streams(count: int) -> bytes:
    tables = sample_table(
        boxes.picture_entry(b"png ", width=64, height=48),
        sizes=table(b"stsz", 100, 1),
        chunks=table(b"stco", 1, 40),
        n_samples=1,
    )
    return HEAD + movie(*(track(tables, duration=600, number=n + 1) for n in range(count)))


def _counts(*, size: bytes, count: int, per_chunk: int = 1) -> bytes:
    """Tables that say that they are four thousand million long."""
    tables = sample_table(
        boxes.picture_entry(b"png ", width=64, height=48),
        sizes=box(b"stsz", bytes(4), size, numbers(count)),
        chunks=table(b"stco", 1, 40),
        n_samples=count,
        per_chunk=per_chunk,
    )
    return HEAD + movie(track(tables, duration=600))


def _late() -> bytes:
    """Two frames with 68 years between them."""
    sample = png(64, 48, depth=8)
    return film(sample, codec=b"png ", n_samples=2, delta=2**31 - 1)


def _edits() -> bytes:
    """An edit list that shows one frame a million times."""
    whole = film(png(64, 48, depth=8), codec=b"png ", n_samples=10)
    edits = box(
        b"edts", box(b"elst", bytes(4), numbers(100_000), numbers(600, 0, 65_536) * 100_000)
    )
    at = whole.index(b"mdia") - 4
    grown = whole[:at] + edits + whole[at:]
    for name in (b"trak", b"moov"):
        place = grown.index(name) - 4
        length = struct.unpack_from(">I", grown, place)[0] + len(edits)
        grown = grown[:place] + numbers(length) + grown[place + 4 :]
    return grown


def _chapters() -> bytes:
    entries = b"".join(struct.pack(">QB", n, 5) + b"words" for n in range(255)) * 200
    listed = box(b"udta", box(b"chpl", b"\x01\0\0\0", bytes(4), b"\xff", entries))
    whole = film(png(64, 48, depth=8), codec=b"png ", n_samples=10)
    place = whole.index(b"moov") - 4
    length = struct.unpack_from(">I", whole, place)[0] + len(listed)
    return whole[:place] + numbers(length) + whole[place + 4 :] + listed


def _packed_index() -> bytes:
    """An index of zeros that is 64 MB when it is unpacked."""
    packed = zlib.compress(bytes(2**26), 9)
    algorithm = box(b"dcom", b"zlib")
    return box(b"moov", box(b"cmov", algorithm, box(b"cmvd", numbers(2**26), packed)))


def _flv() -> bytes:
    """Metadata of objects in objects."""
    data = b"\x02\0\x0aonMetaData" + b"\x03\0\x01a" * 100_000
    tag = b"\x12" + numbers(len(data))[1:] + bytes(7) + data
    return b"FLV\x01\x05\0\0\0\x09\0\0\0\0" + tag + numbers(len(tag))


def _avi() -> bytes:
    def part(name: bytes, content: bytes) -> bytes:
        return name + struct.pack("<I", len(content)) + content

    header = struct.pack("<14I", 1, 0, 0, 0x10, _MOST, 0, 1, 0, 64, 48, 0, 0, 0, 0)
    stream = b"vidsMJPG" + struct.pack(
        "<IHHIIIIIIiI4H", 0, 0, 0, 0, 1, _MOST, 0, _MOST, 0, -1, 0, *(0,) * 4
    )
    form = struct.pack("<IiiHH4sIiiII", 40, 64, 48, 1, 24, b"MJPG", 0, 0, 0, 0, 0)
    listed = part(b"LIST", b"strl" + part(b"strh", stream) + part(b"strf", form))
    index = part(b"idx1", struct.pack("<4sIII", b"00dc", 16, 4, _MOST) * 100_000)
    whole = part(b"LIST", b"hdrl" + part(b"avih", header) + listed) + part(b"LIST", b"movi") + index
    return part(b"RIFF", b"AVI " + whole)


def _wav(*, channels: int, rate: int, size: int) -> bytes:
    form = struct.pack("<HHIIHH", 1, channels, rate, min(rate * 2, _MOST), 2, 16)
    head = b"RIFF" + struct.pack("<I", min(size + 36, _MOST)) + b"WAVEfmt " + struct.pack("<I", 16)
    return head + form + b"data" + struct.pack("<I", size) + bytes(20_000)
