"""The library: uploaded files that compositions may use."""

from telecine.core.assets.model import Asset, AssetKind, NewAsset, Page
from telecine.core.assets.service import add, delete, find, get, list_page, used_bytes

__all__ = [
    "Asset",
    "AssetKind",
    "NewAsset",
    "Page",
    "add",
    "delete",
    "find",
    "get",
    "list_page",
    "used_bytes",
]
