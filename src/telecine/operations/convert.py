"""Convert an image to another format and size.

The one operation that is also answered at once: `convert()` is called by the synchronous
door, and by `CONVERT.run` for jobs and for the command line, so all three give equal bytes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PureWindowsPath
from typing import Annotated

import msgspec
from msgspec import Meta

from telecine.kit.errors import CancelledError, MediaError, ProcessingError
from telecine.media.image_formats import Fit, Format
from telecine.media.pool import Pool
from telecine.operations.base import Context, Output, Result
from telecine.settings import Prices

MEDIA_TYPES: Mapping[Format, str] = {
    "jpg": "image/jpeg",
    "png": "image/png",
    "webp": "image/webp",
    "avif": "image/avif",
    "gif": "image/gif",
    "tiff": "image/tiff",
}
#: For a client that waits for the answer. AVIF takes longest: about 1.2 s a megapixel on two
#: cores, so pictures of more than some 90 megapixels are for jobs.
TIMEOUT_SECONDS = 120.0
JOB_TIMEOUT_SECONDS = 600.0

Side = Annotated[int, Meta(ge=1, le=65_535, description="In pixels.")]


class ConvertParams(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a client may ask for, and `max_pixels`, which the door fills in from the settings.

    `quality` None is 80, for PNG lossless. One side alone keeps the aspect; for both, `fit`
    says how.
    """

    format: Format
    quality: Annotated[int, Meta(ge=1, le=100)] | None = None
    width: Side | None = None
    height: Side | None = None
    fit: Fit = "inside"
    max_pixels: Annotated[int, Meta(ge=1)] = 100_000_000


class ConvertFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What came out. `pages` is the number of frames, 1 for a still."""

    format: Format
    width: int
    height: int
    pages: int
    size_bytes: int


def convert(
    pool: Pool,
    params: ConvertParams,
    *,
    input_path: Path,
    output_path: Path,
    timeout_seconds: float = TIMEOUT_SECONDS,
) -> ConvertFacts:
    """Convert one file; blocks. `output_path` may hold a part of the image after an error.

    What was written is opened again before it is called done. Raises `MediaError`s for what the
    client sent, `ProcessingError`s for time and memory.
    """
    answer = pool.call(
        "convert_image",
        msgspec.to_builtins(params),
        input_path=input_path,
        output_path=output_path,
        timeout_seconds=timeout_seconds,
    )
    facts = msgspec.convert(answer, ConvertFacts)
    _require_read_back(pool, facts, path=output_path, timeout_seconds=timeout_seconds)
    return facts


def _require_read_back(
    pool: Pool, facts: ConvertFacts, *, path: Path, timeout_seconds: float
) -> None:
    """Open what was written, and compare it with what was told of it."""
    try:
        found = pool.call("identify_image", {}, input_path=path, timeout_seconds=timeout_seconds)
    except MediaError as error:
        raise ProcessingError("The image that was written cannot be read back.") from error
    if any(found[name] != getattr(facts, name) for name in ("format", "width", "height", "pages")):
        raise ProcessingError("The image that was written is not what was asked for.")


def output_filename(filename: str, *, image_format: Format) -> str:
    """Return what the client will see: `photo.heic` becomes `photo.webp`.

    A path in `filename`, of any system, is cut off.
    """
    return f"{PureWindowsPath(filename).stem or 'image'}.{image_format}"


@dataclass(frozen=True, slots=True)
class _Convert:
    name: str = "convert"
    params_type: type[ConvertParams] = ConvertParams

    def price(self, params: ConvertParams, *, input_bytes: int, prices: Prices) -> int:
        """Every image costs the same."""
        del params, input_bytes
        return prices.convert_credits

    def run(self, params: ConvertParams, context: Context) -> Result:
        """Convert the one input. Once begun it is not cancelled: its time is bounded."""
        if context.is_cancelled():
            raise CancelledError
        (source,) = context.inputs
        output_path = context.workspace / f"out.{params.format}"
        facts = convert(
            context.pool,
            params,
            input_path=source.path,
            output_path=output_path,
            timeout_seconds=JOB_TIMEOUT_SECONDS,
        )
        context.report(1.0)
        output = Output(
            path=output_path,
            filename=output_filename(source.filename, image_format=params.format),
            media_type=MEDIA_TYPES[params.format],
        )
        return Result(outputs=(output,), facts=msgspec.to_builtins(facts))


CONVERT = _Convert()
