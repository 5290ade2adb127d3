"""Images: upright, fitted, cropped and averaged; what is broken names its path."""

from __future__ import annotations

import math
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import pyvips
from tests.media.render.layers import (
    BLACK,
    BLUE,
    GREEN,
    RED,
    WHITE,
    colour_at,
    drawn,
    ink,
    layer_of,
    near,
    sprites,
)

from telecine.kit.errors import MediaLimitError, UndecodableMediaError
from telecine.media.render.drawing.pixels import new_surface
from telecine.media.render.drawing.stills import draw_still, plain_still, still_size
from telecine.media.timeline.model import (
    Crop,
    Fit,
    Image,
    Source,
    Stroke,
    Style,
)

#: Quarters: red, green, blue, white, from the top left by rows.
QUARTERS = np.zeros((40, 60, 3), np.uint8)
QUARTERS[:20, :30] = (255, 0, 0)
QUARTERS[:20, 30:] = (0, 255, 0)
QUARTERS[20:, :30] = (0, 0, 255)
QUARTERS[20:, 30:] = (255, 255, 255)


def saved(path: Path, pixels: np.ndarray, *, orientation: int = 1) -> Image:
    """Write an image by its suffix and return a content that shows it."""
    image = pyvips.Image.new_from_array(pixels, interpretation="srgb").copy()
    image.set_type(pyvips.GValue.gint_type, "orientation", orientation)
    image.write_to_file(str(path), **({"Q": 95} if path.suffix in (".jpg", ".webp") else {}))
    return image_of(path)


def image_of(path: Path) -> Image:
    return Image(source=Source(src=str(path), path="tracks[0].clips[0].src"))


TURNS: list[Callable[[np.ndarray], np.ndarray]] = [
    lambda image: image,
    np.fliplr,
    lambda image: np.rot90(image, 2),
    np.flipud,
    lambda image: image.transpose(1, 0, 2),
    lambda image: np.rot90(image, -1),
    lambda image: np.rot90(image, 2).transpose(1, 0, 2),
    np.rot90,
]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_an_image_is_upright_whatever_its_exif_orientation(
    orientation: int, tmp_path: Path
) -> None:
    content = saved(tmp_path / "turned.png", QUARTERS, orientation=orientation)
    wanted = TURNS[orientation - 1](QUARTERS)
    height, width = wanted.shape[:2]
    assert still_size(content.source, Path(content.source.src)) == (width, height)
    rgba = drawn(layer_of(content, size=(width, height)), margin=0)
    assert (rgba[..., :3] == wanted).mean() > 0.99
    # And when it is shrunk, or turned and cropped at once.
    small = drawn(layer_of(content, size=(width / 2, height / 2)), margin=0)
    middles = np.ix_((height // 8, 3 * height // 8), (width // 8, 3 * width // 8))
    doubled = np.ix_((height // 4, 3 * height // 4), (width // 4, 3 * width // 4))
    assert np.abs(small[..., :3][middles].astype(int) - wanted[doubled]).max() <= 3
    style = Style(crop=Crop(left=0.5), fit="fill")
    part = drawn(layer_of(content, size=(width / 2, height), style=style), margin=0)
    assert (part[..., :3] == wanted[:, width // 2 :]).mean() > 0.97


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "tif", "gif", "avif"])
def test_images_of_many_kinds_are_drawn(suffix: str, tmp_path: Path) -> None:
    content = saved(tmp_path / f"image.{suffix}", QUARTERS)
    rgba = drawn(layer_of(content, size=(60, 40)), margin=0)
    for place, colour in {(15, 10): RED, (45, 10): GREEN, (15, 30): BLUE, (45, 30): WHITE}.items():
        wanted = tuple(round(255 * part) for part in (colour.red, colour.green, colour.blue))
        assert near(colour_at(rgba, *place), (*wanted, 255), by=12)


def test_grey_images_and_sixteen_bits_are_drawn(tmp_path: Path) -> None:
    grey = np.full((10, 10, 1), 100, np.uint8)
    content = saved(tmp_path / "grey.png", grey)
    assert colour_at(drawn(layer_of(content, size=(10, 10)), margin=0), 5, 5) == (
        100,
        100,
        100,
        255,
    )
    deep = pyvips.Image.new_from_array(
        np.full((10, 10, 3), 25_700, np.uint16), interpretation="rgb16"
    )
    deep.write_to_file(str(tmp_path / "deep.png"))
    rgba = drawn(layer_of(image_of(tmp_path / "deep.png"), size=(10, 10)), margin=0)
    assert near(colour_at(rgba, 5, 5), (100, 100, 100, 255), by=1)


def test_transparent_images_have_no_fringe(tmp_path: Path) -> None:
    pixels = np.zeros((80, 80, 4), np.uint8)
    pixels[...] = (255, 255, 255, 0)  # white, but not seen
    pixels[20:60, 20:60] = (255, 0, 0, 255)
    content = saved(tmp_path / "alpha.png", pixels)
    rgba = drawn(layer_of(content, size=(37, 37)), margin=0)
    assert (rgba[..., 1:3] <= 1).all()
    assert ink(rgba)[0] == pytest.approx(9, abs=1)


@pytest.mark.parametrize(
    ("fit", "box"),
    [
        ("contain", (70, 40, 130, 80)),
        ("cover", (40, 40, 160, 80)),
        ("fill", (40, 40, 160, 80)),
    ],
)
def test_an_image_is_fitted_into_its_box(
    fit: Fit, box: tuple[int, int, int, int], tmp_path: Path
) -> None:
    content = saved(tmp_path / "image.png", QUARTERS)
    rgba = drawn(layer_of(content, size=(120, 40), style=Style(fit=fit)))
    assert ink(rgba) == box
    left, top, right, bottom = box
    assert near(colour_at(rgba, left + 5, top + 5), (255, 0, 0, 255))
    assert near(colour_at(rgba, right - 5, bottom - 5), (255, 255, 255, 255))


def test_an_edge_inside_of_a_pixel_covers_its_share(tmp_path: Path) -> None:
    content = saved(tmp_path / "image.png", QUARTERS)
    row = drawn(layer_of(content, size=(120.5, 40)))[50, :, 3]
    assert [int(row[place]) for place in (69, 70, 71)] == pytest.approx([0, 191, 255], abs=3)


def test_an_image_is_cropped_before_it_is_fitted(tmp_path: Path) -> None:
    content = saved(tmp_path / "image.png", QUARTERS)
    style = Style(crop=Crop(left=0.5, bottom=0.5))
    rgba = drawn(layer_of(content, size=(60, 40), style=style))
    assert ink(rgba) == (40, 40, 100, 80)
    green = rgba[42:78, 42:98]
    assert np.abs(green.astype(int) - (0, 255, 0, 255)).max() <= 1


def test_a_crop_of_everything_is_no_crash(tmp_path: Path) -> None:
    content = saved(tmp_path / "image.png", QUARTERS)
    for crop in (Crop(left=1), Crop(left=0.5, right=0.5), Crop(left=1, top=1, right=1, bottom=1)):
        drawn(layer_of(content, size=(60, 40), style=Style(crop=crop)))


def test_a_large_image_is_averaged_not_sampled(tmp_path: Path) -> None:
    # One white pixel of sixteen: sampling would see all of them, or none.
    pixels = np.zeros((400, 400, 3), np.uint8)
    pixels[::4, ::4] = 255
    content = saved(tmp_path / "dots.png", pixels)
    rgba = drawn(layer_of(content, size=(40, 40)), margin=0)
    assert rgba[4:-4, 4:-4, 0].mean() == pytest.approx(16, abs=2)
    assert rgba[4:-4, 4:-4, 0].max() < 40


def test_rounded_corners_and_a_stroke_go_round_an_image(tmp_path: Path) -> None:
    content = saved(tmp_path / "image.png", QUARTERS)
    style = Style(corner_radii=(15, 15, 15, 15), stroke=Stroke(paint=BLACK, width=4))
    rgba = drawn(layer_of(content, size=(60, 40), style=style))
    assert ink(rgba) == (38, 38, 102, 82)
    assert colour_at(rgba, 42, 42)[3] == 0
    assert colour_at(rgba, 70, 40) == (0, 0, 0, 255)


def test_an_image_of_twenty_thousand_px_is_drawn(tmp_path: Path) -> None:
    path = tmp_path / "wide.png"
    wide = pyvips.Image.black(20_000, 400).copy(interpretation="b-w")
    wide.draw_rect(255, 10_000, 0, 10_000, 400, fill=True).write_to_file(str(path), compression=1)
    rgba = drawn(layer_of(image_of(path), size=(200, 4)), margin=0)
    assert colour_at(rgba, 90, 2) == (0, 0, 0, 255)
    assert colour_at(rgba, 110, 2) == (255, 255, 255, 255)


def test_an_image_of_too_many_px_is_refused_before_it_is_decoded(tmp_path: Path) -> None:
    def chunk(kind: bytes, data: bytes) -> bytes:
        whole = kind + data
        return struct.pack(">I", len(data)) + whole + struct.pack(">I", zlib.crc32(whole))

    path = tmp_path / "huge.png"
    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 6, 0, 0, 0)
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b""))
        + chunk(b"IEND", b"")
    )
    with pytest.raises(MediaLimitError) as caught:
        sprites().pixels(layer_of(image_of(path), size=(100, 100)))
    assert caught.value.field == "tracks[0].clips[0].src"


def cut(path: Path) -> None:
    saved(path, np.random.default_rng(1).integers(0, 255, (200, 200, 3), np.uint8))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("missing.png", lambda _: None),
        ("empty.png", lambda path: path.write_bytes(b"")),
        ("text.png", lambda path: path.write_text("hello")),
        ("cut.jpg", cut),
        ("cut.png", cut),
        ("cut.webp", cut),
    ],
)
def test_a_missing_or_broken_image_names_the_path_in_the_document(
    name: str, make: Callable[[Path], object], tmp_path: Path
) -> None:
    make(tmp_path / name)
    with pytest.raises(UndecodableMediaError) as caught:
        sprites().pixels(layer_of(image_of(tmp_path / name), size=(100, 100)))
    assert caught.value.field == "tracks[0].clips[0].src"


@pytest.mark.parametrize("fit", ["cover", "contain", "fill"])
def test_a_plain_picture_is_as_if_it_had_been_drawn(tmp_path: Path, fit: Fit) -> None:
    columns, rows = np.meshgrid(np.arange(240), np.arange(160))
    picture = np.stack([columns, rows, (columns + rows) / 2], axis=2).astype(np.uint8)
    path = tmp_path / "ramp.png"
    pyvips.Image.new_from_array(picture).write_to_file(str(path))
    source = Source(src="ramp.png", path="clip.src")
    crop = Crop(left=0.1, bottom=0.2)
    box, scale = (90.0, 50.0), 1.18
    plain = plain_still(source, path, box=box, fit=fit, crop=crop, scale=scale)
    assert plain is not None
    surface, by_skia = new_surface(math.ceil(box[0] * plain.scale), math.ceil(box[1] * plain.scale))
    canvas = surface.getCanvas()
    canvas.scale(plain.scale, plain.scale)
    draw_still(canvas, source, path, box=box, fit=fit, crop=crop, scale=plain.scale)
    surface.flushAndSubmit()
    x, y = round(plain.left * plain.scale), round(plain.top * plain.scale)
    height, width = plain.rgba.shape[:2]
    inner = np.s_[4 : height - 4, 4 : width - 4]
    there = by_skia[y : y + height, x : x + width][inner].astype(int)
    assert np.abs(there - plain.rgba[inner]).mean() < 2


@pytest.mark.parametrize("fit", ["cover", "contain", "fill"])
def test_a_picture_that_must_grow_a_little_stays_as_it_is(tmp_path: Path, fit: Fit) -> None:
    picture = np.random.default_rng(1).integers(0, 256, (90, 160, 3), np.uint8)
    path = tmp_path / "noise.png"
    pyvips.Image.new_from_array(picture).write_to_file(str(path))
    made = plain_still(
        Source(src="noise.png", path="clip.src"),
        path, box=(320.0, 180.0), fit=fit, crop=Crop(), scale=0.6,
    )  # fmt: skip
    assert made is not None
    assert np.array_equal(made.rgba[..., :3], picture)
    assert (made.left, made.top, made.scale) == (0, 0, 0.5)


def test_a_picture_that_must_grow_or_has_alpha_is_not_plain(tmp_path: Path) -> None:
    source = Source(src="picture.png", path="clip.src")
    for name, bands in (("small.png", 3), ("clear.png", 4)):
        picture = np.full((40, 40, bands), 128, np.uint8)
        pyvips.Image.new_from_array(picture).write_to_file(str(tmp_path / name))
    for name, side in (("small.png", 80.0), ("clear.png", 20.0)):
        made = plain_still(
            source, tmp_path / name, box=(side, side), fit="cover", crop=Crop(), scale=1.0
        )
        assert made is None
