"""What is said where memory was not enough: of what, and what helps.

Few libraries say that they failed for want of it; how near the process came to its limit does.
"""

from __future__ import annotations

import errno
import os
import re
import resource
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from telecine.kit.errors import (
    CancelledError,
    InvalidRequestError,
    MediaLimitError,
    ResourceLimitError,
    StorageFullError,
    UnsupportedMediaError,
)

ADVICE: Final = (
    "Make the film smaller, or show fewer and smaller pictures at once; whoever runs the server "
    "may raise TELECINE_JOB_MEMORY_BYTES."
)
#: Pictures of the film's size that a process asks for at once, and the bytes of a pixel in them.
_PICTURES_AT_ONCE: Final = 6
_PIXEL_BYTES: Final = 4.5
_LEAST_BYTES: Final = 16 * 2**20
#: What says by itself what is wrong.
_CLEAR: Final = (
    CancelledError,
    InvalidRequestError,
    MediaLimitError,
    ResourceLimitError,
    StorageFullError,
    UnsupportedMediaError,
)


def shortage(*, field: str | None = None) -> ResourceLimitError:
    """Return the error; `field` is what takes the memory."""
    return ResourceLimitError(
        f"Rendering needs more memory than one job may use. {ADVICE}", field=field
    )


def is_told(error: Exception) -> bool:
    """Say whether an error is of memory, in its own words."""
    return isinstance(error, MemoryError) or getattr(error, "errno", None) == errno.ENOMEM


class Gauge:
    """Tells how much memory this process took at most. Opened before the walls stand."""

    def __init__(self) -> None:
        path = Path("/proc/self/status")
        self._file = path.open("rb", buffering=0) if path.exists() else None

    def is_near_limit(self, n_pixels: int) -> bool:
        """Say whether a few more pictures of that size would not have fitted."""
        limit, _ = resource.getrlimit(resource.RLIMIT_AS)
        if limit == resource.RLIM_INFINITY:
            return False
        wanted = max(_PICTURES_AT_ONCE * _PIXEL_BYTES * n_pixels, _LEAST_BYTES)
        return self._peak_bytes() + wanted > limit

    def _peak_bytes(self) -> int:
        text = b"" if self._file is None else os.pread(self._file.fileno(), 4096, 0)
        found = re.search(rb"^VmPeak:\s*(\d+) kB", text, re.MULTILINE)
        return int(found[1]) * 2**10 if found else 0


@contextmanager
def explained(gauge: Gauge, *, width: int, height: int, place: str) -> Iterator[None]:
    """Raise `ResourceLimitError` where something failed for want of memory.

    It names what failed, else the `place` of the film's size in the document.
    """
    try:
        yield
    except _CLEAR:
        raise
    except Exception as error:
        if not is_told(error) and (
            isinstance(error, OSError) or not gauge.is_near_limit(width * height)
        ):
            raise
        raise shortage(field=getattr(error, "field", None) or place) from error


def place_of_size(document: Mapping[str, Any]) -> str:
    """Return where a composition says how large its film is."""
    return "meta.width" if "meta" in document else "compositionWidth"
