"""Templates that are built of words: comparison, countdown, text-reveal, quote, list.

Each takes the stage it builds on, whose `data` is the document's over the variant's.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

from telecine.media.timeline.reader import Node, Value
from telecine.media.timeline.rv_more import ring
from telecine.media.timeline.template_pictures import label
from telecine.media.timeline.template_stage import (
    Area,
    Block,
    Json,
    Stage,
    estimated_lines,
    estimated_width,
    longest_word,
)

_MOST_ITEMS: Final = 20
_MOST_POINTS: Final = 8
_MOST_LINES: Final = 12
_MOST_NUMBERS: Final = 60
#: How long a number of a countdown takes to go, half of it when the next one is there.
_GOING_SECONDS: Final = 0.15


def comparison(stage: Stage) -> None:
    """Two panels against each other, beside or above one another, and a badge between them."""
    stage.ground()
    w, h, u = stage.width, stage.height, stage.unit
    title = stage.text("title")
    head = 17 * u if title is not None else 5 * u
    if title is not None:
        place = (0.0, -h / 2 + head / 2, w - 16 * u, head - 4 * u)
        stage.stack([Block(value=title, size=6.4, weight=800)], place, align="center")
    gap, foot = 4 * u, 7 * u
    middle = (head - foot) / 2
    if stage.is_wide:
        wide, tall = (w - 14 * u - gap) / 2, h - head - foot
        places = [(-(wide + gap) / 2, middle), ((wide + gap) / 2, middle)]
    else:
        wide, tall = w - 14 * u, (h - head - foot - gap) / 2
        places = [(0.0, middle - (tall + gap) / 2), (0.0, middle + (tall + gap) / 2)]
    for index, (side, centre) in enumerate(zip(("left", "right"), places, strict=True)):
        area = (*centre, wide, tall)
        _panel(stage, _side(stage, side), side, area, at=(0.25 + 0.25 * index) * stage.pace)
    badge = 12 * u
    at = 0.8 * stage.pace
    transform: Json = {"x": 0, "y": middle}
    stage.add(
        "circle", at=at, enter="pop", transform=transform, style={"fill": stage.paint("accent")},
        fields={"size": badge},
    )  # fmt: skip
    sign = stage.text("vs", "badge") or "VS"
    stage.write(
        sign, (0.0, middle), size=4.4 * u, width=9 * u, height=9 * u, wraps=False, weight=800,
        paint=stage.palette["onAccent"], at=at,
        enter="pop",
    )  # fmt: skip
    stage.music()


def _side(stage: Stage, side: str) -> Node:
    """Return one side's fields: an object, a plain title, or `leftTitle`, `leftImage`, …"""
    value = stage.data.get(side)
    if value is not None and isinstance(value.raw, Mapping):
        return value.fields()
    flat: Json = {
        name: stage.data.first(f"{side}{name[0].upper()}{name[1:]}", f"{side}{more}")
        for name, more in (("title", "Label"), ("image", "Src"), ("items", "Points"), ("text", ""))
    }
    flat["title"] = flat["title"] or value
    if not any(flat.values()):
        stage.data.required(side, allowed="{title, image, items}")
    return Node(flat, stage.data.path_of(side), stage.data.report, None)


def _panel(stage: Stage, fields: Node, side: str, area: Area, *, at: float) -> None:
    x, y, wide, tall = area
    u = stage.unit
    is_better = side == "right"
    fill = stage.palette["panelBetter"] if is_better else stage.palette["panel"]
    stage.add("rect", area, at=at, enter="rise", style={"fill": fill, "borderRadius": 2.6 * u})
    image = fields.first("image", "src")
    top = y - tall / 2
    if image is not None:
        share = 0.46 if stage.is_wide else 0.4
        box = (x, top + 2.4 * u + share * tall / 2, wide - 4.8 * u, share * tall)
        style: Json = {"objectFit": "cover", "borderRadius": 1.6 * u}
        stage.add("image", box, at=at, enter="rise", style=style, fields={"src": image})
        top += share * tall + 2.4 * u
    points = fields.first("items", "points", "features")
    found = [] if points is None else points.items(high=_MOST_POINTS)
    listed = [Block(value=label(point), size=4.3, weight=500, after=2.0) for point in found]
    # Where panels are above one another the badge reaches into both.
    above, below = (3 * u, 3 * u) if stage.is_wide else (6 * u, 3 * u) if is_better else (u, 6 * u)
    bottom = y + tall / 2 - below
    inner = (x, (top + above + bottom) / 2, wide - 14 * u, bottom - top - above)
    accent = stage.paint("accent") if is_better else stage.paint("color")
    stage.stack(
        [
            Block(value=fields.first("title", "label", "name"), size=6.4, weight=800, paint=accent),
            Block(value=fields.first("value", "price"), size=7.0, weight=800),
            Block(value=fields.first("text", "description"), size=3.5, after=2.4),
            *listed,
        ],
        inner, align="center", at=at + 0.2 * stage.pace, step=0.12,
    )  # fmt: skip


def countdown(stage: Stage) -> None:
    """Numbers from `from` down to 1, a second each or faster, in a ring that empties."""
    stage.ground()
    u = stage.unit
    ending = stage.text("endText", "finalText")
    usual = max(min(math.ceil(stage.duration), 10) - (ending is not None), 1)
    first = stage.data.first("from", "start", "count")
    number = None if first is None else first.number(low=1, high=_MOST_NUMBERS)
    count = int(number or usual)
    each = min(1.0, stage.duration / (count + (0.8 if ending is not None else 0.0)))
    title = stage.text("title", "text")
    lift = 5 * u if title is not None else 0.0
    size = 62 * u
    going = min(_GOING_SECONDS, each / 4)
    _ring(stage, size=size, y=lift, until=each * count, going=going)
    for index in range(count):
        # Each is half gone when the next is there, at once: no moment is empty.
        stage.write(
            str(count - index), (0.0, lift), size=0.52 * size, weight=800, enter="beat",
            at=index * each, until=(index + 1) * each + going / 2, fade_out=going,
        )  # fmt: skip
    if title is not None:
        area = (0.0, -stage.height / 2 + 10 * u, stage.width - 14 * u, 12 * u)
        block = Block(value=title, size=5.4, weight=700, paint=stage.palette["muted"])
        stage.stack([block], area, align="center")
    if ending is not None:
        wide = 0.84 * stage.width
        area = (0.0, lift, wide, 40 * u)
        block = Block(value=ending, size=17.0, weight=800, paint=stage.paint("accent"))
        stage.stack([block], area, align="center", at=each * count - going)
    stage.music()


def _ring(stage: Stage, *, size: float, y: float, until: float, going: float) -> None:
    line: Json = {"data": ring(size / 2), "lineWidth": 2.2 * stage.unit, "lineCap": "round"}
    place: Json = {"x": 0, "y": y}
    faint: Json = {"stroke": stage.palette["panel"]}
    stage.add(
        "path", until=until + 2 * going, enter="none", fade_out=2 * going, transform=place,
        style=faint, fields=line,
    )  # fmt: skip
    frames = [{"time": 0, "value": 1}, {"time": until, "value": 0}]
    moving: Json = {**line, "keyframes": [{"property": "drawEnd", "frames": frames}]}
    bright: Json = {"stroke": stage.paint("accent")}
    stage.add("path", until=until, enter="none", transform=place, style=bright, fields=moving)


def text_reveal(stage: Stage) -> None:
    """Lines of large type, uncovered one after the other, then underlined."""
    stage.ground()
    w, h, u = stage.width, stage.height, stage.unit
    lines, size = _set_lines(stage, width=w - 18 * u, height=h - 26 * u)
    if not lines:
        stage.data.required("text", allowed="a text, or lines: […]")
        return
    leading = 1.2 * size
    top = -leading * len(lines) / 2
    step = min(0.35, 0.5 * stage.duration / len(lines))
    wipe: Json = {"type": "wipe", "direction": "right", "easing": "easeInOutCubic"}
    wipe["duration"] = min(0.6, stage.duration / 3)
    for index, line in enumerate(lines):
        stage.write(
            line, (0.0, top + (index + 0.5) * leading), size=size, height=leading,
            width=min(w - 12 * u, 1.2 * estimated_width(line, size)),
            wraps=False, weight=800, at=index * step, enter="rise", paint=stage.paint("accent") if index == len(lines) - 1 > 0 else None,
            transition=wipe,
        )  # fmt: skip
    below = -top + 2.6 * u
    bar: Json = {"x": 0, "y": below, "width": 16 * u, "height": 1.1 * u}
    style: Json = {"fill": stage.paint("accent"), "borderRadius": 0.55 * u}
    stage.add("rect", at=step * len(lines), enter="grow", transform=bar, style=style)
    subtitle = stage.text("subtitle", "author")
    if subtitle is not None:
        stage.write(
            subtitle, (0.0, below + 5.4 * u), size=3.8 * u, weight=500,
            paint=stage.palette["muted"], at=step * (len(lines) + 1), width=w - 18 * u,
            height=min(9.4 * u, h - 2 * (below + 6.4 * u)),
        )  # fmt: skip
    stage.music()


def _set_lines(stage: Stage, *, width: float, height: float) -> tuple[list[str], float]:
    """Return the lines and their size in px: as given, or broken where they fit best."""
    given = stage.data.get("lines")
    if given is not None:
        found = [item.text(max_characters=300) for item in given.items(high=_MOST_LINES)]
        lines = [line for line in found if line]
        widest = max((estimated_width(line, 1.0) for line in lines), default=1.0)
        return lines, min(13 * stage.unit, width / widest, height / (1.2 * max(len(lines), 1)))
    value = stage.text("text", "title")
    text = None if value is None else value.text(max_characters=600)
    size = 13 * stage.unit
    while text and size > 2 * stage.unit:
        lines = estimated_lines(text, size=size, width=width)
        is_whole = longest_word(text, size) <= width
        if is_whole and len(lines) <= _MOST_LINES and 1.2 * size * len(lines) <= height:
            return lines, size
        size *= 0.92
    return ([text] if text else []), size


def quote(stage: Stage) -> None:
    """What somebody said, under a large mark, and who it was."""
    stage.ground()
    w, h, u = stage.width, stage.height, stage.unit
    said = stage.text("quote", "text")
    if said is None:
        stage.data.required("quote", allowed="a text")
        return
    image = stage.data.first("image", "avatar")
    stage.write(
        "\u201c", (0.0, -h / 2 + 17 * u), size=34 * u, weight=800, paint=stage.paint("accent"),
        enter="pop", leading=1.0,
    )  # fmt: skip
    foot = 30 * u if image is not None else 18 * u
    inside = (0.0, (20 * u - foot) / 2, min(w - 20 * u, 150 * u), h - 22 * u - foot)
    stage.stack(
        [Block(value=said, size=9.6, weight=700, leading=1.26)], inside, align="center",
        at=0.3 * stage.pace,
    )  # fmt: skip
    at = 0.9 * stage.pace
    middle = h / 2 - 10.5 * u
    if image is not None:
        side = 13 * u
        style: Json = {"objectFit": "cover", "borderRadius": side / 2}
        area = (0.0, h / 2 - foot + 2 * u + side / 2, side, side)
        stage.add("image", area, at=at, enter="pop", style=style, fields={"src": image})
        middle += 2.5 * u
    stage.stack(
        [
            Block(value=stage.text("author", "name"), size=4.2, weight=700, after=0.8),
            Block(value=stage.text("role", "source"), size=3.2, paint=stage.palette["muted"]),
        ],
        (0.0, middle, w - 20 * u, 12 * u), align="center", at=at + 0.1,
    )  # fmt: skip
    stage.music()


def listing(stage: Stage) -> None:
    """A title, and points that come in one after the other, numbered or with dots."""
    stage.ground()
    w, h, u = stage.width, stage.height, stage.unit
    items = stage.entries("items", "points", "list", high=_MOST_ITEMS)
    if not items:
        stage.data.required("items", allowed="[text, {title, description}, …]")
        return
    title = stage.text("title", "heading")
    head = 22 * u if title is not None else 6 * u
    wide = min(w - 18 * u, 150 * u)
    if title is not None:
        area = (0.0, -h / 2 + 12 * u, wide, head - 8 * u)
        stage.stack([Block(value=title, size=7.4, weight=800)], area)
    highest = (h - head - 7 * u) / len(items)
    size = min(0.66 * highest, 9 * u)
    need = max(
        stage.needed(_said(item, highest / u, stage), wide - size - 3.5 * u) for item in items
    )
    row = min(highest, max(17 * u, need / 0.94 + 3 * u))
    top = -h / 2 + head + (h - head - 7 * u - row * len(items)) / 2
    last = max(0.6 * stage.duration, stage.duration - 1.5)
    step = min(0.6, last / len(items)) if stage.data.flag("stagger", default=True) else 0.0
    is_numbered = stage.data.flag("ordered", default=True)
    for index, item in enumerate(items):
        at = 0.3 * stage.pace + index * step * stage.pace
        y = top + (index + 0.5) * row
        _row(stage, item, (0.0, y, wide, row), number=index + 1 if is_numbered else None, at=at)
    stage.music()


def _row(stage: Stage, item: Value, area: Area, *, number: int | None, at: float) -> None:
    _, y, wide, row = area
    u = stage.unit
    size = min(0.66 * row, 9 * u)
    left = -wide / 2
    badge = size if number is not None else 0.3 * size
    style: Json = {"fill": stage.paint("accent")}
    place: Json = {"x": left + size / 2, "y": y}
    stage.add("circle", at=at, enter="pop", transform=place, style=style, fields={"size": badge})
    if number is not None:
        stage.write(
            str(number), (left + size / 2, y), size=0.5 * size, weight=800, at=at, enter="pop",
            paint=stage.palette["onAccent"],
        )  # fmt: skip
    room = wide - size - 3.5 * u
    area = (left + size + 3.5 * u + room / 2, y, room, 0.94 * row)
    stage.stack(_said(item, row / u, stage), area, at=at, step=0.08)


def _said(item: Value, row: float, stage: Stage) -> list[Block]:
    """Return what a point of a list says, in a row so many units high."""
    more = item.fields().first("description", "subtitle") if isinstance(item.raw, Mapping) else None
    largest = 4.6 if more is not None else 5.2
    return [
        Block(value=label(item), size=min(largest, 0.42 * row), weight=600, after=0.6),
        Block(value=more, size=min(3.2, 0.26 * row), paint=stage.palette["muted"]),
    ]
