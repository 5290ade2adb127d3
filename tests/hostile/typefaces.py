"""Fonts that are cut, lie of their tables, or consist of themselves."""

from __future__ import annotations

import struct
from pathlib import Path


def hostile(font: Path) -> dict[str, bytes]:
    """Damage a good TrueType font in every way that a file can be damaged on purpose."""
    good = font.read_bytes()
    places = _places(good)
    return {
        "cut": good[: len(good) // 2],
        "head-only": good[:12],
        "tables-lie": good[:4] + b"\xff\xff" + good[6:],
        "lengths-lie": _each_table(good, length=2**32 - 1),
        "offsets-lie": _each_table(good, offset=2**32 - 1),
        "glyphs-lie": _patched(good, places["maxp"][0] + 4, b"\xff\xff"),
        "stack-lies": _patched(good, places["maxp"][0] + 14, b"\xff" * 18),
        "units-none": _patched(good, places["head"][0] + 18, b"\0\0"),
        "loca-wild": _patched(good, places["loca"][0], b"\xff\xfe" * (places["loca"][1] // 2)),
        "cmap-wild": _patched(good, places["cmap"][0] + 2, b"\xff" * (places["cmap"][1] - 2)),
        "glyphs-wild": _patched(good, places["glyf"][0], b"\xfe" * places["glyf"][1]),
        "rings": _rings(good, places),
        "collection": b"ttcf\0\1\0\0" + struct.pack(">I", 2**31) + bytes(99),
        "packed": b"wOFF\0\1\0\0" + struct.pack(">IHHI", 500, 65_535, 0, 2**31) + bytes(500),
        "packed-2": b"wOF2" + bytes(500),
        "nothing": b"\0\1\0\0" + bytes(500),
    }


def _places(font: bytes) -> dict[str, tuple[int, int]]:
    """Where each table lies, and how long it is."""
    count = struct.unpack_from(">H", font, 4)[0]
    rows = (struct.unpack_from(">4sIII", font, 12 + 16 * number) for number in range(count))
    return {name.decode(): (offset, length) for name, _, offset, length in rows}


def _patched(font: bytes, at: int, content: bytes) -> bytes:
    return font[:at] + content + font[at + len(content) :]


def _each_table(font: bytes, *, offset: int | None = None, length: int | None = None) -> bytes:
    changed = bytearray(font)
    for number in range(struct.unpack_from(">H", font, 4)[0]):
        at = 12 + 16 * number
        if offset is not None:
            struct.pack_into(">I", changed, at + 8, offset)
        if length is not None:
            struct.pack_into(">I", changed, at + 12, length)
    return bytes(changed)


def _rings(font: bytes, places: dict[str, tuple[int, int]]) -> bytes:
    """Every glyph that is long enough becomes a composite of itself, four times."""
    changed = bytearray(font)
    is_long = struct.unpack_from(">h", font, places["head"][0] + 50)[0]
    count = struct.unpack_from(">H", font, places["maxp"][0] + 4)[0]
    at, _ = places["loca"]
    form = f">{count + 1}{'I' if is_long else 'H'}"
    starts = [place * (1 if is_long else 2) for place in struct.unpack_from(form, font, at)]
    for glyph in range(count):
        begin, length = starts[glyph], starts[glyph + 1] - starts[glyph]
        part = struct.pack(">HHhh", 0x0023, glyph, 1, 1)
        last = struct.pack(">HHhh", 0x0003, glyph, 1, 1)
        made = struct.pack(">hhhhh", -1, 0, 0, 99, 99) + part * 3 + last
        if len(made) <= length:
            place = places["glyf"][0] + begin
            changed[place : place + len(made)] = made
    return bytes(changed)
