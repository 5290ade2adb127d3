"""Answers what a document refers to, from the files that came with it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from telecine.kit.errors import MediaError, UndecodableMediaError
from telecine.media.render.decoding.facts import probe_source
from telecine.media.timeline import wordfile
from telecine.media.timeline.model import Source


class Files:
    """Where the sources of one document are: its `Find`, and its `Lookup`."""

    def __init__(self, paths: Mapping[str, Path]) -> None:
        self._paths = paths

    def find(self, source: Source) -> Path:
        """Return a source's file. Raises `UndecodableMediaError` where none was given."""
        path = self._paths.get(source.src)
        if path is None:
            raise UndecodableMediaError("There is no such file.", field=source.path)
        return path

    def duration_seconds(self, source: Source) -> float | None:
        """Return how long a source runs; None where it has no end, or cannot be read."""
        try:
            duration = probe_source(self.find(source)).duration_seconds
        except (MediaError, OSError):
            return None  # whoever renders says what is wrong with it
        return None if duration is None else float(duration)

    def words(self, source: Source) -> object:
        """Return the JSON of a caption file; None where it cannot be had."""
        try:
            path = self.find(source)
            if path.stat().st_size > wordfile.MOST_BYTES:
                return None
            return wordfile.decode(path.read_bytes())
        except (MediaError, OSError):
            return None
