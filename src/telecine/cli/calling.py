"""What this program is called here, and the machine: lines that people copy, ids of workers."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import socket
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


def host() -> str:
    """Return this machine's name as it begins the ids of its workers."""
    return re.sub(r"[^A-Za-z0-9._-]|^[^A-Za-z0-9]+", "-", socket.gethostname()).strip("-") or "host"
