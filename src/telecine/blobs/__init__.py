"""Shelf: bytes under a key, in a folder or a bucket. Knows no file, job or account."""

from telecine.blobs.reason import reason
from telecine.blobs.store import BlobInfo, BlobStore, FolderStore, open_store, storage_errors

__all__ = ["BlobInfo", "BlobStore", "FolderStore", "open_store", "reason", "storage_errors"]
