"""`compress` and `convert`: their options, in the API's words and in those that FFmpeg's users know.

One of quality, bitrate and size says how much is left; the method follows from which it is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Final, get_args

import typer

from telecine.cli import target
from telecine.cli.sizes import size_bytes
from telecine.cli.typed import as_typed
from telecine.kit.errors import InvalidRequestError
from telecine.media.image_formats import Format

Server = Annotated[
    str, typer.Option("--server", help="Run on this Telecine server instead of here.")
]
Key = Annotated[str, typer.Option("--key", envvar="TELECINE_KEY", help="API key for --server.")]
Output = Annotated[
    Path | None,
    typer.Option("-o", "--output", help="The same as OUT.", show_default=False),
]

#: What others call our codecs.
_CODECS: Final = MappingProxyType(
    {
        **dict.fromkeys(("x264", "libx264", "h.264", "avc", "avc1"), "h264"),
        **dict.fromkeys(("x265", "libx265", "h.265", "hevc"), "h265"),
        **dict.fromkeys(("libsvtav1", "svtav1", "libaom-av1", "av01"), "av1"),
    }
)
#: A picture's size, and a number of lines.
_SIDES: Final = re.compile(r"\d+\s*x\s*\d+", re.ASCII)
_LINES: Final = re.compile(r"(\d{1,4})p", re.ASCII)
_MOST_LINES: Final = 4320
#: Other endings of formats.
_ENDINGS: Final = MappingProxyType({"jpeg": "jpg", "tif": "tiff"})


def compress(
    source: Annotated[Path, typer.Argument(help="Video file.", metavar="IN")],
    out: Annotated[
        Path | None,
        typer.Argument(help="Result, an .mp4. [IN-small.mp4]", metavar="OUT", show_default=False),
    ] = None,
    output: Output = None,
    codec: Annotated[
        str, typer.Option("-c", "--codec", help="h264, h265 (hevc) or av1, or an encoder of these.")
    ] = "h264",
    quality: Annotated[
        float | None,
        typer.Option("--crf", "--quality", help="18-51; lower is better. Default: by the codec."),
    ] = None,
    bitrate: Annotated[
        str, typer.Option("-b", "--bitrate", help="Aim at this instead: 2500k, 2.5M.")
    ] = "",
    target_size: Annotated[
        str, typer.Option(help="Fit into this instead: 8MB, 500k, 7340032.")
    ] = "",
    method: Annotated[
        str, typer.Option(help="crf, bitrate or size. Default: by what is given.")
    ] = "",
    resolution: Annotated[
        str,
        typer.Option(
            "-s", "--size", "--resolution", help="Fit the picture into 1280x720, or 720p."
        ),
    ] = "",
    fit: Annotated[
        str, typer.Option(help="How the picture fills --size: inside, cover, contain, fill.")
    ] = "inside",
    keep_smaller: Annotated[
        bool,
        typer.Option("--keep-smaller", help="Keep the original where the result is larger."),
    ] = False,
    server: Server = "",
    key: Key = "",
) -> None:
    """Make a video smaller."""
    from telecine.cli import media, remote

    place = target.chosen(out, output, usual=source.with_name(f"{source.stem}-small.mp4"))
    if place.suffix.lower() != ".mp4" and not place.is_dir():
        raise InvalidRequestError(f"{place} must end in .mp4: an MP4 is written.", field="OUT")
    sent = {
        "codec": _CODECS.get(codec.lower(), codec),
        "quality": quality,
        "method": method or _method(quality, bitrate, target_size),
        "bitrate": bitrate,
        "target_size_bytes": size_bytes(target_size) if target_size else None,
        "resolution": box(resolution.strip().lower()),
        "fit": fit,
        "keep_smaller": "true" if keep_smaller else None,
    }
    with as_typed(
        quality="--quality" if method else "--crf",
        target_size_bytes="--target-size",
        target_size_mb="--target-size",
        resolution="--size",
    ):
        media.compress(source, place, fields=_fields(sent), remote=remote.named(server, key))


def convert(
    source: Annotated[Path, typer.Argument(help="Image file.", metavar="IN")],
    out: Annotated[
        Path | None,
        typer.Argument(help="Result. [IN, as --format]", metavar="OUT", show_default=False),
    ] = None,
    output: Output = None,
    format: Annotated[
        str, typer.Option(help="jpg, png, webp, avif, gif or tiff. Default: the output's ending.")
    ] = "",
    quality: Annotated[int | None, typer.Option("-q", "--quality", help="1-100.")] = None,
    size: Annotated[str, typer.Option("-s", "--size", help="Width and height: 800x600.")] = "",
    width: Annotated[int | None, typer.Option(help="Pixels.")] = None,
    height: Annotated[int | None, typer.Option(help="Pixels.")] = None,
    fit: Annotated[str, typer.Option(help="inside, cover, contain, fill or outside.")] = "inside",
    server: Server = "",
    key: Key = "",
) -> None:
    """Convert an image to another format and size."""
    from telecine.cli import media, remote

    if not (format or out or output):
        raise InvalidRequestError(
            "Name the result, such as photo.webp, or say --format.", field="OUT"
        )
    place = target.chosen(out, output, usual=source.with_name(f"{source.stem}.{format.lower()}"))
    if size:
        width, height = _sides(size, width, height)
    sides = {"width": "--size", "height": "--size"} if size else {}
    sent = {
        "format": _format(format, place),
        "quality": quality,
        "width": width,
        "height": height,
        "fit": fit,
    }
    with as_typed(**sides, **({} if format else {"format": "The ending of OUT"})):
        media.convert(source, place, fields=_fields(sent), remote=remote.named(server, key))


def _format(named: str, place: Path) -> str:
    """Return the format that is wanted. Raises `InvalidRequestError` where two are."""
    ending = place.suffix.removeprefix(".").lower()
    if not (named or ending):
        raise InvalidRequestError(
            f"Give {place} an ending, such as .webp, or say --format.", field="OUT"
        )
    if named and not place.is_dir():
        said, shown = (_ENDINGS.get(each, each) for each in (named.lower(), ending))
        if shown in get_args(Format) and shown != said:
            raise InvalidRequestError(
                f"{place} ends in .{ending}, and --format is {named}: say one of them.",
                field="--format",
            )
    return named or ending


def box(size: str) -> str:
    """Return the size that the API is told; 720p is the box of a wide picture, turned for a tall one."""
    if not size or _SIDES.fullmatch(size):
        return size
    lines = _LINES.fullmatch("2160p" if size == "4k" else size)
    height = int(lines[1]) if lines else 0
    if not 2 <= height <= _MOST_LINES:
        raise InvalidRequestError(
            f"{size} is no size; write 1280x720, or 720p (at most {_MOST_LINES}p).", field="--size"
        )
    return f"{round(height * 8 / 9) * 2}x{height}"


def _method(quality: float | None, bitrate: str, target_size: str) -> str:
    given = {"--crf": quality is not None, "--bitrate": bitrate, "--target-size": target_size}
    said = [name for name, is_given in given.items() if is_given]
    if len(said) > 1:
        raise InvalidRequestError(f"Say {' or '.join(said)}, not both.", field=said[1])
    return "bitrate" if bitrate else "size" if target_size else "crf"


def _sides(size: str, width: int | None, height: int | None) -> tuple[int, int]:
    across, _, down = size.lower().partition("x")
    if not (across.isdecimal() and down.isdecimal() and int(across) and int(down)):
        raise InvalidRequestError(f"{size} is no size; write 800x600.", field="--size")
    if width is not None or height is not None:
        raise InvalidRequestError("Say --size, or --width and --height.", field="--size")
    return int(across), int(down)


def _fields(sent: Mapping[str, Any]) -> dict[str, str]:
    """Return the options as the form fields that a client would send."""
    return {
        name: f"{value:.12g}" if isinstance(value, float) else str(value)
        for name, value in sent.items()
        if value not in (None, "")
    }
