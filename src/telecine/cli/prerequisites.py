"""What a start stands on that can be tried at once: the walls, and the data folder.

Without the imports of what is kept in it: the process of `serve` needs none of them.
"""

from __future__ import annotations

import errno
import os

from telecine.kit.folders import make_private
from telecine.media import sandbox
from telecine.settings import Settings, SettingsError


def check_sandbox(settings: Settings) -> None:
    """Refuse to go on where the settings demand confinement that this machine cannot give."""
    if settings.sandbox != "require":
        return
    missing = [layer for layer in sandbox.layers() if not layer.is_available]
    if missing:
        reasons = "; ".join(f"{layer.name}: {layer.detail}" for layer in missing)
        raise SettingsError(f"TELECINE_SANDBOX=require, but this is missing here: {reasons}")


def check_data(settings: Settings) -> None:
    """Make the data folder, if there is none. Raises `SettingsError` where it cannot be used."""
    folder = settings.data_dir
    try:
        make_private(folder)
        if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, "it may not be written to")
    except OSError as error:
        raise SettingsError(
            f"The data folder {folder} cannot be used: {error.strerror}. Give it to the user "
            "who runs this, or name another: --data or TELECINE_DATA."
        ) from error
