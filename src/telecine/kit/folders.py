"""Folders for nobody else: what a server keeps has secrets in it, whatever the umask says."""

from __future__ import annotations

from pathlib import Path


def make_private(folder: Path) -> None:
    """Make a folder, and those above it that are missing, all with 0700; keep one that is there.

    `Path.mkdir` gives its mode to the last one only, and a database may lie in the one above.
    """
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
    except FileNotFoundError:
        make_private(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)
