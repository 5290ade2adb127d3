#!/usr/bin/env python3
"""Draw docs/pictures/clips.webp again: `.venv/bin/python .ci/clips.py`.

A film of our own, somebody drawn who speaks on a stage, and one frame of it on each canvas: put
there by `media/seeing/reframing.py`, with captions, and drawn by the renderer. Only the place of
the face is told, as the face finder would: it looks for faces of flesh.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from fractions import Fraction
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from telecine.media.ffmpeg import find_ffmpeg
from telecine.media.render.storyboard import still
from telecine.media.seeing.model import Box, Face, Glance, Seen, Shot
from telecine.media.seeing.reframing import Captioning, compose
from telecine.media.speech.transcript import Word
from telecine.media.timeline.dialects import parse

ROOT: Final = Path(__file__).resolve().parent.parent
TARGET: Final = ROOT / "docs" / "pictures" / "clips.webp"
SIZE: Final = (1920, 1080)
SECONDS: Final = 3
RATE: Final = 25
HEAD: Final = (1330, 400)
WORDS: Final = "Nobody tells you how quiet it is when a ship goes down"
#: Aspect, style, height of the picture on the sheet.
SHOWN: Final = (("9:16", "white_bold", 640), ("1:1", "karaoke", 400), ("16:9", "boxed", 300))
PAPER: Final = (248, 250, 252)
GAP: Final = 24

Picture = npt.NDArray[np.uint8]


def main() -> int:
    """Draw all."""
    with tempfile.TemporaryDirectory() as folder:
        picture = _stage()
        film = _film(picture, Path(folder))
        clips = [_clip(film, aspect, style, height) for aspect, style, height in SHOWN]
    _, data = cv2.imencode(".webp", _sheet(picture, clips), [cv2.IMWRITE_WEBP_QUALITY, 82])
    TARGET.write_bytes(data.tobytes())
    return 0


def _stage() -> Picture:
    """Somebody on a stage, beside a screen; in BGR."""
    width, height = SIZE
    ramp = np.linspace(0, 1, height)[:, None, None]
    ground = (1 - ramp) * np.array([74, 44, 30]) + ramp * np.array([30, 16, 12])
    canvas = np.ascontiguousarray(np.broadcast_to(ground, (height, width, 3)).astype(np.uint8))
    cv2.rectangle(canvas, (150, 150), (930, 640), (250, 246, 240), -1)
    for bar, tall in enumerate((120, 200, 170, 290, 350)):
        left = 240 + 130 * bar
        cv2.rectangle(canvas, (left, 580 - tall), (left + 80, 580), (200, 140 - 20 * bar, 60), -1)
    x, y = HEAD
    cv2.ellipse(canvas, (x, y + 480), (230, 300), 0, 180, 360, (160, 90, 40), -1, cv2.LINE_AA)
    cv2.rectangle(canvas, (x - 230, y + 480), (x + 230, 1000), (160, 90, 40), -1)
    cv2.rectangle(canvas, (0, 930), (width, height), (36, 52, 84), -1)
    cv2.rectangle(canvas, (x - 42, y + 110), (x + 42, y + 220), (150, 180, 226), -1)
    cv2.ellipse(canvas, (x, y - 30), (128, 150), 0, 0, 360, (30, 38, 54), -1, cv2.LINE_AA)
    cv2.ellipse(canvas, (x, y + 20), (108, 136), 0, 0, 360, (168, 198, 240), -1, cv2.LINE_AA)
    for side in (-1, 1):
        cv2.circle(canvas, (x + 42 * side, y), 12, (40, 30, 24), -1, cv2.LINE_AA)
    cv2.ellipse(canvas, (x, y + 74), (38, 24), 0, 0, 180, (70, 60, 150), -1, cv2.LINE_AA)
    return canvas


def _film(picture: Picture, folder: Path) -> Path:
    drawn, film = folder / "stage.png", folder / "talk.mp4"
    cv2.imwrite(str(drawn), picture)
    subprocess.run(
        [
            *(find_ffmpeg(""), "-v", "error", "-loop", "1", "-i", str(drawn), "-t", str(SECONDS)),
            *("-r", str(RATE), "-pix_fmt", "yuv420p", str(film)),
        ],
        check=True,
    )
    return film


def _clip(film: Path, aspect: str, style: str, height: int) -> Picture:
    """Return a frame of what becomes of the film on a canvas, so many px high."""
    x, y = HEAD[0] / SIZE[0], (HEAD[1] + 20) / SIZE[1]
    face = Face(box=Box(left=x - 0.055, top=y - 0.11, width=0.11, height=0.22), score=0.95)
    times = [n / 5 for n in range(5 * SECONDS)]
    words = [
        Word(text=text, start_seconds=0.25 * n, end_seconds=0.25 * n + 0.22)
        for n, text in enumerate(WORDS.split())
    ]
    document = compose(
        Seen(
            width=SIZE[0],
            height=SIZE[1],
            shots=(Shot(start_seconds=0.0, end_seconds=float(SECONDS)),),
            glances=tuple(Glance(seconds=at, faces=(face,)) for at in times),
        ),
        source="talk.mp4",
        frame_rate=Fraction(RATE),
        aspect=aspect,
        captioning=Captioning(words=words, style=style, language="en"),
        has_sound=False,
    )
    line = parse(document).timeline
    if line is None:
        raise SystemExit(f"{aspect}: {parse(document).problems}")
    size = (round(height * line.width / line.height / 2) * 2, height)
    data = np.frombuffer(still(line, find=lambda _: film, frame=RATE, size=size), np.uint8)
    shown = cv2.imdecode(data, cv2.IMREAD_COLOR)
    if shown is None:
        raise SystemExit(f"{aspect}: no picture")
    return np.asarray(shown, np.uint8)


def _sheet(picture: Picture, clips: list[Picture]) -> Picture:
    """Put the film above the two lower clips, and the tall one beside them."""
    tall, square, wide = clips
    film = cv2.resize(picture, (wide.shape[1], wide.shape[0]), interpolation=cv2.INTER_AREA)
    rows = [[tall], [film, wide], [square]]
    columns = [_stacked(row) for row in rows]
    height = max(column.shape[0] for column in columns) + 2 * GAP
    width = sum(column.shape[1] for column in columns) + (len(columns) + 1) * GAP
    sheet: Picture = np.full((height, width, 3), PAPER, np.uint8)
    left = GAP
    for column in columns:
        top = (height - column.shape[0]) // 2
        sheet[top : top + column.shape[0], left : left + column.shape[1]] = column
        left += column.shape[1] + GAP
    return sheet


def _stacked(pictures: list[Picture]) -> Picture:
    parts: list[Picture] = []
    for picture in pictures:
        if parts:
            parts.append(np.full((GAP, picture.shape[1], 3), PAPER, np.uint8))
        parts.append(picture)
    return np.vstack(parts)


if __name__ == "__main__":
    sys.exit(main())
