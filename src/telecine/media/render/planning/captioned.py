"""Captions: a layer for each state of a page; states that look alike share one."""

from __future__ import annotations

from typing import Final

from telecine.media.render.display import CaptionPage
from telecine.media.render.measure import Measure, Size
from telecine.media.render.planning.layering import ForClip, Layers, Part
from telecine.media.render.planning.pages import Shot, shots
from telecine.media.render.planning.spans import Span, Steps, joined
from telecine.media.timeline.model import Captions

#: How long a page of captions takes to appear, where it is to fade in.
FADE_SECONDS: Final = 0.2


class CaptionPages:
    """The pages of one clip."""

    def __init__(
        self, captions: Captions, *, for_clip: ForClip, layers: Layers, measure: Measure
    ) -> None:
        self._captions = captions
        self._fade_frames = for_clip.clock.frame(FADE_SECONDS) if captions.fades_in else 0
        width = for_clip.clip.placement.width or captions.box_width or 0.8 * for_clip.around[0]
        style = for_clip.look_at(captions, 0).style
        layers.allowed([(0, len(captions.words))], for_clip)
        listed = list(shots(captions, clock=for_clip.clock))
        sizes: dict[tuple[str, ...], Size] = {}
        made: dict[tuple[object, ...], int] = {}
        self._states: Steps[tuple[Shot, int] | None] = Steps(None)
        after: int | None = None
        for shot in listed:
            page = shot.page
            texts = tuple(word.text for word in page.words)
            if texts not in sizes:
                sizes[texts] = measure.caption_size(page, width)
            key = _key(page)
            if key not in made:
                made[key] = layers.add(page, style, sizes[texts], for_clip=for_clip)
            if after is not None and shot.first > after:
                self._states.add(after, None)
            self._states.add(shot.first, (shot, made[key]))
            after = shot.end
        if after is not None and after < for_clip.clock.n_frames:
            self._states.add(after, None)
        self._made = layers.made
        self._listed = listed

    def size_at(self, frame: int) -> Size:
        state = self._states.at(frame)
        if state is None:
            return (1.0, 1.0)
        layer = self._made[state[1]]
        return layer.width, layer.height

    def parts_at(self, frame: int) -> tuple[Part, ...]:
        state = self._states.at(frame)
        if state is None:
            return ()
        shot, layer = state
        passed = frame - self._came(shot)
        if passed >= self._fade_frames:
            return (Part(layer=layer),)
        coming = Part(layer=layer, opacity=(passed + 1) / (self._fade_frames + 1))
        before = self._states.at(shot.first - 1) if shot.first > max(shot.came, 0) else None
        if self._captions.mode == "batch" or before is None:
            return (coming,)
        return (Part(layer=before[1]), coming)

    def moving(self) -> list[Span]:
        fades = [
            (shot.first, min(self._came(shot) + self._fade_frames + 1, shot.end))
            for shot in self._listed
            if self._fade_frames
        ]
        return joined([*self._states.spans(), *fades])

    def _came(self, shot: Shot) -> int:
        """Return when what fades in came: the page, or in a stream its last word."""
        return shot.came if self._captions.mode == "batch" else shot.first


def _key(page: CaptionPage) -> tuple[object, ...]:
    return tuple(word.text for word in page.words), page.spoken, page.visible
