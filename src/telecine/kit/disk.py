"""What file systems do not all do, and how they say that they are full."""

from __future__ import annotations

import errno
import shutil
from pathlib import Path
from typing import Final

_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT})
_CANNOT_LINK: Final = frozenset(
    {errno.EXDEV, errno.EPERM, errno.EMLINK, errno.ENOTSUP, errno.ENOSYS}
)


def is_full(error: Exception) -> bool:
    """Say whether there is no room left, on the disk or for this user; libraries tell it, too."""
    return getattr(error, "errno", None) in _FULL


def link(path: Path, copy: Path) -> None:
    """Give a file that is never changed a second name. Raises `OSError`, also where there is one.

    Some file systems have no links: there its bytes lie twice.
    """
    try:
        copy.hardlink_to(path)
    except OSError as error:
        if error.errno not in _CANNOT_LINK:
            raise
        shutil.copyfile(path, copy)
