"""What comes in: an answer's headers, its first bytes, or all of them into a file.

What a server says of a body is a claim: how long it is bounds nothing, and is only for a bar.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import httpcore2

from telecine.kit import disk
from telecine.kit.errors import (
    FileTooLargeError,
    OutboundError,
    StorageError,
    StorageFullError,
)

#: Told how many bytes are here, and of how many; None where the server does not say.
OnBytes = Callable[[int, int | None], None]

OK = 200
_BODY_HEAD_BYTES = 1024


def nobody(_n_bytes: int, _of: int | None) -> None:
    """Tell nobody."""


def headers(response: httpcore2.Response) -> dict[str, str]:
    """Return the headers by lower-case name; those that are repeated in one line."""
    joined: dict[str, str] = {}
    for raw_name, raw_value in response.headers:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        joined[name] = f"{joined[name]}, {value}" if name in joined else value
    return joined


def read_head(response: httpcore2.Response) -> bytes:
    """Return the first KiB of a body, or what of it came in."""
    head = b""
    with suppress(OutboundError, httpcore2.NetworkError, httpcore2.ProtocolError):
        for chunk in response.iter_stream():
            head += chunk
            if len(head) >= _BODY_HEAD_BYTES:
                break
    return head[:_BODY_HEAD_BYTES]


def save(
    response: httpcore2.Response,
    *,
    to: Path,
    max_bytes: int,
    is_cut: bool = False,
    on_bytes: OnBytes = nobody,
) -> int:
    """Write the body into the new file `to`, and return its size.

    `is_cut`: the first `max_bytes` of it, however many more there are. Raises `OutboundError`,
    `FileTooLargeError`, `StorageError`, and what `on_bytes` raises; leaves no file then.
    """
    if response.status != OK:
        raise OutboundError(f"The other server answered with status {response.status}.")
    said = headers(response)
    if said.get("content-encoding", "identity").lower() != "identity":
        raise OutboundError("The other server sent compressed bytes that were not asked for.")
    declared = said.get("content-length", "0")
    expected = int(declared) if declared.isdecimal() else 0
    if expected > max_bytes and not is_cut:
        raise FileTooLargeError
    try:
        with to.open("xb") as file:
            size_bytes = 0
            for chunk in response.iter_stream():
                size_bytes += len(chunk)
                if size_bytes > max_bytes:
                    if not is_cut:
                        raise FileTooLargeError
                    file.write(chunk[: max_bytes - size_bytes])
                    return max_bytes
                file.write(chunk)
                on_bytes(size_bytes, expected or None)
    except FileExistsError as error:
        raise StorageError from error  # not ours: left alone
    except OSError as error:
        to.unlink(missing_ok=True)
        raise (StorageFullError if disk.is_full(error) else StorageError) from error
    except BaseException:
        to.unlink(missing_ok=True)
        raise
    return size_bytes
