"""A server that a command runs on instead of here: `--server` and `--key`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import httpx2

from telecine.kit.errors import InvalidRequestError, ProcessingError
from telecine_client import TelecineError as RemoteError


@dataclass(frozen=True, slots=True, kw_only=True)
class Remote:
    """A server to run on."""

    url: str
    key: str


def named(url: str, key: str) -> Remote | None:
    """Return the server named on the command line, None for a run here."""
    if not url:
        return None
    if not url.lower().startswith(("http://", "https://")):
        raise InvalidRequestError(f"write http://{url}", field="--server")
    if not key:
        raise InvalidRequestError("--server needs a --key, or TELECINE_KEY in the environment.")
    return Remote(url=url, key=key)


@contextmanager
def remote_errors() -> Iterator[None]:
    """Raise what a server refused, or that there is none, as an error of our own."""
    try:
        yield
    except (RemoteError, httpx2.ConnectError) as error:
        cause = error if isinstance(error, httpx2.ConnectError) else error.__cause__
        if isinstance(cause, httpx2.ConnectError):
            url = cause.request.url
            raise ProcessingError(
                f"No server answers at {url.scheme}://{url.netloc.decode()}. "
                "`telecine serve` starts one."
            ) from error
        raise ProcessingError(f"{error}") from error
