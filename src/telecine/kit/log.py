"""Structured logs: events with facts, one a line. Pretty on a terminal, JSON elsewhere.

Secrets do not reach a log because nobody hands them in; what third parties log is kept to
warnings, and passes the same way out.
"""

from __future__ import annotations

import logging
import sys
from typing import Literal

import structlog


def configure(*, level: str, format: Literal["auto", "json", "pretty"]) -> None:  # noqa: A002
    """Set up logging for this process; everything goes to stderr."""
    is_pretty = format == "pretty" or (format == "auto" and sys.stderr.isatty())
    least = getattr(logging, level.upper())
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    if not is_pretty:
        shared.append(structlog.processors.dict_tracebacks)
    renderer: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer() if is_pretty else structlog.processors.JSONRenderer()
    )
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(least),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processor=renderer)
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(max(least, logging.WARNING))
