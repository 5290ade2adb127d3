"""Green screens: what is taken out of moving and still pictures, and that both do it alike."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from tests.media.timeline.documents import clip, document, faults

from telecine.media.render.drawing.fonts import FontBook
from telecine.media.render.drawing.keying import Keyed
from telecine.media.render.drawing.pixels import to_planes
from telecine.media.render.drawing.sprites import Sprites
from telecine.media.render.measuring import Measuring
from telecine.media.render.planes import Planes
from telecine.media.render.planning.plan import plan
from telecine.media.render.reference import to_rgba
from telecine.media.timeline.model import ChromaKey, Colour, Image, Video
from telecine.media.timeline.rv import parse_rv

GREEN = (0, 177, 64)
KEY = ChromaKey(colour=Colour(red=0, green=177 / 255, blue=64 / 255))

Rgb = npt.NDArray[np.uint8]


def stage() -> Rgb:
    """A red box, a white one and a skin-coloured one before a screen, in shadow on its right."""
    picture = np.empty((48, 96, 3), np.uint8)
    picture[:, :64] = GREEN
    picture[:, 64:] = np.array(GREEN) * 0.7
    for left, colour in ((8, (220, 30, 30)), (28, (255, 255, 255)), (48, (224, 172, 138))):
        picture[8:40, left : left + 12] = colour
    return picture


class Still:
    """A source that shows one picture."""

    def __init__(self, planes: Planes) -> None:
        self.planes = planes

    def frame_at(self, seconds: Fraction) -> Planes:
        del seconds
        return self.planes

    def close(self) -> None:
        pass


def moving(picture: Rgb, key: ChromaKey = KEY) -> npt.NDArray[np.uint8]:
    rgba = np.dstack([picture, np.full(picture.shape[:2], 255, np.uint8)])
    source = Keyed(Still(to_planes(rgba)), key)
    found = source.frame_at(Fraction(0))
    assert found is not None
    assert found is source.frame_at(Fraction(1))
    return to_rgba(found)


def standing(picture: Rgb, folder: Path) -> npt.NDArray[np.uint8]:
    cv2.imwrite(str(folder / "stage.png"), cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
    key = {"color": "#00b140"}
    parsed = parse_rv(document(clip("image", src="stage.png", chromaKey=key)))
    assert parsed.timeline is not None
    sprites = Sprites(fonts=FontBook(), find=lambda source: folder / source.src)
    measuring = Measuring(sprites, find=lambda source: folder / source.src)
    (layer,) = plan(parsed.timeline, measure=measuring).layers
    drawn = sprites.pixels(layer)
    whole = np.zeros((round(layer.height * drawn.scale), round(layer.width * drawn.scale), 4))
    left, top = round(drawn.left * drawn.scale), round(drawn.top * drawn.scale)
    height, width = drawn.rgba.shape[:2]
    whole[top : top + height, left : left + width] = drawn.rgba
    return np.asarray(cv2.resize(whole, (96, 48), interpolation=cv2.INTER_AREA), np.uint8)


@pytest.mark.parametrize("way", ["moving", "standing"])
def test_the_screen_goes_and_what_stands_before_it_stays(way: str, tmp_path: Path) -> None:
    picture = stage()
    found = moving(picture) if way == "moving" else standing(picture, tmp_path)
    for x in (3, 24, 44, 70, 90):
        assert found[24, x, 3] == 0, x
    for left in (8, 28, 48):
        inside = found[14:34, left + 4 : left + 8].astype(np.int16)
        assert inside[..., 3].min() == 255
        assert np.abs(inside[..., :3] - picture[24, left + 6]).max() <= 3


def test_edges_have_no_green_hem() -> None:
    soft = np.asarray(cv2.GaussianBlur(stage(), (7, 7), 1.5), np.uint8)
    found = moving(soft).astype(np.int16)
    around_white = found[8:40, 22:46]
    assert (around_white[..., 3] > 0).any()
    hem = around_white[..., 1] - np.maximum(around_white[..., 0], around_white[..., 2])
    assert hem.max() < 90


def test_a_wider_similarity_takes_more() -> None:
    wide = ChromaKey(colour=KEY.colour, similarity=0.5)
    assert int(moving(stage(), wide)[..., 3].sum()) < int(moving(stage())[..., 3].sum())


def test_planes_hold_nothing_where_the_screen_was() -> None:
    rgba = np.dstack([stage(), np.full((48, 96), 255, np.uint8)])
    found = Keyed(Still(to_planes(rgba)), KEY).frame_at(Fraction(0))
    assert found is not None
    assert found.alpha is not None
    assert found.alpha_half is not None
    assert found.y[found.alpha == 0].max() == 0
    assert found.u[found.alpha_half == 0].max() == found.v[found.alpha_half == 0].max() == 0


@pytest.mark.parametrize("kind", ["video", "image"])
def test_a_key_is_read(kind: str) -> None:
    key: dict[str, Any] = {"color": "#00ff00", "similarity": 0.2, "blend": 0.1}
    parsed = parse_rv(document(clip(kind, src="a", chromaKey=key)))
    assert parsed.timeline is not None
    content = parsed.timeline.tracks[0].clips[0].content
    assert isinstance(content, Image | Video)
    green = Colour(red=0, green=1, blue=0)
    assert content.key == ChromaKey(colour=green, similarity=0.2, blend=0.1)
    wrong = parse_rv(document(clip(kind, src="a", chromaKey={"similarity": 2})))
    assert [code for _, code in faults(wrong)] == ["REQUIRED", "RANGE"]
