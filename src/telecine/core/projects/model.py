"""What a project is: a line of revisions, each of them whole, and where its renders stand.

A revision never changes: an edit makes the next one. JSON is kept as text, as it was sent.
"""

from __future__ import annotations

import hashlib
import unicodedata
import zlib
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from telecine.core.files import File
from telecine.core.jobs import Job

DEFAULT_NAME: Final = "Untitled Project"
SUBJECT_PREFIX: Final = "project_"
#: Compositions are alike within: the lowest levels make them a tenth, in a few milliseconds a MB.
_ZLIB_LEVEL: Final = 3


class ProjectStatus(StrEnum):
    """Where a project stands: where its latest render does, unless a client said otherwise."""

    DRAFT = "draft"
    RENDERING = "rendering"
    COMPLETED = "completed"
    FAILED = "failed"


class Change(StrEnum):
    """What made a revision. `recomposes` where it brought a composition."""

    CREATE = "create"
    DUPLICATE = "duplicate"
    IMPORT = "import"
    UPDATE = "update"
    REPLACE = "replace"
    MERGE = "merge"
    DEEP_MERGE = "deep-merge"
    JSON_PATCH = "json-patch"
    RESTORE = "restore"

    @property
    def recomposes(self) -> bool:
        """Whether the thumbnail is computed anew."""
        return self not in {Change.DUPLICATE, Change.UPDATE, Change.RESTORE}


class Sort(StrEnum):
    """In which order projects are listed."""

    LATEST = "latest"
    OLDEST = "oldest"
    NAME_UP = "name-asc"
    NAME_DOWN = "name-desc"


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What a revision holds. `composition` and `settings` are JSON objects as they were sent."""

    name: str
    template_id: str
    composition: str
    settings: str = "{}"
    thumbnail_url: str | None = None
    is_thumbnail_locked: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A text as it is stored. `digest` is the SHA-256 of the text in hex."""

    digest: str
    packed: bytes
    n_characters: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A content that is ready to be stored; packing takes too long for a transaction."""

    content: Content
    composition: Document
    settings: Document


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A project without its documents. `revision` is the newest, made at `edited_at`.

    Whoever knows `share_id` may look at it, without a key. `digest` is that of the composition's
    text: SHA-256 in hex.
    """

    id: int
    account_id: str
    share_id: str
    revision: int
    status: ProjectStatus
    name: str
    template_id: str
    thumbnail_url: str | None
    is_thumbnail_locked: bool
    created_at: datetime
    edited_at: datetime
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RevisionEntry:
    """A line of a project's history. `size` is that of the composition, in characters."""

    number: int
    change: Change
    at: datetime
    name: str
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """A render of a project; `output` is what came of it, None before and after its time.

    `made` is the same, whether it can still be had or not.
    """

    job: Job
    output: File | None
    made: File | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where the renders of a project stand: the latest, and the last that can be watched."""

    latest: Job | None
    film: Export | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Some projects, and how many there are on all pages."""

    projects: tuple[Project, ...]
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """Some revisions, newest first, and how many there are on all pages."""

    revisions: tuple[RevisionEntry, ...]
    total: int


def drafted(content: Content) -> Draft:
    """Pack a content for `create` or `revise`: call it before the transaction begins."""
    return Draft(
        content=content,
        composition=_packed(content.composition),
        settings=_packed(content.settings),
    )


def unpacked(packed: bytes) -> str:
    """Return the text of a document."""
    return zlib.decompress(packed).decode("utf-8")


def _packed(text: str) -> Document:
    raw = text.encode("utf-8")
    return Document(
        digest=hashlib.sha256(raw).hexdigest(),
        packed=zlib.compress(raw, _ZLIB_LEVEL),
        n_characters=len(text),
    )


def subject_of(project_id: int) -> str:
    """Return what a project is called as the subject of a job."""
    return f"{SUBJECT_PREFIX}{project_id}"


def project_of(subject_id: str) -> int:
    """Return which project a subject is."""
    return int(subject_id.removeprefix(SUBJECT_PREFIX))


def name_key(text: str) -> str:
    """Return what names are searched and sorted by, the same in every database."""
    return unicodedata.normalize("NFKC", text).casefold()
