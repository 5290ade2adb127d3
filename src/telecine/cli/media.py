"""`compress` and `convert`: here in this process, or on a server; one progress bar for both.

Here means the operation's own code on a temporary workspace: no database, no account, no
credits, the same bytes.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from telecine import settings, shelves
from telecine.api.compress import fields as form
from telecine.cli import here
from telecine.cli.remote import Remote, remote_errors
from telecine.cli.sizes import share_text, size_text
from telecine.cli.target import deliver, require_file, require_place
from telecine.cli.terminal import progress_bar, say
from telecine.operations.base import Operation, P
from telecine.operations.compress import COMPRESS
from telecine.operations.convert import CONVERT
from telecine.settings import Settings
from telecine_client import Client, Job


def compress(
    source: Path, output: Path, *, fields: Mapping[str, str], remote: Remote | None
) -> None:
    """Compress one video and say what it saved."""
    require_file(source)
    require_place(output, source=source)
    if remote is None:
        loaded = settings.load()
        limits = shelves.media_limits(loaded)
        params = form.compress_params(fields, limits=limits, threads=loaded.encoder_threads)
        _run_here(COMPRESS, params, source, output, loaded)
    else:
        with (
            remote_errors(),
            Client(remote.url, remote.key) as client,
            progress_bar(source.name) as report,
        ):
            job = client.compress(source, extra=fields)
            client.wait(job.id, on_progress=lambda now: report(_fraction(now)))
            client.download(job.id, to=output)
    _say_saved(source, output)


def convert(
    source: Path, output: Path, *, fields: Mapping[str, str], remote: Remote | None
) -> None:
    """Convert one image and say what came out."""
    require_file(source)
    require_place(output, source=source)
    if remote is None:
        loaded = settings.load()
        params = form.convert_params(fields, max_pixels=loaded.max_pixels)
        _run_here(CONVERT, params, source, output, loaded)
    else:
        with remote_errors(), Client(remote.url, remote.key) as client:
            client.convert(source, extra=fields, to=output)
    _say_saved(source, output)


def _run_here(
    operation: Operation[P], params: P, source: Path, output: Path, loaded: Settings
) -> None:
    with (
        progress_bar(source.name) as report,
        here.context(source, settings=loaded, report=report) as context,
    ):
        result = operation.run(params, context)
        deliver(result.outputs[0].path, to=output)
        report(1.0)


def _fraction(job: Job) -> float:
    return job.progress / 100


def _say_saved(source: Path, output: Path) -> None:
    before, after = source.stat().st_size, output.stat().st_size
    change = f"{share_text((before - after) / before)} smaller" if after <= before else "larger"
    say(f"{output}  {size_text(after)}  ({size_text(before)} before, {change})")
