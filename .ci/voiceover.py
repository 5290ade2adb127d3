#!/usr/bin/env python3
"""Draw docs/pictures/voiceover.webp again: `.venv/bin/python .ci/voiceover.py`.

One drawn landscape as a voiceover of three shapes, a second after it began, by the code that makes
films of it. The landscape is numbers: nobody's photograph.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from telecine import settings, shelves
from telecine.media.voiceover.canvas import CANVASES
from telecine.operations.base import Context, Input
from telecine.operations.voiceover import VOICEOVER, VoiceoverParams

ROOT: Final = Path(__file__).resolve().parent.parent
PICTURE: Final = ROOT / "docs" / "pictures" / "voiceover.webp"
SECONDS: Final = 3.0
HEIGHT: Final = 400
GAP: Final = 14
_Bgr = npt.NDArray[np.uint8]


def main() -> int:
    """Draw all."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        cv2.imwrite(str(folder / "landscape.png"), landscape(1600, 900))
        _speak(folder / "voice.wav")
        shown = [_poster(folder, aspect) for aspect in ("16:9", "1:1", "9:16")]
    gap = np.full((HEIGHT, GAP, 3), 255, np.uint8)
    sheet = np.hstack([part for each in shown for part in (each, gap)][:-1])
    cv2.imwrite(str(PICTURE), sheet, [cv2.IMWRITE_WEBP_QUALITY, 82])
    return 0


def _poster(folder: Path, aspect: str) -> _Bgr:
    workspace = folder / aspect.replace(":", "x")
    workspace.mkdir()
    loaded = settings.load({})
    width, height = (side // 2 for side in CANVASES[aspect])
    with shelves.pool(loaded) as pool, shelves.renderer(loaded) as renderer:
        paths = folder / "landscape.png", folder / "voice.wav"
        context = Context(
            inputs=tuple(
                Input(path=path, filename=path.name, size_bytes=path.stat().st_size)
                for path in paths
            ),
            workspace=workspace,
            ffmpeg=shelves.ffmpeg(loaded),
            pool=pool,
            report=lambda _: None,
            is_cancelled=lambda: False,
            renderer=renderer,
        )
        params = VoiceoverParams(seconds=SECONDS, width=width, height=height)
        poster = VOICEOVER.run(params, context).outputs[1].path
    pixels = np.asarray(cv2.imread(str(poster)), np.uint8)
    size = round(width * HEIGHT / height), HEIGHT
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)


def landscape(width: int, height: int) -> _Bgr:
    """Return an evening: a sky, a sun, five ridges in the haze, water."""
    generator = np.random.default_rng(11)
    down, across = np.mgrid[:height, :width]
    share = (down / height)[..., None]
    dusk, glow = np.array([112, 62, 44.0]), np.array([118, 168, 250.0])
    picture = dusk * (1 - share / 0.62) + glow * np.clip(share / 0.62, 0, 1)
    distance = np.hypot(across - 0.66 * width, down - 0.5 * height)[..., None]
    picture += np.array([60, 120, 190]) * np.exp(-distance / (0.14 * width))
    picture = np.where(distance < 0.042 * width, np.array([200, 240, 255.0]), picture)
    for ridge in range(5):
        line = np.zeros(width)
        for octave in range(7):
            waves = (2 + ridge) * 2**octave
            line += np.sin(across[0] / width * waves * 2.1 + generator.uniform(0, 7)) / 1.9**octave
        top = height * (0.52 + 0.075 * ridge) - line * height * 0.028
        haze = ridge / 4
        tone = glow * (0.72 - 0.62 * haze) + np.array([70, 36, 26.0]) * (0.28 + 0.4 * haze)
        picture = np.where((down > top)[..., None], tone, picture)
    picture += generator.normal(0, 3.2, (height, width, 1))
    return np.asarray(np.clip(picture, 0, 255), np.uint8)


def _speak(path: Path) -> None:
    """Write a buzz with the pace of speech."""
    rate = 24_000
    times = np.arange(round(SECONDS * rate)) / rate
    voice = sum(np.sin(2 * np.pi * 130 * n * times + n) / n for n in range(1, 30))
    paced = voice * (0.25 + 0.75 * np.abs(np.sin(2 * np.pi * 2.1 * times))) * 0.1
    samples = np.asarray(np.clip(paced, -1, 1) * 32_767, "<i2").tobytes()
    head = b"RIFF" + (36 + len(samples)).to_bytes(4, "little") + b"WAVEfmt "
    form = (16, 4), (1, 2), (1, 2), (rate, 4), (2 * rate, 4), (2, 2), (16, 2)
    head += b"".join(number.to_bytes(size, "little") for number, size in form)
    path.write_bytes(head + b"data" + len(samples).to_bytes(4, "little") + samples)


if __name__ == "__main__":
    raise SystemExit(main())
