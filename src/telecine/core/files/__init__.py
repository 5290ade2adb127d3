"""Stored media owned by an account."""

from telecine.core.files.model import File
from telecine.core.files.service import add, expire, expired, get, keep, keys_of, mark_deleted

__all__ = ["File", "add", "expire", "expired", "get", "keep", "keys_of", "mark_deleted"]
