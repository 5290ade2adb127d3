"""What an operation is given that runs here, in this process, and not on a server.

Nobody can cancel it but by ending the process: Ctrl-C.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from telecine import shelves
from telecine.cli.target import workspace
from telecine.kit.log import configure
from telecine.media.ffmpeg import never
from telecine.operations.base import Context, Input
from telecine.settings import Settings


@contextmanager
def context(
    *inputs: Path, settings: Settings, report: Callable[[float], None]
) -> Iterator[Context]:
    """Give the context of a run on these files; what is in its workspace goes with the block.

    Of the log, nothing less than a warning is shown.
    """
    configure(level="warning", format=settings.log_format)
    with workspace() as folder, shelves.pool(settings) as pool:
        yield Context(
            inputs=tuple(
                Input(path=path, filename=path.name, size_bytes=path.stat().st_size)
                for path in inputs
            ),
            workspace=folder,
            ffmpeg=shelves.ffmpeg(settings),
            pool=pool,
            report=report,
            is_cancelled=never,
        )
