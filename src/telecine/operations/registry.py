"""Every kind of work, and the lane it waits in. A new kind is one file and one line here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from telecine.operations.base import AnyOperation
from telecine.operations.clips import CLIPS
from telecine.operations.compress import COMPRESS
from telecine.operations.convert import CONVERT
from telecine.operations.render import RENDER
from telecine.operations.voiceover import VOICEOVER

#: Long work that takes all cores: one at a time in each worker.
MEDIA_LANE = "media"
#: Work of about a second, which must not wait behind an hour's encode.
QUICK_LANE = "quick"

#: How many jobs of a lane one worker runs at a time.
LANES: Mapping[str, int] = {MEDIA_LANE: 1, QUICK_LANE: 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An operation and its lane; `has_steps` where what it keeps between attempts must go."""

    operation: AnyOperation
    lane: str
    has_steps: bool = False


OPERATIONS: Mapping[str, Entry] = {
    entry.operation.name: entry
    for entry in (
        Entry(operation=CLIPS, lane=MEDIA_LANE, has_steps=True),
        Entry(operation=COMPRESS, lane=MEDIA_LANE),
        Entry(operation=CONVERT, lane=QUICK_LANE),
        Entry(operation=RENDER, lane=MEDIA_LANE),
        Entry(operation=VOICEOVER, lane=MEDIA_LANE, has_steps=True),
    )
}
