"""Starts programs; the only owner of subprocess.

Every program starts in its own session through the launcher in `media.sandbox`, so that its
limits and walls stand before its first instruction, and it is stopped as a group.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one program may use. `cpu_seconds` None is unlimited: shared cores make it unsure.

    `memory_bytes` is address space, `output_bytes` the size of any one file it writes,
    `stall_seconds` the time it may show no progress.
    """

    memory_bytes: int
    output_bytes: int
    wall_seconds: float
    stall_seconds: float
    cpu_seconds: int | None = None
