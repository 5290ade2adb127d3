"""Films in which somebody talks, for tests and benchmarks: COMPOSITES, every one of them.

No package carries a film of a talk that is longer than eight seconds. So real voices are put one
after the other, and under them real pictures of people and screens, that say something else.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import av
from tests import debian, samples

#: Silence after each voice.
GAP_SECONDS: Final = 1.0


def reading() -> tuple[Path, ...]:
    """Five sentences of Jane Austen's, whose text is known: 24 s."""
    return tuple(debian.librivox(number) for number in debian.LIBRIVOX_TEXTS)


def film(target: Path, *, voices: Sequence[Path], picture: Path) -> Path:
    """Put voices over a film that begins anew until they are through.

    How long that is, is told: the copy of an endless film runs ahead of what `-shortest` sees.
    """
    seconds = sum(_seconds(voice) + GAP_SECONDS for voice in voices)
    inputs = [part for voice in voices for part in ("-i", voice)]
    resampled = ";".join(
        f"[{at}:a]aresample=16000,apad=pad_dur={GAP_SECONDS}[s{at - 1}]"
        for at in range(1, len(voices) + 1)
    )
    parts = "".join(f"[s{at}]" for at in range(len(voices)))
    samples.run_ffmpeg(
        *("-stream_loop", "-1", "-i", picture, *inputs, "-filter_complex"),
        f"{resampled};{parts}concat=n={len(voices)}:v=0:a=1[talk]",
        *("-map", "0:v:0", "-map", "[talk]", "-t", f"{seconds:.3f}", "-c:v", "copy"),
        *("-c:a", "aac", "-b:a", "96k", target),
    )
    return target


def _seconds(sound: Path) -> float:
    with av.open(str(sound)) as container:
        return float(container.duration or 0) / av.time_base


def people_and_screens(target: Path, *, size: tuple[int, int] = (1920, 1080)) -> Path:
    """Shots as talks have them: a man talking in a car, a man beside his screen, no one at all."""
    width, height = size
    shape = (
        f"scale={width}:{height}:force_original_aspect_ratio=increase,crop={width}:{height},"
        "setsar=1,fps=30,format=yuv420p"
    )
    shots = (samples.carphone(), debian.talking_head(), samples.big_buck_bunny())
    chain = ";".join(f"[{at}:v:0]{shape}[v{at}]" for at in range(len(shots)))
    parts = "".join(f"[v{at}]" for at in range(len(shots)))
    samples.run_ffmpeg(
        *(part for shot in shots for part in ("-i", shot)),
        *("-filter_complex", f"{chain};{parts}concat=n={len(shots)}[out]", "-map", "[out]"),
        *("-c:v", "libx264", "-preset", "veryfast", "-crf", "20", "-g", "60", target),
    )
    return target
