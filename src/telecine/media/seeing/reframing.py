"""A part of a film becomes a composition on a canvas of another shape, cut and captioned.

An ordinary document in RenderingVideo's dialect: whoever opens it as a project finds a clip for
each shot, whose crop has keyframes, one sound below all of them, and captions. Nothing is drawn
here, and what is drawn from it is the renderer's affair alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from types import MappingProxyType
from typing import Any, Final

from telecine.kit.errors import InvalidRequestError
from telecine.media.seeing import caption_styles, cues, layouts
from telecine.media.seeing.layouts import Layout, View
from telecine.media.seeing.model import Seen, Shot
from telecine.media.speech.transcript import Word

#: The canvas of an aspect.
CANVASES: Final[Mapping[str, tuple[int, int]]] = MappingProxyType(
    {"9:16": (1080, 1920), "1:1": (1080, 1080), "16:9": (1920, 1080)}
)
#: A picture is taken this much of a frame after its stamp: stamps are rounded, and the picture
#: before it belongs to another shot.
_INTO_FRAME: Final = 0.25
_MOST_FRAME_RATE: Final = 60
#: The ground: how soft and how dark, the blur as a share of the canvas's width.
_GROUND_BLUR: Final = 0.03
_GROUND_LIGHT: Final = 0.55
#: Shines through the ground, so that this is not black where the film is.
_BEHIND: Final = "#2a2f38"


@dataclass(frozen=True, slots=True, kw_only=True)
class Captioning:
    """What is written over a clip. Times of words are seconds of the file."""

    words: Sequence[Word]
    style: str = caption_styles.DEFAULT
    language: str = ""


def compose(
    seen: Seen,
    *,
    source: str,
    frame_rate: Fraction,
    aspect: str = "9:16",
    captioning: Captioning | None = None,
    has_sound: bool = True,
    title: str = "",
) -> dict[str, Any]:
    """Return the composition that shows what was seen on a canvas of that aspect.

    `source` is the film as the document names it: a path, an address or `file_id:`. `frame_rate`
    is the film's own; faster ones are halved. Raises `InvalidRequestError` for an aspect or a
    style that is not there.
    """
    if aspect not in CANVASES:
        raise InvalidRequestError(f"The aspect is one of {', '.join(CANVASES)}.", field="aspect")
    width, height = CANVASES[aspect]
    rate = _calm(frame_rate)
    maker = _Maker(seen=seen, source=source, frame_rate=rate, width=width, height=height)
    pictures = list(maker.pictures())
    tracks: list[dict[str, Any]] = [{"id": "pictures", "clips": pictures}]
    if grounds := [clip for clip in pictures if clip["id"].startswith("ground-")]:
        tracks[0]["clips"] = [clip for clip in pictures if clip not in grounds]
        tracks.insert(0, {"id": "grounds", "clips": grounds})
    if has_sound:
        tracks.append({"id": "sound", "clips": [maker.sound()]})
    if captioning is not None and (captions := maker.captions(captioning)):
        tracks.append({"id": "captions", "clips": captions})
    named = {"title": title} if title else {}
    meta = {
        "version": "2.0.0",
        "width": width,
        "height": height,
        "fps": round(float(rate), 3),
        "background": _BEHIND,
        **named,
    }
    return {"meta": meta, "tracks": tracks}


def _calm(frame_rate: Fraction) -> Fraction:
    while frame_rate > _MOST_FRAME_RATE:
        frame_rate /= 2
    return frame_rate


@dataclass(frozen=True, slots=True, kw_only=True)
class _Maker:
    seen: Seen
    source: str
    frame_rate: Fraction
    width: int
    height: int

    def pictures(self) -> Iterator[dict[str, Any]]:
        """Yield the clips that are seen: those of each shot, grounds before what stands on them."""
        chosen = layouts.choose(
            self.seen, aspect=self.width / self.height, frame_rate=float(self.frame_rate)
        )
        for number, layout in enumerate(_joined(chosen), start=1):
            when = self._when(layout.shot)
            if when["duration"] <= 0:
                continue
            if layout.ground is not None:
                yield self._ground(f"ground-{number}", layout.ground, layout.shot, when)
            for n_view, view in enumerate(layout.views):
                name = f"shot-{number}" + ("" if len(layout.views) == 1 else "ab"[n_view])
                yield self._view(name, layout, view, when)

    def sound(self) -> dict[str, Any]:
        """Return the one clip that is heard."""
        start, end = self.seen.start_seconds, self.seen.end_seconds
        return {
            "id": "sound",
            "type": "audio",
            "src": self.source,
            "source": {"start": round(start, 6), "end": round(end, 6)},
            **self._span(start, end),
        }

    def captions(self, captioning: Captioning) -> list[dict[str, Any]]:
        """Return the clips that are read."""
        style = caption_styles.STYLES.get(captioning.style)
        if style is None:
            known = ", ".join(caption_styles.STYLES)
            raise InvalidRequestError(
                f"The caption style is one of {known}.", field="caption_style"
            )
        start, end = self.seen.start_seconds, self.seen.end_seconds
        inside = [
            replace(
                word,
                start_seconds=max(0.0, word.start_seconds - start),
                end_seconds=min(word.end_seconds, end) - start,
            )
            for word in captioning.words
            if start <= (word.start_seconds + word.end_seconds) / 2 < end
        ]
        return cues.clips(
            inside,
            style=style,
            width=self.width,
            height=self.height,
            language=captioning.language,
            frame_rate=self.frame_rate,
            n_frames=self._frame(end),
        )

    def _frame(self, seconds: float) -> int:
        """Return the frame boundary of the film that is nearest to a time of the file."""
        return round((seconds - self.seen.start_seconds) * float(self.frame_rate))

    def _span(self, start_seconds: float, end_seconds: float) -> dict[str, Any]:
        first, after = self._frame(start_seconds), self._frame(end_seconds)
        return {
            "start": round(float(first / self.frame_rate), 6),
            "duration": round(float(Fraction(after - first) / self.frame_rate), 6),
        }

    def _when(self, shot: Shot) -> dict[str, Any]:
        into = _INTO_FRAME / float(self.frame_rate)
        return {
            "type": "video",
            "src": self.source,
            "muted": True,
            **self._span(shot.start_seconds, shot.end_seconds),
            "source": {"start": round(shot.start_seconds + into, 6)},
        }

    def _ground(self, name: str, view: View, shot: Shot, when: Mapping[str, Any]) -> dict[str, Any]:
        blur = round(_GROUND_BLUR * self.width)
        return {
            "id": name,
            **when,
            "transform": {"width": self.width, "height": self.height},
            "style": {
                "objectFit": "cover",
                # Dark by what shines through of the canvas behind it: a filter for that would
                # cost as much again as the blur, on every frame.
                "opacity": _GROUND_LIGHT,
                "filters": [{"type": "blur", "value": blur}],
            },
            **_cropped(view, since=shot.start_seconds),
        }

    def _view(
        self, name: str, layout: Layout, view: View, when: Mapping[str, Any]
    ) -> dict[str, Any]:
        area = view.area
        clip: dict[str, Any] = {
            "id": name,
            **when,
            "transform": {
                "x": round((area.left + area.width / 2 - 0.5) * self.width, 2),
                "y": round((area.top + area.height / 2 - 0.5) * self.height, 2),
                "width": round(area.width * self.width, 2),
                "height": round(area.height * self.height, 2),
            },
            "style": {"objectFit": "contain" if view.is_fitted else "cover"},
            "metadata": {"layout": layout.kind},
        }
        if not view.is_fitted:
            clip.update(_cropped(view, since=layout.shot.start_seconds))
        return clip


def _cropped(view: View, *, since: float) -> dict[str, Any]:
    """Return the crop of a window, and keyframes for the sides that move."""
    crop: dict[str, float] = {}
    keyframes = []
    sides = (
        ("Left", "Right", view.across, view.width),
        ("Top", "Bottom", view.down, view.height),
    )
    for low, high, way, length in sides:
        half = length / 2
        crop[low.lower()] = _cut(way[0].place - half)
        crop[high.lower()] = _cut(1 - way[0].place - half)
        if len(way) > 1:
            keyframes += [
                _moved(f"crop{low}", [(at.seconds - since, at.place - half) for at in way]),
                _moved(f"crop{high}", [(at.seconds - since, 1 - at.place - half) for at in way]),
            ]
    if not any(crop.values()) and not keyframes:
        return {}
    return {"crop": crop, **({"keyframes": keyframes} if keyframes else {})}


def _moved(name: str, frames: Sequence[tuple[float, float]]) -> dict[str, Any]:
    return {
        "property": name,
        "frames": [{"time": round(at, 6), "value": _cut(share)} for at, share in frames],
    }


def _cut(share: float) -> float:
    return round(max(0.0, share), 7)


def _joined(chosen: Sequence[Layout]) -> Iterator[Layout]:
    """Yield layouts, shots that are shown whole as one where they follow each other.

    A cut inside such a clip needs none here, and every clip costs a decoder its seek.
    """
    waiting: Layout | None = None
    for layout in chosen:
        if waiting is None:
            waiting = layout
        elif waiting.kind == layout.kind == "fit":
            shot = replace(waiting.shot, end_seconds=layout.shot.end_seconds)
            waiting = replace(waiting, shot=shot)
        else:
            yield waiting
            waiting = layout
    if waiting is not None:
        yield waiting
