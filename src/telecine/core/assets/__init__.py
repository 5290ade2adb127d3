"""The library: uploaded files that compositions may use."""

from telecine.core.assets.model import Asset, AssetKind, Figures, NewAsset, Page, Thumbnail
from telecine.core.assets.service import (
    THUMBNAIL_NAME,
    add,
    adopt,
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
    "Figures",
    "NewAsset",
    "Page",
    "Thumbnail",
    "add",
    "adopt",
    "delete",
    "find",
    "get",
    "list_page",
    "used_bytes",
]
