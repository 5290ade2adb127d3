"""What an operation is given that runs here, in this process, and not on a server.

Nobody can cancel it but by ending the process: Ctrl-C.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from telecine import shelves
from telecine.media.pool import Pool
from telecine.operations.base import Context, Input
from telecine.settings import Settings


def context(
    *inputs: Path,
    settings: Settings,
    workspace: Path,
    pool: Pool,
    report: Callable[[float], None],
    **more: Any,
) -> Context:
    """Return the context of a run on these files; `more` are other fields of it."""
    return Context(
        inputs=tuple(
            Input(path=path, filename=path.name, size_bytes=path.stat().st_size) for path in inputs
        ),
        workspace=workspace,
        ffmpeg=shelves.ffmpeg(settings),
        pool=pool,
        report=report,
        is_cancelled=lambda: False,
        **more,
    )
