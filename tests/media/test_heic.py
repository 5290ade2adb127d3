"""HEIC in: pictures made here by libheif, whole and broken, through the same task as the others."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pillow_heif
import pytest
import pyvips
from PIL import Image

from telecine.kit.errors import MediaLimitError, UndecodableMediaError, UnsupportedMediaError
from telecine.media.images import convert_task, identify_task
from telecine.media.pool import Pool

MAX_PIXELS = 4_000_000
RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)
_EXIF_ORIENTATION = 0x0112


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    pool = Pool(1, sandbox="auto", memory_bytes=4 * 2**30)
    yield pool
    pool.close()


def corners(width: int = 128, height: int = 96) -> Image.Image:
    """Red and green above, blue and white below."""
    pixels: npt.NDArray[np.uint8] = np.zeros((height, width, 3), np.uint8)
    pixels[: height // 2, : width // 2] = RED
    pixels[: height // 2, width // 2 :] = GREEN
    pixels[height // 2 :, : width // 2] = BLUE
    pixels[height // 2 :, width // 2 :] = WHITE
    return Image.fromarray(pixels)


def write(path: Path, *pictures: Image.Image, **options: Any) -> Path:
    file = pillow_heif.HeifFile()  # type: ignore[no-untyped-call]
    for picture in pictures:
        file.add_from_pillow(picture)
    file.save(path, quality=90, **options)
    return path


def identify(source: Path) -> dict[str, Any]:
    fd = os.open(source, os.O_RDONLY)
    try:
        return identify_task({}, fd)
    finally:
        os.close(fd)


def convert(source: Path, target: Path, **params: object) -> pyvips.Image:
    fds = os.open(source, os.O_RDONLY), os.open(target, os.O_WRONLY | os.O_CREAT, 0o600)
    try:
        convert_task({"format": "png", "max_pixels": MAX_PIXELS, **params}, *fds)
    finally:
        for fd in fds:
            os.close(fd)
    return pyvips.Image.new_from_file(str(target))


def seen_corners(image: pyvips.Image) -> list[tuple[int, ...]]:
    """The colours a little inside the four corners, to the nearest full one."""
    at = [(8, 8), (image.width - 9, 8), (8, image.height - 9), (image.width - 9, image.height - 9)]
    return [tuple(255 if level > 127 else 0 for level in image.getpoint(x, y)) for x, y in at]


def test_a_photo_is_converted_behind_the_walls(pool: Pool, tmp_path: Path) -> None:
    source = write(tmp_path / "photo.heic", corners())
    target = tmp_path / "out.webp"
    target.touch()

    facts = pool.call(
        "convert_image",
        {"format": "webp", "width": 64, "max_pixels": MAX_PIXELS},
        input_path=source,
        output_path=target,
        timeout_seconds=180,
    )

    assert (facts["width"], facts["height"], facts["format"]) == (64, 48, "webp")
    image = pyvips.Image.new_from_file(str(target))
    assert seen_corners(image) == [RED, GREEN, BLUE, WHITE]


def test_a_photo_in_tiles_is_put_together(tmp_path: Path) -> None:
    source = write(tmp_path / "tiles.heic", corners(512, 256), tile_size=128)

    assert seen_corners(convert(source, tmp_path / "out")) == [RED, GREEN, BLUE, WHITE]


def test_identify_says_what_it_is(tmp_path: Path) -> None:
    assert identify(write(tmp_path / "photo.heic", corners())) == {
        "width": 128,
        "height": 96,
        "pages": 1,
        "format": "heic",
        "has_alpha": False,
        "orientation": 1,
    }


def test_transparency_is_kept(tmp_path: Path) -> None:
    picture = corners()
    picture.putalpha(Image.fromarray(np.tile(np.array([0, 255], np.uint8).repeat(64), (96, 1))))
    source = write(tmp_path / "clear.heic", picture)
    assert identify(source)["has_alpha"] is True

    result = convert(source, tmp_path / "out")

    assert result.bands == 4
    assert (result.getpoint(8, 8)[3], result.getpoint(120, 8)[3]) == (0, 255)


@pytest.mark.parametrize(
    ("orientation", "expected"),
    [
        (1, [RED, GREEN, BLUE, WHITE]),
        (2, [GREEN, RED, WHITE, BLUE]),
        (3, [WHITE, BLUE, GREEN, RED]),
        (6, [BLUE, RED, WHITE, GREEN]),
        (8, [GREEN, WHITE, RED, BLUE]),
    ],
)
def test_a_turned_photo_comes_out_upright_once(
    orientation: int, expected: list[tuple[int, ...]], tmp_path: Path
) -> None:
    exif = Image.Exif()
    exif[_EXIF_ORIENTATION] = orientation
    # The writer makes `irot` and `imir` of the orientation, as phones do.
    source = write(tmp_path / "turned.heic", corners(), exif=exif.tobytes())
    is_turned = orientation >= 5
    assert (identify(source)["width"], identify(source)["height"]) == (
        (96, 128) if is_turned else (128, 96)
    )

    assert seen_corners(convert(source, tmp_path / "out")) == expected


def test_an_exif_orientation_beside_the_rotation_is_not_obeyed_as_well(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[_EXIF_ORIENTATION] = 6
    source = write(tmp_path / "turned.heic", corners(), exif=exif.tobytes())
    content = source.read_bytes()
    upright, turned = (b"\x01\x12\x00\x03\x00\x00\x00\x01\x00" + bytes([value]) for value in (1, 6))
    # Phones write both; libheif's writer sets the one in the EXIF block back to "upright".
    source.write_bytes(content.replace(upright, turned))
    assert turned in source.read_bytes()
    assert b"irot" in content

    assert seen_corners(convert(source, tmp_path / "out")) == [BLUE, RED, WHITE, GREEN]


def test_the_colours_of_the_profile_become_srgb(tmp_path: Path) -> None:
    plain = pyvips.Image.black(64, 64, bands=3).linear(1, [200, 60, 40], uchar=True)
    wide = plain.copy(interpretation="srgb").icc_transform("p3", input_profile="srgb")
    profile = wide.get("icc-profile-data")
    picture = Image.fromarray(wide.numpy())
    source = write(tmp_path / "wide.heic", picture, icc_profile=profile, chroma=444)
    stored = wide.getpoint(32, 32)

    shown = convert(source, tmp_path / "out").getpoint(32, 32)

    assert max(abs(a - b) for a, b in zip(shown, [200, 60, 40], strict=True)) <= 4
    assert max(abs(a - b) for a, b in zip(stored, [200, 60, 40], strict=True)) > 10


def test_a_grey_photo_stays_grey(tmp_path: Path) -> None:
    source = write(tmp_path / "grey.heic", Image.new("L", (64, 64), 90))

    assert max(abs(level - 90) for level in convert(source, tmp_path / "out").getpoint(9, 9)) <= 3


def test_a_photo_of_ten_bits_is_taken(tmp_path: Path) -> None:
    deep = np.full((64, 64), 40_000, np.uint16)
    source = write(tmp_path / "deep.heic", Image.fromarray(deep))

    assert abs(convert(source, tmp_path / "out").getpoint(9, 9)[0] - 40_000 / 257) <= 4


def test_of_several_pictures_the_primary_one_is_taken(tmp_path: Path) -> None:
    small = Image.new("RGB", (64, 64), "black")
    source = write(tmp_path / "many.heic", small, corners(), small, primary_index=1)

    assert identify(source)["width"] == 128
    assert seen_corners(convert(source, tmp_path / "out")) == [RED, GREEN, BLUE, WHITE]


def test_a_container_that_names_no_codec_is_looked_into(tmp_path: Path) -> None:
    source = write(tmp_path / "photo.heif", corners())
    source.write_bytes(source.read_bytes().replace(b"heic", b"mif1", 2))
    assert source.read_bytes()[8:12] == b"mif1"

    assert identify(source)["format"] == "heic"


@pytest.mark.parametrize("share", [0.05, 0.5, 0.99])
def test_a_cut_photo_is_refused(share: float, tmp_path: Path) -> None:
    noise = np.random.default_rng(7).integers(0, 256, (96, 128, 3), np.uint8)
    source = write(tmp_path / "cut.heic", Image.fromarray(noise))
    content = source.read_bytes()
    source.write_bytes(content[: int(len(content) * share)])

    with pytest.raises(UndecodableMediaError):
        convert(source, tmp_path / "out")


def test_a_photo_with_foreign_bytes_in_its_middle_never_crashes(tmp_path: Path) -> None:
    source = write(tmp_path / "whole.heic", corners())
    whole = source.read_bytes()
    # The first box alone says what kind of file it is.
    for at in range(48, len(whole) - 8, 23):
        source.write_bytes(whole[:at] + b"\xff" * 8 + whole[at + 8 :])
        try:
            convert(source, tmp_path / "out")
        except (UndecodableMediaError, UnsupportedMediaError, MediaLimitError):
            continue


def test_a_photo_over_the_pixel_limit_is_refused_before_it_is_decoded(tmp_path: Path) -> None:
    source = write(tmp_path / "large.heic", corners())
    content = source.read_bytes()
    # Its pixels are gone: whoever decodes would say "damaged".
    source.write_bytes(content[: content.index(b"mdat") + 4] + bytes(len(content)))

    with pytest.raises(MediaLimitError, match="12288 pixels; the most is 12287"):
        convert(source, tmp_path / "out", max_pixels=128 * 96 - 1)


def test_a_header_that_lies_about_the_size_is_refused(tmp_path: Path) -> None:
    source = write(tmp_path / "lie.heic", corners())
    small = (64).to_bytes(4, "big") + (48).to_bytes(4, "big")
    stored = (128).to_bytes(4, "big") + (96).to_bytes(4, "big")
    assert stored in source.read_bytes()
    source.write_bytes(source.read_bytes().replace(stored, small))

    with pytest.raises(UndecodableMediaError):
        convert(source, tmp_path / "out")
