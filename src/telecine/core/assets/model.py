"""What a file of the library is. Only its kind and figures are kept beside the file itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from telecine.core.files import File


class AssetKind(StrEnum):
    """What a file is by its content, whatever it was called."""

    IMAGE = "image"
    VIDEO = "video"
    AUDIO = "audio"
    CAPTION = "caption"


@dataclass(frozen=True, slots=True, kw_only=True)
class Thumbnail:
    """The small picture of an asset, a WebP that is stored already."""

    blob_key: str
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAsset:
    """A blob that is stored but not yet in the library. Sizes are those shown; None: has none."""

    blob_key: str
    filename: str
    media_type: str
    size_bytes: int
    kind: AssetKind
    width: int | None
    height: int | None
    duration_seconds: float | None
    thumbnail: Thumbnail | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What was found in a file that is stored already; None: has none."""

    kind: AssetKind
    width: int | None
    height: int | None
    duration_seconds: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """One file of the library. `thumbnail_id` is the file of its small picture, if it has one."""

    id: str
    account_id: str
    file: File
    kind: AssetKind
    width: int | None
    height: int | None
    duration_seconds: float | None
    thumbnail_id: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Some assets, newest first, and how many there are on all pages."""

    assets: tuple[Asset, ...]
    total: int
