"""`compress` and `convert`: here in this process, or on a server; one progress bar for both.

Here means the operation's own code on a temporary workspace: no database, no account, no
credits, the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.text import Text

from telecine import settings, shelves
from telecine.api.compress import fields as form
from telecine.cli.here import context
from telecine.cli.sizes import share_text, size_text
from telecine.cli.target import deliver, require_file, require_place, workspace
from telecine.kit.errors import InvalidRequestError, ProcessingError
from telecine.kit.log import configure
from telecine.operations.base import AnyOperation
from telecine.operations.compress import COMPRESS
from telecine.operations.convert import CONVERT
from telecine_client import Client, Job
from telecine_client import TelecineError as RemoteError

_console = Console(stderr=True, highlight=False)
Fields = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Remote:
    """A server to run on."""

    url: str
    key: str


def remote(url: str, key: str) -> Remote | None:
    """Return the server named on the command line, None for a run here."""
    if not url:
        return None
    if not url.lower().startswith(("http://", "https://")):
        raise InvalidRequestError(f"write http://{url}", field="--server")
    if not key:
        raise InvalidRequestError("--server needs a --key, or TELECINE_KEY in the environment.")
    return Remote(url=url, key=key)


def compress(source: Path, output: Path, *, fields: Fields, remote: Remote | None) -> None:
    """Compress one video and say what it saved."""
    require_file(source)
    require_place(output, source=source)
    if remote is None:
        loaded = settings.load()
        limits = shelves.media_limits(loaded)
        params = form.compress_params(fields, limits=limits, threads=loaded.encoder_threads)
        _run_here(COMPRESS, params, source, output)
    else:
        with (
            remote_errors(),
            Client(remote.url, remote.key) as client,
            progress_bar(source.name) as report,
        ):
            job = client.compress(source, extra=fields)
            client.wait(job.id, on_progress=lambda now: report(_fraction(now)))
            client.download(job.id, to=output)
    _say(source, output)


def convert(source: Path, output: Path, *, fields: Fields, remote: Remote | None) -> None:
    """Convert one image and say what came out."""
    require_file(source)
    require_place(output, source=source)
    if remote is None:
        loaded = settings.load()
        params = form.convert_params(fields, max_pixels=loaded.max_pixels)
        _run_here(CONVERT, params, source, output)
    else:
        with remote_errors(), Client(remote.url, remote.key) as client:
            client.convert(source, extra=fields, to=output)
    _say(source, output)


def _run_here(operation: AnyOperation, params: Any, source: Path, output: Path) -> None:
    loaded = settings.load()
    configure(level="warning", format=loaded.log_format)
    pool = shelves.pool(loaded)
    with workspace() as folder, progress_bar(source.name) as report:
        try:
            result = operation.run(
                params,
                context(source, settings=loaded, workspace=folder, pool=pool, report=report),
            )
            deliver(result.outputs[0].path, to=output)
            report(1.0)
        finally:
            pool.close()


@contextmanager
def progress_bar(name: str) -> Iterator[Callable[[float], None]]:
    """Show a bar for the time of the work; what it gives takes the fraction done."""
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=_console) as progress:
        task = progress.add_task(name, total=1.0)
        yield lambda fraction: progress.update(task, completed=fraction)


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


def _fraction(job: Job) -> float:
    return job.progress / 100


def _say(source: Path, output: Path) -> None:
    before, after = source.stat().st_size, output.stat().st_size
    change = f"{share_text((before - after) / before)} smaller" if after <= before else "larger"
    line = f"{output}  {size_text(after)}  ({size_text(before)} before, {change})"
    _console.print(Text(line), soft_wrap=True)
