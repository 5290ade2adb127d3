"""The library: uploaded files that compositions may use."""

from telecine.core.assets.model import Asset, AssetKind, NewAsset, Page, Thumbnail
from telecine.core.assets.service import (
    THUMBNAIL_NAME,
    add,
    delete,
    find,
    get,
    list_page,
    used_bytes,
)

__all__ = [
    "THUMBNAIL_NAME",
    "Asset",
    "AssetKind",
    "NewAsset",
    "Page",
    "Thumbnail",
    "add",
    "delete",
    "find",
    "get",
    "list_page",
    "used_bytes",
]
