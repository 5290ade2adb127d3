"""Real files, damaged by chance: the same files for the same seed."""

from __future__ import annotations

import random
from collections.abc import Mapping
from pathlib import Path

import pyvips
from tests import samples
from tests.hostile import drawings

#: Bytes that mean something: lengths that are none, ends, and the largest of everything.
_TELLING = (b"\0", b"\xff", b"\x7f", b"\x80", b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\0\0\0\0")
#: Heads are where sizes and counts stand.
_HEAD_BYTES = 600


def seeds(folder: Path) -> Mapping[str, bytes]:
    """A small good file of each kind that is taken anywhere."""
    folder.mkdir(parents=True, exist_ok=True)
    for suffix, codec in {"mp4": "libx264", "webm": "libvpx-vp9", "avi": "mpeg4"}.items():
        samples.make_video(folder / f"a.{suffix}", seconds=0.3, size=(64, 48), codec=codec)
    samples.run_ffmpeg("-i", folder / "a.mp4", "-c", "copy", folder / "a.ts")
    samples.run_ffmpeg("-i", folder / "a.mp4", folder / "a.gif")
    for suffix in ("wav", "mp3", "m4a", "ogg", "flac"):
        samples.make_audio(folder / f"a.{suffix}", seconds=0.2)
    picture = pyvips.Image.new_from_file(str(samples.astronaut())).resize(0.1)
    for suffix in ("png", "jpg", "webp", "tiff", "avif"):
        picture.write_to_file(str(folder / f"b.{suffix}"))
    found = {path.name: path.read_bytes() for path in sorted(folder.iterdir())}
    found["c.svg"] = drawings.small()
    found["c.srt"] = b"1\n00:00:00,000 --> 00:00:02,500\n<b>Hello</b>, world.\n" * 3
    found["c.json"] = b'[{"word": "hello", "start": 0, "end": 0.5}]'
    found["c.ttf"] = samples._packaged("fontpkg_anton", "files/Anton-Regular.ttf").read_bytes()
    return found


def mutated(content: bytes, chance: random.Random, *, other: bytes) -> bytes:
    """Change, cut, double or exchange something, up to eight times, mostly in the head."""
    made = bytearray(content)
    for _ in range(chance.randint(1, 8)):
        if not made:
            break
        reach = min(len(made), _HEAD_BYTES) if chance.random() < 0.7 else len(made)
        place = chance.randrange(reach)
        length = min(chance.choice((1, 2, 4, 8, 64, 4096)), len(made) - place)
        match chance.randrange(7):
            case 0:
                made[place] = chance.randrange(256)
            case 1:
                made[place] ^= 1 << chance.randrange(8)
            case 2:
                told = chance.choice(_TELLING)
                made[place : place + len(told)] = told
            case 3:
                del made[place : place + length]
            case 4:
                made[place:place] = made[place : place + length] * chance.choice((1, 2, 50))
            case 5:
                begin = chance.randrange(len(other))
                made[place : place + length] = other[begin : begin + length]
            case _:
                del made[place if chance.random() < 0.2 else len(made) :]
    return bytes(made)


def write(seeds: Mapping[str, bytes], folder: Path, *, numbers: range) -> dict[str, Path]:
    """Write the files of these numbers; a number is the same file wherever it is made."""
    folder.mkdir(parents=True, exist_ok=True)
    names = sorted(seeds)
    found = {}
    for number in numbers:
        chance = random.Random(number)
        name = names[number % len(names)]
        path = folder / f"{number:06}-{name}"
        path.write_bytes(mutated(seeds[name], chance, other=seeds[chance.choice(names)]))
        found[path.name] = path
    return found
