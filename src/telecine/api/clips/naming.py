"""A clip's id says which clip of which job it is: there is no table of clips."""

from __future__ import annotations

import re
from typing import Final

JOB_PREFIX: Final = "job_"
_PREFIX: Final = "clip_"
_ID: Final = re.compile(rf"{_PREFIX}([a-z0-9]{{12}})([0-9]{{2}})", re.ASCII)


def clip_id(job_id: str, number: int) -> str:
    """Return the id of a job's clip; numbers are 1 to 99, the best first."""
    return f"{_PREFIX}{job_id.removeprefix(JOB_PREFIX)}{number:02}"


def place_of(name: str) -> tuple[str, int] | None:
    """Return the job and the number that an id names; None for what is no clip's."""
    found = _ID.fullmatch(name)
    return None if found is None else (f"{JOB_PREFIX}{found[1]}", int(found[2]))
