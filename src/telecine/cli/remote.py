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
    """Return the server named on the command line, None for a run here.

    Raises `InvalidRequestError` for what cannot be one, or without a key.
    """
    if not url:
        return None
    if not url.lower().startswith(("http://", "https://")):
        raise InvalidRequestError(f"write http://{url}", field="--server")
    try:
        httpx2.URL(url)
    except httpx2.InvalidURL as error:
        raise InvalidRequestError(f"{url} is no address: {error}.", field="--server") from error
    if not key:
        raise InvalidRequestError("--server needs a --key, or TELECINE_KEY in the environment.")
    return Remote(url=url, key=key)


@contextmanager
def remote_errors() -> Iterator[None]:
    """Raise what a server refused, or that there is none, as an error of our own."""
    try:
        yield
    except RemoteError as error:
        raise _told(error.__cause__) or ProcessingError(f"{error}") from error
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        said = f"The server cannot be reached, or breaks off: {error}"
        raise _told(error) or ProcessingError(said) from error


def _told(cause: BaseException | None) -> ProcessingError | None:
    """Return what it is called that nothing listens there; None for any other cause."""
    if not isinstance(cause, httpx2.ConnectError):
        return None
    url = cause.request.url
    return ProcessingError(
        f"No server answers at {url.scheme}://{url.netloc.decode()}. `telecine serve` starts one."
    )
