"""Where tables are printed: as wide as a terminal is, and in a pipe as wide as they are."""

from __future__ import annotations

import sys
from typing import Final

from rich.console import Console

_WIDE: Final = 1000


def console() -> Console:
    """Return the console of stdout. What is read by another program has no line folded."""
    return Console(highlight=False, width=None if sys.stdout.isatty() else _WIDE)
