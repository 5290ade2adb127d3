"""Takes one wall away, so that a test sees whether the others hold.

No setting of Telecine does this, nor any other means of its own: what is changed are names in
the modules of this process and of the children that it starts. For that they are started through
programs of the tests, never as themselves.
"""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Final

import av
import pytest
from av.container import InputContainer
from tests import samples

import telecine
from telecine.media import containers, ffmpeg, landlock, process, seccomp
from telecine.media.process import Program

#: Each stands alone in the way of something. `protocols` is what makes of `fd:` the only input.
WALLS: Final = ("protocols", "demuxers", "landlock", "seccomp")
_PROTOCOLS: Final = (
    *("fd", "file", "http", "https", "tcp", "tls", "udp", "rtp", "crypto", "data", "concat"),
    *("subfile", "async", "cache", "rtmp", "ftp", "gopher", "pipe", "unix"),
)
_LAUNCHER: Final = """
import sys
sys.path.append({source!r})
from telecine.media import landlock, launcher, seccomp
for wall in {modules}:
    wall.restrict = lambda **_: None
sys.exit(launcher.main(sys.argv[1:]))
"""


def take_away(wall: str, patch: pytest.MonkeyPatch, *, demuxers: Sequence[str]) -> None:
    """Remove a wall from this process, and from what it confines itself."""
    if wall == "protocols":
        patch.setattr(ffmpeg, "PROTOCOLS", _PROTOCOLS)
        patch.setattr(containers, "open_container", _opened_by_name)
    elif wall == "demuxers":
        patch.setattr(ffmpeg, "DEMUXERS", tuple(demuxers))
    else:
        patch.setattr({"landlock": landlock, "seccomp": seccomp}[wall], "restrict", _nothing)


def _opened_by_name(
    fd: int,
    *,
    max_pixels: int,
    demuxers: Sequence[str] | None = None,
    decoders: str | None = None,
) -> InputContainer:
    """Open as before there were descriptors."""
    path = Path(f"/proc/self/fd/{fd}").readlink()
    options = {
        "protocol_whitelist": ",".join(_PROTOCOLS),
        "format_whitelist": ",".join(demuxers or ffmpeg.DEMUXERS),
    }
    return av.open(str(path), mode="r", metadata_errors="replace", options=options)


def _nothing(**_: object) -> None:
    """Build no wall."""


@cache
def all_demuxers() -> tuple[str, ...]:
    """Every demuxer that there is."""
    command = [samples.ffmpeg_program(), "-hide_banner", "-demuxers"]
    listing = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    rows = listing.splitlines()[5:]
    return tuple(name for row in rows for name in row.split()[1].split(","))


@contextmanager
def without(*walls: str) -> Iterator[None]:
    """Children that are started within the block lack these walls; "none": they have all."""
    if walls == ("none",):
        yield
        return
    real = process.start_python

    def start_python(
        module: str,
        *,
        arguments: Sequence[str],
        pass_fds: Sequence[int],
        environment: Mapping[str, str],
    ) -> Program:
        """Start the program of the tests that removes the walls, then becomes the module."""
        return real(
            "tests.hostile.weakened",
            arguments=(",".join(walls), ",".join(all_demuxers()), module, *arguments),
            pass_fds=pass_fds,
            environment=environment,
        )

    with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory() as folder:
        for wall in walls:
            take_away(wall, patch, demuxers=all_demuxers())
        patch.setattr(process, "start_python", start_python)
        launcher = Path(folder) / "launcher.py"
        modules = ", ".join(wall for wall in walls if wall in {"landlock", "seccomp"})
        source = str(Path(telecine.__file__).parents[1])
        launcher.write_text(_LAUNCHER.format(source=source, modules=f"[{modules}]"))
        patch.setattr(process, "LAUNCHER", str(launcher))
        yield
