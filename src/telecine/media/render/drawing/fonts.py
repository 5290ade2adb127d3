"""Which face draws which character: the document's own fonts, the bundled ones, the system's.

The order is ours, never the machine's: the family asked for, then the bundled families in a
fixed order as far as each has characters that those before lack, and only then what the
system has. So the same document looks the same on two machines as long as the bundled fonts
cover it. A variable font is cut to the weight (and optical size) asked for; asking skia for
bold would only smear the regular.
"""

from __future__ import annotations

import contextlib
import importlib.util
import re
import struct
import unicodedata
from collections.abc import Iterable, Iterator
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Final

import msgspec

from telecine.kit.errors import UnsupportedMediaError
from telecine.media.render.drawing.skia_guard import skia
from telecine.media.timeline.families import SAME_AS, names
from telecine.media.timeline.model import Font, FontFace

#: What set-up fetched. Opened only for texts with emoji: unpacking it takes 0.2 s.
_EMOJI_FONTS: Final = Path(__file__).parent / "vendor" / "fonts" / "noto-color-emoji"
_SYSTEM: Final = (Path("/usr/share/fonts"), Path("/usr/local/share/fonts"))
_SUFFIXES: Final = frozenset({".ttf", ".otf", ".ttc", ".woff"})
_PACKAGES: Final = ("manimgx_fonts", "manimgx_fonts_cjk")
_MOST_SYSTEM_FONTS: Final = 3_000

_DEFAULT: Final = "Inter"
_COLOUR_EMOJI: Final = "Noto Color Emoji"
_PLAIN_EMOJI: Final = "Noto Emoji"
_HAN: Final = ("Noto Sans CJK SC", "Noto Sans CJK TC", "Noto Sans CJK JP", "Noto Sans CJK KR")

_WEIGHT_AXIS: Final = 0x77676874  # "wght"
_SIZE_AXIS: Final = 0x6F70737A  # "opsz"

# Characters that need no glyph of their own: joiners, direction marks, variation selectors,
# tags, and what controls lines.
_WITHOUT_GLYPH: Final = re.compile(
    "[\\s\\x00-\\x1f\\x7f-\\x9f\\u00ad\\u034f\\u061c\\u180b-\\u180e\\u200b-\\u200f\\u2028-\\u202e"
    "\\u2060-\\u206f\\ufe00-\\ufe0f\\ufeff\\U000e0000-\\U000e0fff]"
)

# An emoji as Unicode's UTS 51 writes it: flags of two letters, keycaps, and a base with skin
# tone, tags or a variation selector, perhaps joined to the next by U+200D.
_WIDE: Final = (
    "\\u231a\\u231b\\u23e9-\\u23ec\\u23f0\\u23f3\\u25fd\\u25fe\\u2614\\u2615\\u2648-\\u2653\\u267f"
    "\\u2693\\u26a1\\u26aa\\u26ab\\u26bd\\u26be\\u26c4\\u26c5\\u26ce\\u26d4\\u26ea\\u26f2\\u26f3"
    "\\u26f5\\u26fa\\u26fd\\u2705\\u270a\\u270b\\u2728\\u274c\\u274e\\u2753-\\u2755\\u2757"
    "\\u2795-\\u2797\\u27b0\\u27bf\\u2b1b\\u2b1c\\u2b50\\u2b55\\U0001f004\\U0001f0cf\\U0001f18e"
    "\\U0001f191-\\U0001f19a\\U0001f201\\U0001f21a\\U0001f22f\\U0001f232-\\U0001f236\\U0001f238-"
    "\\U0001f23a\\U0001f250\\U0001f251\\U0001f300-\\U0001f64f\\U0001f680-\\U0001f6ff"
    "\\U0001f7e0-\\U0001f7f0\\U0001f90c-\\U0001f9ff\\U0001fa70-\\U0001faff"
)
_ONE_EMOJI: Final = (
    f"(?:[{_WIDE}](?!\\ufe0e)|[\\u00a9\\u00ae\\u203c-\\u3299](?=\\ufe0f))"
    "\\ufe0f?[\\U0001f3fb-\\U0001f3ff]?[\\U000e0020-\\U000e007f]*"
)
_JOINED: Final = (
    "(?:[\\u2640\\u2642\\u2695\\u2696\\u2708\\u2764\\u2b1b\\u26a7\\u2194\\u2195\\u27a1]"
)
_EMOJI: Final = re.compile(
    "(?:[\\U0001f1e6-\\U0001f1ff]{2}|[0-9#*]\\ufe0f?\\u20e3|"
    f"{_ONE_EMOJI}(?:\\u200d(?:{_ONE_EMOJI}|{_JOINED}\\ufe0f?)))*)+"
)


class _Face(msgspec.Struct, frozen=True, kw_only=True):
    """A typeface as its file has it. `axes` are (least, most) by tag, none for static fonts."""

    family: str
    typeface: skia.Typeface
    index: int
    weight: int
    is_italic: bool
    axes: dict[int, tuple[float, float]] = msgspec.field(default_factory=dict)

    def distance(self, font: Font) -> tuple[bool, float, float]:
        """How far this is from what is asked for: the least wins."""
        low, high = self.axes.get(_WEIGHT_AXIS, (self.weight, self.weight))
        gap = max(low - font.weight, font.weight - high, 0.0)
        # At equal gaps bold leans to bolder, and light to lighter, as in CSS.
        lean = self.weight if font.weight < 450 else -self.weight
        return self.is_italic != font.is_italic, gap, lean


class FontBook:
    """The faces of one document. Not for two threads at once; opening it reads no font."""

    def __init__(self, faces: Iterable[tuple[FontFace, Path]] = ()) -> None:
        """`faces` are the document's own fonts and their files.

        Raises `UnsupportedMediaError` where a file is no TTF, OTF, TTC or WOFF.
        """
        self._provider = skia.textlayout.TypefaceFontProvider()
        self.collection = skia.textlayout.FontCollection()
        self.collection.setDefaultFontManager(self._provider)
        self.unicode = skia.Unicodes.ICU.Make()
        self._own: dict[str, list[_Face]] = {}
        self._cut: dict[tuple[str, str, int, bool, int], str] = {}
        self._typefaces: dict[str, skia.Typeface] = {}
        for face, path in faces:
            self._own.setdefault(face.family.casefold(), []).append(_own_face(face, path))

    def families(self, font: Font, text: str) -> list[str]:
        """Return the names to give to skia for `text`, the first choice first."""
        wanted = {character for character in text if not _WITHOUT_GLYPH.match(character)}
        chain = [self._alias(self._first(font), font)]
        left = {character for character in wanted if not self._has(chain[0], character)}
        for family in (*_fallbacks(text), _PLAIN_EMOJI):
            if not left:
                return chain
            left = self._extend(chain, left, faces=_bundled().get(family.casefold()), font=font)
        for faces in _system().values() if left else ():
            left = self._extend(chain, left, faces=faces, font=font)
            if not left:
                break
        return chain

    def emoji_families(self, font: Font) -> list[str]:
        """Return the names to give to skia for emoji: in colours where there are any."""
        plain = _bundled().get(_PLAIN_EMOJI.casefold())
        names = [self._alias(faces, font) for faces in (_colour_emoji(), plain) if faces]
        return names or self.families(font, "")

    def has_family(self, family: str) -> bool:
        """Say whether a family of that name is here; otherwise the default stands in."""
        return self._faces(family) is not None

    def missing_scripts(self, text: str) -> tuple[str, ...]:
        """Return the scripts (as Unicode names them: TIBETAN) that no face here can draw."""
        chain = self.families(Font(), text)
        if any(is_emoji for _, is_emoji in emoji_runs(text)):
            chain += self.emoji_families(Font())
        missing = {
            unicodedata.name(character, "UNKNOWN").split(" ")[0]
            for character in set(text)
            if not _WITHOUT_GLYPH.match(character)
            and not any(self._has(alias, character) for alias in chain)
        }
        return tuple(sorted(missing))

    def typeface(self, alias: str) -> skia.Typeface:
        """Return what a name from `families` stands for."""
        return self._typefaces[alias]

    def _extend(
        self, chain: list[str], left: set[str], *, faces: list[_Face] | None, font: Font
    ) -> set[str]:
        """Add the family to the chain if it has any of the characters that are left."""
        if not faces or not any(faces[0].typeface.unicharToGlyph(ord(c)) for c in left):
            return left
        chain.append(self._alias(faces, font))
        return {character for character in left if not self._has(chain[-1], character)}

    def _first(self, font: Font) -> list[_Face]:
        return self._faces(font.family) or self._faces(_DEFAULT) or next(iter(_system().values()))

    def _faces(self, family: str) -> list[_Face] | None:
        """Find a family by name, or by the first known of a CSS list of names."""
        for name in names(family):
            same = SAME_AS.get(name, name).casefold() if name not in self._own else name
            if found := self._own.get(same) or _bundled().get(same):
                return found
        for name in names(family):
            if found := _system().get(name):
                return found
        return None

    def _has(self, alias: str, character: str) -> bool:
        return bool(self._typefaces[alias].unicharToGlyph(ord(character)))

    def _alias(self, faces: list[_Face], font: Font) -> str:
        """Register the face nearest to `font`, cut to its weight, and return its name."""
        face = min(faces, key=lambda each: each.distance(font))
        low, high = face.axes.get(_WEIGHT_AXIS, (face.weight, face.weight))
        weight = round(min(max(font.weight, low), high))
        low, high = face.axes.get(_SIZE_AXIS, (0, 0))
        optical = round(min(max(font.size, low), high))
        origin = "own" if font.family.casefold() in self._own else "shared"
        key = (origin, face.family, weight, face.is_italic, optical)
        if key not in self._cut:
            alias = "/".join(str(part) for part in key)
            typeface = _instance(face, {_WEIGHT_AXIS: weight, _SIZE_AXIS: optical})
            self._provider.registerTypeface(typeface, skia.String(alias))
            self._typefaces[alias] = typeface
            self._cut[key] = alias
        return self._cut[key]


def open_bundled() -> None:
    """Open all bundled fonts now: 0.2 s that a process which waits for work has to spare."""
    _bundled()
    _colour_emoji()


def emoji_runs(text: str) -> Iterator[tuple[str, bool]]:
    """Split into stretches that are emoji and stretches that are not."""
    place = 0
    for match in _EMOJI.finditer(text):
        if match.start() > place:
            yield text[place : match.start()], False
        yield match.group(), True
        place = match.end()
    if place < len(text):
        yield text[place:], False


def _instance(face: _Face, position: dict[int, float]) -> skia.Typeface:
    """Cut a variable typeface at a place of its axes; a static one stays what it is."""
    wanted = [(tag, value) for tag, value in position.items() if tag in face.axes]
    if not wanted:
        return face.typeface
    kind = skia.FontArguments.VariationPosition
    # Kept in names until the clone is made: skia only borrows them.
    coordinates = kind.Coordinates([kind.Coordinate(tag, value) for tag, value in wanted])
    place = kind(coordinates)
    arguments = skia.FontArguments()
    arguments.setCollectionIndex(face.index)
    arguments.setVariationDesignPosition(place)
    return face.typeface.makeClone(arguments) or face.typeface


def _fallbacks(text: str) -> list[str]:
    """Return the bundled families in the order that suits a text."""
    shelf = [faces[0].family for faces in _bundled().values()]
    noto = sorted(name for name in shelf if name.startswith("Noto Sans ") and "CJK" not in name)
    return ["Noto Sans", *noto, *_han_order(text)]


def _han_order(text: str) -> list[str]:
    """Han characters look different in four countries; the text gives away whose it is."""
    han = "".join(c for c in text if "\u3400" <= c <= "\u9fff")
    if any("\u3040" <= c <= "\u30ff" for c in text):
        first = "Noto Sans CJK JP"
    elif any("\uac00" <= c <= "\ud7af" or "\u1100" <= c <= "\u11ff" for c in text):
        first = "Noto Sans CJK KR"
    elif han and not _encodes(han, "gb2312") and _encodes(han, "big5"):
        first = "Noto Sans CJK TC"
    else:
        first = _HAN[0]
    return [first, *(name for name in _HAN if name != first)]


def _encodes(text: str, encoding: str) -> bool:
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


def _own_face(face: FontFace, path: Path) -> _Face:
    found = next(iter(_open(path)), None) if _is_whole(path) else None
    if found is None:
        raise UnsupportedMediaError(
            f"The font {face.family} cannot be read, it is damaged or none:"
            " send TTF, OTF, TTC or WOFF (not WOFF2).",
            field=face.source.path,
        )
    # What the document says counts, whatever the file calls itself.
    return _Face(
        family=face.family,
        typeface=found.typeface,
        index=found.index,
        weight=face.weight,
        is_italic=face.is_italic,
        axes=found.axes,
    )


def _is_whole(path: Path) -> bool:
    """Say whether a file has all that its head speaks of; skia draws boxes for what is missing."""
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(16)
        if head[:4] == b"wOFF":
            return len(head) == 16 and int.from_bytes(head[8:12], "big") <= size
        if head[:4] == b"ttcf":  # of a collection the first face counts
            file.seek(int.from_bytes(head[12:16], "big"))
            head = file.read(12)
        else:
            file.seek(12)
        n_tables = int.from_bytes(head[4:6], "big")
        tables = file.read(16 * n_tables)
    places = (tables[at : at + 16] for at in range(0, len(tables), 16))
    ends = (sum(struct.unpack(">8x2I", place)) for place in places if len(place) == 16)
    return len(tables) == 16 * n_tables > 0 and max(ends) <= size


def _open(path: Path) -> Iterator[_Face]:
    """Yield the faces of a font file; none where it is not one."""
    # Not the default manager: that would read the whole system's configuration first.
    manager = skia.FontMgr.New_Custom_Empty()
    for index in range(64 if path.suffix.lower() == ".ttc" else 1):
        typeface = manager.makeFromFile(str(path), index)
        if typeface is None:
            return
        style = typeface.fontStyle()
        yield _Face(
            family=typeface.getFamilyName(),
            typeface=typeface,
            index=index,
            weight=style.weight(),
            is_italic=style.slant() != skia.FontStyle.Slant.kUpright_Slant,
            axes={
                axis.tag: (axis.min, axis.max) for axis in typeface.getVariationDesignParameters()
            },
        )


@cache
def _bundled() -> dict[str, list[_Face]]:
    """Return the families of the installed font packages, by name in small letters."""
    # Every package of the fontpkg family names itself this way, so installing one more is enough.
    named = sorted(entry.value for entry in metadata.entry_points(group="fontpkg.family"))
    # The specialised packages first: their Noto Sans has every weight.
    folders = [folder for name in (*named, *_PACKAGES) if (folder := _folder(name))]
    return _families(path for folder in folders for path in _files(folder))


@cache
def _colour_emoji() -> list[_Face] | None:
    """Return the emoji font that set-up fetched, else the system's."""
    name = _COLOUR_EMOJI.casefold()
    return _families(_files(_EMOJI_FONTS)).get(name) or _system().get(name)


@cache
def _system() -> dict[str, list[_Face]]:
    """Return the families under the system's font folders."""
    paths = [path for folder in _SYSTEM for path in _files(folder)]
    return _families(paths[:_MOST_SYSTEM_FONTS])


def _folder(package: str) -> Path | None:
    """Where a package lies, without running it."""
    with contextlib.suppress(ImportError):
        spec = importlib.util.find_spec(package)
        if spec is not None and spec.submodule_search_locations:
            return Path(spec.submodule_search_locations[0])
    return None


def _files(folder: Path) -> list[Path]:
    # Sorted: the order of a folder differs from machine to machine.
    return sorted(path for path in folder.rglob("*") if path.suffix.lower() in _SUFFIXES)


def _families(paths: Iterable[Path]) -> dict[str, list[_Face]]:
    found: dict[str, list[_Face]] = {}
    for path in paths:
        for face in _open(path):
            found.setdefault(face.family.casefold(), []).append(face)
    return found
