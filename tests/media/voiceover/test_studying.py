"""A voiceover's picture, made fit for drawing: upright, in sRGB, its first frame, and what it is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import pyvips
from tests import samples
from tests.media.seeing import watching

from telecine import settings, shelves
from telecine.kit.errors import UndecodableMediaError
from telecine.media.pool import Pool
from telecine.media.seeing.looking import Eyes
from telecine.media.voiceover import intake, studying
from telecine.media.voiceover.studying import Study

LIMITS = intake.Limits(max_pixels=100_000_000, max_seconds=60)


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    with shelves.pool(settings.load({})) as made:
        yield made


def study(
    pool: Pool, source: Path, *, canvas: tuple[int, int] = (640, 360), eyes: Eyes | None = None
) -> Study:
    folder = source.parent / f"{source.name}.work"
    folder.mkdir()
    return studying.study(
        pool,
        source,
        found=intake.measure_picture(pool, source, limits=LIMITS),
        canvas=canvas,
        workspace=folder,
        max_pixels=LIMITS.max_pixels,
        eyes=eyes,
    )


def pixels(path: Path) -> np.ndarray:
    image = pyvips.Image.new_from_file(str(path))
    return np.asarray(image.numpy())


def halves(*, width: int = 160, height: int = 120) -> pyvips.Image:
    """Red above, blue below."""
    red = plain(width, height // 2, colour=(220, 20, 20))
    return red.join(plain(width, height // 2, colour=(20, 20, 220)), "vertical")


def plain(width: int, height: int, *, colour: tuple[int, int, int]) -> pyvips.Image:
    image = pyvips.Image.black(width, height).new_from_image(list(colour))
    return image.cast("uchar").copy(interpretation="srgb")


def test_a_turned_photograph_is_upright(pool: Pool, tmp_path: Path) -> None:
    source = tmp_path / "turned.jpg"
    # As a telephone stores it that was held upright: to be turned clockwise.
    turned = halves().rot270().copy()
    turned.set_type(pyvips.GValue.gint_type, "orientation", 6)
    turned.write_to_file(str(source))
    found = study(pool, source)
    assert (found.width, found.height) == (160, 120)
    upright = pixels(found.path)
    assert upright[10, 80, 0] > 180 > 80 > upright[10, 80, 2]
    assert upright[110, 80, 2] > 180 > 80 > upright[110, 80, 0]


def test_the_inks_of_a_cmyk_jpeg_become_colours(pool: Pool, tmp_path: Path) -> None:
    source = tmp_path / "inks.jpg"
    inks = halves().icc_transform("cmyk", input_profile="srgb", intent="perceptual")
    inks.write_to_file(str(source))
    assert pyvips.Image.new_from_file(str(source)).interpretation == "cmyk"
    found = study(pool, source)
    above = pixels(found.path)[10, 80]
    assert above[0] > 150 > 100 > above[2]


def test_of_an_animation_the_first_frame_is_taken(pool: Pool, tmp_path: Path) -> None:
    source = tmp_path / "moving.webp"
    frames = halves(height=120).join(halves(height=120).flipver(), "vertical").copy()
    frames.set_type(pyvips.GValue.gint_type, "page-height", 120)
    frames.write_to_file(str(source), page_height=120)
    found = study(pool, source)
    assert (found.width, found.height) == (160, 120)
    assert pixels(found.path)[10, 80, 0] > 150


def test_forty_megapixels_are_kept_as_large_as_they_are_shown(pool: Pool, tmp_path: Path) -> None:
    source = tmp_path / "large.jpg"
    pyvips.Image.black(8000, 5000, bands=3).copy(interpretation="srgb").write_to_file(str(source))
    found = study(pool, source, canvas=(1280, 720))
    assert found.sent_size == (8000, 5000)
    assert (found.width, found.height) == (1600, 1000)


def test_a_damaged_picture_is_undecodable(pool: Pool, tmp_path: Path) -> None:
    source = samples.make_cut(tmp_path / "cut.png", source=samples.astronaut(), share=0.3)
    with pytest.raises(UndecodableMediaError) as caught:
        study(pool, source)
    assert caught.value.field == "image"


def test_a_photograph_a_screenshot_and_a_logo_are_told_apart(pool: Pool, tmp_path: Path) -> None:
    photograph = tmp_path / "photograph.jpg"
    pyvips.Image.new_from_file(str(samples.astronaut())).write_to_file(str(photograph))
    found = study(pool, photograph)
    assert (found.is_drawn, found.has_alpha) == (False, False)

    screen = plain(400, 300, colour=(245, 246, 250))
    screen = screen.draw_rect([30, 40, 70], 0, 0, 400, 40, fill=True)
    screen = screen.draw_rect([47, 111, 237], 60, 90, 120, 60, fill=True)
    screenshot = tmp_path / "screenshot.png"
    screen.write_to_file(str(screenshot))
    found = study(pool, screenshot)
    assert (found.is_drawn, found.has_alpha) == (True, False)
    red, green, blue = found.accent
    assert blue > green > red  # the button, not the white that there is most of

    cutout = tmp_path / "logo.webp"
    clear = pyvips.Image.black(96, 96).draw_circle(255, 48, 48, 40, fill=True)
    logo = plain(96, 96, colour=(230, 90, 20)).bandjoin(clear)
    logo.write_to_file(str(cutout), lossless=True)
    found = study(pool, cutout)
    assert found.has_alpha
    assert found.accent[0] > 200 > found.accent[2]


def test_faces_are_found_once_and_none_where_nobody_looks(pool: Pool, tmp_path: Path) -> None:
    source = tmp_path / "portrait.png"
    source.write_bytes(samples.astronaut().read_bytes())
    found = study(pool, source, eyes=watching.eyes())
    assert found.faces is not None
    (one,) = found.faces
    assert one.box.x == pytest.approx(0.44, abs=0.03)
    assert one.box.y == pytest.approx(0.24, abs=0.04)
    assert not (found.path.parent / "picture.rgb").exists()


def test_without_eyes_nobody_is_looked_for(pool: Pool, tmp_path: Path) -> None:
    source = tmp_path / "plain.png"
    halves().write_to_file(str(source))
    assert study(pool, source).faces is None
