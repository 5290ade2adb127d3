"""Request body -> bytes in memory -> a struct, with a limit, and a field for every refusal."""

from __future__ import annotations

import re
from typing import TypeVar

import msgspec
from starlette.requests import Request

from telecine.kit.errors import FileTooLargeError, InvalidRequestError

S = TypeVar("S", bound=msgspec.Struct)

_PLACE = re.compile(r" - at `\$\.?([^`]*)`")


async def read(request: Request, *, max_bytes: int) -> bytes:
    """Return the whole body. Raises `FileTooLargeError` as soon as it is known to be too long."""
    declared = request.headers.get("content-length", "0")
    if declared.isascii() and declared.isdecimal() and int(declared[:20]) > max_bytes:
        raise _too_large(max_bytes)
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > max_bytes:
            raise _too_large(max_bytes)
    return bytes(body)


def decode(raw: bytes, kind: type[S], *, within: str = "") -> S:
    """Read a body, or what stands in its field `within`, as a struct; nothing is an empty object.

    Names the field at fault.
    """
    try:
        return msgspec.json.decode(raw.strip() or b"{}", type=kind)
    except msgspec.ValidationError as error:
        place = _PLACE.search(str(error))
        reason = _PLACE.sub("", str(error))
        inside = place[1] if place else ""
        field = ".".join(part for part in (within, inside) if part) or None
        said = f"'{field}': {reason}." if field else f"{reason}."
        raise InvalidRequestError(said, field=field) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidRequestError(f"The body is not JSON: {error}.") from error


def _too_large(max_bytes: int) -> FileTooLargeError:
    return FileTooLargeError(f"The body may have at most {max_bytes} bytes.")
