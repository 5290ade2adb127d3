"""Image conversion on descriptors, with real files of every format, whole and broken."""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import pytest
import pyvips
from tests import samples

from telecine.kit.errors import (
    MediaLimitError,
    StorageFullError,
    UndecodableMediaError,
    UnsupportedMediaError,
)
from telecine.media.image_formats import Format
from telecine.media.images import (
    MAX_FRAMES,
    convert_task,
    identify_task,
    plan,
)

FORMATS: tuple[Format, ...] = get_args(Format)
MAX_PIXELS = 4_000_000
Convert = Callable[..., pyvips.Image]


@pytest.fixture(scope="module")
def astronaut() -> pyvips.Image:
    """A colour picture, 320 x 240."""
    whole = pyvips.Image.new_from_file(str(samples.astronaut()))
    return whole.crop(0, 0, 512, 384).resize(0.625).copy_memory()


@pytest.fixture
def convert(tmp_path: Path) -> Convert:
    """Run `convert_task` on a file; return the picture that came out, with facts as `.facts`."""

    def run(source: Path, **params: object) -> pyvips.Image:
        target = tmp_path / "out"
        facts = call(source, target, **params)
        image = pyvips.Image.new_from_file(str(target))
        pages = image.get("n-pages") if image.get_typeof("n-pages") else 1
        assert facts == {
            "width": image.width,
            "height": image.height,
            "pages": pages,
            "format": params["format"],
            "size_bytes": target.stat().st_size,
        }
        return image

    return run


def call(source: Path, target: Path, **params: object) -> dict[str, Any]:
    source_fd = os.open(source, os.O_RDONLY)
    target_fd = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        return convert_task({"max_pixels": MAX_PIXELS, **params}, source_fd, target_fd)
    finally:
        os.close(source_fd)
        os.close(target_fd)


def identify(source: Path) -> dict[str, Any]:
    source_fd = os.open(source, os.O_RDONLY)
    try:
        return identify_task({}, source_fd)
    finally:
        os.close(source_fd)


def save(picture: pyvips.Image, path: Path, **options: object) -> Path:
    picture.write_to_file(str(path), **options)
    return path


def difference(one: pyvips.Image, other: pyvips.Image) -> float:
    """The mean distance of the samples, of 255."""
    return float((one.cast("float") - other.cast("float")).abs().avg())


def disc(size: int) -> pyvips.Image:
    """A red disc on transparent green: green in the result would be a bleeding edge."""
    at = pyvips.Image.xyz(size, size) - size / 2
    inside = (at[0] ** 2 + at[1] ** 2) < (size / 3) ** 2
    colours = inside.ifthenelse([255, 0, 0, 255], [0, 255, 0, 0])
    return colours.cast("uchar").copy(interpretation="srgb")


def plain(colour: list[int], width: int, height: int) -> pyvips.Image:
    """A picture of one colour."""
    return (
        pyvips.Image.black(width, height, bands=3)
        .linear(1, colour, uchar=True)
        .copy(interpretation="srgb")
    )


def frames(*colours: list[int], size: int = 40, delay: int = 70) -> pyvips.Image:
    """An animation of plain frames."""
    strip = pyvips.Image.arrayjoin([plain(colour, size, size) for colour in colours], across=1)
    strip.set_type(pyvips.GValue.gint_type, "page-height", size)
    strip.set_type(pyvips.GValue.array_int_type, "delay", [delay] * len(colours))
    return strip


# --- formats ---------------------------------------------------------------------------------


@pytest.mark.parametrize("target", FORMATS)
@pytest.mark.parametrize("source", FORMATS)
def test_every_format_becomes_every_format(
    source: str, target: str, astronaut: pyvips.Image, convert: Convert, tmp_path: Path
) -> None:
    path = save(astronaut, tmp_path / f"in.{source}")

    result = convert(path, format=target, width=160)

    assert identify(tmp_path / "out")["format"] == target
    assert (result.width, result.height) == (160, 120)
    assert difference(result[:3], astronaut.resize(0.5)) < 6


@pytest.mark.parametrize("source", FORMATS)
def test_identify_tells_the_size_and_format_of(
    source: str, astronaut: pyvips.Image, tmp_path: Path
) -> None:
    path = save(astronaut, tmp_path / f"in.{source}")

    assert identify(path) == {
        "width": 320,
        "height": 240,
        "pages": 1,
        "format": source,
        "has_alpha": False,
        "orientation": 1,
    }


@pytest.mark.parametrize("image_format", ["jpg", "webp", "avif", "tiff", "png"])
def test_a_higher_quality_is_a_larger_and_truer_file(
    image_format: str, astronaut: pyvips.Image, convert: Convert, tmp_path: Path
) -> None:
    path = save(astronaut, tmp_path / "in.png")

    low = convert(path, format=image_format, quality=20).copy_memory()
    low_bytes = (tmp_path / "out").stat().st_size
    high = convert(path, format=image_format, quality=95).copy_memory()
    high_bytes = (tmp_path / "out").stat().st_size

    assert low_bytes < high_bytes
    assert difference(low, astronaut) > difference(high, astronaut)


@pytest.mark.parametrize("image_format", ["jpg", "webp", "avif", "tiff"])
def test_quality_is_80_unless_told(
    image_format: str, astronaut: pyvips.Image, tmp_path: Path
) -> None:
    path = save(astronaut, tmp_path / "in.png")

    call(path, tmp_path / "default", format=image_format)
    call(path, tmp_path / "told", format=image_format, quality=80)
    call(path, tmp_path / "other", format=image_format, quality=79)

    assert (tmp_path / "default").read_bytes() == (tmp_path / "told").read_bytes()
    assert (tmp_path / "default").read_bytes() != (tmp_path / "other").read_bytes()


@pytest.mark.parametrize("quality", [None, 100])
def test_a_png_is_lossless_without_a_quality_and_at_100(
    quality: int | None, astronaut: pyvips.Image, convert: Convert, tmp_path: Path
) -> None:
    path = save(astronaut, tmp_path / "in.png")

    assert difference(convert(path, format="png", quality=quality), astronaut) == 0


def test_a_png_of_lower_quality_has_a_palette(
    astronaut: pyvips.Image, convert: Convert, tmp_path: Path
) -> None:
    path = save(astronaut, tmp_path / "in.png")

    assert convert(path, format="png", quality=60).get_typeof("palette")


def test_a_png_of_16_bits_comes_out_right_in_8(
    astronaut: pyvips.Image, convert: Convert, tmp_path: Path
) -> None:
    deep = (astronaut.cast("ushort") * 257).cast("ushort").copy(interpretation="rgb16")
    path = save(deep, tmp_path / "in.png")
    assert pyvips.Image.new_from_file(str(path)).format == "ushort"

    result = convert(path, format="png")

    assert result.format == "uchar"
    assert difference(result, astronaut) < 1


def test_a_grey_picture_stays_grey(
    astronaut: pyvips.Image, convert: Convert, tmp_path: Path
) -> None:
    grey = astronaut.colourspace("b-w")
    path = save(grey, tmp_path / "in.png")

    result = convert(path, format="webp", width=160)

    assert difference(result, grey.resize(0.5).colourspace("srgb")) < 4


def test_extra_bands_of_a_tiff_are_left_out(
    astronaut: pyvips.Image, convert: Convert, tmp_path: Path
) -> None:
    path = save(astronaut.bandjoin([255, 7]), tmp_path / "in.tiff")

    for image_format in ("png", "jpg"):
        assert difference(convert(path, format=image_format)[:3], astronaut) < 4


# --- sizes -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("want", "fit", "size"),
    [
        ((None, None), "inside", (320, 240)),
        ((160, None), "inside", (160, 120)),
        ((None, 60), "cover", (80, 60)),
        ((100, 100), "inside", (100, 75)),
        ((100, 100), "outside", (133, 100)),
        ((100, 100), "cover", (100, 100)),
        ((100, 100), "contain", (100, 100)),
        ((100, 50), "fill", (100, 50)),
        ((640, None), "inside", (640, 480)),
        ((1, 1), "inside", (1, 1)),
    ],
)
def test_the_result_has_the_size_that_fit_says(
    want: tuple[int | None, int | None],
    fit: str,
    size: tuple[int, int],
    astronaut: pyvips.Image,
    convert: Convert,
    tmp_path: Path,
) -> None:
    for source in ("jpg", "png", "webp"):
        path = save(astronaut, tmp_path / f"in.{source}")
        result = convert(path, format="webp", width=want[0], height=want[1], fit=fit)
        assert (result.width, result.height) == size


def test_a_very_flat_picture_keeps_at_least_one_row() -> None:
    geometry = plan(10_000, 2, want_width=100, want_height=None, fit="inside")

    assert (geometry.width, geometry.height) == (100, 1)


def test_cover_cuts_the_sides_and_contain_pads_them_in_white(
    convert: Convert, tmp_path: Path
) -> None:
    sides, middle = plain([0, 0, 255], 60, 60), plain([255, 0, 0], 60, 60)
    path = save(pyvips.Image.arrayjoin([sides, middle, sides]), tmp_path / "in.png")

    covered = convert(path, format="png", width=20, height=20, fit="cover")
    assert covered.getpoint(3, 10)[0] > 200
    contained = convert(path, format="png", width=60, height=60, fit="contain")
    assert contained.getpoint(30, 5) == [255, 255, 255]
    assert contained.getpoint(30, 30) == [255, 0, 0]


@pytest.mark.parametrize("width", [39, 40, 41, 79, 80, 81, 160, 319])
def test_a_jpeg_that_shrinks_while_it_is_read_has_no_edge(
    width: int, convert: Convert, tmp_path: Path
) -> None:
    path = save(plain([10, 200, 90], 321, 243), tmp_path / "in.jpg", Q=95)

    result = convert(path, format="png", width=width)

    for band, level in enumerate([10, 200, 90]):
        assert abs(result[band].min() - level) <= 3
        assert abs(result[band].max() - level) <= 3


# --- orientation, colour, transparency, metadata -----------------------------------------------


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("source", ["jpg", "png", "webp", "tiff"])
def test_a_turned_photo_comes_out_upright(
    source: str, orientation: int, astronaut: pyvips.Image, convert: Convert, tmp_path: Path
) -> None:
    turned = astronaut.copy()
    turned.set_type(pyvips.GValue.gint_type, "orientation", orientation)
    path = save(turned, tmp_path / f"in.{source}")
    upright = turned.autorot()
    assert identify(path)["width"] == upright.width

    result = convert(path, format="png", width=upright.width // 2)

    assert (result.width, result.height) == (upright.width // 2, upright.height // 2)
    assert difference(result, upright.resize(0.5)) < 4
    assert not result.get_typeof("orientation")


@pytest.mark.parametrize("image_format", FORMATS)
def test_nothing_of_the_metadata_goes_along(
    image_format: str, astronaut: pyvips.Image, convert: Convert, tmp_path: Path
) -> None:
    marked = astronaut.copy()
    marked.set_type(pyvips.GValue.gstr_type, "exif-ifd0-Artist", "Nobody of yours")
    path = save(marked, tmp_path / "in.jpg", profile="p3")
    assert b"Nobody of yours" in path.read_bytes()

    result = convert(path, format=image_format)

    assert b"Nobody" not in (tmp_path / "out").read_bytes()
    assert not result.get_typeof("icc-profile-data")


def test_a_cmyk_jpeg_keeps_its_colours(
    astronaut: pyvips.Image, convert: Convert, tmp_path: Path
) -> None:
    inks = astronaut.icc_transform("cmyk", input_profile="srgb", intent="perceptual")
    proof = inks.icc_transform("srgb", input_profile="cmyk", intent="perceptual")
    for keep in ("none", "icc"):
        path = save(inks, tmp_path / f"{keep}.jpg", keep=keep, Q=95)
        assert pyvips.Image.new_from_file(str(path)).interpretation == "cmyk"

        assert difference(convert(path, format="png", width=160), proof.resize(0.5)) < 5


def test_an_embedded_profile_is_converted_to_srgb(
    astronaut: pyvips.Image, convert: Convert, tmp_path: Path
) -> None:
    wide = astronaut.icc_transform("p3", input_profile="srgb")
    path = save(wide, tmp_path / "in.png", profile="p3")

    result = convert(path, format="png")

    assert difference(result, astronaut) < 1.5 < difference(wide, astronaut)


def test_a_profile_that_does_not_fit_the_picture_is_ignored(
    astronaut: pyvips.Image, convert: Convert, tmp_path: Path
) -> None:
    path = save(astronaut, tmp_path / "in.png", profile="cmyk")

    assert difference(convert(path, format="png"), astronaut) < 1


@pytest.mark.parametrize("image_format", ["png", "webp", "avif", "gif", "tiff"])
def test_transparency_stays_where_the_format_can_hold_it(
    image_format: str, convert: Convert, tmp_path: Path
) -> None:
    path = save(disc(120), tmp_path / "in.png")

    result = convert(path, format=image_format, width=60)

    assert result.getpoint(0, 0)[3] == 0
    red, green, _, alpha = result.getpoint(30, 30)
    assert (red > 240, green < 15, alpha) == (True, True, 255)


def test_transparency_becomes_white_in_a_jpeg(convert: Convert, tmp_path: Path) -> None:
    path = save(disc(120), tmp_path / "in.png")

    result = convert(path, format="jpg", width=60)

    assert min(result.getpoint(0, 0)) > 250


def test_hidden_colours_do_not_bleed_over_the_edge(convert: Convert, tmp_path: Path) -> None:
    path = save(disc(120), tmp_path / "in.png")

    result = convert(path, format="png", width=50)

    assert ((result[3] > 0) & (result[1] > 8)).max() == 0


def test_a_contained_picture_with_transparency_is_padded_with_transparency(
    convert: Convert, tmp_path: Path
) -> None:
    path = save(disc(120), tmp_path / "in.png")

    result = convert(path, format="png", width=120, height=60, fit="contain")

    assert result.getpoint(2, 30)[3] == 0


# --- animations ------------------------------------------------------------------------------

RED, GREEN, BLUE = [250, 5, 5], [5, 250, 5], [5, 5, 250]


@pytest.mark.parametrize("fit", ["inside", "fill", "cover", "contain"])
@pytest.mark.parametrize("target", ["gif", "webp"])
@pytest.mark.parametrize("source", ["gif", "webp"])
def test_an_animation_stays_one_frame_by_frame(
    source: str, target: str, fit: str, convert: Convert, tmp_path: Path
) -> None:
    path = save(frames(RED, GREEN, BLUE), tmp_path / f"in.{source}")
    assert identify(path)["pages"] == 3

    convert(path, format=target, width=27, height=17, fit=fit)

    result = pyvips.Image.new_from_file(str(tmp_path / "out"), n=-1)
    height = result.get("page-height")
    assert result.get("delay") == [70, 70, 70]
    for index, colour in enumerate((RED, GREEN, BLUE)):
        # The first and last rows too: no filter may mix two frames.
        for row in (0, height // 2, height - 1):
            seen = result.getpoint(result.width // 2, index * height + row)
            assert max(abs(a - b) for a, b in zip(seen, colour, strict=False)) < 25


def test_an_animation_keeps_its_frames_when_only_the_format_changes(
    convert: Convert, tmp_path: Path
) -> None:
    path = save(frames(RED, GREEN), tmp_path / "in.gif")

    assert convert(path, format="webp").get("n-pages") == 2


@pytest.mark.parametrize("target", ["jpg", "png", "avif", "tiff"])
def test_an_animation_becomes_its_first_frame_elsewhere(
    target: str, convert: Convert, tmp_path: Path
) -> None:
    path = save(frames(RED, GREEN, BLUE), tmp_path / "in.gif")

    result = convert(path, format=target)

    assert (result.width, result.height) == (40, 40)
    assert result.getpoint(20, 20)[0] > 230


# --- limits: judged by the header, before anything is decoded -----------------------------------


def png_header(width: int, height: int) -> bytes:
    """A PNG that promises pixels and has none."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    size = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", size) + chunk(b"IDAT", zlib.compress(b""))


def test_a_bomb_is_refused_by_its_header_alone(tmp_path: Path) -> None:
    path = tmp_path / "in.png"
    path.write_bytes(png_header(50_000, 50_000))

    with pytest.raises(MediaLimitError, match="2500000000 pixels") as caught:
        call(path, tmp_path / "out", format="webp", width=10)

    assert caught.value.field == "file"
    assert (tmp_path / "out").stat().st_size == 0


def test_a_picture_of_exactly_the_limit_is_taken(astronaut: pyvips.Image, tmp_path: Path) -> None:
    path = save(astronaut, tmp_path / "in.png")

    call(path, tmp_path / "out", format="jpg", max_pixels=320 * 240)
    with pytest.raises(MediaLimitError):
        call(path, tmp_path / "out", format="jpg", max_pixels=320 * 240 - 1)


def test_the_frames_of_an_animation_count_when_they_are_decoded(tmp_path: Path) -> None:
    path = save(frames(RED, GREEN, BLUE), tmp_path / "in.gif")

    with pytest.raises(MediaLimitError, match="4800 pixels"):
        call(path, tmp_path / "out", format="webp", max_pixels=4_799)
    call(path, tmp_path / "out", format="jpg", max_pixels=1_600)


def test_an_animation_of_too_many_frames_is_refused(tmp_path: Path) -> None:
    colours = [[250 * (index % 2)] * 3 for index in range(MAX_FRAMES + 1)]
    path = save(frames(*colours, size=1), tmp_path / "in.gif")
    assert identify(path)["pages"] == MAX_FRAMES + 1

    with pytest.raises(MediaLimitError, match="frames"):
        call(path, tmp_path / "out", format="webp")


@pytest.mark.parametrize("fit", ["inside", "cover", "contain", "fill", "outside"])
def test_enlarging_ends_at_the_pixel_limit(
    fit: str, astronaut: pyvips.Image, tmp_path: Path
) -> None:
    path = save(astronaut, tmp_path / "in.png")

    with pytest.raises(MediaLimitError) as caught:
        call(path, tmp_path / "out", format="png", width=5_000, height=5_000, fit=fit)

    assert caught.value.field == "width"


def test_a_result_longer_than_its_format_allows_is_refused(tmp_path: Path) -> None:
    path = save(pyvips.Image.black(16_384, 2), tmp_path / "in.png")

    with pytest.raises(MediaLimitError, match="webp holds at most 16383"):
        call(path, tmp_path / "out", format="webp")
    call(path, tmp_path / "out", format="webp", width=16_383)


# --- not images, and broken ones ---------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        b"hello, I am a text",
        b"<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>",
        b"<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>",
        b"%PDF-1.7\n",
        b"\0\0\0\x18ftypisom\0\0\x02\0isomiso2",
        b"RIFF\0\0\0\0WAVEfmt ",
        b"BM\0\0\0\0\0\0",
        b"\x89PNG",
        b"\0",
    ],
)
def test_what_is_no_image_of_ours_is_unsupported(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "in.png"
    path.write_bytes(content)

    with pytest.raises(UnsupportedMediaError) as caught:
        call(path, tmp_path / "out", format="webp")
    assert caught.value.field == "file"
    with pytest.raises(UnsupportedMediaError):
        identify(path)


def test_an_empty_file_is_undecodable(tmp_path: Path) -> None:
    path = tmp_path / "in.png"
    path.touch()

    with pytest.raises(UndecodableMediaError, match="empty"):
        call(path, tmp_path / "out", format="webp")


@pytest.mark.parametrize("part", [0.05, 0.5, 0.9])
@pytest.mark.parametrize("source", FORMATS)
def test_a_truncated_image_is_refused(
    source: str, part: float, astronaut: pyvips.Image, tmp_path: Path
) -> None:
    whole = save(astronaut, tmp_path / f"in.{source}").read_bytes()
    path = tmp_path / "cut"
    path.write_bytes(whole[: int(len(whole) * part)])

    with pytest.raises(UndecodableMediaError) as caught:
        call(path, tmp_path / "out", format="jpg", width=160)

    assert str(tmp_path) not in str(caught.value)


@pytest.mark.parametrize("source", ["jpg", "png"])
def test_a_truncated_image_that_must_be_turned_is_refused_too(
    source: str, astronaut: pyvips.Image, tmp_path: Path
) -> None:
    turned = astronaut.copy()
    turned.set_type(pyvips.GValue.gint_type, "orientation", 6)
    whole = save(turned, tmp_path / f"in.{source}").read_bytes()
    path = tmp_path / "cut"
    path.write_bytes(whole[: len(whole) // 2])

    with pytest.raises(UndecodableMediaError):
        call(path, tmp_path / "out", format="jpg")


def test_a_full_disk_is_told_from_a_broken_image(astronaut: pyvips.Image, tmp_path: Path) -> None:
    path = save(astronaut, tmp_path / "in.png")

    for image_format in FORMATS:
        with pytest.raises(StorageFullError):
            call(path, Path("/dev/full"), format=image_format)


def test_the_loaders_that_we_never_call_are_blocked_in_libvips_too() -> None:
    with pytest.raises(pyvips.Error, match="block"):
        pyvips.Image.svgload_buffer(b"<svg xmlns='http://www.w3.org/2000/svg' width='9'/>")
