"""Subtitles in RenderingVideo's dialect: words with times, and how they are shown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, Literal

from msgspec.structs import replace

from telecine.media.timeline import wordfile
from telecine.media.timeline.model import (
    Align,
    Captions,
    Colour,
    Emphasis,
    Stroke,
    TextDirection,
    Word,
)
from telecine.media.timeline.reader import Node, Value
from telecine.media.timeline.rv_style import read_font
from telecine.media.timeline.scene import BLACK, MAX_DURATION_SECONDS, WHITE, Scene, colour, length

MAX_WORDS: Final = 50_000
#: Of all clips: twelve hours of speech. Words that two clips share count twice, as they are drawn.
_MAX_WORDS_IN_ALL: Final = 100_000
_MAX_LETTERS_IN_ALL: Final = 1_000_000
_MAX_WORD_CHARACTERS: Final = 2000
_HIGHLIGHT: Final = Colour(red=1, green=212 / 255, blue=0)
_SAFE_SHARE: Final = 0.1
_MOVES: Final[tuple[Emphasis, ...]] = ("pop-in", "scale", "bounce", "glow")
_WAYS: Final = ("highlight", "box", "none", *_MOVES)
#: Looks by name; whatever a document says itself goes before.
PRESETS: Final[dict[str, dict[str, object]]] = {
    "white_bold": {
        "fontWeight": 800, "borderWidth": 6, "borderColor": "#000000", "highlightColor": "#ffffff",
    },
    "yellow_bold": {
        "fontWeight": 800, "textColor": "#ffde21", "borderWidth": 6, "borderColor": "#000000",
        "highlightColor": "#ffffff",
    },
    "karaoke": {
        "fontWeight": 800, "textColor": "#ffffff", "highlightColor": "#22d3ee", "borderWidth": 4,
    },
    "boxed": {
        "fontWeight": 700, "backgroundColor": "#000000b3", "highlightColor": "#ffd400",
    },
    "marker": {
        "fontWeight": 800, "highlightStyle": "box", "highlightColor": "#f97316", "borderWidth": 0,
    },
    "minimal": {
        "fontWeight": 500, "highlightStyle": "none", "shadowColor": "#000000a6", "shadowBlur": 8,
    },
}  # fmt: skip
_MODES: Final[tuple[Literal["batch", "stream"], ...]] = ("batch", "stream")
_POSITIONS: Final[tuple[Literal["bottom", "top", "center"], ...]] = ("bottom", "top", "center")
_ALIGNS: Final[tuple[Align, ...]] = ("left", "center", "right")
_DIRECTIONS: Final[tuple[TextDirection, ...]] = ("ltr", "rtl", "auto")


def read_captions(node: Node, *, scene: Scene) -> Captions:
    """Return a subtitle clip's words and looks."""
    config = read_config(node)
    preset = config.get("preset")
    if preset is not None and preset.raw not in (*PRESETS,):
        preset.warn("PRESET", "No caption preset has this name.", allowed=", ".join(PRESETS))
    border = colour(config.first("borderColor", "strokeColor"))
    width = config.first("borderWidth", "strokeWidth")
    outline = 0.0 if width is None else width.number(low=0, high=200) or 0.0
    page_ms = config.maybe("pageDurationInMilliseconds", low=1, high=600_000)
    align = config.first("textAlign", "align")
    ink = colour(config.first("textColor", "color")) or WHITE
    mark = colour(config.get("highlightColor")) or _HIGHLIGHT
    way = _highlight_style(config)
    padding = config.number("paddingBottom", 80.0, low=0, high=10_000)
    if config.flag("safeArea"):
        padding = max(padding, _SAFE_SHARE * scene.height)
    return Captions(
        words=_words(node, scene),
        font=read_font(config, size=48.0, weight=700),
        mode=config.choice("mode", "batch", _MODES),
        words_per_page=int(config.number("wordsPerBatch", 4, low=1, high=1000)),
        page_seconds=None if page_ms is None else page_ms / 1000,
        align=(None if align is None else align.choice(_ALIGNS)) or "center",
        box_width=length(config.get("textBoxWidth"), whole=scene.width) or 0.8 * scene.width,
        colour=ink,
        highlight={"box": _readable_on(mark), "none": ink}.get(way, mark),
        background=colour(config.get("backgroundColor")),
        spoken_background=mark if way == "box" else None,
        emphasis=next((move for move in _MOVES if move == way), "none"),
        outline=Stroke(paint=border or BLACK, width=outline) if outline > 0 else None,
        fades_in=config.flag("fadeInAnimation"),
        position=config.choice("position", "bottom", _POSITIONS),
        padding=padding,
        line_height=config.number("lineHeight", 1.2, low=0.1, high=20),
        letter_spacing=config.number("letterSpacing", 0.0, low=-500, high=2000),
        max_lines=int(config.number("maxLines", 2, low=1, high=100)),
        direction=config.choice("direction", "auto", _DIRECTIONS),
    )


def read_config(node: Node) -> Node:
    """Return what `config` says, else `style`, else the clip itself, else the preset."""
    config = node.over("style").over("config")
    preset = config.get("preset")
    name = None if preset is None else preset.raw
    return config.above(PRESETS.get(name, {}) if isinstance(name, str) else {})


def _highlight_style(config: Node) -> str:
    value = config.get("highlightStyle")
    return (None if value is None else value.choice(_WAYS)) or "highlight"


def _readable_on(ground: Colour) -> Colour:
    """Return black or white, whichever reads better; ITU-R BT.709's weights."""
    light = 0.2126 * ground.red + 0.7152 * ground.green + 0.0722 * ground.blue
    return BLACK if light > 0.45 else WHITE


def _words(node: Node, scene: Scene) -> tuple[Word, ...]:
    value = node.get("words")
    if value is None and node.has("assetId"):
        named = node.get("assetId")
        value = Value({"$ref": named}, node.path_of("assetId"), node.report, None)
    value = value or node.required("words", allowed="a list of words, {$ref}, {src}")
    if value is None:
        return ()
    listed: Value | None = value
    if isinstance(value.raw, Mapping):
        listed = _referenced(value, scene)
    if listed is None:
        return ()
    low, high = -MAX_DURATION_SECONDS, MAX_DURATION_SECONDS
    skipped = node.number("captionStartInSeconds", 0.0, low=low, high=high)
    words = _counted(value, listed, scene)
    if not skipped:
        return words
    return tuple(
        replace(
            word,
            start_seconds=word.start_seconds - skipped,
            end_seconds=word.end_seconds - skipped,
        )
        for word in words
    )


def _counted(value: Value, listed: Value, scene: Scene) -> tuple[Word, ...]:
    """Read a list once, whoever refers to it, unless all clips together have too many words.

    Where they have, the first clip that is over is the fault; after it no words are read.
    """
    if not isinstance(listed.raw, list):
        return _read(listed)  # which says that it is none
    if scene.n_words > _MAX_WORDS_IN_ALL or scene.n_word_letters > _MAX_LETTERS_IN_ALL:
        return ()
    scene.n_words += len(listed.raw)
    if scene.n_words > _MAX_WORDS_IN_ALL:
        value.problem(
            "TOO_MANY", "With the words of the clips before these are too many.",
            allowed=f"up to {_MAX_WORDS_IN_ALL} words in all clips",
        )  # fmt: skip
        return ()
    # The list is kept with its words, so that its identity stays its own.
    known = scene.words.get(id(listed.raw)) or (listed.raw, _read(listed))
    scene.words[id(listed.raw)] = known
    scene.n_word_letters += sum(len(word.text) for word in known[1])
    if scene.n_word_letters > _MAX_LETTERS_IN_ALL:
        value.problem(
            "TOO_LONG", "With the words of the clips before these have too many letters.",
            allowed=f"up to {_MAX_LETTERS_IN_ALL} letters in the words of all clips",
        )  # fmt: skip
        return ()
    return known[1]


def _read(listed: Value) -> tuple[Word, ...]:
    read = [_word(item.fields()) for item in listed.items(high=MAX_WORDS)]
    words = sorted((word for word in read if word), key=lambda word: word.start_seconds)
    if any(word.text[0].isspace() for word in words):
        words = list(_joined(words))
    return tuple(replace(word, text=word.text.strip()) for word in words)


def _joined(words: list[Word]) -> Iterator[Word]:
    """Join parts of words: where some begin with a blank, as Remotion's do, others go on."""
    whole: Word | None = None
    for word in words:
        if whole and not word.text[0].isspace() and not whole.text[-1].isspace():
            whole = replace(word, text=whole.text + word.text, start_seconds=whole.start_seconds)
            continue
        if whole:
            yield whole
        whole = word
    if whole:
        yield whole


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
    loaded = wordfile.listed(loaded)
    if loaded is None:
        value.report.warn(
            value.path, "WORDS", "These words have not been loaded.", got=source.src,
            allowed="words in the document",
        )  # fmt: skip
        return None
    return Value(loaded, value.path, value.report, None)


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
    return Word(
        text=found,
        start_seconds=start,
        end_seconds=max(start, end),
        ends_page=node.flag("break"),
    )
