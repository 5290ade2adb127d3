"""How clips are made of what was chosen."""

from __future__ import annotations

from pathlib import Path

from tests import samples

from telecine.media.render.encoding.scales import DEFAULT_CRF
from telecine.operations.clipping import making


def test_a_fast_clip_is_about_as_large_as_a_balanced_one(tmp_path: Path) -> None:
    sizes = []
    for quality in ("fast", "balanced"):
        preset, crf = making.ENCODINGS[quality]
        path = tmp_path / f"{quality}.mp4"
        samples.run_ffmpeg(
            *("-t", "1", "-i", samples.carphone(), "-vf", "crop=ih*9/16:ih,scale=540:960", "-an"),
            *("-c:v", "libx264", "-preset", preset),
            *("-crf", str(DEFAULT_CRF["h264"] if crf is None else crf), path),
        )
        sizes.append(path.stat().st_size)
    fast, balanced = sizes
    assert 0.6 < fast / balanced < 1.4
