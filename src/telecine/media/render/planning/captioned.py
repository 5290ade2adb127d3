"""Captions: a layer for each state of a page; states that look alike share one.

A spoken word that does more than change its colour is a layer of its own, above a page without
it: so only a small picture moves.
"""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec.structs import replace

from telecine.media.render.display import CaptionPage
from telecine.media.render.measure import Box, Measure, Size
from telecine.media.render.planning import spoken
from telecine.media.render.planning.layering import ForClip, Layers, Part
from telecine.media.render.planning.pages import Shot, shots
from telecine.media.render.planning.spans import Span, Steps, joined
from telecine.media.render.planning.spoken import AT_REST, Spoken
from telecine.media.timeline.model import Captions, Filter, Stroke, Style

#: How long a page of captions takes to appear, where it is to fade in.
FADE_SECONDS: Final = 0.2
#: The light about a word: how far its letters are thickened, then blurred, in shares of the
#: size of type; and how bright it is, so that letters stand out from it.
_GLOW_WIDTH, _GLOW_BLUR = 0.14, 0.2
_GLOW_OPACITY: Final = 0.75


class _Word(msgspec.Struct, frozen=True, kw_only=True):
    """A word apart from its page: its layers, and where on the page it stands."""

    layer: int
    glow: int | None
    box: Box
    size: float
    largest: float


class _State(msgspec.Struct, frozen=True, kw_only=True):
    """What is shown for a while: a page, and the word that is apart from it."""

    shot: Shot
    layer: int
    word: _Word | None


class CaptionPages:
    """The pages of one clip."""

    def __init__(
        self, captions: Captions, *, for_clip: ForClip, layers: Layers, measure: Measure
    ) -> None:
        self._captions = captions
        self._for_clip = for_clip
        self._fade_frames = for_clip.clock.frame(FADE_SECONDS) if captions.fades_in else 0
        self._width = (
            for_clip.clip.placement.width or captions.box_width or 0.8 * for_clip.around[0]
        )
        self._style = for_clip.look_at(captions, 0).style
        self._layers = layers
        self._measure = measure
        self._sizes: dict[tuple[str, ...], Size] = {}
        self._made: dict[tuple[object, ...], int] = {}
        n_parts = 1 if captions.emphasis == "none" else 2
        layers.allowed([(0, n_parts * len(captions.words))], for_clip)
        self._states: Steps[_State | None] = Steps(None)
        after: int | None = None
        for shot in shots(captions, clock=for_clip.clock):
            if after is not None and shot.first > after:
                self._states.add(after, None)
            self._states.add(shot.first, self._state(shot))
            after = shot.end
        if after is not None and after < for_clip.clock.n_frames:
            self._states.add(after, None)

    def size_at(self, frame: int) -> Size:
        state = self._states.at(frame)
        if state is None:
            return (1.0, 1.0)
        layer = self._layers.made[state.layer]
        return layer.width, layer.height

    def parts_at(self, frame: int) -> tuple[Part, ...]:
        state = self._states.at(frame)
        if state is None:
            return ()
        share = self._faded(state.shot, frame)
        before = self._before(state.shot) if share < 1.0 else None
        if state.word is None:
            coming = Part(layer=state.layer, opacity=share)
            return (coming,) if before is None else (Part(layer=before.layer), coming)
        page = Part(layer=state.layer, opacity=share if before is None else 1.0)
        return (page, *self._word_parts(state.word, self._spoken(state, frame), share))

    def moving(self) -> list[Span]:
        spans = list(self._states.spans())
        for state in self._states.values():
            if state is None:
                continue
            shot = state.shot
            if self._fade_frames:
                spans.append((shot.first, min(self._came(shot) + self._fade_frames + 1, shot.end)))
            if state.word is not None:
                frames = range(shot.first + 1, shot.end)
                spans += [
                    (n, n + 1)
                    for n in frames
                    if self._spoken(state, n) != self._spoken(state, n - 1)
                ]
        return joined(spans)

    def _state(self, shot: Shot) -> _State:
        page = shot.page
        word = self._apart(page)
        if word is None:
            return _State(shot=shot, layer=self._layer(page), word=None)
        size = self._size(page)
        box = self._measure.word_box(page, word, size)
        type_size = (box[3] - box[1]) / self._captions.line_height
        largest = spoken.largest_scale(self._captions.emphasis, box, size=type_size)
        return _State(
            shot=shot,
            layer=self._layer(replace(page, without=word)),
            word=_Word(
                layer=self._layer(replace(page, only=word), scale=largest),
                glow=self._glow(replace(page, only=word), type_size),
                box=box,
                size=type_size,
                largest=largest,
            ),
        )

    def _apart(self, page: CaptionPage) -> int | None:
        """Return the word that moves: the spoken one, in a stream the last."""
        if self._captions.emphasis == "none":
            return None
        return page.visible - 1 if self._captions.mode == "stream" else page.spoken

    def _size(self, page: CaptionPage) -> Size:
        texts = tuple(word.text for word in page.words)
        if texts not in self._sizes:
            self._sizes[texts] = self._measure.caption_size(page, self._width)
        return self._sizes[texts]

    def _layer(self, page: CaptionPage, *, scale: float = 1.0, style: Style | None = None) -> int:
        key = (_key(page), style)
        if key not in self._made:
            for_clip = replace(self._for_clip, scale=self._for_clip.scale * scale)
            self._made[key] = self._layers.add(
                page, style or self._style, self._size(page), for_clip=for_clip
            )
        return self._made[key]

    def _glow(self, page: CaptionPage, size: float) -> int | None:
        if self._captions.emphasis != "glow":
            return None
        colour = self._captions.highlight
        thick = Stroke(paint=colour, width=_GLOW_WIDTH * size)
        lit = replace(self._captions, colour=colour, outline=thick)
        blur = Filter(kind="blur", value=_GLOW_BLUR * size)
        style = replace(self._style, shadow=None, filters=(*self._style.filters, blur))
        return self._layer(replace(page, captions=lit), style=style)

    def _spoken(self, state: _State, frame: int) -> Spoken:
        shot, word = state.shot, state.word
        if word is None:
            return AT_REST
        return spoken.spoken_at(
            self._captions.emphasis, frame - shot.first, n_frames=shot.end - shot.first,
            frame_rate=self._for_clip.clock.frame_rate, largest=word.largest,
        )  # fmt: skip

    @staticmethod
    def _word_parts(word: _Word, at: Spoken, opacity: float) -> tuple[Part, ...]:
        place = spoken.place(at, word.box, size=word.size, largest=word.largest)
        letters = Part(layer=word.layer, place=place, opacity=opacity)
        if word.glow is None or at.glow <= 0.0:
            return (letters,)
        return (Part(layer=word.glow, opacity=opacity * at.glow * _GLOW_OPACITY), letters)

    def _faded(self, shot: Shot, frame: int) -> float:
        passed = frame - self._came(shot)
        return 1.0 if passed >= self._fade_frames else (passed + 1) / (self._fade_frames + 1)

    def _before(self, shot: Shot) -> _State | None:
        """Return what stays while a word of a stream fades in."""
        if self._captions.mode == "batch" or shot.first <= max(shot.came, 0):
            return None
        return self._states.at(shot.first - 1)

    def _came(self, shot: Shot) -> int:
        """Return when what fades in came: the page, or in a stream its last word."""
        return shot.came if self._captions.mode == "batch" else shot.first


def _key(page: CaptionPage) -> tuple[object, ...]:
    texts = tuple(word.text for word in page.words)
    return texts, page.spoken, page.visible, page.only, page.without
