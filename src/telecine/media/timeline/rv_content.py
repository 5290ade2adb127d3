"""What a clip of RenderingVideo's dialect shows or plays: one reader a clip type.

A reader takes the clip's fields and returns (what is shown, what is heard). `layout` and
`template` hold further clips and are read in `rv`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, Literal

from msgspec.structs import replace

from telecine.media.timeline.model import (
    ChromaKey,
    Content,
    Ducking,
    GainPoint,
    Image,
    Sound,
    Source,
    Svg,
    Video,
)
from telecine.media.timeline.reader import Node, Value
from telecine.media.timeline.rv_captions import read_captions
from telecine.media.timeline.rv_shapes import SHAPES
from telecine.media.timeline.rv_waveform import read_waveform
from telecine.media.timeline.scene import MAX_DURATION_SECONDS, Scene, colour, easing

Shown = tuple[Content | None, Sound | None]
_AFTER_END: Final[tuple[Literal["hold", "loop", "blank"], ...]] = ("hold", "loop", "blank")
_MAX_GAIN: Final = 4.0
#: Remotion's names for `source.start`.
_STARTS: Final = ("videoStartFromInSeconds", "audioStartFromInSeconds")


def _trim(node: Node) -> tuple[float, float | None]:
    trim = node.node("source")
    usual = next((name for name in _STARTS if node.has(name)), _STARTS[0])
    start = node.number(usual, 0.0, low=0, high=MAX_DURATION_SECONDS)
    start = trim.number("start", start, low=0, high=MAX_DURATION_SECONDS)
    end = trim.maybe("end", low=0, high=MAX_DURATION_SECONDS)
    if end is not None and end <= start:
        node.report.problem(
            f"{trim.path}.end", "RANGE", "The trim ends before it starts.", got=end,
            allowed=f"over {start:g}",
        )  # fmt: skip
        end = None
    return start, end


def _gain(node: Node) -> float:
    if node.has("decibelAdjustment") and not node.has("volume"):
        decibels: float = node.number("decibelAdjustment", 0.0, low=-60, high=20)
        return float(10.0 ** (decibels / 20))
    gain = node.number("volume", 1.0, low=0, high=1e6)
    if gain > _MAX_GAIN:
        node.report.warn(
            f"{node.path}.volume", "CLAMPED", "Louder than 4 is 4.", got=gain, allowed="0 to 4"
        )
    return min(gain, _MAX_GAIN)


def _video(node: Node, scene: Scene) -> Shown:
    source = scene.media(node)
    start, end = _trim(node)
    rate = node.number("playbackRate", 1.0, low=0.1, high=16)
    after_end = node.choice("freezeAfterEnd", "hold", _AFTER_END)
    is_looped, is_reversed = node.flag("loop"), node.flag("reverse")
    if source is None:
        return None, None
    sound = None if node.flag("muted") else _sound(node, source)
    if is_reversed and sound:
        node.report.warn(
            f"{node.path}.reverse", "SILENT", "A reversed video has no sound.", got=True,
            allowed="reverse with muted",
        )  # fmt: skip
    video = Video(
        source=source, trim_start_seconds=start, trim_end_seconds=end, rate=rate,
        is_reversed=is_reversed, after_end="loop" if is_looped else after_end, key=_key(node),
    )  # fmt: skip
    return video, None if is_reversed else sound


def _audio(node: Node, scene: Scene) -> Shown:
    source = scene.media(node)
    sound = _sound(node, source) if source else None
    return None, replace(sound, gain=0.0) if sound and node.flag("muted") else sound


def _sound(node: Node, source: Source) -> Sound:
    start, end = _trim(node)
    seconds = {
        name: node.number(
            name,
            node.number(f"audio{name[0].upper()}{name[1:]}DurationInSeconds", 0.0, low=0, high=1e5),
            low=0,
            high=MAX_DURATION_SECONDS,
        )
        for name in ("fadeIn", "fadeOut")
    }
    envelope = sorted(
        (_gain_point(item.fields()) for item in node.items("gainEnvelope", high=10_000)),
        key=lambda point: point.time_seconds,
    )
    rate = node.number("playbackRate", 1.0, low=0.1, high=16)
    detune = node.number("detune", 0.0, low=-4800, high=4800)
    pan = node.number("pan", 0.0, low=-1, high=1)
    return Sound(
        source=source, trim_start_seconds=start, trim_end_seconds=end, rate=rate,
        keeps_pitch=node.flag("preservePitch", default=True), detune_cents=detune, gain=_gain(node),
        pan=pan, fade_in_seconds=seconds["fadeIn"], fade_out_seconds=seconds["fadeOut"],
        is_looped=node.flag("loop"), envelope=tuple(envelope), ducking=_ducking(node),
    )  # fmt: skip


def _gain_point(node: Node) -> GainPoint:
    time = node.required("time")
    gain = node.required("volume")
    return GainPoint(
        time_seconds=(time.number(low=0, high=MAX_DURATION_SECONDS) if time else None) or 0.0,
        gain=(gain.number(low=0, high=_MAX_GAIN) if gain else None) or 0.0,
        easing=easing(node),
    )


def _ducking(node: Node) -> Ducking | None:
    if not node.has("ducking"):
        return None
    ducking = node.node("ducking")
    targets = [item.text(max_characters=256) for item in ducking.items("targets", high=1000)]
    return Ducking(
        targets=tuple(target for target in targets if target is not None),
        gain=ducking.number("amount", 0.25, low=0, high=1),
        attack_seconds=ducking.number("attack", 0.1, low=0, high=60),
        release_seconds=ducking.number("release", 0.4, low=0, high=60),
    )


def _image(node: Node, scene: Scene) -> Shown:
    markup = _drawing_in_assets(node, scene)
    if markup is not None:
        return _drawing(markup), None
    source = scene.media(node)
    start = node.number("gifStartFromInSeconds", 0.0, low=0, high=MAX_DURATION_SECONDS)
    rate = node.number("playbackRate", 1.0, low=0.1, high=16)
    key = _key(node)
    if source is None:
        return None, None
    return Image(source=source, start_seconds=start, rate=rate, key=key), None


def _key(node: Node) -> ChromaKey | None:
    if not node.has("chromaKey"):
        return None
    key = node.node("chromaKey")
    found = colour(key.required("color"))
    similarity = key.number("similarity", 0.1, low=0, high=1)
    blend = key.number("blend", 0.05, low=0, high=1)
    if found is None:
        return None
    return ChromaKey(colour=found, similarity=similarity, blend=blend)


def _svg(node: Node, scene: Scene) -> Shown:
    value = node.get("svg")
    if value is None:
        source = scene.media(node)
        return (Svg(svg=None, source=source) if source else None), None
    if isinstance(value.raw, dict):
        asset = scene.asset(value)
        if asset is None:
            return None, None
        value = asset.get("svg")
        if value is None:
            source = scene.source(asset.required("src"))
            return (Svg(svg=None, source=source) if source else None), None
    return _drawing(value), None


def _drawing(value: Value) -> Svg | None:
    markup = value.text(max_characters=1_000_000)
    return None if markup is None else Svg(svg=markup, source=None, path=value.path)


def _drawing_in_assets(node: Node, scene: Scene) -> Value | None:
    """Return the markup of the asset that a clip names, where that names no file."""
    reference = node.first("src", "assetId")
    name = None if reference is None else reference.raw
    if isinstance(name, Mapping):
        name = name.get("$ref")
    elif node.has("src"):
        return None
    asset = scene.assets.get(name) if isinstance(name, str) else None
    if asset is None or not isinstance(asset.raw, Mapping):
        return None
    fields = asset.fields()
    return None if fields.first("src", "remoteUrl") else fields.get("svg")


def _subtitle(node: Node, scene: Scene) -> Shown:
    return read_captions(node, scene=scene), None


def _waveform(node: Node, scene: Scene) -> Shown:
    if node.has("target") and not node.has("src"):
        return read_waveform(node, scene=scene, sound=None), None
    source = scene.media(node)
    sound = None if source is None else _sound(node, source)
    return None if sound is None else read_waveform(node, scene=scene, sound=sound), None


def read_content(kind: str, node: Node, *, scene: Scene) -> Shown:
    """Return what a clip of this type, one of `CLIP_TYPES`, shows and plays."""
    shape = SHAPES.get(kind)
    return (shape(node), None) if shape else _MEDIA[kind](node, scene)


_MEDIA: Final[dict[str, Callable[[Node, Scene], Shown]]] = {
    "video": _video, "image": _image, "gif": _image, "svg": _svg, "audio": _audio,
    "subtitle": _subtitle, "captions": _subtitle, "waveform": _waveform,
}  # fmt: skip

#: The clip types that are read here.
CLIP_TYPES: Final = (*_MEDIA, *SHAPES)
