"""Confined child processes in which libraries open untrusted media.

A child sees file descriptors only: it has no file system and no network. Its tasks are listed
in `media.pool_child`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from telecine.media.sandbox import SandboxMode


class Pool:
    """Up to `size` children, started when first needed. Safe to call from many threads."""

    def __init__(self, size: int, *, sandbox: SandboxMode, memory_bytes: int) -> None:
        self._size = size
        self._sandbox = sandbox
        self._memory_bytes = memory_bytes

    def call(
        self,
        task: str,
        params: Mapping[str, Any],
        *,
        input_path: Path,
        output_path: Path | None = None,
        timeout_seconds: float,
    ) -> dict[str, Any]:
        """Run one task in a child and return its answer; blocks."""
        raise NotImplementedError

    def close(self) -> None:
        """End all children."""
        raise NotImplementedError
