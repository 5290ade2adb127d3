"""A child of Telecine that lacks walls: `weakened WALL,WALL DEMUXERS MODULE argument…`.

Names are changed before the module is imported, for what it imports by name.
"""

from __future__ import annotations

import importlib
import sys

import pytest
from tests.hostile.walls import take_away


def main(walls: str, demuxers: str, module: str, *arguments: str) -> int:
    """Become the module."""
    for wall in walls.split(","):
        take_away(wall, pytest.MonkeyPatch(), demuxers=demuxers.split(","))
    return int(importlib.import_module(module).main(list(arguments)))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
