"""`telecine clips` as a user runs it, and what is heard, read and seen of what it made.

The film is a COMPOSITE: three sentences of a LibriVox reader over a man beside his screen.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

import pytest
from tests import debian, samples, spoken

from telecine import settings
from telecine.cli.clips import Options, clips
from telecine.kit.errors import InvalidRequestError
from telecine.media.ffmpeg import FFmpeg, find_ffmpeg
from telecine.media.process import Limits
from telecine.media.speech import loudness, sound, weights
from telecine.media.speech.transcribe import Speech

_MODEL = "tiny.en"
_LIMITS = Limits(memory_bytes=8 * 2**30, output_bytes=2**30, wall_seconds=300, stall_seconds=120)
_VOICES = ("0930", "0870", "0880")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Made:
    film: Path
    folder: Path

    @property
    def facts(self) -> Any:
        return json.loads((self.folder / "clips.json").read_bytes())

    @property
    def composition(self) -> Any:
        return json.loads((self.folder / "clip-01.json").read_bytes())


def _run(*words: str | Path) -> subprocess.CompletedProcess[str]:
    kept = {name: text for name, text in os.environ.items() if not name.startswith("TELECINE_")}
    return subprocess.run(
        [sys.executable, "-m", "telecine", *map(str, words)],
        env={**kept, "COLUMNS": "200", "TELECINE_WHISPER_MODEL": _MODEL},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> _Made:
    folder = tmp_path_factory.mktemp("clips")
    film = spoken.film(
        folder / "talk.mp4",
        voices=[debian.librivox(number) for number in _VOICES],
        picture=debian.talking_head(),
    )
    done = _run(
        *("clips", film, "-o", folder / "out", "--quality", "fast", "--language", "en"),
        *("--min-duration", "4", "--max-duration", "9", "--max-clips", "1"),
    )
    assert done.returncode == 0, done.stderr
    assert "clip-01.mp4" in done.stderr
    return _Made(film=film, folder=folder / "out")


def test_the_folder_has_the_clip_its_captions_its_composition_and_the_texts(made: _Made) -> None:
    assert {path.name for path in made.folder.iterdir()} == {
        *("clip-01.mp4", "clip-01.srt", "clip-01.vtt", "clip-01.json"),
        *("clips.json", "transcript.json", "thread.txt", "linkedin.txt", "blog.md"),
    }
    (clip,) = made.facts["clips"]
    assert clip["resolution"] == "1080x1920"
    assert clip["outputs"]["video"] == "clip-01.mp4"
    thread = (made.folder / "thread.txt").read_text()
    assert thread.startswith("1/ ")
    assert "Dashwood" in thread
    assert (made.folder / "blog.md").read_text().startswith("# ")


def test_the_clip_begins_and_ends_within_a_third_of_a_second_of_its_sentence(made: _Made) -> None:
    """Where the sentence is, its recording says, which begins and ends with silence."""
    (clip,) = made.facts["clips"]
    begin = sum(_seconds(debian.librivox(number)) + 1.0 for number in _VOICES[:1])
    first, last = _voice(debian.librivox(_VOICES[1]), made.folder.parent)
    assert clip["start_seconds"] == pytest.approx(begin + first, abs=0.3)
    assert clip["end_seconds"] == pytest.approx(begin + last, abs=0.3)


def test_captions_are_within_an_eighth_of_a_second_of_what_is_heard_of_the_clip(
    made: _Made, tmp_path: Path
) -> None:
    """One word of ten may be further off, no word by much: two hearings differ by that."""
    written = [
        (word["word"].lower(), clip["start"] + word["start"])
        for track in made.composition["tracks"]
        for clip in track["clips"]
        for word in clip.get("words", ())
    ]
    speech = Speech(ffmpeg=_ffmpeg(), weights=weights.fetch(_MODEL, root=_models()))
    again = speech.transcribe(made.folder / "clip-01.mp4", workspace=tmp_path, quality="fast")
    heard = [(word.text.lower(), word.start_seconds) for word in again.words]
    same = SequenceMatcher(
        None, [word for word, _ in written], [word for word, _ in heard], autojunk=False
    )
    late = [
        abs(heard[block.b + at][1] - written[block.a + at][1])
        for block in same.get_matching_blocks()
        for at in range(block.size)
    ]
    assert len(late) >= 0.9 * len(written) > 15
    assert sum(off <= 0.12 for off in late) >= 0.9 * len(late), late
    assert max(late) < 0.5, late


def test_the_composition_makes_the_clip_again(made: _Made) -> None:
    composition = made.folder / "clip-01.json"
    assert _run("validate", composition).returncode == 0
    picture = made.folder.parent / "again.png"
    done = _run("render", composition, "--frame", "1", "-o", picture)
    assert done.returncode == 0, done.stderr
    assert samples.picture_at(picture).shape == (1920, 1080, 3)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (Options(quality="best"), "--quality is one of: fast, balanced, high"),
        (Options(caption_style="comic"), "--caption-style is one of: white_bold, "),
        (Options(aspect="4:3"), "--aspect is one of: 9:16, 1:1, 16:9"),
        (Options(language="xx"), "'language' must be auto or one of "),
        (Options(segments=["nine"]), "nine is no segment; write seconds, such as 12.5-61"),
        (Options(segments=["9-3"]), "9-3 ends before it starts"),
        (
            Options(min_duration=20, max_duration=10),
            "'max_duration' (10 s) must not be below 'min_duration' (20 s)",
        ),
    ],
)
def test_a_wish_that_makes_no_sense_is_refused_before_anything_is_made(
    options: Options, told: str, tmp_path: Path
) -> None:
    with pytest.raises(InvalidRequestError, match=re.escape(told)):
        clips(debian.talking_head(), tmp_path / "out", options, remote=None)
    assert not (tmp_path / "out").exists()


def test_clips_are_not_put_beside_the_film(tmp_path: Path) -> None:
    film = tmp_path / "clip-01.mp4"
    film.write_bytes(b"film")
    with pytest.raises(InvalidRequestError, match="the folder of the video itself; name another"):
        clips(film, tmp_path, Options(), remote=None)


def _models() -> Path:
    return settings.load({}).models_dir


def _ffmpeg() -> FFmpeg:
    return FFmpeg(executable=find_ffmpeg(""), sandbox="auto", limits=_LIMITS)


def _seconds(recording: Path) -> float:
    return (recording.stat().st_size - 44) / 2 / 16_000


def _voice(recording: Path, folder: Path) -> tuple[float, float]:
    """Return when a recording's voice begins and ends."""
    path = sound.extract(_ffmpeg(), recording, workspace=folder, most_seconds=60)
    found = loudness.measure(path)
    loud = [at for at, level in enumerate(found.levels_db) if level > max(found.levels_db) - 30]
    return loud[0] * found.step_seconds, (loud[-1] + 1) * found.step_seconds
