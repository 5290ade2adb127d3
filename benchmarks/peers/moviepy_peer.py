"""Draws a benchmark composition with MoviePy 2: python moviepy_peer.py COMPOSITION.json OUT.mp4

Written as MoviePy's documentation shows it: one clip object each, moved by `with_position`,
turned by `rotated`, put together by `CompositeVideoClip`. Runs in an environment of its own
that has `moviepy`; it knows nothing of Telecine. The media lie beside the composition.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from moviepy import (
    AudioFileClip,
    ColorClip,
    CompositeVideoClip,
    ImageClip,
    TextClip,
    VideoFileClip,
    vfx,
)
from PIL import Image, ImageDraw

Curve = Callable[[float], float]


def keyframed(clip: dict[str, Any], name: str, otherwise: float) -> Curve | float:
    """Return one animated property: a number, or a function of the clip's own seconds."""
    for track in clip.get("keyframes", []):
        if track["property"] == name:
            times = [frame["time"] for frame in track["frames"]]
            values = [frame["value"] for frame in track["frames"]]
            cubic = track["frames"][0].get("easing") == "easeOutCubic"
            return lambda t: eased(t, times, values, cubic=cubic)
    return otherwise


def eased(t: float, times: list[float], values: list[float], *, cubic: bool) -> float:
    """Return the value at `t`, straight or by an ease-out between two keyframes."""
    if not cubic or not times[0] < t < times[-1]:
        return float(np.interp(t, times, values))
    i = int(np.searchsorted(times, t, side="right")) - 1
    share = (t - times[i]) / (times[i + 1] - times[i])
    return values[i] + (values[i + 1] - values[i]) * (1 - (1 - share) ** 3)


def at(value: Curve | float, t: float) -> float:
    """Return a property at an instant."""
    return value(t) if callable(value) else value


def shape(width: int, height: int, fill: str, radius: float) -> ImageClip:
    """Return a filled box with round corners."""
    picture = Image.new("RGBA", (width, height))
    ImageDraw.Draw(picture).rounded_rectangle((0, 0, width - 1, height - 1), radius, fill=fill)
    return ImageClip(np.asarray(picture))


def covering(media: Any, width: int, height: int) -> Any:
    """Scale and crop a picture as CSS's `object-fit: cover` does."""
    scale = max(width / media.w, height / media.h)
    media = media.with_effects([vfx.Resize(scale)])
    crop = vfx.Crop(x_center=media.w / 2, y_center=media.h / 2, width=width, height=height)
    return media.with_effects([crop])


def element(clip: dict[str, Any], folder: Path, font: str) -> Any:
    """Return what a clip shows, as MoviePy's own kind of clip."""
    place, style = clip.get("transform", {}), clip.get("style", {})
    match clip["type"]:
        case "video":
            made = VideoFileClip(str(folder / clip["src"]), audio=False)
            return covering(made, place["width"], place["height"])
        case "image":
            made = ImageClip(str(folder / clip["src"]))
            return covering(made, place["width"], place["height"])
        case "rect":
            radius = style.get("borderRadius", 0)
            return shape(place["width"], place["height"], style["fill"], radius)
        case "circle":
            side = int(clip["size"])
            return shape(side, side, style["fill"], side / 2)
        case "text":
            return words(clip["text"], font, style["fontSize"], style["fill"])
        case kind:
            raise ValueError(f"nothing draws {kind}")


def words(text: str, font: str, size: float, fill: str) -> TextClip:
    """Return a line of text; the margin keeps what hangs below it."""
    room = round(size * 0.3)
    return TextClip(font, text=text, font_size=round(size), color=fill, margin=(room, room))


def placed(clip: dict[str, Any], made: Any, size: tuple[int, int]) -> Any:
    """Give a clip its time, and move it as its keyframes say."""
    place = clip.get("transform", {})
    x, y = keyframed(clip, "x", place.get("x", 0)), keyframed(clip, "y", place.get("y", 0))
    angle, scale = keyframed(clip, "rotation", 0.0), keyframed(clip, "scale", 1.0)
    opacity = keyframed(clip, "opacity", 1.0)
    made = made.with_duration(clip["duration"])
    if callable(scale):
        made = made.with_effects([vfx.Resize(scale)])
    if callable(angle):
        made = made.with_effects([vfx.Rotate(lambda t: -at(angle, t), expand=True)])
    if callable(opacity):
        mask = (made if made.mask else made.with_mask()).mask
        made = made.with_mask(mask.transform(lambda frame, t: frame(t) * at(opacity, t)))

    def position(t: float) -> tuple[float, float]:
        height, width = (
            made.get_frame(t).shape[:2]
            if callable(scale) or callable(angle)
            else (
                made.h,
                made.w,
            )
        )
        return size[0] / 2 + at(x, t) - width / 2, size[1] / 2 + at(y, t) - height / 2

    return made.with_position(position).with_start(clip["start"])


def captions(clip: dict[str, Any], font: str, size: tuple[int, int]) -> list[Any]:
    """Return one clip for each word of each page, and one for the time it is spoken."""
    config, made = clip["config"], []
    pages = range(0, len(clip["words"]), config["wordsPerBatch"])
    for page in (clip["words"][i : i + config["wordsPerBatch"]] for i in pages):
        lines = [
            words(word["punctuated_word"], font, config["fontSize"], config["textColor"])
            for word in page
        ]
        room = round(config["fontSize"] * 0.3)
        left = (size[0] - sum(line.w - 1.2 * room for line in lines)) / 2
        for word, line in zip(page, lines, strict=True):
            spot = (left, size[1] - config["paddingBottom"] - line.h)
            spoken = words(
                word["punctuated_word"], font, config["fontSize"], config["highlightColor"]
            )
            for each, begin, end in (
                (line, page[0]["start"], page[-1]["end"]),
                (spoken, word["start"], word["end"]),
            ):
                timed = each.with_start(clip["start"] + begin).with_duration(end - begin)
                made.append(timed.with_position(spot))
            left += line.w - 1.2 * room
    return made


def main(document: Path, output: Path, font: str) -> None:
    """Compose and write, with the encoder settings that all contenders use."""
    composition = json.loads(document.read_text())
    meta = composition["meta"]
    size = (meta["width"], meta["height"])
    clips = [clip for track in composition["tracks"] for clip in track["clips"]]
    clips.sort(key=lambda clip: clip.get("zIndex", 0))
    seconds = max(clip["start"] + clip["duration"] for clip in clips)
    background = tuple(int(meta["background"][i : i + 2], 16) for i in (1, 3, 5))
    layers, sound = [ColorClip(size, color=background, duration=seconds)], None
    for clip in clips:
        if clip["type"] == "audio":
            sound = AudioFileClip(str(document.parent / clip["src"])).subclipped(0, seconds)
        elif clip["type"] == "subtitle":
            layers += captions(clip, font, size)
        else:
            layers.append(placed(clip, element(clip, document.parent, font), size))
    whole = CompositeVideoClip(layers, size=size).with_duration(seconds)
    tags = "colorprim=bt709:transfer=bt709:colormatrix=bt709"
    whole.with_audio(sound).write_videofile(
        str(output),
        fps=meta["fps"],
        codec="libx264",
        preset="veryfast",
        ffmpeg_params=["-crf", "21", "-pix_fmt", "yuv420p", "-x264-params", tags],
        logger=None,
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
