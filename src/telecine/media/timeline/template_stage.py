"""What the templates draw with: a palette, an estimate of text's size, and clips as plain JSON.

A template knows neither fonts nor canvas size beforehand, so sizes are in units, hundredths of
the canvas's shorter side, and texts are made small enough by an estimate of their width that
is rather too wide than too narrow. What comes out is the dialect's own clips; values that the
document gave stay `Value`s in them, so that a fault is reported where it was written.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Mapping
from typing import Final

import msgspec
from msgspec.structs import replace

from telecine.media.timeline.reader import Node, Value, shown

Json = dict[str, object]
Area = tuple[float, float, float, float]

_WIDE_EM: Final = 1.02
_NARROW_EM: Final = 0.32
_UPPER_EM: Final = 0.7
_LOWER_EM: Final = 0.56
_NARROW: Final = frozenset(" .,:;!'|ilI1j()[]")
#: What a line is not broken within, and the blanks before it: a word, or a sign of those scripts
#: that need no blanks, with the signs that may not begin a line.
_SIGN: Final = "\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uff60"
_PIECE: Final = re.compile(
    f"(\\s*)([{_SIGN}][\u3001\u3002\u300b\u300d\u300f\uff01\uff09\uff0c\uff1a\uff1b\uff1f]*|[^\\s{_SIGN}]+)"
)
#: South-East Asian scripts: their words are not told apart by blanks.
_WITHOUT_BLANKS: Final = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff]")
_SMALLEST: Final = 0.4
_MIDDLES: Final = ("center", "left", "right")
_OUT_SECONDS: Final = 0.35

PALETTES: Final[dict[str, Json]] = {
    "default": {
        "background": ["#0b1022", "#1d2550"], "color": "#f8fafc", "muted": "#f8fafcb8",
        "accent": "#ff8a3d", "onAccent": "#1a1005", "plate": "#0b1022e0",
        "panel": "#ffffff14", "panelBetter": "#ff8a3d26",
        "highlight": "#ffb347",
    },
    "light": {
        "background": ["#fbf8f3", "#ece4d8"], "color": "#17181f", "muted": "#17181fb0",
        "accent": "#e4572e", "onAccent": "#ffffff", "plate": "#fffffff0",
        "panel": "#17181f0f", "panelBetter": "#e4572e1f",
        "highlight": "#ffd400",
    },
    "vivid": {
        "background": ["#4f2ee8", "#d92d8a"], "color": "#ffffff", "muted": "#ffffffd0",
        "accent": "#fde047", "onAccent": "#1f1147", "plate": "#2a1270e0",
        "panel": "#ffffff26", "panelBetter": "#fde0472e",
        "highlight": "#fde047",
    },
    "mono": {
        "background": ["#101010", "#101010"], "color": "#ffffff", "muted": "#ffffff99",
        "accent": "#ffffff", "onAccent": "#101010", "plate": "#000000d9",
        "panel": "#ffffff1a", "panelBetter": "#ffffff2e",
        "highlight": "#ffd400",
    },
}  # fmt: skip


def estimated_width(text: str, size: float) -> float:
    """Return about how wide a line of bold text is, in px."""
    return size * sum(_em(character) for character in text)


def _em(character: str) -> float:
    if character in _NARROW:
        return _NARROW_EM
    if ord(character) > 0x2E7F and unicodedata.east_asian_width(character) in "WF":
        return _WIDE_EM
    return _UPPER_EM if character.isupper() or character.isdigit() else _LOWER_EM


def estimated_lines(text: str, *, size: float, width: float) -> list[str]:
    """Return about the lines that a text is broken into."""
    lines: list[str] = []
    for paragraph in text.splitlines() or [""]:
        line, used = "", 0.0
        for blank, piece in _PIECE.findall(paragraph):
            wide = estimated_width(blank + piece, size)
            if line and used + wide > width:
                lines.append(line)
                line, used, blank = "", 0.0, ""
            rest = piece
            while (wide := estimated_width(rest, size)) > width and len(rest) > 1:
                cut = max(int(len(rest) * width / wide), 1)
                lines.append(rest[:cut])
                rest = rest[cut:]
            line += blank + rest if line else rest
            used = estimated_width(line, size)
        lines.append(line)
    return [line for line in lines if line] or [""]


def longest_word(text: str, size: float) -> float:
    """Return about how wide the longest part of a text is that a line should not break, in px."""
    spaced = _WITHOUT_BLANKS.sub(" ", text)
    return max((estimated_width(piece, size) for _, piece in _PIECE.findall(spaced)), default=0.0)


class Block(msgspec.Struct, frozen=True, kw_only=True):
    """One thing in a stack: a text, a pill (a text on a box), or a bar of the accent colour."""

    value: Value | str | None
    size: float
    kind: str = "text"
    weight: int = 400
    paint: object = None
    after: float = 2.0
    leading: float = 1.22

    @property
    def text(self) -> str:
        """What is written, for the estimate."""
        raw = self.value.raw if isinstance(self.value, Value) else self.value
        return raw[:2000] if isinstance(raw, str) else ""

    def height(self, unit: float, width: float) -> float:
        """Return about how high this is, in px."""
        size = self.size * unit
        if self.kind == "bar":
            return size
        if self.kind == "pill":
            return size * 2.2
        lines = estimated_lines(self.text, size=size, width=width)
        return len(lines) * size * self.leading


class Stage(msgspec.Struct, kw_only=True):
    """One template clip being built."""

    width: float
    height: float
    start: float
    duration: float
    #: What is seen for less is left out: a frame.
    shortest: float
    data: Node
    palette: Mapping[str, object]
    clips: list[Json] = msgspec.field(default_factory=list)

    @property
    def unit(self) -> float:
        """A hundredth of the canvas's shorter side, in px."""
        return min(self.width, self.height) / 100

    @property
    def is_wide(self) -> bool:
        """Say whether things stand side by side rather than one above the other."""
        return self.width >= 1.15 * self.height

    @property
    def pace(self) -> float:
        """How much faster everything comes in, in clips too short for the usual delays."""
        return min(self.duration / 4.0, 1.0)

    def paint(self, name: str) -> object:
        """Return a colour: the document's, else the palette's."""
        given = self.data.first(f"{name}Color", name)
        is_given = given is not None and isinstance(given.raw, str | Mapping)
        return given if is_given else self.palette[name]

    def text(self, *names: str) -> Value | None:
        """Return the first of these fields that is there; a number as its digits."""
        value = self.data.first(*names)
        if value is None:
            return None
        said = written(value)
        said.text()  # what is no text may be left out below, and its fault with it
        return said

    def entries(self, *names: str, high: int) -> list[Value]:
        """Return the items of the first of these lists that is there."""
        value = self.data.first(*names)
        return [] if value is None else value.items(high=high)

    def add(
        self,
        kind: str,
        area: Area | None = None,
        *,
        at: float = 0.0,
        until: float | None = None,
        enter: str = "fade",
        leaves: bool = True,
        fade_out: float = 0.0,
        transform: Json | None = None,
        style: Json | None = None,
        fields: Json | None = None,
    ) -> None:
        """Add a clip. `area` is its centre and size in px; `at` and `until` are seconds from the
        template's start, not paced, as is `fade_out`, how long it takes to go before `until`;
        nothing is added where it would not be seen.
        """
        end = self.duration if until is None else min(until, self.duration)
        if end - at < self.shortest:
            return
        place: Json = {}
        if area is not None:
            place = {"x": area[0], "y": area[1], "width": area[2], "height": area[3]}
        motion = [*_entry(enter, self.unit, self.pace)]
        if leaves and end - at > 4 * _OUT_SECONDS and end >= self.duration:
            motion.append({"type": "fadeOut", "duration": _OUT_SECONDS, "easing": "easeInQuad"})
        elif fade_out > 0:
            motion.append({"type": "fadeOut", "duration": fade_out, "easing": "linear"})
        self.clips.append({
            "type": kind, "start": self.start + at, "duration": end - at,
            "transform": {**place, **(transform or {})}, "style": style or {},
            "animations": motion, **(fields or {}),
        })  # fmt: skip

    def ground(self) -> None:
        """Fill the canvas, with a soft light of the accent colour; not where it is transparent."""
        colours = self.paint("background")
        if isinstance(colours, Value) and colours.raw in ("transparent", "none"):
            return
        whole = (0.0, 0.0, self.width, self.height)
        fill = _gradient(*colours) if isinstance(colours, list) else colours
        self.add("rect", whole, enter="none", leaves=False, style={"fill": fill})
        accent = self.paint("accent")
        if isinstance(colours, list) and isinstance(accent, str) and len(accent) == 7:
            # A square's inscribed circle ends at 0.7 of the way to its corners.
            glow = {"type": "radial", "stops": [
                {"offset": 0, "color": f"{accent}33"}, {"offset": 0.68, "color": f"{accent}00"},
            ]}  # fmt: skip
            side = 1.1 * max(self.width, self.height)
            area = (0.42 * self.width, -0.4 * self.height, side, side)
            self.add("rect", area, enter="none", leaves=False, style={"fill": glow})

    def scrim(self, *, share: float, at: float = 0.0, until: float | None = None) -> None:
        """Darken the lower part of a picture, so that writing on it can be read."""
        tall = share * self.height
        stops = [{"offset": 0, "color": "#00000000"}, {"offset": 1, "color": "#000000cc"}]
        area = (0.0, (self.height - tall) / 2, self.width, tall)
        fill = {"type": "linear", "angle": 90, "stops": stops}
        self.add("rect", area, at=at, until=until, leaves=False, style={"fill": fill})

    def music(self) -> None:
        """Play `music` below everything, where the document gives any."""
        source = self.data.first("music", "audio")
        if source is not None:
            self.clips.append({
                "type": "audio", "src": source, "start": self.start, "duration": self.duration,
                "volume": self.data.get("musicVolume") or 0.5,
                "fadeIn": min(0.5, self.duration / 4), "fadeOut": min(1.0, self.duration / 4),
            })  # fmt: skip

    def write(
        self,
        value: Value | str,
        place: tuple[float, float],
        *,
        size: float,
        width: float | None = None,
        height: float | None = None,
        wraps: bool = True,
        anchor: str = "center",
        align: str = "center",
        weight: int = 700,
        paint: object = None,
        at: float = 0.0,
        until: float | None = None,
        enter: str = "rise",
        fade_out: float = 0.0,
        leading: float = 1.22,
        background: Json | None = None,
        transition: Json | None = None,
    ) -> None:
        """Add a text of `size` px whose `anchor` is at `place`; without a width in one line.

        With both sides it stays within them: sizes here are estimates, and what turns out too
        large is drawn smaller.
        """
        transform: Json = {"x": place[0], "y": place[1], "anchor": anchor}
        if width is not None:
            transform["width"] = width
        if width is not None and height is not None:
            transform["height"] = height
        style: Json = {
            "fontFamily": self.data.get("fontFamily") or "Inter", "fontSize": max(size, 1.0),
            "fontWeight": weight, "lineHeight": leading, "textAlign": align,
            "textWrap": wraps and width is not None, "fill": paint or self.paint("color"),
            "verticalAlign": anchor.partition("-")[0] if anchor not in _MIDDLES else "middle",
        }  # fmt: skip
        fits = "shrink" if "height" in transform else None
        self.add(
            "text", at=at, until=until, enter=enter, fade_out=fade_out, transform=transform,
            style=style, fields={
                "text": value, "background": background, "fitText": fits, "transition": transition,
            },
        )  # fmt: skip

    def stack(
        self,
        blocks: list[Block],
        area: Area,
        *,
        align: str = "left",
        at: float = 0.0,
        step: float = 0.18,
    ) -> None:
        """Write blocks one below the other, in the middle of `area`, one after the other.

        They are made smaller together where they would not fit, as far as can be told without
        measuring; each has a box, then, that it does not leave.
        """
        shown = [block for block in blocks if block.kind == "bar" or block.text]
        x, y, width, height = area
        shown, total = _fitting(shown, self.unit, width, height)
        squeeze = min(height / total, 1.0) if total > 0 else 1.0
        top = y - squeeze * total / 2
        side = {"left": -width / 2, "center": 0.0, "right": width / 2}[align]
        anchor = {"left": "top-left", "center": "top", "right": "top-right"}[align]
        for index, block in enumerate(shown):
            begin = at + index * step * self.pace
            tall = squeeze * block.height(self.unit, width)
            box = (width, tall)
            self._block(block, (x + side, top), box=box, anchor=anchor, align=align, at=begin)
            top += tall + squeeze * block.after * self.unit

    def needed(self, blocks: list[Block], width: float) -> float:
        """Return about how high a stack of these would be at its full size, in px."""
        return _fitting(
            [block for block in blocks if block.text], self.unit, width, math.inf, smallest=1.0
        )[1]

    def _block(
        self,
        block: Block,
        place: tuple[float, float],
        *,
        box: tuple[float, float],
        anchor: str,
        align: str,
        at: float,
    ) -> None:
        width, height = box
        size = block.size * self.unit
        if block.kind == "bar":
            transform: Json = {"x": place[0], "y": place[1], "anchor": anchor}
            bar = {**transform, "width": 9 * size, "height": size}
            style = {"fill": block.paint or self.paint("accent"), "borderRadius": size / 2}
            self.add("rect", at=at, enter="grow", transform=bar, style=style)
        elif block.kind == "pill" and block.value is not None:
            plate = {
                "color": self.paint("accent"), "horizontalPadding": size,
                "verticalPadding": 0.5 * size, "borderRadius": 1.2 * size,
            }  # fmt: skip
            self.write(
                block.value, place, size=size, width=width, height=height, wraps=False,
                anchor=anchor, align=align, weight=block.weight,
                paint=block.paint or self.palette["onAccent"], at=at, enter="pop", background=plate,
            )  # fmt: skip
        elif block.value is not None:
            self.write(
                block.value, place, size=size, width=width, height=height, anchor=anchor, align=align,
                weight=block.weight, paint=block.paint, at=at, leading=block.leading,
            )  # fmt: skip


def written(value: Value) -> Value:
    """Return a value to write: a number becomes its digits."""
    is_number = isinstance(value.raw, int | float) and not isinstance(value.raw, bool)
    return replace(value, raw=shown(value.raw)) if is_number else value


def _gradient(*colours: object) -> Json:
    last = max(len(colours) - 1, 1)
    stops = [{"offset": index / last, "color": one} for index, one in enumerate(colours)]
    return {"type": "linear", "angle": 55, "stops": stops}


def _fitting(
    blocks: list[Block], unit: float, width: float, height: float, *, smallest: float = _SMALLEST
) -> tuple[list[Block], float]:
    share = 1.0
    while True:
        sized = [
            replace(block, size=block.size * share, after=block.after * share) for block in blocks
        ]
        total = sum(block.height(unit, width) + block.after * unit for block in sized)
        total -= sized[-1].after * unit if sized else 0.0
        texts = [block for block in sized if block.kind == "text"]
        longest = max((longest_word(each.text, each.size * unit) for each in texts), default=0.0)
        if (total <= height and longest <= width) or share <= smallest:
            return sized, total
        share *= 0.93


def _entry(name: str, unit: float, pace: float) -> list[Json]:
    way: Json
    fade: Json = {"type": "fadeIn", "duration": 0.4 * pace, "easing": "easeOutQuad"}
    if name == "rise":
        way = {"type": "move", "from": {"x": 0, "y": 4 * unit}, "to": {"x": 0, "y": 0}}
        return [fade, {**way, "duration": 0.6 * pace, "easing": "easeOutCubic"}]
    if name == "pop":
        way = {"type": "scale", "from": 0.7, "to": 1, "easing": "easeOutBack"}
        return [fade, {**way, "duration": 0.45 * pace}]
    if name == "beat":  # is all but there at its first instant
        way = {"type": "scale", "from": 0.8, "to": 1, "easing": "easeOutBack"}
        return [{**way, "duration": 0.35 * pace}]
    if name == "grow":
        way = {"type": "scale", "from": [0, 1], "to": [1, 1], "easing": "easeOutCubic"}
        return [{**way, "duration": 0.5 * pace}]
    return [fade] if name == "fade" else []
