"""Stored compositions: tasks, which stay and are rendered, and previews, which expire."""

from telecine.core.compositions.model import (
    PREVIEW_TTL,
    Composition,
    CompositionKind,
    NewComposition,
    Page,
    Rendering,
    RenderState,
    Task,
)
from telecine.core.compositions.service import (
    begin_render,
    convert,
    create,
    delete,
    get,
    latest_render,
    list_page,
    of_link,
    of_render,
    sweep,
    task,
)

__all__ = [
    "PREVIEW_TTL",
    "Composition",
    "CompositionKind",
    "NewComposition",
    "Page",
    "RenderState",
    "Rendering",
    "Task",
    "begin_render",
    "convert",
    "create",
    "delete",
    "get",
    "latest_render",
    "list_page",
    "of_link",
    "of_render",
    "sweep",
    "task",
]
