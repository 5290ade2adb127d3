"""Templates that are built around a picture or a video; the dialect names their fields.

Each takes the stage it builds on, whose `data` is the document's over the variant's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from telecine.media.timeline.reader import Value
from telecine.media.timeline.template_stage import Block, Json, Stage, estimated_width, written

_MOST_SLIDES: Final = 200
_MOST_FEATURES: Final = 8
_CROSSFADE_SECONDS: Final = 0.6
_ZOOM: Final = 1.1
#: A video's own fields, which these templates hand on.
_PLAYED: Final = ("source", "volume", "muted", "playbackRate")


def product_intro(stage: Stage) -> None:
    """A picture beside, or above, name, tagline, features, price and what to do."""
    stage.ground()
    image = stage.data.first("image", "src", "logo")
    w, h = stage.width, stage.height
    words = (0.0, 0.0, 0.78 * w, 0.8 * h)
    align = "center"
    if image is not None and stage.is_wide:
        _card(stage, image, (-0.24 * w, 0.0, 0.4 * w, 0.68 * h))
        words, align = (0.24 * w, 0.0, 0.4 * w, 0.78 * h), "left"
    elif image is not None:
        _card(stage, image, (0.0, -0.22 * h, 0.82 * w, 0.42 * h))
        words = (0.0, 0.25 * h, 0.82 * w, 0.42 * h)
    features = stage.entries("features", high=_MOST_FEATURES)
    bullets = [
        Block(value=label(feature), size=3.9, weight=500, after=1.6, paint=stage.palette["muted"])
        for feature in features
    ]
    if bullets:
        bullets[-1] = Block(
            value=bullets[-1].value, size=3.9, weight=500, after=3.6, paint=bullets[-1].paint
        )
    blocks = [
        Block(value=None, kind="bar", size=1.0, after=3.4),
        Block(value=stage.text("name", "title"), size=10.0, weight=800, after=2.2, leading=1.08),
        Block(
            value=stage.text("tagline", "subtitle"), size=4.6, paint=stage.palette["muted"],
            after=4.0,
        ),
        *bullets,
        Block(value=stage.text("price"), size=7.0, weight=800, paint=stage.paint("accent"), after=3),
        Block(value=stage.text("cta"), kind="pill", size=3.6, weight=700),
    ]  # fmt: skip
    stage.stack(blocks, words, align=align, at=0.25 * stage.pace)
    stage.music()


def label(item: Value) -> Value | None:
    """Return what an entry says: a string itself, or an object's title."""
    if isinstance(item.raw, Mapping):
        found = item.fields().first("title", "text", "label", "name")
        return None if found is None else written(found)
    return written(item)


def _card(stage: Stage, image: Value, area: tuple[float, float, float, float]) -> None:
    u = stage.unit
    style: Json = {
        "objectFit": "cover", "borderRadius": 3 * u, "shadowColor": "#00000066",
        "shadowBlur": 5 * u, "shadowOffset": [0, 1.6 * u],
    }  # fmt: skip
    stage.add("image", area, enter="rise", style=style, fields={"src": image})


def slideshow(stage: Stage) -> None:
    """Pictures one after the other, slowly nearing or moving away, dissolving, with captions."""
    slides = stage.entries("images", "slides", high=_MOST_SLIDES)
    if not slides:
        stage.data.required("images", allowed="[{image, caption}, …]")
        return
    usual = stage.duration / len(slides)
    each = stage.data.number("durationPerSlide", usual, low=0.04, high=36_000)
    fade = min(_CROSSFADE_SECONDS, each / 3)
    shows_captions = stage.data.flag("showCaptions", default=True)
    for index, slide in enumerate(slides):
        is_last = index == len(slides) - 1
        begin = index * each - (fade if index else 0.0)
        end = stage.duration if is_last else min((index + 1) * each, stage.duration)
        image = slide
        caption = None
        if isinstance(slide.raw, Mapping) and "$ref" not in slide.raw:
            fields = slide.fields()
            found = fields.first("image", "src")
            if found is None:
                fields.required("image", allowed="https:, http:, file_id:, {$ref}")
                continue
            image, caption = found, fields.first("caption", "title", "text")
        _slide(stage, image, index=index, at=begin, until=end, fade=fade)
        if caption is not None and shows_captions:
            _caption(stage, caption, at=begin + fade, until=end - (0.0 if is_last else fade / 2))
    title = stage.text("title")
    if title is not None:
        _title_chip(stage, title, until=min(each, stage.duration))
    stage.music()


def _slide(stage: Stage, image: Value, *, index: int, at: float, until: float, fade: float) -> None:
    near, far = (1.0, _ZOOM) if index % 2 == 0 else (_ZOOM, 1.0)
    zoom = [{"time": 0, "value": near}, {"time": max(until - at, 0.04), "value": far}]
    keyframes: list[Json] = [{"property": "scale", "frames": zoom}]
    if index:
        shown = [{"time": 0, "value": 0}, {"time": fade, "value": 1, "easing": "easeInOutSine"}]
        keyframes.append({"property": "opacity", "frames": shown})
    stage.add(
        "image", (0.0, 0.0, stage.width, stage.height), at=at, until=until, enter="none",
        leaves=False, style={"objectFit": "cover"}, fields={"src": image, "keyframes": keyframes},
    )  # fmt: skip


def _caption(stage: Stage, caption: Value, *, at: float, until: float) -> None:
    w, h, u = stage.width, stage.height, stage.unit
    room = w - 20 * u
    tall = min(stage.needed([Block(value=caption, size=5.4)], room), 24 * u)
    stage.scrim(share=max(0.34, (2 * tall + 12 * u) / h), at=at, until=until)
    bar: Json = {"x": -w / 2 + 7 * u, "y": h / 2 - 8 * u, "anchor": "bottom-left"}
    bar |= {"width": 1.0 * u, "height": 7 * u}
    style: Json = {"fill": stage.paint("accent"), "borderRadius": 0.5 * u}
    stage.add("rect", at=at, until=until, enter="fade", transform=bar, style=style)
    stage.write(
        caption, (-w / 2 + 10.5 * u, h / 2 - 7.6 * u), size=5.4 * u, width=room,
        height=max(tall, 8 * u), anchor="bottom-left", align="left", paint="#ffffff", at=at, until=until,
    )  # fmt: skip


def _title_chip(stage: Stage, title: Value, *, until: float | None = None) -> None:
    """Put a title in the upper left corner, on a plate."""
    u = stage.unit
    box: Json = {
        "color": stage.palette["plate"], "horizontalPadding": 2.2 * u, "verticalPadding": 1.3 * u,
        "borderRadius": 1.4 * u,
    }  # fmt: skip
    stage.write(
        title, (-stage.width / 2 + 6 * u, -stage.height / 2 + 6 * u), size=4.0 * u,
        width=stage.width - 12 * u, height=16 * u, anchor="top-left", align="left", at=0.2 * stage.pace, until=until, background=box,
        paint=stage.palette["color"],
    )  # fmt: skip


def _film(stage: Stage) -> bool:
    source = stage.data.first("src", "video")
    if source is None:
        stage.data.required("src", allowed="https:, http:, file_id:, {$ref}")
        return False
    played: Json = {name: stage.data.get(name) for name in _PLAYED}
    stage.add(
        "video", (0.0, 0.0, stage.width, stage.height), enter="none", leaves=False,
        style={"objectFit": "cover"}, fields={"src": source, **played},
    )  # fmt: skip
    return True


def _subtitles(stage: Stage, *, lift: float) -> None:
    """Add the words, `lift` units above the lower edge; `config` goes before what is set here."""
    words = stage.data.first("words", "subtitles", "captions")
    if words is None:
        return
    u = stage.unit
    config: Json = {
        "fontSize": 6.2 * u, "fontWeight": 800, "borderWidth": 0.7 * u, "borderColor": "#000000",
        "highlightColor": stage.palette["highlight"], "paddingBottom": lift * u,
        "wordsPerBatch": 5 if stage.is_wide else 3, "textBoxWidth": "84%",
    }  # fmt: skip
    given = stage.data.node("config")
    config |= {name: given.get(name) for name in given.raw if given.has(name)}
    stage.clips.append({
        "type": "subtitle", "start": stage.start, "duration": stage.duration, "words": words,
        "config": config,
    })  # fmt: skip


def subtitle_video(stage: Stage) -> None:
    """A video over the whole canvas, and its words."""
    if not _film(stage):
        return
    if stage.data.first("words", "subtitles", "captions") is None:
        stage.data.required("words", allowed="a list of words, {$ref}, {src}")
    title = stage.text("title")
    if title is not None:
        _title_chip(stage, title)
    _subtitles(stage, lift=9)
    stage.music()


def talking_head(stage: Stage) -> None:
    """Somebody speaks: who it is, what about, and the words."""
    if not _film(stage):
        return
    title = stage.text("title", "topic")
    if title is not None:
        _title_chip(stage, title)
    name, role = stage.text("speaker", "name"), stage.text("role", "company")
    has_plate = stage.data.flag("showLowerThird", default=True) and (name or role) is not None
    if has_plate:
        _lower_third(stage, name, role)
    _subtitles(stage, lift=27 if has_plate else 9)
    stage.music()


def _lower_third(stage: Stage, name: Value | None, role: Value | None) -> None:
    u = stage.unit
    blocks = [
        Block(value=name, size=4.6, weight=800, after=0.9, leading=1.15),
        Block(value=role, size=3.1, weight=500, paint=stage.palette["muted"]),
    ]
    tall = 15.0 * u
    wide = min(0.62 * stage.width, stage.width - 12 * u) if stage.is_wide else stage.width - 12 * u
    wide = min(wide, 62 * u)
    left, middle = -stage.width / 2 + 6 * u, stage.height / 2 - 7 * u - tall / 2
    at = 0.3 * stage.pace
    plate: Json = {"x": left, "y": middle, "anchor": "left", "width": wide, "height": tall}
    style: Json = {"fill": stage.palette["plate"], "borderRadius": 1.6 * u}
    stage.add("rect", at=at, enter="grow", transform=plate, style=style)
    bar: Json = {"x": left, "y": middle, "anchor": "left", "width": 1.2 * u, "height": tall}
    edge: Json = {"fill": stage.paint("accent"), "borderRadius": [1.6 * u, 0, 0, 1.6 * u]}
    stage.add("rect", at=at, enter="fade", transform=bar, style=edge)
    area = (left + 4 * u + (wide - 7 * u) / 2, middle, wide - 7 * u, tall - 4 * u)
    stage.stack(blocks, area, at=at + 0.25 * stage.pace)


def news(stage: Stage) -> None:
    """A headline on a plate below the picture, what sort of news, and a line that runs by."""
    w, h, u = stage.width, stage.height, stage.unit
    picture = stage.data.first("video", "src", "image")
    if picture is None:
        stage.ground()
    else:
        kind = "video" if _is_video(stage, picture) else "image"
        area = (0.0, 0.0, w, h)
        style: Json = {"objectFit": "cover"}
        stage.add(kind, area, enter="none", leaves=False, style=style, fields={"src": picture})
        stage.scrim(share=0.5)
    ticker = stage.data.first("ticker", "tickerText")
    foot = 8.5 * u if ticker is not None else 0.0
    said = [
        Block(value=stage.text("headline", "title"), size=6.2, weight=800, after=1.4, leading=1.1),
        Block(
            value=stage.text("summary", "subtitle", "description"), size=3.3,
            paint=stage.palette["muted"],
        ),
    ]  # fmt: skip
    tall = min(max(23 * u, stage.needed(said, w - 16 * u) + 6 * u), 0.3 * h)
    middle = h / 2 - foot - 4 * u - tall / 2
    plate: Json = {"x": -w / 2, "y": middle, "anchor": "left", "width": w, "height": tall}
    stage.add(
        "rect", at=0.2 * stage.pace, enter="grow", transform=plate,
        style={"fill": stage.palette["plate"]},
    )  # fmt: skip
    edge: Json = {**plate, "width": 1.4 * u}
    stage.add(
        "rect", at=0.2 * stage.pace, transform=edge, style={"fill": stage.paint("accent")}
    )  # fmt: skip
    stage.stack(said, (0.0, middle, w - 16 * u, tall - 5 * u), at=0.5 * stage.pace)
    sort = stage.text("category", "label", "tag") or "NEWS"
    stage.stack(
        [Block(value=sort, kind="pill", size=3.2, weight=800)],
        (0.0, middle - tall / 2 - 5.2 * u, w - 16 * u, 8 * u), at=0.35 * stage.pace,
    )  # fmt: skip
    source = stage.text("source", "date", "location")
    if source is not None:
        _title_chip(stage, source)
    if ticker is not None:
        _ticker(stage, ticker, tall=foot)
    stage.music()


def _is_video(stage: Stage, picture: Value) -> bool:
    raw = picture.raw
    is_named = isinstance(raw, str) and raw.lower().split("?")[0].endswith(
        (".mp4", ".mov", ".webm", ".mkv", ".m4v")
    )
    return is_named or stage.data.has("video") or stage.data.raw.get("mediaType") == "video"


def _ticker(stage: Stage, ticker: Value, *, tall: float) -> None:
    w, h, u = stage.width, stage.height, stage.unit
    line: Value | str = ticker
    if isinstance(ticker.raw, list):
        parts = [item.text(max_characters=500) for item in ticker.items(high=50)]
        line = "   •   ".join(part for part in parts if part)
    area = (0.0, h / 2 - tall / 2, w, tall)
    stage.add("rect", area, style={"fill": stage.paint("accent")})
    size = 3.4 * u
    text = line.raw if isinstance(line, Value) else line
    reach = estimated_width(text, size) if isinstance(text, str) else w
    speed = max((w + reach) / stage.duration, 12 * u)
    way = [
        {"time": 0, "value": w / 2},
        {"time": stage.duration, "value": w / 2 - speed * stage.duration},
    ]
    style: Json = {
        "fontFamily": stage.data.get("fontFamily") or "Inter", "fontSize": size, "fontWeight": 600,
        "fill": stage.palette["onAccent"], "textAlign": "left", "textWrap": False,
    }  # fmt: skip
    stage.add(
        "text", enter="none", transform={"x": w / 2, "y": h / 2 - tall / 2, "anchor": "left"},
        style=style, fields={"text": line, "keyframes": [{"property": "x", "frames": way}]},
    )  # fmt: skip
