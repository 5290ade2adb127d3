"""What files beside a composition hold, as far as its length or its words depend on them.

They are looked at in confined processes, which start only when a composition asks.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from telecine import shelves
from telecine.kit.errors import TelecineError
from telecine.media.timeline import wordfile
from telecine.media.timeline.dialects import Parsed, parse
from telecine.media.timeline.model import Source
from telecine.settings import Settings


def parse_beside(document: object, *, folder: Path, settings: Settings) -> Parsed:
    """Translate a document whose local sources lie in `folder`; never raises for what they hold."""
    nearby = _Nearby(folder, settings)
    try:
        return parse(document, lookup=nearby)
    finally:
        nearby.close()


class _Nearby:
    """A `Lookup`; what is not there, lies on the web or is broken is for others to tell."""

    def __init__(self, folder: Path, settings: Settings) -> None:
        self._folder = folder
        self._max_pixels = settings.max_pixels
        self._pool = shelves.pool(settings)
        self._seconds: dict[str, float | None] = {}

    def duration_seconds(self, source: Source) -> float | None:
        """Return how long a file runs; None where that cannot be told."""
        if source.src not in self._seconds:
            self._seconds[source.src] = self._measured(self._folder / source.src)
        return self._seconds[source.src]

    def words(self, source: Source) -> object:
        """Return the JSON of a caption file; None where it cannot be had."""
        path = self._folder / source.src
        try:
            if not path.is_file() or path.stat().st_size > wordfile.MOST_BYTES:
                return None
            return wordfile.decode(path.read_bytes())
        except OSError:
            return None

    def close(self) -> None:
        """End the processes."""
        self._pool.close()

    def _measured(self, path: Path) -> float | None:
        if not path.is_file():
            return None
        # Its libraries take longer to import than many a film, and few compositions ask.
        from telecine.media.describing import describe  # noqa: PLC0415

        with tempfile.TemporaryDirectory(prefix="telecine-") as folder:
            try:
                target = Path(folder) / "copy"
                found = describe(self._pool, path, target=target, max_pixels=self._max_pixels)
            except (TelecineError, OSError):
                return None
        return found.duration_seconds
