"""A voiceover as a document: a ground, the picture, the picture of the sound, the sound, captions.

An ordinary composition in RenderingVideo's dialect: it opens as a project, and in other editors.
All colours are the picture's own. Lengths are shares of the canvas's shorter side.
"""

from __future__ import annotations

import colorsys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final

from telecine.kit.errors import InvalidRequestError
from telecine.media.seeing import caption_styles, cues
from telecine.media.speech.transcript import Word
from telecine.media.voiceover import arranging
from telecine.media.voiceover.arranging import Arrangement, Mode
from telecine.media.voiceover.levelling import RATE, Levelled
from telecine.media.voiceover.studying import Rgb, Study

FRAME_RATE: Final = 30
#: What the document calls its files.
PICTURE, VOICE, FILM = "picture.png", "voice.flac", "talking.mp4"

_EASING: Final = "easeInOutSine"
_GROUND_BLUR: Final = 0.045
_GROUND_LIGHT: Final = 0.58
#: So much larger, so that no blurred edge shows.
_GROUND_LARGER: Final = 1.22
_RADIUS: Final = 0.022
_SMOOTHING: Final = 0.82

_Clip = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Captioning:
    """What is written over the film; the words' times are the sound's."""

    words: Sequence[Word]
    style: str = caption_styles.DEFAULT
    language: str = ""


def n_frames(sound: Levelled) -> int:
    """Return how many frames the film has: none of the sound is cut off."""
    return -(-sound.n_samples * FRAME_RATE // RATE)


def compose(
    study: Study,
    sound: Levelled,
    *,
    canvas: tuple[int, int],
    mode: Mode = "auto",
    captioning: Captioning | None = None,
    has_film: bool = False,
    title: str = "",
) -> dict[str, Any]:
    """Return the composition, whose files are `PICTURE`, `VOICE` and, where `has_film`, `FILM`.

    A film is the picture, made to move elsewhere: as long as the sound, of the picture's shape.
    Raises `InvalidRequestError` for a caption style that is not there.
    """
    if captioning is not None and captioning.style not in caption_styles.STYLES:
        known = ", ".join(caption_styles.STYLES)
        raise InvalidRequestError(f"The caption style is one of {known}.", field="caption_style")
    has_captions = captioning is not None and len(captioning.words) > 0
    arranged = arranging.arrange(study, canvas=canvas, mode=mode, has_captions=has_captions)
    maker = _Maker(
        study=study, arranged=arranged, canvas=canvas, mode=mode, n_frames=n_frames(sound)
    )
    tracks = [
        {"id": "ground", "clips": list(maker.ground())},
        {"id": "picture", "clips": [maker.picture(has_film=has_film)]},
        {"id": "wave", "clips": list(maker.wave())},
        {"id": "voice", "clips": [maker.voice()]},
    ]
    if captioning is not None:
        tracks.append({"id": "captions", "clips": maker.captions(captioning)})
    meta: dict[str, Any] = {
        "version": "2.0.0",
        "width": canvas[0],
        "height": canvas[1],
        "fps": FRAME_RATE,
        "background": _hex(_dark(study.main, 0.1)),
    }
    if title:
        meta["title"] = title
    return {"meta": meta, "tracks": [track for track in tracks if track["clips"]]}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Maker:
    study: Study
    arranged: Arrangement
    canvas: tuple[int, int]
    mode: Mode
    n_frames: int

    @property
    def seconds(self) -> float:
        return round(self.n_frames / FRAME_RATE, 6)

    @property
    def unit(self) -> int:
        return min(self.canvas)

    def ground(self) -> Iterator[_Clip]:
        """Yield what lies behind a picture that does not cover all."""
        if self.arranged.is_full:
            return
        width, height = self.canvas
        if self.study.is_whole:
            yield self._colours()
            return
        yield {
            "id": "ground",
            "type": "image",
            "src": PICTURE,
            **self._always(),
            "transform": {
                "width": round(width * _GROUND_LARGER),
                "height": round(height * _GROUND_LARGER),
            },
            "style": {
                "objectFit": "cover",
                "filters": [
                    {"type": "blur", "value": round(_GROUND_BLUR * max(self.canvas), 1)},
                    {"type": "saturate", "value": 1.15},
                    {"type": "brightness", "value": _GROUND_LIGHT},
                ],
            },
        }

    def picture(self, *, has_film: bool) -> _Clip:
        """Return the picture, which moves if it is to."""
        area = self.arranged.area
        clip: _Clip = {
            "id": "picture",
            "type": "video" if has_film else "image",
            "src": FILM if has_film else PICTURE,
            **({"muted": True} if has_film else {}),
            **self._always(),
            "transform": self._at(area),
            "style": {"objectFit": "fill", **self._card()},
        }
        if self.arranged.is_moving and not has_film:
            clip["keyframes"] = list(self._ways())
        else:
            look = self.arranged.looks[0]
            clip["transform"]["scale"] = round(look.scale, 6)
            clip["transform"]["x"] += round(look.x, 3)
            clip["transform"]["y"] += round(look.y, 3)
        return clip

    def wave(self) -> Iterator[_Clip]:
        """Yield the picture of the sound, with what makes it readable."""
        area = self.arranged.wave
        if area is None:
            return
        if self.arranged.is_full:
            yield self._shade()
        light = _light(self.study.accent)
        yield {
            "id": "wave",
            "type": "waveform",
            "target": "voice",
            "variant": "bars",
            **self._always(),
            "bars": self._n_bars(area.width),
            "smoothing": _SMOOTHING,
            "color": _hex(light) if self.mode == "audiogram" else "#ffffff",
            "transform": self._at(area),
            "style": {"opacity": 0.95},
        }
        if self.mode == "audiogram":
            yield self._progress(area, light)

    def voice(self) -> _Clip:
        """Return what is heard."""
        return {"id": "voice", "type": "audio", "src": VOICE, **self._always()}

    def captions(self, captioning: Captioning) -> list[_Clip]:
        """Return the clips that are read."""
        return cues.clips(
            captioning.words,
            style=caption_styles.STYLES[captioning.style],
            width=self.canvas[0],
            height=self.canvas[1],
            language=captioning.language,
            frame_rate=Fraction(FRAME_RATE),
            n_frames=self.n_frames,
        )

    def _always(self) -> _Clip:
        return {"start": 0, "duration": self.seconds}

    def _at(self, area: arranging.Area) -> dict[str, float]:
        return {
            "x": round(area.x - self.canvas[0] / 2, 3),
            "y": round(area.y - self.canvas[1] / 2, 3),
            "width": round(area.width, 3),
            "height": round(area.height, 3),
        }

    def _card(self) -> dict[str, Any]:
        """Return a shadow for what lies on a ground, and round corners unless it has none."""
        if self.arranged.is_full:
            return {}
        shadow = {
            "shadowColor": "#00000080",
            "shadowBlur": round(0.05 * self.unit, 1),
            "shadowOffset": [0, round(0.012 * self.unit, 1)],
        }
        if self.study.has_alpha:
            return {**shadow, "shadowColor": "#00000059"}
        if self.arranged.area.width >= self.canvas[0]:
            return shadow
        return {**shadow, "borderRadius": round(_RADIUS * self.unit, 1)}

    def _ways(self) -> Iterator[dict[str, Any]]:
        """Yield the keyframes: there and back, as often as there is time for."""
        n_legs = arranging.legs(self.seconds)
        at = self._at(self.arranged.area)
        values = {
            "scale": [look.scale for look in self.arranged.looks],
            "x": [at["x"] + look.x for look in self.arranged.looks],
            "y": [at["y"] + look.y for look in self.arranged.looks],
        }
        for name, ends in values.items():
            if ends[0] == ends[1] == at.get(name):
                continue
            yield {
                "property": name,
                "frames": [
                    {
                        "time": round(self.seconds * leg / n_legs, 6),
                        "value": round(ends[leg % 2], 6),
                        "easing": _EASING,
                    }
                    for leg in range(n_legs + 1)
                ],
            }

    def _colours(self) -> _Clip:
        """Return a ground of two colours of the picture."""
        return {
            "id": "ground",
            "type": "rect",
            **self._always(),
            "transform": {"width": self.canvas[0], "height": self.canvas[1]},
            "style": {
                "fill": {
                    "type": "linear",
                    "angle": 60,
                    "stops": [
                        {"offset": 0, "color": _hex(_dark(self.study.accent, 0.34))},
                        {"offset": 1, "color": _hex(_dark(self.study.accent, 0.13))},
                    ],
                }
            },
        }

    def _shade(self) -> _Clip:
        """Return a shade along the lower edge, on which what is white can be seen."""
        width, height = self.canvas
        tall = 0.3 * height
        dark = _hex(_dark(self.study.main, 0.06))
        return {
            "id": "shade",
            "type": "rect",
            **self._always(),
            "transform": {
                "y": round((height - tall) / 2, 2),
                "width": width,
                "height": round(tall, 2),
            },
            "style": {
                "fill": {
                    "type": "linear",
                    "angle": 90,
                    "stops": [
                        {"offset": 0, "color": f"{dark}00"},
                        {"offset": 0.55, "color": f"{dark}59"},
                        {"offset": 1, "color": f"{dark}b3"},
                    ],
                }
            },
        }

    def _n_bars(self, width: float) -> int:
        pitch = max(4.0, 0.0115 * self.unit * (1.6 if self.mode == "audiogram" else 1.0))
        return max(9, int(width / pitch) // 2 * 2 + 1)

    def _progress(self, area: arranging.Area, light: Rgb) -> _Clip:
        thickness = max(2, round(0.005 * self.unit))
        return {
            "id": "progress",
            "type": "progress",
            "variant": "bar",
            **self._always(),
            "color": _hex(light),
            "thickness": thickness,
            "transform": {
                "x": round(area.x - self.canvas[0] / 2, 2),
                "y": round(area.y + area.height / 2 + 0.03 * self.unit - self.canvas[1] / 2, 2),
                "width": round(area.width, 2),
            },
        }


def _hex(colour: Rgb) -> str:
    red, green, blue = colour
    return f"#{red:02x}{green:02x}{blue:02x}"


def _dark(colour: Rgb, value: float) -> Rgb:
    """Return a colour as dark as a ground is to be; greys stay grey."""
    hue, saturation, _ = colorsys.rgb_to_hsv(*(part / 255 for part in colour))
    return _rgb(hue, min(saturation, 0.7), value)


def _light(colour: Rgb) -> Rgb:
    """Return a colour that is seen on what is dark."""
    hue, saturation, _ = colorsys.rgb_to_hsv(*(part / 255 for part in colour))
    return _rgb(hue, min(saturation, 0.45), 0.98)


def _rgb(hue: float, saturation: float, value: float) -> Rgb:
    red, green, blue = (round(255 * part) for part in colorsys.hsv_to_rgb(hue, saturation, value))
    return red, green, blue
