#!/usr/bin/env python3
"""Draw docs/reference/caption-styles.md and its pictures again: `.venv/bin/python .ci/caption_styles.py`.

One picture for each row of the table in `media/seeing/caption_styles.py`: two pages of a clip of
1080 x 1920, its lower part, drawn by the renderer.
"""

from __future__ import annotations

import sys
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np

from telecine.media.render.storyboard import still
from telecine.media.seeing import cues
from telecine.media.seeing.caption_styles import DEFAULT, STYLES
from telecine.media.speech.transcript import Word
from telecine.media.timeline.dialects import parse
from telecine.media.timeline.model import Source

ROOT: Final = Path(__file__).resolve().parent.parent
PAGE: Final = ROOT / "docs" / "reference" / "caption-styles.md"
#: Where the server finds them, too: GET /api/v1/caption-styles names them.
PICTURES: Final = ROOT / "src" / "telecine" / "api" / "static" / "captions"
WORDS: Final = "Every single word is said on time"
RATE: Final = 30
SIZE: Final = (1080, 1920)
SEEN: Final = slice(600, 770)  # of a picture half as large
HEAD: Final = """\
# Caption styles

What `caption_style` may be in [the clips family](clips.md), and in `telecine clips`. Each is a row
of one table, `media/seeing/caption_styles.py`: the size of type is a share of the canvas's shorter
side, so a style looks the same on a tall canvas, a square one and a wide one. Captions stay above
what apps write over tall videos: a quarter of the height is left free below them, a tenth on a wide
canvas.

A page never goes over the end of a sentence or over a pause. Arabic, Hebrew and Persian run from right
to left; Chinese and Japanese have no spaces put into them; letters that a font does not have come
from the bundled Noto fonts. The pictures are drawn by `.ci/caption_styles.py`.
"""


def main() -> int:
    """Draw all."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    rows = [HEAD, "| style | | what it is |", "|---|---|---|"]
    for name, style in STYLES.items():
        (PICTURES / f"{name}.webp").write_bytes(_picture(name))
        what = style.description + (" The default." if name == DEFAULT else "")
        picture = (
            f"![Captions in the style {name}](../../src/telecine/api/static/captions/{name}.webp)"
        )
        rows.append(f"| `{name}` | {picture} | {what} |")
    PAGE.write_text("\n".join(rows) + "\n", "utf-8")
    return 0


def _picture(name: str) -> bytes:
    parsed = parse(_document(name))
    if parsed.timeline is None:
        raise SystemExit(f"{name}: {parsed.problems}")
    half = (SIZE[0] // 2, SIZE[1] // 2)
    shown = []
    for frame in (15, 33):
        png = still(parsed.timeline, find=_none, frame=frame, size=half)
        pixels = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR)
        if pixels is None:
            raise SystemExit(f"{name}: no picture")
        shown.append(pixels[SEEN])
    _, data = cv2.imencode(".webp", np.vstack(shown), [cv2.IMWRITE_WEBP_QUALITY, 80])
    return data.tobytes()


def _document(name: str) -> dict[str, Any]:
    words = [
        Word(text=text, start_seconds=0.1 + 0.3 * n, end_seconds=0.35 + 0.3 * n)
        for n, text in enumerate(WORDS.split())
    ]
    captions = cues.clips(
        words,
        style=STYLES[name],
        width=SIZE[0],
        height=SIZE[1],
        language="en",
        frame_rate=Fraction(RATE),
        n_frames=3 * RATE,
    )
    ground = {"type": "linear", "angle": 20, "stops": [
        {"color": "#475569", "offset": 0}, {"color": "#94a3b8", "offset": 0.5},
        {"color": "#334155", "offset": 1},
    ]}  # fmt: skip
    meta = {"version": "2.0.0", "width": SIZE[0], "height": SIZE[1], "fps": RATE}
    return {"meta": {**meta, "background": ground}, "tracks": [{"clips": captions}]}


def _none(source: Source) -> Path:
    raise SystemExit(f"Nothing is shown but words: {source}")


if __name__ == "__main__":
    sys.exit(main())
