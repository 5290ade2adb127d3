"""Draws a benchmark composition by one FFmpeg filter graph: python filter_graph.py IN.json OUT.mp4

What somebody writes by hand who knows FFmpeg well: pictures and videos are scaled once and
moved by `overlay` with expressions of time, shapes are drawn once by `geq` and
turned by `rotate`, text comes from `drawtext`. The media lie beside the composition.
"""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
from pathlib import Path
from typing import Any


def expression(clip: dict[str, Any], name: str, otherwise: float, *, clock: str) -> str:
    """Return one animated property as an expression of `clock`, in the video's own seconds."""
    for track in clip.get("keyframes", []):
        if track["property"] == name:
            return _pieces(track["frames"], since=f"({clock}-{clip['start']})")
    return f"{otherwise:g}"


def _pieces(frames: list[dict[str, Any]], *, since: str) -> str:
    text = f"{frames[-1]['value']:g}"
    for begin, end in reversed(list(itertools.pairwise(frames))):
        share = f"clip(({since}-{begin['time']})/{end['time'] - begin['time']:g},0,1)"
        if begin.get("easing") == "easeOutCubic":
            share = f"(1-pow(1-{share},3))"
        value = f"({begin['value']:g}+({end['value'] - begin['value']:g})*{share})"
        text = f"if(lt({since},{end['time']:g}),{value},{text})"
    return text


def _at(frames: list[dict[str, Any]], seconds: float) -> float:
    for begin, end in itertools.pairwise(frames):
        if seconds <= end["time"]:
            share = (seconds - begin["time"]) / (end["time"] - begin["time"])
            return float(begin["value"] + (end["value"] - begin["value"]) * share)
    return float(frames[-1]["value"])


class Graph:
    """Inputs and filters as they come together."""

    def __init__(self, composition: dict[str, Any], folder: Path, font: str) -> None:
        self.meta = composition["meta"]
        self.folder = folder
        self.font = font
        self.clips = [clip for track in composition["tracks"] for clip in track["clips"]]
        self.clips.sort(key=lambda clip: clip.get("zIndex", 0))
        self.seconds = max(clip["start"] + clip["duration"] for clip in self.clips)
        self.inputs: list[str] = []
        self.filters: list[str] = []
        self.count = 0
        self.sound: str | None = None

    def build(self) -> None:
        """Lay one clip over the other."""
        size = f"{self.meta['width']}x{self.meta['height']}"
        color = f"color=c={self.meta['background']}:s={size}:r={self.meta['fps']}:d={self.seconds}"
        self.filters.append(f"{color},format=yuv420p[v0]")
        below = "v0"
        for i, clip in enumerate(self.clips, 1):
            if clip["type"] == "audio":
                self.sound = f"{self._input(clip['src'])}:a"
                continue
            if clip["type"] == "subtitle":
                self.filters.append(f"[{below}]{self._captions(clip)}[v{i}]")
            elif clip["type"] == "text" and not self._turns(clip):
                self.filters.append(f"[{below}]{self._text(clip)}[v{i}]")
            else:
                self._layer(clip, i)
                self.filters.append(f"[{below}][l{i}]{self._overlay(clip)}[v{i}]")
            below = f"v{i}"
        self.last = below

    def _input(self, src: str, *options: str) -> int:
        self.inputs += [*options, "-i", str(self.folder / src)]
        self.count += 1
        return self.count - 1

    def _turns(self, clip: dict[str, Any]) -> bool:
        return any(each["property"] == "rotation" for each in clip.get("keyframes", []))

    def _layer(self, clip: dict[str, Any], i: int) -> None:
        """Make [l{i}]: the clip's own picture, turned, scaled and faded."""
        rate, place = self.meta["fps"], clip.get("transform", {})
        steps: list[str] = []
        if clip["type"] in ("video", "image"):
            box = f"{place['width']}:{place['height']}"
            fill = f"scale={box}:force_original_aspect_ratio=increase,crop={box},setsar=1"
            still = ("-loop", "1", "-framerate", str(rate), "-t", str(clip["duration"]))
            begin = f"[{self._input(clip['src'], *(still if clip['type'] == 'image' else ()))}:v]"
            steps += [fill, f"trim=duration={clip['duration']}"]
        elif clip["type"] == "text":
            style = clip["style"]
            begin = ""
            room = round(style["fontSize"] * (0.62 * len(clip["text"]) + 1))
            steps += [
                f"color=c=black@0:s={room}x{round(style['fontSize'] * 1.5)}:r={rate}"
                f":d={clip['duration']},format=yuva420p",
                f"drawtext=fontfile={self.font}:text='{clip['text']}':fontsize={style['fontSize']}"
                f":fontcolor={style['fill']}:x=(w-tw)/2:y=(h-th)/2",
            ]
        else:
            begin = ""
            steps += self._shape(clip)
        steps += self._moves(clip)
        steps.append(f"setpts=PTS-STARTPTS+{clip['start']}/TB")
        self.filters.append(f"{begin}{','.join(steps)}[l{i}]")

    def _shape(self, clip: dict[str, Any]) -> list[str]:
        place = clip.get("transform", {})
        width = place.get("width", clip.get("size"))
        height = place.get("height", clip.get("size"))
        radius = clip["style"].get("borderRadius", 0) if clip["type"] == "rect" else width / 2
        corner = f"255*lte(hypot(max(abs(X-W/2)-W/2+{radius},0),max(abs(Y-H/2)-H/2+{radius},0)),{radius})"
        return [
            f"color=c={clip['style']['fill']}:s={width}x{height}:r={self.meta['fps']}:d=0.03",
            "format=yuva420p",
            *([f"geq=lum='p(X,Y)':a='{corner}'"] if radius else []),
            f"loop=loop=-1:size=1,trim=duration={clip['duration']}",
        ]

    def _moves(self, clip: dict[str, Any]) -> list[str]:
        own = {**clip, "start": 0}
        steps = []
        names = {each["property"] for each in clip.get("keyframes", [])}
        if "scale" in names:
            grown = expression(own, "scale", 1, clock="t")
            steps.append(f"scale=w='iw*{grown}':h='ih*{grown}':eval=frame")
        if "rotation" in names:
            angle = expression(own, "rotation", 0, clock="t")
            steps += [
                "format=yuva420p",
                f"rotate=a='({angle})*PI/180':c=black@0:ow='hypot(iw,ih)':oh=ow",
            ]
        if "opacity" in names:
            steps += ["format=yuva420p", *self._fade(clip)]
        return steps

    def _fade(self, clip: dict[str, Any]) -> list[str]:
        (track,) = (each for each in clip["keyframes"] if each["property"] == "opacity")
        first, *others = track["frames"]
        if len(others) == 1 and first["value"] == 0:
            return [f"fade=in:st=0:d={others[0]['time']}:alpha=1"]
        if {frame["value"] for frame in track["frames"]} == {0, 1}:
            fade = []
            for begin, end in zip(track["frames"], others, strict=False):
                length = end["time"] - begin["time"]
                if begin["value"] != end["value"]:
                    way = "in" if end["value"] else "out"
                    fade.append(f"fade={way}:st={begin['time']}:d={length:g}:alpha=1")
            return fade
        # An expression a pixel (geq) takes ten times as long as a command a frame.
        name = f"colorchannelmixer@{clip['zIndex']}"
        frames = range(round(clip["duration"] * self.meta["fps"]))
        orders = ";".join(
            f"{n / self.meta['fps']:.4f} {name} aa {_at(track['frames'], n / self.meta['fps']):.4f}"
            for n in frames
        )
        return [f"sendcmd=c='{orders}'", f"{name}=aa={first['value']}"]

    def _overlay(self, clip: dict[str, Any]) -> str:
        place = clip.get("transform", {})
        x = expression(clip, "x", place.get("x", 0), clock="t")
        y = expression(clip, "y", place.get("y", 0), clock="t")
        end = clip["start"] + clip["duration"]
        return (
            f"overlay=x='(W-w)/2+{x}':y='(H-h)/2+{y}':eof_action=pass"
            f":enable='between(t,{clip['start']},{end})'"
        )

    def _text(self, clip: dict[str, Any]) -> str:
        place, style = clip.get("transform", {}), clip["style"]
        x = expression(clip, "x", place.get("x", 0), clock="t")
        y = expression(clip, "y", place.get("y", 0), clock="t")
        alpha = expression(clip, "opacity", 1, clock="t")
        end = clip["start"] + clip["duration"]
        return (
            f"drawtext=fontfile={self.font}:text='{clip['text']}':fontsize={style['fontSize']}"
            f":fontcolor={style['fill']}:x='(w-tw)/2+{x}':y='(h-th)/2+{y}':alpha='{alpha}'"
            f":enable='between(t,{clip['start']},{end})'"
        )

    def _captions(self, clip: dict[str, Any]) -> str:
        """One drawtext a page, and one for each spoken word, put where its page has it."""
        config, steps = clip["config"], []
        each = config["wordsPerBatch"]
        common = f"drawtext=fontfile={self.font}:fontsize={config['fontSize']}"
        y = f"y=h-{config['paddingBottom']}-lh"
        pages = [clip["words"][i : i + each] for i in range(0, len(clip["words"]), each)]
        for page in pages:
            text = " ".join(word["punctuated_word"] for word in page)
            span = f"enable='between(t,{page[0]['start']},{page[-1]['end']})'"
            steps.append(
                f"{common}:text='{text}':fontcolor={config['textColor']}:x=(w-tw)/2:{y}:{span}"
            )
            for word in page:
                # Where a word stands is not known to drawtext; its own middle must do.
                span = f"enable='between(t,{word['start']},{word['end']})'"
                steps.append(
                    f"{common}:text='{word['punctuated_word']}'"
                    f":fontcolor={config['highlightColor']}:x=(w-tw)/2:{y}:{span}"
                )
        return ",".join(steps)


def main(document: Path, output: Path, *, font: str, ffmpeg: str) -> None:
    """Build the graph and run it, with the encoder settings that all contenders use."""
    graph = Graph(json.loads(document.read_text()), document.parent, font)
    graph.build()
    sound = ["-map", graph.sound, "-c:a", "aac", "-b:a", "160k"] if graph.sound else []
    tags = "colorprim=bt709:transfer=bt709:colormatrix=bt709"
    script = output.with_suffix(".graph")
    script.write_text(";\n".join(graph.filters))
    command = [
        *(ffmpeg, "-y", "-v", "error", *graph.inputs),
        *("-/filter_complex", str(script), "-map", f"[{graph.last}]", *sound),
        *("-c:v", "libx264", "-preset", "veryfast", "-crf", "21", "-pix_fmt", "yuv420p"),
        *("-x264-params", tags, "-t", str(graph.seconds), "-movflags", "+faststart", str(output)),
    ]
    subprocess.run(command, check=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), font=sys.argv[3], ffmpeg=sys.argv[4])
