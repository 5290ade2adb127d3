"""How much sooner is a film finished than with Remotion, MoviePy or an FFmpeg filter graph?

The same composition, the same x264 settings, a cold process each: what somebody waits for who
types the command. Ours runs before and after every peer, so that a change of the machine's
mood shows. Remotion's bundling is taken off its time: its users bundle once for many renders.

Needs Node, npm and a Chromium (CHROMIUM names it). MoviePy gets an environment of its own.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from benchmarks import compositions, report

from telecine.media.ffmpeg import find_ffmpeg

_PEERS: Final = Path(__file__).parent / "peers"
#: How many times as fast as each peer we want to be, on every composition.
GOALS: Final = {"remotion": 8.0, "moviepy": 6.0, "filter graph": 1.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """Another way to the film. `command` makes it from a composition and the output's path."""

    name: str
    command: Callable[[Path, Path], Sequence[str | Path]]

    def seconds(self, composition: Path, output: Path) -> float:
        """Run it and return how long it took, less the bundling that it may report."""
        started = time.monotonic()
        done = subprocess.run(
            [str(word) for word in self.command(composition, output)],
            capture_output=True,
            text=True,
            check=False,
        )
        taken = time.monotonic() - started
        if done.returncode:
            raise SystemExit(f"{self.name}: {done.stderr[-2000:]}")
        last = (done.stdout.strip().splitlines() or [""])[-1]
        return taken - (json.loads(last)["bundle_seconds"] if last.startswith("{") else 0.0)


def main() -> None:
    """Measure in turn, print, keep the figures."""
    options = _parse()
    with tempfile.TemporaryDirectory(prefix="telecine-bench-") as text:
        folder = Path(text)
        compositions.make_media(folder)
        peers = [peer for peer in _peers(folder) if peer.name in options.peers]
        figures = {
            name: _compared(folder, name, document, peers)
            for name, document in compositions.documents().items()
        }
    worst = {
        peer.name: min(each["times_as_fast"][peer.name] for each in figures.values())
        for peer in peers
    }
    report.write(
        "render_vs_peers",
        question="Seconds from the command to the film, peers' / ours, 720p",
        figures={"compositions": figures, "least": worst, "goals": GOALS},
        is_reached=all(worst[name] >= GOALS[name] for name in worst),
    )


def _compared(
    folder: Path, name: str, document: dict[str, Any], peers: Sequence[Peer]
) -> dict[str, Any]:
    composition = folder / f"{name}.json"
    composition.write_text(json.dumps(document), "utf-8")
    output = folder / "film.mp4"
    ours = [_TELECINE.seconds(composition, output)]
    theirs = {}
    for peer in peers:
        theirs[peer.name] = round(peer.seconds(composition, output), 2)
        ours.append(_TELECINE.seconds(composition, output))
    mine = statistics.median(ours)
    times = {peer: round(seconds / mine, 2) for peer, seconds in theirs.items()}
    print(f"{name:<10} ours {mine:6.2f} s  ", *(f"{peer} {n:.1f}x" for peer, n in times.items()))
    return {
        "our_seconds": [round(seconds, 2) for seconds in ours],
        "seconds": theirs,
        "times_as_fast": times,
    }


_TELECINE = Peer(
    name="telecine",
    command=lambda composition, output: [
        *(sys.executable, "-m", "telecine", "render", composition, "-o", output),
        *("--preset", "veryfast", "--crf", "21"),
    ],
)


def _peers(folder: Path) -> list[Peer]:
    """Set the peers up and return them. The font is the one that Telecine takes."""
    found = importlib.util.find_spec("fontpkg_inter")
    assert found is not None
    assert found.origin is not None
    (font,) = Path(found.origin).parent.glob("files/Inter[[]*.ttf")
    plain = folder / "inter.ttf"  # a graph would read the brackets of its name
    plain.write_bytes(font.read_bytes())
    ffmpeg = find_ffmpeg("")
    remotion = _PEERS / "remotion"
    if not (remotion / "node_modules").is_dir():
        install = ["npm", "install", "--no-package-lock", "--no-audit", "--no-fund"]
        subprocess.run(install, cwd=remotion, check=True)
    python = folder / "moviepy" / "bin" / "python"
    venv.create(folder / "moviepy", with_pip=True)
    subprocess.run([python, "-m", "pip", "install", "--quiet", "moviepy"], check=True)
    return [
        Peer(
            name="filter graph",
            command=lambda composition, output: [
                *(sys.executable, _PEERS / "filter_graph.py", composition, output, plain, ffmpeg)
            ],
        ),
        Peer(
            name="moviepy",
            command=lambda composition, output: [
                *(python, _PEERS / "moviepy_peer.py", composition, output, plain)
            ],
        ),
        Peer(
            name="remotion",
            command=lambda composition, output: [
                *("node", remotion / "render.mjs", composition, output)
            ],
        ),
    ]


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peers", nargs="*", default=list(GOALS), choices=list(GOALS))
    return parser.parse_args()


if __name__ == "__main__":
    main()
