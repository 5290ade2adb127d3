"""The only import of skia. Everyone says `from telecine.media.render.drawing.skia_guard import skia`.

skia's wheel for Linux names libEGL and libGL as needed, but drawing in memory never calls
them, and small servers and containers do not have them. Where they are missing, two tiny
shared objects stand in: their names are libEGL.so.1 and libGL.so.1, they hold every symbol
that skia's own file asks for (read from it, so the list is never out of date), and every
function returns 0. They live in anonymous memory: no file, nothing to share, nothing to clean.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib.util
import os
import struct
from pathlib import Path
from typing import Final

_SONAMES: Final = ("libEGL.so.1", "libGL.so.1")
_PAGE: Final = 0x1000
_BASE_OF_DATA: Final = 0x200000  # the second segment lies on pages of its own
_TEXT_INDEX: Final = 1

#: `return 0` by ELF machine number: x86-64 and ARM64.
_RETURN_ZERO: Final = {
    62: bytes.fromhex("31c0c3"),
    183: struct.pack("<II", 0xD2800000, 0xD65F03C0),
}


def stand_in(soname: str, *, names: list[str], machine: int) -> bytes:
    """Return a 64-bit ELF shared object that defines `names`, all of which return 0."""
    code = _RETURN_ZERO[machine]
    strings = b"\0" + soname.encode() + b"\0"
    offsets = []
    for name in names:
        offsets.append(len(strings))
        strings += name.encode() + b"\0"
    count = len(names) + 1
    # One hash bucket that chains through every symbol: slow to search, and searched 110 times.
    table = struct.pack("<III", 1, count, 1 if names else 0)
    table += struct.pack(f"<{count}I", 0, *range(2, count), *([0] if names else []))

    headers = 64 + 3 * 56
    at_hash = _aligned(headers)
    at_symbols = _aligned(at_hash + len(table))
    at_strings = at_symbols + 24 * count
    at_code = _aligned(at_strings + len(strings))
    end = at_code + len(code)
    at_dynamic = -(-end // _PAGE) * _PAGE
    # Global functions (0x12), all at the one place.
    symbols = bytes(24) + b"".join(
        struct.pack("<IBBHQQ", offset, 0x12, 0, _TEXT_INDEX, at_code, len(code))
        for offset in offsets
    )
    # HASH, STRTAB, SYMTAB, STRSZ, SYMENT, SONAME, NULL
    entries = ((4, at_hash), (5, at_strings), (6, at_symbols), (10, len(strings)), (11, 24))
    dynamic = b"".join(struct.pack("<QQ", *entry) for entry in (*entries, (14, 1), (0, 0)))

    image = bytearray(at_dynamic)
    image[:headers] = _headers(
        machine, text_size=end, at_dynamic=at_dynamic, dynamic_size=len(dynamic)
    )
    for place, part in (
        (at_hash, table), (at_symbols, symbols), (at_strings, strings), (at_code, code),
    ):  # fmt: skip
        image[place : place + len(part)] = part
    return bytes(image) + dynamic


def _aligned(offset: int) -> int:
    return -(-offset // 16) * 16


def _headers(machine: int, *, text_size: int, at_dynamic: int, dynamic_size: int) -> bytes:
    """The loader writes into the dynamic section, so that has a writable segment of its own."""
    elf = b"\x7fELF\x02\x01\x01" + bytes(9)
    elf += struct.pack("<HHIQQQIHHHHHH", 3, machine, 1, 0, 64, 0, 0, 64, 56, 3, 64, 0, 0)
    data = _BASE_OF_DATA + at_dynamic
    segments = (
        (1, 5, 0, 0, text_size, _PAGE),  # load, read and execute
        (1, 6, at_dynamic, data, dynamic_size, _PAGE),  # load, read and write
        (2, 6, at_dynamic, data, dynamic_size, 8),  # dynamic
    )
    for kind, flags, offset, address, size, alignment in segments:
        elf += struct.pack(
            "<IIQQQQQQ", kind, flags, offset, address, address, size, size, alignment
        )
    return elf


def wanted_symbols(library: Path) -> tuple[int, list[str]]:
    """Return the machine number of an ELF file, and the GL and EGL functions it leaves open."""
    image = library.read_bytes()
    machine, at_sections, entry_size, count = (
        *struct.unpack_from("<H", image, 18),
        *struct.unpack_from("<Q", image, 40),
        *struct.unpack_from("<HH", image, 58),
    )
    sections = [
        struct.unpack_from("<IIQQQQIIQQ", image, at_sections + entry_size * index)
        for index in range(count)
    ]
    names: list[str] = []
    for section in sections:
        if section[1] != 11:  # the table of dynamic symbols
            continue
        at_strings = sections[section[6]][4]
        for place in range(section[4], section[4] + section[5], 24):
            offset, _, _, defined_in = struct.unpack_from("<IBBH", image, place)
            start = at_strings + offset
            if defined_in == 0 and image[start : start + 2] in (b"gl", b"eg"):
                names.append(image[start : image.index(b"\0", start)].decode("ascii"))
    return machine, names


def load_stand_ins() -> None:
    """Load what answers to libEGL.so.1 and libGL.so.1 from now on in this process.

    Raises `ImportError` where skia is not installed, or the machine is not one of ours.
    """
    spec = importlib.util.find_spec("skia")
    if spec is None or spec.origin is None:
        raise ImportError("skia-python is not installed.")
    machine, names = wanted_symbols(Path(spec.origin))
    if machine not in _RETURN_ZERO:
        raise ImportError("Install libEGL and libGL (libegl1 and libgl1): skia needs them here.")
    # Both stay open until both are loaded: the loader knows a library by its path, and a
    # descriptor's number, once closed, would be given to the next.
    with contextlib.ExitStack() as files:
        for soname in _SONAMES:
            file = files.enter_context(os.fdopen(os.memfd_create(soname), "wb"))
            file.write(stand_in(soname, names=names, machine=machine))
            file.flush()
            ctypes.CDLL(f"/proc/self/fd/{file.fileno()}")


try:
    import skia  # type: ignore[import-not-found]  # a bare extension module, without stubs
except ImportError as error:
    if not any(soname in str(error) for soname in _SONAMES):
        raise
    load_stand_ins()
    import skia

__all__ = ["load_stand_ins", "skia", "stand_in", "wanted_symbols"]
