"""Waveforms: the picture of a file's sound, or of that of another clip, which may come later."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Final, get_args, get_type_hints

from msgspec.structs import replace

from telecine.media.timeline.model import Clip, Layout, Sound, Source, Track, Waveform
from telecine.media.timeline.reader import Node
from telecine.media.timeline.scene import WHITE, Scene, paint

_KINDS: Final = get_args(get_type_hints(Waveform)["kind"])
_MAX_BARS: Final = 512


def with_variant(node: Node) -> Node:
    """Return the clip with its `style`, where that is a word, as `variant`."""
    style = node.raw.get("style")
    if not isinstance(style, str):
        return node
    plain = {name: value for name, value in node.raw.items() if name != "style"}
    return Node({"variant": style, **plain}, node.path, node.report, node.variables)


def read_waveform(node: Node, *, scene: Scene, sound: Sound | None) -> Waveform:
    """Return what is shown; without a `sound` that of `target`, which `followed` looks up."""
    if sound is None:
        scene.followed[node.path] = node.text("target", "", max_characters=256)
        sound = Sound(source=Source(src="", path=node.path_of("target")))
    look = node.over("style")
    return Waveform(
        sound=sound,
        paint=paint(look.first("color", "fill")) or WHITE,
        kind=node.choice("variant", "bars", _KINDS),
        n_bars=int(node.number("bars", 64, low=1, high=_MAX_BARS)),
        smoothing=node.number("smoothing", 0.6, low=0, high=0.98),
    )


def followed(tracks: tuple[Track, ...], *, scene: Scene) -> tuple[Track, ...]:
    """Give waveforms the sound of the clips that they name."""
    if not scene.followed:
        return tracks
    heard = {clip.id: clip for track in tracks for clip in _all(track.clips)}
    return tuple(
        replace(track, clips=tuple(_following(clip, heard, scene) for clip in track.clips))
        for track in tracks
    )


def _all(clips: Sequence[Clip]) -> Iterator[Clip]:
    for clip in clips:
        yield clip
        if isinstance(clip.content, Layout):
            yield from _all(clip.content.children)


def _following(clip: Clip, heard: Mapping[str, Clip], scene: Scene) -> Clip:
    content = clip.content
    if isinstance(content, Layout):
        children = tuple(_following(child, heard, scene) for child in content.children)
        return replace(clip, content=replace(content, children=children))
    name = scene.followed.get(clip.path)
    if not isinstance(content, Waveform) or name is None:
        return clip
    target = heard.get(name)
    if target is None or target.sound is None:
        scene.report.problem(
            f"{clip.path}.target", "REFERENCE", "No clip with a sound has this id.", got=name,
            allowed="the id of a clip that is heard",
        )  # fmt: skip
        return clip
    late, length = (
        float(Fraction(end - target.start_frame) / scene.frame_rate)
        for end in (clip.start_frame, target.end_frame)
    )
    sound = replace(target.sound, ducking=None, pan=0.0)
    return replace(
        clip, content=replace(content, sound=sound, late_seconds=late, length_seconds=length)
    )
