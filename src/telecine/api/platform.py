"""What belongs to no family: health, metrics, the machine-readable reference and its page."""

from __future__ import annotations

from functools import cache, partial
from pathlib import Path
from typing import Any

import sqlalchemy as sa
import structlog
from sqlalchemy.exc import DBAPIError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from telecine import __version__
from telecine.api.bodies.incoming import DEFAULT_LIMITS
from telecine.api.family import Endpoint, Json
from telecine.api.reference import openapi, page
from telecine.api.services import Services
from telecine.api.transport.metrics import Metrics
from telecine.core import limits
from telecine.db import Transaction
from telecine.kit.errors import StorageFullError

_log = structlog.get_logger(__name__)

#: Scripts, styles and pictures, of the reference's page and of the others.
STATIC = Path(__file__).with_name("static")


def routes(
    services: Services, endpoints: tuple[Endpoint, ...], *, metrics: Metrics
) -> list[BaseRoute]:
    """Return the routes of this page."""

    @cache
    def description() -> dict[str, Any]:
        """Written when it is first asked for: no start waits for it."""
        return openapi.describe(endpoints)

    async def health(_request: Request) -> Response:
        try:
            await services.read(_ping)
            status = "ok" if await _has_room(services) else "degraded"
        except DBAPIError as error:
            _log.error("health.no_database", error=str(error.orig))
            status = "down"
        return Json(
            {"status": status, "version": __version__},
            status_code=503 if status == "down" else 200,
        )

    async def figures(_request: Request) -> Response:
        text = await run_in_threadpool(metrics.exposition)
        return Response(text, media_type="text/plain; version=0.0.4; charset=utf-8")

    async def reference_json(_request: Request) -> Response:
        return Json(description())

    async def reference_page(_request: Request) -> Response:
        return page.shown(STATIC)

    async def front_door(_request: Request) -> Response:
        # A path, not an address: what the client calls us is not ours to repeat.
        return Response(status_code=307, headers={"Location": "/docs"})

    return [
        Route("/", front_door),
        Route("/health", health),
        # Where one document has the paths of its API below /api, and says nothing of this one.
        Route("/api/health", health),
        Route("/metrics", figures),
        Route("/openapi.json", reference_json),
        Route("/docs", reference_page),
        Mount("/static", StaticFiles(directory=STATIC)),
    ]


def _ping(tx: Transaction) -> None:
    tx.execute(sa.text("SELECT 1"))


async def _has_room(services: Services) -> bool:
    """Whether uploads are taken and, where the last write failed for want of room, writes again."""
    if services.room.is_lost:
        try:
            await services.write(partial(_try_to_write, services), durable=False)
        except StorageFullError:
            return False
    return await run_in_threadpool(services.blobs.free_bytes) >= DEFAULT_LIMITS.reserve_bytes


def _try_to_write(services: Services, tx: Transaction) -> None:
    limits.count(tx, "health", limit=1, now=services.clock())
