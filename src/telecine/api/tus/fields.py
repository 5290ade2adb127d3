"""Headers of tus -> what is wanted. Refusals name the header."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request

from telecine.api.bodies.formdata import safe_filename
from telecine.api.bodies.spooling import Hasher
from telecine.api.tus.wire import VERSION
from telecine.core.uploads import NewUpload
from telecine.kit.errors import InvalidRequestError, UnsupportedMediaError

BYTES: Final = "application/offset+octet-stream"
_MOST_METADATA_CHARACTERS: Final = 8192
_MOST_DIGITS: Final = 18
_MEDIA_TYPE: Final = re.compile(r"[A-Za-z0-9][\w.+-]{0,63}/[A-Za-z0-9][\w.+-]{0,126}", re.ASCII)
#: What clients call the name and the type of a file.
_NAMES: Final = ("filename", "name")
_TYPES: Final = ("filetype", "contentType", "type")
_ALGORITHMS: Final[Mapping[str, Callable[[], Hasher]]] = {
    # For damage on the way, not for secrets.
    "sha1": lambda: hashlib.sha1(usedforsecurity=False),
    "sha256": hashlib.sha256,
}
ALGORITHMS: Final = ",".join(_ALGORITHMS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Checksum:
    """What the bytes of one request must add up to."""

    hasher: Callable[[], Hasher]
    digest: bytes


def require_version(request: Request) -> None:
    """Refuse (412) what speaks another tus than we do."""
    if request.headers.get("tus-resumable") != VERSION:
        raise HTTPException(
            412,
            detail=f"This is tus {VERSION}: send the header 'Tus-Resumable: {VERSION}'.",
            headers={"Tus-Resumable": VERSION, "Tus-Version": VERSION},
        )


def new_upload(request: Request) -> NewUpload:
    """Read what is told of a file before it comes."""
    raw = request.headers.get("upload-metadata", "").strip()
    told = _metadata(raw)
    media_type = next((told[name] for name in _TYPES if told.get(name)), "")
    return NewUpload(
        size_bytes=_length(request),
        filename=safe_filename(next((told[name] for name in _NAMES if told.get(name)), "")),
        media_type=media_type if _MEDIA_TYPE.fullmatch(media_type) else "application/octet-stream",
        metadata=raw,
    )


def late_length(request: Request) -> int | None:
    """Read the length of an upload that began without one, if it is told now."""
    return _number(request, "Upload-Length")


def offset(request: Request) -> int:
    """Read where the bytes of a request belong."""
    found = _number(request, "Upload-Offset")
    if found is None:
        raise InvalidRequestError("'Upload-Offset' is missing.", field="Upload-Offset")
    return found


def brings_bytes(request: Request) -> bool:
    """Say whether a request that begins an upload brings its first bytes with it."""
    return _kind(request) == BYTES


def require_bytes(request: Request) -> None:
    """Raise `UnsupportedMediaError` for a body of another type than tus has."""
    if _kind(request) != BYTES:
        raise UnsupportedMediaError(
            f"The bytes of an upload come as 'Content-Type: {BYTES}'.", field="Content-Type"
        )


def checksum(request: Request) -> Checksum | None:
    """Read what the bytes of a request must add up to, if that is told."""
    raw = request.headers.get("upload-checksum")
    if raw is None:
        return None
    algorithm, _, encoded = raw.strip().partition(" ")
    hasher = _ALGORITHMS.get(algorithm.lower())
    digest = _decoded(encoded.strip())
    if hasher is None or digest is None or len(digest) != len(hasher().digest()):
        raise InvalidRequestError(
            f"'Upload-Checksum' is one of {ALGORITHMS}, a space, and the digest in base64.",
            field="Upload-Checksum",
        )
    return Checksum(hasher=hasher, digest=digest)


def _length(request: Request) -> int | None:
    length = _number(request, "Upload-Length")
    deferred = request.headers.get("upload-defer-length")
    if length is not None and deferred is not None:
        raise InvalidRequestError(
            "Send one of the two: 'Upload-Length', or 'Upload-Defer-Length: 1' and the length later.",
            field="Upload-Length",
        )
    if (length is None) == (deferred is None) or deferred not in (None, "1"):
        raise InvalidRequestError(
            "Say how many bytes the file has: 'Upload-Length: 1000'; or 'Upload-Defer-Length: 1', "
            "and say it later.",
            field="Upload-Length",
        )
    return length


def _number(request: Request, name: str) -> int | None:
    raw = request.headers.get(name)
    if raw is None:
        return None
    if not (raw.isascii() and raw.isdecimal()):
        raise InvalidRequestError(f"'{name}' must be a number of bytes.", field=name)
    # Cut short it is still more than anything has.
    return int(raw.lstrip("0")[:_MOST_DIGITS] or 0)


def _metadata(raw: str) -> dict[str, str]:
    """Decode `filename dGFsay5tcDQ=,is_draft`: keys, each with base64 or nothing."""
    told: dict[str, str] = {}
    wrong = InvalidRequestError(
        "'Upload-Metadata' is a list of keys with values in base64: filename dGFsay5tcDQ=",
        field="Upload-Metadata",
    )
    if len(raw) > _MOST_METADATA_CHARACTERS:
        raise InvalidRequestError(
            f"'Upload-Metadata' may have {_MOST_METADATA_CHARACTERS} characters.",
            field="Upload-Metadata",
        )
    for pair in filter(None, (each.strip() for each in raw.split(","))):
        key, _, encoded = pair.partition(" ")
        value = _decoded(encoded.strip())
        if value is None or key in told or not (key.isascii() and key.isprintable()):
            raise wrong
        told[key] = value.decode("utf-8", "replace").replace("\0", "")
    return told


def _decoded(encoded: str) -> bytes | None:
    try:
        return base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        return None


def _kind(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()
