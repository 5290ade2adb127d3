"""`telecine transcribe` as a user runs it: a film in, subtitles out, or one sentence of why not."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

from tests import debian, samples

_MODEL = {"TELECINE_WHISPER_MODEL": "tiny.en"}


def _run(*words: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {name: text for name, text in os.environ.items() if not name.startswith("TELECINE_")}
    return subprocess.run(
        [sys.executable, "-m", "telecine", "transcribe", *map(str, words)],
        env={**kept, "COLUMNS": "200", **_MODEL, **environment},
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )


def _refused(*words: str | Path, **environment: str) -> str:
    done = _run(*words, **environment)
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr


def test_a_film_becomes_subtitles_that_players_read(tmp_path: Path) -> None:
    out = tmp_path / "said.srt"
    done = _run(debian.talking_head(), "-o", out, "--quality", "fast")
    assert done.returncode == 0, done.stderr
    assert re.match(r"1\n00:00:00,\d{3} --> 00:00:03,\d{3}\n.*directory\n", out.read_text())
    assert "sentence" in done.stderr
    # FFmpeg reads them, too.
    samples.run_ffmpeg("-i", out, tmp_path / "again.vtt")
    assert "directory" in (tmp_path / "again.vtt").read_text()


def test_a_sound_file_becomes_words_with_times(tmp_path: Path) -> None:
    out = tmp_path / "said.json"
    done = _run(debian.librivox("0880"), "-o", out, "--language", "en-GB")
    assert done.returncode == 0, done.stderr
    said = json.loads(out.read_text())
    assert said["language"] == "en"
    assert said["words"][-1]["text"] == "man."
    assert 2 < said["words"][-1]["end"] <= said["duration"]


def test_a_form_that_is_not_known_is_refused(tmp_path: Path) -> None:
    told = _refused(debian.librivox("0880"), "-o", tmp_path / "said.doc")
    assert "must end in one of: .srt, .vtt, .txt, .json" in told


def test_a_quality_that_is_not_known_is_refused(tmp_path: Path) -> None:
    told = _refused(debian.librivox("0880"), "-o", tmp_path / "said.srt", "--quality", "best")
    assert "--quality: Write one of: fast, balanced, high." in told


def test_a_film_in_which_nobody_speaks_leaves_no_file(tmp_path: Path) -> None:
    told = _refused(debian.dog(), "-o", tmp_path / "said.srt")
    assert "Nobody speaks" in told
    assert not list(tmp_path.iterdir())


def test_a_model_that_is_not_known_is_refused_by_the_name_of_the_setting(tmp_path: Path) -> None:
    told = _refused(
        *(debian.librivox("0880"), "-o", tmp_path / "said.srt"), TELECINE_WHISPER_MODEL="large-v3"
    )
    assert "TELECINE_WHISPER_MODEL: 'large-v3' is neither one of base, tiny.en nor a folder" in told
