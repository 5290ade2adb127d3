"""Changing a project so that nothing is lost, however many do it at the same time.

A change is made of the newest revision, and taken only where that is still the newest. A client
that names a revision in `If-Match` is told when it is not; for others the change is made anew.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from telecine.api.access import Caller
from telecine.api.fields.remarks import Remark, remarks
from telecine.api.projects import fields, picturing
from telecine.api.projects.wording import Shown
from telecine.api.services import Services
from telecine.core import projects
from telecine.core.projects import Change, Content, Project, ProjectStatus
from telecine.db import Transaction
from telecine.kit.errors import ConflictError, StaleError
from telecine.media.timeline.dialects import parse

#: Each time that one change has to be made anew another one has been taken.
_MOST_TRIES: Final = 200
_NOTHING_YET: Final = "EMPTY"
_MOST_LINTED: Final = 256
#: By the digest of the composition.
_linted: dict[str, tuple[Remark, ...]] = {}


async def found(request: Request, caller: Caller, services: Services) -> Project:
    """Return the project of the path."""
    return await services.read(
        partial(projects.get, project_id=fields.project_id(request), account_id=caller.account.id)
    )


async def edit(
    request: Request,
    caller: Caller,
    services: Services,
    make: Callable[[Content], Content],
    *,
    change: Change,
    status: ProjectStatus | None = None,
) -> Project:
    """Change what a project holds; what makes no difference makes no revision.

    Raises `StaleError` where `If-Match` names another revision than the newest.
    """
    for _ in range(_MOST_TRIES):
        project, old = await services.read(
            partial(_newest, project_id=fields.project_id(request), caller=caller)
        )
        require_match(request, project)
        content = await run_in_threadpool(make, old)
        if change.recomposes:
            content = await picturing.pictured(request, caller, services, content)
        draft = None if content == old else await run_in_threadpool(projects.drafted, content)
        try:
            return await services.write(
                partial(
                    projects.revise,
                    project=project,
                    new=draft,
                    change=change,
                    now=services.clock(),
                    most_kept=services.settings.project_revisions,
                    limit_bytes=caller.plan.storage_bytes,
                    status=status,
                )
            )
        except StaleError:
            if fields.if_match(request) is not None:
                raise
    raise ConflictError("Too many change this project at the moment. Try again.")


def require_match(request: Request, project: Project) -> None:
    """Raise `StaleError` where the client expects another revision."""
    expected = fields.if_match(request)
    if expected is not None and project.revision not in expected:
        raise StaleError(
            f"The project is at revision {project.revision}. Fetch it again, and send your change "
            "once more."
        )


async def shown(services: Services, caller: Caller, project: Project) -> Shown:
    """Return a project with everything that a reply says of it."""

    def look(tx: Transaction) -> Shown:
        return Shown(
            project=project,
            content=projects.content(tx, project),
            standing=projects.standing(tx, project, now=services.clock()),
            email=caller.account.email,
        )

    return await services.read(look)


async def lint(composition: str, *, digest: str) -> tuple[Remark, ...]:
    """Return what a render of a composition would complain of, as far as it says so itself.

    What is known by its digest is not read again: a project is asked for again and again.
    """
    known = _linted.get(digest)
    if known is not None:
        return known
    parsed = await run_in_threadpool(
        lambda: parse(msgspec.json.decode(composition), usual="remotion")
    )
    # An empty one is how each begins.
    found = remarks(
        each for each in (*parsed.problems, *parsed.warnings) if each.code != _NOTHING_YET
    )
    if len(_linted) >= _MOST_LINTED:
        _linted.pop(next(iter(_linted)), None)
    _linted[digest] = found
    return found


def _newest(tx: Transaction, *, project_id: int, caller: Caller) -> tuple[Project, Content]:
    project = projects.get(tx, project_id, account_id=caller.account.id)
    return project, projects.content(tx, project)
