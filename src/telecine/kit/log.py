"""Structured logs: events with facts, one a line. Pretty on a terminal, JSON elsewhere.

Secrets do not reach a log because nobody hands them in, and because a traceback is told without
the values of its variables: among those are keys and accounts. What third parties log is kept
to warnings, and passes the same way out.
"""

from __future__ import annotations

import contextlib
import io
import logging
import sys
from typing import Literal, TextIO, cast

import structlog
from typing_extensions import override  # typing has it from Python 3.12 on

#: ValueError is what a stream says that somebody has closed.
_UNWRITABLE = contextlib.suppress(OSError, ValueError)
_bare_traceback = structlog.tracebacks.ExceptionDictTransformer(show_locals=False)


class _Lossy(io.TextIOBase):
    """A stream that drops what cannot be written.

    A log on a full disk, or to a pipe that nobody reads any more, must not end the thread that
    has something to say: mostly that very disk is what it wants to talk about.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    @override
    def write(self, text: str, /) -> int:
        with _UNWRITABLE:
            self._stream.write(text)
        return len(text)

    @override
    def flush(self) -> None:
        with _UNWRITABLE:
            self._stream.flush()


def configure(*, level: str, format: Literal["auto", "json", "pretty"]) -> None:  # noqa: A002
    """Set up logging for this process; everything goes to stderr."""
    is_pretty = format == "pretty" or (format == "auto" and sys.stderr.isatty())
    stream = cast("TextIO", _Lossy(sys.stderr))
    least = getattr(logging, level.upper())
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    if not is_pretty:
        shared.append(structlog.processors.ExceptionRenderer(_bare_traceback))
    renderer: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer(
            exception_formatter=structlog.dev.RichTracebackFormatter(show_locals=False)
        )
        if is_pretty
        else structlog.processors.JSONRenderer()
    )
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(least),
        logger_factory=structlog.PrintLoggerFactory(stream),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processor=renderer)
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(max(least, logging.WARNING))
