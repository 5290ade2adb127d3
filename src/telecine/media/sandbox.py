"""Walls around a process that opens untrusted media; also the launcher that builds them.

Standard library only: `python -I -S sandbox.py <policy as JSON> -- program arguments` runs
without site-packages, confines itself and becomes the program.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

#: auto: every layer found here; require: refuse without Landlock or seccomp; off: limits only.
SandboxMode = Literal["require", "auto", "off"]


class Layer(NamedTuple):
    """One wall as found on this machine by really trying it."""

    name: str
    is_available: bool
    detail: str


def layers() -> tuple[Layer, ...]:
    """Try each wall in a child process and say which stand. Takes about 50 ms."""
    raise NotImplementedError
