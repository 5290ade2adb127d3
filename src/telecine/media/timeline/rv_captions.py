"""Subtitles in RenderingVideo's dialect: words with times, and how they are shown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from telecine.media.timeline.model import Align, Captions, Colour, Stroke, TextDirection, Word
from telecine.media.timeline.reader import Node, Value
from telecine.media.timeline.rv_style import read_font
from telecine.media.timeline.scene import BLACK, MAX_DURATION_SECONDS, WHITE, Scene, colour, length

MAX_WORDS: Final = 50_000
_MAX_WORD_CHARACTERS: Final = 2000
_HIGHLIGHT: Final = Colour(red=1, green=212 / 255, blue=0)
_MODES: Final[tuple[Literal["batch", "stream"], ...]] = ("batch", "stream")
_POSITIONS: Final[tuple[Literal["bottom", "top", "center"], ...]] = ("bottom", "top", "center")
_ALIGNS: Final[tuple[Align, ...]] = ("left", "center", "right")
_DIRECTIONS: Final[tuple[TextDirection, ...]] = ("ltr", "rtl", "auto")


def read_captions(node: Node, *, scene: Scene) -> Captions:
    """Return a subtitle clip's words and looks."""
    config = node.node("config")
    border = colour(config.get("borderColor") or node.get("strokeColor"))
    width = config.number("borderWidth", 0.0, low=0, high=200)
    page_ms = node.maybe("pageDurationInMilliseconds", low=1, high=600_000)
    return Captions(
        words=_words(node.required("words"), scene),
        font=read_font(config, size=48.0, weight=700),
        mode=config.choice("mode", "batch", _MODES),
        words_per_page=int(config.number("wordsPerBatch", 4, low=1, high=1000)),
        page_seconds=None if page_ms is None else page_ms / 1000,
        align=config.choice("textAlign", "center", _ALIGNS),
        box_width=length(config.get("textBoxWidth"), whole=scene.width) or 0.8 * scene.width,
        colour=colour(config.get("textColor")) or WHITE,
        highlight=colour(config.get("highlightColor")) or _HIGHLIGHT,
        background=colour(config.get("backgroundColor")),
        outline=Stroke(paint=border or BLACK, width=width) if width > 0 else None,
        fades_in=config.flag("fadeInAnimation"),
        position=config.choice("position", "bottom", _POSITIONS),
        padding=config.number("paddingBottom", 80.0, low=0, high=10_000),
        line_height=config.number("lineHeight", 1.2, low=0.1, high=20),
        letter_spacing=config.number("letterSpacing", 0.0, low=-500, high=2000),
        max_lines=int(config.number("maxLines", 2, low=1, high=100)),
        direction=config.choice("direction", "auto", _DIRECTIONS),
    )


def _words(value: Value | None, scene: Scene) -> tuple[Word, ...]:
    if value is None:
        return ()
    listed: Value | None = value
    if isinstance(value.raw, Mapping):
        listed = _referenced(value, scene)
    if listed is None:
        return ()
    words = [_word(item.fields()) for item in listed.items(high=MAX_WORDS)]
    return tuple(sorted((word for word in words if word), key=lambda word: word.start_seconds))


def _referenced(value: Value, scene: Scene) -> Value | None:
    fields = value.fields()
    if fields.has("$ref"):
        asset = scene.asset(value)
        if asset is None:
            return None
        if not asset.has("src"):
            return asset.first("words", "captions") or asset.required("words")
        source = scene.source(asset.get("src"))
    else:
        source = scene.source(fields.required("src"))
    if source is None:
        return None
    loaded = None if scene.lookup is None else scene.lookup.words(source)
    if loaded is None:
        value.report.warn(value.path, "WORDS", "These words have not been loaded.", got=source.src)
        return None
    found = Value(loaded, value.path, value.report, {})
    return found.fields().first("words", "captions") if isinstance(loaded, Mapping) else found


def _word(node: Node) -> Word | None:
    """Read a word as Deepgram writes it, or as Remotion's captions do, in milliseconds."""
    text = node.first("punctuated_word", "word", "text") or node.required("word")
    found = None if text is None else text.text(max_characters=_MAX_WORD_CHARACTERS)
    low, high = -MAX_DURATION_SECONDS, 2 * MAX_DURATION_SECONDS
    if node.has("startMs"):
        start = node.number("startMs", 0.0, low=low * 1000, high=high * 1000) / 1000
        end = node.number("endMs", 0.0, low=low * 1000, high=high * 1000) / 1000
    else:
        times = [node.required(name) for name in ("start", "end")]
        numbers = [time.number(low=low, high=high) if time else None for time in times]
        start, end = numbers[0] or 0.0, numbers[1] or 0.0
    if found is None or not found.strip():
        return None
    return Word(text=found.strip(), start_seconds=start, end_seconds=max(start, end))
