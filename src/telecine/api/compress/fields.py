"""Form fields -> parameters of the operations. Every refusal names the field as it was sent."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import get_args

import msgspec

from telecine.api.fields import formfields
from telecine.kit.errors import InvalidRequestError
from telecine.kit.outbound import Outbound
from telecine.media.encode import Fit as VideoFit
from telecine.media.encode import VideoCodec
from telecine.media.image_formats import Fit as ImageFit
from telecine.media.image_formats import Format
from telecine.media.probe import MediaLimits
from telecine.operations import compress as operation
from telecine.operations.compress import CompressParams, Method
from telecine.operations.convert import ConvertParams

_RESOLUTION = re.compile(r"(\d{1,5})\s*[xX]\s*(\d{1,5})", re.ASCII)
_BITRATE = re.compile(r"(\d{1,99}(?:\.\d{1,99})?)\s*([kKmM]?)(?:bps|bit/s)?", re.ASCII)


def webhook_url(fields: Mapping[str, str], outbound: Outbound) -> str | None:
    """Return the address to tell, judged as far as it can be without asking the network."""
    url = formfields.text(fields, "webhook_url")
    if url is not None:
        outbound.check_url(url, field="webhook_url")
    return url


def compress_params(
    fields: Mapping[str, str], *, limits: MediaLimits | None = None, threads: int = 0
) -> CompressParams:
    """Read the fields of a compression. All are optional."""
    box = _box(fields)
    try:
        return operation.compress_params(
            codec=formfields.choice(fields, "codec", get_args(VideoCodec), default="h264"),
            method=formfields.choice(fields, "method", get_args(Method), default="crf"),
            quality=formfields.number(fields, "quality"),
            bitrate_kbps=_kbps(fields),
            target_size_bytes=_target_bytes(fields),
            width=None if box is None else box[0],
            height=None if box is None else box[1],
            fit=formfields.choice(fields, "fit", get_args(VideoFit), default="inside"),
            keep_smaller=formfields.flag(fields, "keep_smaller"),
            threads=threads,
            limits=limits,
        )
    except InvalidRequestError as error:
        # The operation has one name for the target; the client may have sent the other.
        if error.field == "target_size_bytes" and formfields.text(fields, "target_size_mb"):
            message = error.message.replace("'target_size_bytes'", "'target_size_mb'", 1)
            raise InvalidRequestError(message, field="target_size_mb") from error
        raise


def convert_params(fields: Mapping[str, str], *, max_pixels: int) -> ConvertParams:
    """Read the fields of a conversion. `format` is required."""
    if formfields.text(fields, "format") is None:
        raise InvalidRequestError(
            f"'format' is missing; it is one of {', '.join(get_args(Format))}.", field="format"
        )
    quality = formfields.integer(fields, "quality")
    if quality is not None and not 1 <= quality <= 100:
        raise formfields.refusal("quality", "must be from 1 to 100", fields["quality"])
    values = {
        "format": _image_format(fields),
        "quality": quality,
        "width": _side(fields, "width"),
        "height": _side(fields, "height"),
        "fit": formfields.choice(fields, "fit", get_args(ImageFit), default="inside"),
        "max_pixels": max_pixels,
    }
    return msgspec.convert(values, ConvertParams)


def _box(fields: Mapping[str, str]) -> tuple[int, int] | None:
    value = formfields.text(fields, "resolution")
    if value is None:
        return None
    least, most = operation.LEAST_SIDE, operation.MOST_SIDE
    match = _RESOLUTION.fullmatch(value)
    box = (int(match[1]), int(match[2])) if match else (0, 0)
    if min(box) < least or max(box) > most:
        rule = f"must be WIDTHxHEIGHT with sides from {least} to {most}, such as 1280x720"
        raise formfields.refusal("resolution", rule, value)
    return box


def _kbps(fields: Mapping[str, str]) -> float | None:
    value = formfields.text(fields, "bitrate")
    if value is None:
        return None
    parts = _BITRATE.fullmatch(value)
    if parts is None:
        raise formfields.refusal("bitrate", "must be kbit/s, or like 2500k or 2.5M", value)
    return float(parts[1]) * (1000 if parts[2] in {"m", "M"} else 1)


def _target_bytes(fields: Mapping[str, str]) -> float | None:
    in_bytes = formfields.positive(fields, "target_size_bytes")
    in_megabytes = formfields.number(fields, "target_size_mb")
    if in_bytes is not None and in_megabytes is not None:
        raise InvalidRequestError(
            "Send 'target_size_bytes' or 'target_size_mb', not both.", field="target_size_mb"
        )
    if in_megabytes is None:
        return in_bytes
    if not 1 <= in_megabytes * 10**6 <= operation.MOST_TARGET_BYTES:
        rule = f"must be from 0.000001 to {operation.MOST_TARGET_BYTES // 10**6} MB"
        raise formfields.refusal("target_size_mb", rule, fields["target_size_mb"])
    return in_megabytes * 10**6


def _image_format(fields: Mapping[str, str]) -> str:
    aliases = {"jpeg": "jpg", "tif": "tiff"}
    named = (formfields.text(fields, "format") or "").lower()
    known = {**fields, "format": aliases.get(named, named)}
    return formfields.choice(known, "format", get_args(Format), default="")


def _side(fields: Mapping[str, str], name: str) -> int | None:
    side = formfields.positive(fields, name)
    if side is not None and side > 65_535:
        raise formfields.refusal(name, "must be at most 65535", fields[name])
    return side
