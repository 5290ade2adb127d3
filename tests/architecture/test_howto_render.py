"""The page on rendering: its documents are written where it says, its commands run in order."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import av
import cv2
import pytest
from tests import samples

PAGE = (
    Path(__file__).resolve().parents[2] / "docs" / "howto" / "render-a-composition.md"
).read_text("utf-8")
_FILE = re.compile(r"`(\w+\.json)`:\n\n```json\n(.*?)^```", re.MULTILINE | re.DOTALL)
_COMMANDS = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
_LAUNCHER = "./telecine "


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Do all that the page says, in an empty folder with the media that it asks for."""
    folder = tmp_path_factory.mktemp("howto")
    picture = cv2.imread(str(samples.astronaut()))
    assert picture is not None
    cv2.imwrite(str(folder / "photo.jpg"), picture)
    samples.make_audio(folder / "voice.wav", seconds=2)
    samples.make_audio(folder / "music.wav", seconds=1)
    for name, text in _FILE.findall(PAGE):
        (folder / name).write_text(text, "utf-8")
    for line in "".join(_COMMANDS.findall(PAGE)).splitlines():
        _run(line, folder)
    return folder


def _run(line: str, folder: Path) -> None:
    if line.startswith(_LAUNCHER):
        words = [sys.executable, "-m", "telecine", *shlex.split(line.removeprefix(_LAUNCHER))]
        done = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False)
    else:
        done = subprocess.run(
            line, cwd=folder, capture_output=True, text=True, check=False, shell=True
        )
    assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
    assert "NEAREST" not in done.stderr


def test_the_first_film_lasts_as_long_as_its_clip(folder: Path) -> None:
    with av.open(str(folder / "hello.mp4")) as made:
        assert made.streams.video[0].frames == 60
        assert not made.streams.audio


@pytest.mark.parametrize("name", ["hello.png", "sheet.png"])
def test_a_picture_can_be_looked_at(folder: Path, name: str) -> None:
    picture = cv2.imread(str(folder / name))
    assert picture is not None
    assert picture.std() > 5


@pytest.mark.parametrize("name", ["film.mp4", "grace.mp4", "film.webm"])
def test_the_film_has_pictures_and_sound_of_its_length(folder: Path, name: str) -> None:
    with av.open(str(folder / name)) as made:
        assert sum(1 for _ in made.decode(video=0)) == 60
        assert len(made.streams.audio) == 1


def test_the_name_in_the_variables_is_seen(folder: Path) -> None:
    pictures = [_picture(folder / name, 20) for name in ("film.mp4", "grace.mp4")]
    assert (pictures[0] != pictures[1]).any()


def _picture(path: Path, number: int) -> samples.Picture:
    return samples.picture_at(path, frame=number)


def test_a_range_is_as_long_as_it_says(folder: Path) -> None:
    with av.open(str(folder / "film.gif")) as made:
        assert sum(1 for _ in made.decode(video=0)) <= 25
        assert (made.streams.video[0].width, made.streams.video[0].height) == (160, 90)


def test_the_fault_on_the_page_is_what_is_said(folder: Path) -> None:
    broken = folder / "broken.json"
    text = (folder / "hello.json").read_text("utf-8")
    broken.write_text(text.replace('"duration": 2', '"duration": -2', 1), "utf-8")
    words = [sys.executable, "-m", "telecine", "validate", str(broken)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    (said,) = re.findall(r"^```text\n(.*?)\n```", PAGE, re.MULTILINE | re.DOTALL)
    assert said in done.stderr
