"""The convert operation, through the real pool of confined children."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest
import pyvips
from tests import samples

from telecine.kit.errors import (
    CancelledError,
    MediaLimitError,
    ProcessTimeoutError,
    UndecodableMediaError,
    UnsupportedMediaError,
)
from telecine.media.ffmpeg import FFmpeg, never
from telecine.media.image_formats import Format
from telecine.media.pool import Pool
from telecine.media.process import Limits
from telecine.operations.base import Context, Input
from telecine.operations.convert import (
    CONVERT,
    MEDIA_TYPES,
    ConvertParams,
    convert,
    output_filename,
)
from telecine.settings import Prices


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    pool = Pool(2, sandbox="auto", memory_bytes=4 * 2**30)
    yield pool
    pool.close()


def context(pool: Pool, source: Path, workspace: Path, **changes: Any) -> Context:
    limits = Limits(memory_bytes=2**30, output_bytes=2**30, wall_seconds=300, stall_seconds=180)
    ffmpeg = FFmpeg(executable=Path(samples.ffmpeg_program()), sandbox="auto", limits=limits)
    values: dict[str, Any] = {
        "inputs": (
            Input(path=source, filename="holiday photo.PNG", size_bytes=source.stat().st_size),
        ),
        "workspace": workspace,
        "ffmpeg": ffmpeg,
        "pool": pool,
        "report": lambda _fraction: None,
        "is_cancelled": never,
    }
    return Context(**(values | changes))


@pytest.mark.parametrize("image_format", get_args(Format))
def test_a_run_makes_the_format_inside_the_sandbox(
    image_format: Format, pool: Pool, tmp_path: Path
) -> None:
    reports: list[float] = []
    params = ConvertParams(format=image_format, width=64, quality=70)

    result = CONVERT.run(
        params, context(pool, samples.astronaut(), tmp_path, report=reports.append)
    )

    (output,) = result.outputs
    assert output.filename == f"holiday photo.{image_format}"
    assert output.media_type == MEDIA_TYPES[image_format]
    assert result.facts == {
        "format": image_format,
        "width": 64,
        "height": 64,
        "pages": 1,
        "size_bytes": output.path.stat().st_size,
    }
    picture = pyvips.Image.new_from_file(str(output.path))
    assert (picture.width, picture.height) == (64, 64)
    assert reports == [1.0]


def test_a_picture_larger_than_libvips_keeps_in_memory_needs_no_temporary_file(
    pool: Pool, tmp_path: Path
) -> None:
    # 120 MB of pixels that must be turned. Opened for random access, libvips would put more
    # than 100 MB of them into /tmp, and the sandbox has none.
    large = pyvips.Image.black(8_000, 5_000, bands=3).copy(interpretation="srgb")
    large.set_type(pyvips.GValue.gint_type, "orientation", 6)
    large.pngsave(str(tmp_path / "in.png"), compression=1)

    facts = convert(
        pool,
        ConvertParams(format="jpg"),
        input_path=tmp_path / "in.png",
        output_path=tmp_path / "out.jpg",
    )

    assert (facts.width, facts.height) == (5_000, 8_000)


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"", UndecodableMediaError),
        (b"no image", UnsupportedMediaError),
        (b"<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>", UnsupportedMediaError),
        (b"\xff\xd8\xff\xe0 and no more", UndecodableMediaError),
    ],
)
def test_what_is_wrong_with_the_file_is_told_by_the_class_of_the_error(
    content: bytes, error: type[Exception], pool: Pool, tmp_path: Path
) -> None:
    (tmp_path / "in").write_bytes(content)

    with pytest.raises(error) as caught:
        convert(
            pool,
            ConvertParams(format="webp"),
            input_path=tmp_path / "in",
            output_path=tmp_path / "out",
        )

    assert getattr(caught.value, "field", None) == "file"


def test_the_pixel_limit_of_the_settings_holds(pool: Pool, tmp_path: Path) -> None:
    with pytest.raises(MediaLimitError, match="262144 pixels"):
        convert(
            pool,
            ConvertParams(format="webp", max_pixels=262_143),
            input_path=samples.astronaut(),
            output_path=tmp_path / "out",
        )


def test_a_conversion_that_takes_too_long_is_stopped(pool: Pool, tmp_path: Path) -> None:
    params = ConvertParams(format="avif", width=3_000)
    with pytest.raises(ProcessTimeoutError):
        convert(
            pool,
            params,
            input_path=samples.astronaut(),
            output_path=tmp_path / "out",
            timeout_seconds=0.01,
        )


def test_many_threads_get_their_own_results(pool: Pool, tmp_path: Path) -> None:
    def one(width: int) -> int:
        target = tmp_path / str(width)
        convert(
            pool,
            ConvertParams(format="webp", width=width),
            input_path=samples.astronaut(),
            output_path=target,
        )
        return int(pyvips.Image.new_from_file(str(target)).width)

    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(one, range(40, 64))) == list(range(40, 64))


def test_a_cancelled_run_does_not_begin(pool: Pool, tmp_path: Path) -> None:
    with pytest.raises(CancelledError):
        CONVERT.run(
            ConvertParams(format="webp"),
            context(pool, samples.astronaut(), tmp_path, is_cancelled=lambda: True),
        )
    assert not list(tmp_path.iterdir())


def test_every_conversion_costs_the_same() -> None:
    prices = Prices(compress_mib_per_credit=20, convert_credits=3)
    params = ConvertParams(format="avif", width=9_000)

    assert CONVERT.price(params, input_bytes=50_000_000, prices=prices) == 3


@pytest.mark.parametrize(
    ("filename", "expected"),
    [
        ("photo.heic", "photo.webp"),
        ("my.holiday.jpeg", "my.holiday.webp"),
        ("photo", "photo.webp"),
        (".jpg", ".jpg.webp"),
        ("", "image.webp"),
        ("../../etc/passwd", "passwd.webp"),
        ("C:\\Users\\me\\photo.png", "photo.webp"),
    ],
)
def test_the_output_is_named_after_the_input(filename: str, expected: str) -> None:
    assert output_filename(filename, image_format="webp") == expected


@pytest.mark.parametrize(
    "wrong",
    [
        {"format": "bmp"},
        {"format": "jpeg2000"},
        {},
        {"format": "webp", "quality": 0},
        {"format": "webp", "quality": 101},
        {"format": "webp", "quality": 80.5},
        {"format": "webp", "width": 0},
        {"format": "webp", "height": -5},
        {"format": "webp", "width": 65_536},
        {"format": "webp", "fit": "crop"},
        {"format": "webp", "effort": 4},
    ],
)
def test_params_out_of_range_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(wrong, ConvertParams)
