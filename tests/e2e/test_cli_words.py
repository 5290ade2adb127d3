"""What the command line refuses, in the words that were typed, and before any work is done."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from telecine.cli import encoding, main, sizes

Typed = Callable[..., str]
NOBODY = "http://127.0.0.1:1"
RECT = {"type": "rect", "start": 0, "duration": 1, "style": {"fill": "#ff0000"}}


@pytest.fixture
def typed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Typed:
    """Run a command in an empty folder, where it finds nothing to do its work on; gives its words."""
    monkeypatch.chdir(tmp_path)
    for name in ("film.mp4", "photo.jpg", "voice.wav"):
        Path(name).touch()

    def command(words: str) -> str:
        monkeypatch.setattr(sys, "argv", ["telecine", *words.split()])
        with pytest.raises(SystemExit):
            main()
        return " ".join(capsys.readouterr().err.split())

    return command


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("compress film.mp4 b.webm", "OUT: b.webm must end in .mp4: an MP4 is written."),
        ("compress film.mp4 b", "OUT: b must end in .mp4: an MP4 is written."),
        (
            "convert photo.jpg p.png --format webp",
            "--format: p.png ends in .png, and --format is webp: say one of them.",
        ),
        ("convert photo.jpg p", "OUT: Give p an ending, such as .webp, or say --format."),
        ("convert photo.jpg", "OUT: Name the result, such as photo.webp, or say --format."),
        ("convert photo.jpg -", "OUT: A file is written: name it, - is none."),
        ("convert photo.jpg p.xyz", "The ending of OUT must be one of jpg, "),
        ("convert photo.jpg p.png -s 0x0", "--size: 0x0 is no size; write 800x600."),
        ("convert photo.jpg p.png -s 70000x9", "--size must be at most 65535; '70000' is not."),
        ("convert photo.jpg p.png --width 0", "--width must be above 0; '0' is not."),
        ("compress film.mp4 b.mp4 --crf 99", "--crf must be a CRF from 18 to 51; 99 is not."),
        ("compress film.mp4 b.mp4 --target-size 0.5", "--target-size must be above 0"),
        ("compress film.mp4 b.mp4 --method size", "--target-size is missing: --method size needs"),
        (
            "compress film.mp4 b.mp4 --size 5000p",
            "--size: 5000p is no size; write 1280x720, or 720p (at most 4320p).",
        ),
        ("compress film.mp4 b.mp4 --size big", "--size: big is no size; write 1280x720, or 720p"),
        ("render doc.json -o -", "OUT: A file is written: name it, - is none."),
        ("transcribe film.mp4 a.srt -o b.srt", "There are two places for the result: a.srt and b."),
        ("clips film.mp4 -o out --min-duration 0", "--min-duration must be above 0."),
        ("clips film.mp4 -o out --language xx", "--language must be auto or one of"),
        (
            "voiceover voice.wav photo.jpg -o f.mp4",
            "voice.wav and photo.jpg are the wrong way round: the image comes first.",
        ),
    ],
)
def test_a_refusal_names_what_was_typed(typed: Typed, words: str, says: str) -> None:
    told = typed(words)
    assert told.startswith(says)
    assert "'target_size" not in told


def test_a_server_is_named_with_its_scheme(typed: Typed) -> None:
    told = typed("compress film.mp4 b.mp4 --server 127.0.0.1:8471")
    assert told == "--server: write http://127.0.0.1:8471"


def test_a_server_that_cannot_be_meant_is_refused_before_anything_is_read(typed: Typed) -> None:
    told = typed("preview nothing.json --server http://[::1 --key kvrt_x")
    assert told.startswith("--server: http://[::1 is no address")


@pytest.mark.parametrize(
    "words",
    [
        "compress film.mp4 b.mp4",
        "convert photo.jpg p.png",
        "clips film.mp4 -o out",
        "voiceover photo.jpg voice.wav -o f.mp4",
        "preview doc.json",
    ],
)
def test_where_no_server_is_the_address_is_named(typed: Typed, words: str) -> None:
    Path("doc.json").write_text('{"tracks": []}')
    told = typed(f"{words} --server {NOBODY} --key kvrt_x")
    assert told.endswith(f"No server answers at {NOBODY}. `telecine serve` starts one.")
    assert "Errno" not in told


@pytest.mark.parametrize(
    ("words", "usual"),
    [
        ("compress film.mp4", "film-small.mp4"),
        ("convert photo.jpg --format webp", "photo.webp"),
        ("transcribe film.mp4", "film.srt"),
        ("voiceover photo.jpg voice.wav", "voice.mp4"),
        ("clips film.mp4", "film-clips"),
        ("render doc.json", "doc.mp4"),
        ("render doc.json --frame 0", "doc.png"),
        ("render doc.json --frame 0 --storyboard sheet.png", "doc.png"),
    ],
)
def test_nothing_is_replaced_that_was_not_named(typed: Typed, words: str, usual: str) -> None:
    Path(usual).touch()
    told = typed(words)
    assert told == f"OUT: {usual} is there already. To replace it, name it: -o {usual}."


def test_a_result_that_is_not_named_lies_beside_its_source(typed: Typed) -> None:
    Path("folder").mkdir()
    document = {"meta": {"width": 32, "height": 32}, "tracks": [{"clips": [RECT]}]}
    Path("folder/doc.json").write_text(json.dumps(document))
    assert re.fullmatch(r"folder/doc\.png frame 3", typed("render folder/doc.json --frame 0.1"))
    assert typed("render folder/doc.json --storyboard sheet.png") == "sheet.png"
    assert not Path("folder/doc.mp4").exists()


@pytest.mark.parametrize(
    ("typed_size", "box"),
    [
        ("240p", "426x240"),
        ("480p", "854x480"),
        ("720p", "1280x720"),
        ("4k", "3840x2160"),
        ("4320p", "7680x4320"),
        ("88x72", "88x72"),
    ],
)
def test_any_number_of_lines_is_a_size(typed_size: str, box: str) -> None:
    assert encoding.box(typed_size) == box


@pytest.mark.parametrize(
    ("saved", "text"), [(0.0, "0%"), (0.421, "42%"), (0.9967, "99.7%"), (0.99999, "99.9%")]
)
def test_what_is_left_is_never_all_saved(saved: float, text: str) -> None:
    assert sizes.share_text(saved) == text


def test_a_picture_is_not_said_to_last(typed: Typed) -> None:
    meta = {"version": "2.0.0", "width": 32, "height": 32}
    document = {"name": "red", "meta": meta, "tracks": [{"clips": [RECT]}]}
    Path("doc.json").write_text(json.dumps(document))
    told = typed("render doc.json -o p.png")
    assert re.search(r"p\.png \d+ B$", told), told
