"""How this program is called: what a line that people copy begins with."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from pathlib import Path

import telecine


def program() -> str:
    """Return `telecine` where that finds this program; in a checkout the launcher, as from here."""
    found = shutil.which("telecine")
    if found is not None and Path(found).resolve() == Path(sys.argv[0]).resolve():
        return "telecine"
    launcher = Path(telecine.__file__).parents[2] / "telecine"
    if not launcher.is_file():
        return "telecine"
    if launcher.parent == Path.cwd():
        return "./telecine"
    return shlex.quote(os.fspath(launcher))
