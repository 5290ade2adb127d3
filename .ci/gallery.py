#!/usr/bin/env python3
"""Draw the pictures of docs/gallery.md again: `.venv/bin/python .ci/gallery.py [NAME …]`.

`README` is the storyboard of the document in README.md; `project-templates` are those of
docs/reference/templates.md.

What never moves becomes one still at twice its size, all else a sheet of six moments. The
films and stills that some of the documents show are rendered first, from `sources/NAME.json`; what is heard is a row of tones.
"""

from __future__ import annotations

import json
import re
import sys
import tempfile
import wave
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from telecine import templates
from telecine.media.render.film import Film
from telecine.media.render.render import render
from telecine.media.render.storyboard import still, storyboard
from telecine.media.timeline.dialects import parse
from telecine.media.timeline.model import Source, Timeline

ROOT: Final = Path(__file__).resolve().parent.parent
GALLERY: Final = ROOT / "tests" / "media" / "render" / "gallery"
PICTURES: Final = ROOT / "docs" / "pictures" / "gallery"
MAX_BYTES: Final = 60_000
#: How the shapes of a template are shown: six pictures, so many beside each other, so wide.
SHAPES: Final[tuple[tuple[templates.Shape, int, int], ...]] = (
    ("wide", 3, 320),
    ("tall", 6, 160),
)


def main() -> int:
    """Draw the documents named, or all."""
    names = sys.argv[1:]
    PICTURES.mkdir(parents=True, exist_ok=True)
    for path in sorted([*GALLERY.glob("*.json"), *(GALLERY / "pictured").glob("*.json")]):
        if names and path.stem not in names:
            continue
        with tempfile.TemporaryDirectory() as folder:
            data = _picture(path, Path(folder))
        (PICTURES / f"{path.stem}.webp").write_bytes(data)
        print(f"{path.stem}: {len(data):,} bytes")
    if not names or "README" in names:
        (PICTURES.parent / "composition.webp").write_bytes(_of_the_readme())
    if not names or "project-templates" in names:
        _draw_templates()
    return 0


def _draw_templates() -> None:
    for template in templates.known().values():
        for shape, columns, width in SHAPES if template.id != templates.DEFAULT_ID else ():
            parsed = parse(template.composition(shape))
            if parsed.timeline is None:
                raise SystemExit(f"{template.id}: {parsed.problems}")
            png = storyboard(
                parsed.timeline, find=_none, n_pictures=6, columns=columns, width=width
            )
            path = PICTURES.parent / "templates" / f"{template.id}-{shape}.webp"
            path.write_bytes(_webp(png))


def _of_the_readme() -> bytes:
    text = (ROOT / "README.md").read_text("utf-8")
    shown = re.search(r"^```json\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    parsed = parse(json.loads(shown[1]) if shown else None)
    if parsed.timeline is None:
        raise SystemExit(f"README.md: {parsed.problems}")
    return _webp(storyboard(parsed.timeline, find=_none))


def _picture(path: Path, folder: Path) -> bytes:
    def find(source: Source) -> Path:
        made = folder / Path(source.src).name
        if made.suffix == ".wav":
            _play(made)
        elif not made.exists():
            _make(_timeline(path.parent / "sources" / f"{made.stem}.json"), made)
        return made

    timeline = _timeline(path)
    with Film(timeline, find=find) as film:
        shown = {planes.y.tobytes() for planes in film.pictures(range(timeline.duration_frames))}
    if len(shown) == 1:
        size = (2 * timeline.width, 2 * timeline.height)
        return _webp(still(timeline, find=find, frame=0, size=size))
    return _webp(storyboard(timeline, find=find, n_pictures=6, columns=3))


def _timeline(path: Path) -> Timeline:
    parsed = parse(json.loads(path.read_text("utf-8")))
    if parsed.timeline is None:
        raise SystemExit(f"{path}: {parsed.problems}")
    return parsed.timeline


def _make(timeline: Timeline, made: Path) -> None:
    if made.suffix == ".png":
        made.write_bytes(still(timeline, find=_none, frame=0))
    else:
        render(timeline, find=_none, output=made)


def _play(made: Path) -> None:
    """Write two seconds of chords that die away, four a second."""
    seconds = np.arange(2 * 48_000) / 48_000
    roots = 110 * 2 ** (np.floor(4 * seconds) * 5 / 12)
    tones = sum(np.sin(2 * np.pi * n * roots * seconds) / n for n in (1, 2, 3, 5, 8, 13))
    samples = 9000 * tones * np.exp(-6 * (4 * seconds % 1) / 2)
    with wave.open(str(made), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(48_000)
        file.writeframes(samples.astype("<i2").tobytes())


def _none(source: Source) -> Path:
    raise SystemExit(f"{source.src}: a source has no sources")


def _webp(png: bytes) -> bytes:
    """Return it as WebP, as good as fits."""
    pixels = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR)
    if pixels is None:
        raise SystemExit("no picture came of a PNG")
    for quality in range(90, 20, -10):
        _, data = cv2.imencode(".webp", pixels, [cv2.IMWRITE_WEBP_QUALITY, quality])
        if data.nbytes < MAX_BYTES:
            return data.tobytes()
    raise SystemExit("no picture came out small enough")


if __name__ == "__main__":
    sys.exit(main())
