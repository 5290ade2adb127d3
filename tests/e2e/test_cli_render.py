"""`render` and `validate` as people type them, on compositions with files beside them."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import termios
from pathlib import Path
from typing import Any

import av
import pytest
import pyvips
from tests import samples, steps, websites

from telecine.cli import render, target
from telecine.kit.errors import InvalidRequestError, StorageFullError

GALLERY = Path(__file__).parents[1] / "media" / "render" / "gallery"


def run(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "telecine", *map(str, words)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture
def composition(tmp_path: Path) -> Path:
    """One second of a video, a picture and a title, with relative sources."""
    samples.make_video(tmp_path / "clip.mov", seconds=1)
    shutil.copy(samples.astronaut(), tmp_path / "astronaut.png")
    document = {
        "meta": {"version": "2.0.0", "width": 320, "height": 180, "fps": 25},
        "tracks": [
            {
                "clips": [
                    {"type": "video", "src": "clip.mov", "start": 0, "duration": 1},
                    {"type": "image", "src": "astronaut.png", "start": 0, "duration": 1,
                     "transform": {"x": 100, "width": 60, "height": 60}},
                    {"type": "text", "text": "Hello", "start": 0, "duration": 1},
                ]
            }
        ],
    }  # fmt: skip
    path = tmp_path / "composition.json"
    path.write_text(json.dumps(document))
    return path


def changed(composition: Path, **fields: Any) -> Path:
    """Change fields of the first clip."""
    document = json.loads(composition.read_text())
    document["tracks"][0]["clips"][0].update(fields)
    composition.write_text(json.dumps(document))
    return composition


def test_a_composition_in_frames_becomes_a_film(composition: Path, tmp_path: Path) -> None:
    assets = {
        name: {"id": name, "type": kind, "remoteUrl": file}
        for name, kind, file in (("a", "video", "clip.mov"), ("b", "image", "astronaut.png"))
    }
    items = {
        "clip": {"type": "video", "assetId": "a", "from": 0, "durationInFrames": 25},
        "face": {"type": "image", "assetId": "b", "from": 0, "durationInFrames": 25, "left": 230,
                 "top": 60, "width": 60, "height": 60, "fadeInDurationInSeconds": 0.2},
        "title": {"type": "text", "text": "Hello", "from": 5, "durationInFrames": 15},
    }  # fmt: skip
    document = {
        "fps": 25, "compositionWidth": 320, "compositionHeight": 180, "items": items,
        "tracks": [{"items": [name]} for name in ("title", "face", "clip")], "assets": assets,
    }  # fmt: skip
    composition.write_text(json.dumps(document))

    told = run("validate", composition)
    made = run("render", composition, "-o", tmp_path / "film.mp4")

    assert told.returncode == 0
    assert "320x180, 25 fps, 1 s (25 frames), 3 clips" in told.stderr
    assert made.returncode == 0, made.stderr
    with av.open(tmp_path / "film.mp4") as film:
        assert sum(1 for _ in film.decode(video=0)) == 25
        assert len(film.streams.audio) == 1


def test_a_composition_becomes_a_video_with_sound(composition: Path, tmp_path: Path) -> None:
    done = run("render", composition, "-o", tmp_path / "film.mp4")
    assert done.returncode == 0, done.stderr
    with av.open(str(tmp_path / "film.mp4")) as film:
        video = film.streams.video[0]
        assert (video.width, video.height) == (320, 180)
        assert sum(1 for _ in film.decode(video)) == 25
        assert len(film.streams.audio) == 1
    assert "25/25" in done.stderr


def test_two_workers_make_the_same_pictures_as_one(composition: Path, tmp_path: Path) -> None:
    pictures = []
    for workers in ("1", "2"):
        output = tmp_path / f"{workers}.mp4"
        done = run("render", composition, "-o", output, "--workers", workers)
        assert done.returncode == 0, done.stderr
        with av.open(str(output)) as film:
            pictures.append([frame.to_ndarray().tobytes() for frame in film.decode(video=0)])
    assert pictures[0] == pictures[1]


def test_a_range_a_size_and_another_container(composition: Path, tmp_path: Path) -> None:
    output = tmp_path / "part.webm"
    done = run("render", composition, "-o", output, "--range", "0.2-0.6", "--size", "160x90")
    assert done.returncode == 0, done.stderr
    with av.open(str(output)) as film:
        assert film.streams.video[0].codec_context.name in ("vp9", "libvpx-vp9")
        assert [frame.width for frame in film.decode(video=0)] == [160] * 10


def test_a_number_of_lines_keeps_the_shape(composition: Path, tmp_path: Path) -> None:
    document = json.loads(composition.read_text())
    for width, height, size in ((320, 180, (170, 96)), (180, 320, (96, 170))):
        document["meta"].update(width=width, height=height)
        composition.write_text(json.dumps(document))
        still = tmp_path / f"{width}.png"
        done = run("render", composition, still, "--frame", "0", "--size", "96p")
        assert done.returncode == 0, done.stderr
        picture = pyvips.Image.new_from_file(str(still))
        assert (picture.width, picture.height) == size


def test_a_still_and_a_storyboard(composition: Path, tmp_path: Path) -> None:
    done = run("render", composition, "-o", tmp_path / "still.png", "--frame", "0.5")
    assert done.returncode == 0, done.stderr
    still = pyvips.Image.new_from_file(str(tmp_path / "still.png"))
    assert (still.width, still.height) == (320, 180)
    assert still.deviate() > 10
    done = run("render", composition, "--storyboard", tmp_path / "sheet.png")
    assert done.returncode == 0, done.stderr
    assert pyvips.Image.new_from_file(str(tmp_path / "sheet.png")).width > 320


def test_a_second_means_the_frame_that_begins_there(composition: Path, tmp_path: Path) -> None:
    document = json.loads(composition.read_text())
    document["meta"]["fps"] = 50
    composition.write_text(json.dumps(document))
    done = run("render", composition, tmp_path / "still.png", "--frame", "0.58")
    assert done.stderr.endswith("frame 29\n")  # 28.999999999999996 by binary numbers


def test_validate_says_what_it_is(composition: Path) -> None:
    done = run("validate", composition)
    assert done.returncode == 0
    assert "320x180, 25 fps, 1 s (25 frames), 3 clips" in done.stderr


def test_auto_is_as_long_as_the_file_beside(composition: Path) -> None:
    done = run("validate", changed(composition, start=2, duration="auto"))
    assert done.returncode == 0, done.stderr
    assert ", 3 s (75 frames)" in done.stderr


def test_faults_and_warnings_are_counted_apart(composition: Path) -> None:
    done = run("validate", changed(composition, start=-1, colour="red"))
    assert done.returncode == 1
    assert done.stderr.rstrip().endswith(": 1 fault, 1 warning"), done.stderr


def test_validate_lists_every_fault_with_its_path(composition: Path) -> None:
    done = run("validate", changed(composition, src="gone.mov", start=-1, opacity="NaN"))
    assert done.returncode == 1
    lines = done.stderr.splitlines()
    assert any(line.startswith("tracks[0].clips[0].start: ") for line in lines)
    assert any(line.startswith("tracks[0].clips[0].src: There is no such file.") for line in lines)


def test_a_faulty_composition_is_not_rendered(composition: Path, tmp_path: Path) -> None:
    done = run("render", changed(composition, duration=-1), "-o", tmp_path / "film.mp4")
    assert done.returncode == 1
    assert "tracks[0].clips[0].duration" in done.stderr
    assert not (tmp_path / "film.mp4").exists()


def test_a_broken_source_names_its_clip(composition: Path, tmp_path: Path) -> None:
    (tmp_path / "clip.mov").write_bytes(b"\0" * 5000)
    done = run("render", composition, "-o", tmp_path / "film.mp4")
    assert done.returncode == 1
    assert "tracks[0].clips[0].src" in done.stderr
    assert not (tmp_path / "film.mp4").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("-o", "film.mp4", "--range", "5-6"), "--range"),
        (("-o", "film.mp4", "--range", "x"), "--range"),
        (("-o", "film.mp4", "--size", "1x1"), "--size"),
        (("-o", "film.mp4", "--size", "9p"), "from 16 to 7680"),
        (("-o", "film.mp4", "--size", "720"), "write 1280x720, or 720p"),
        (("-o", "film.mp4", "--preset", "warp"), "--preset is one of: ultrafast,"),
        (("-o", "film.mp4", "--crf", "52"), "--crf of h264 is from 0, the best, to 51"),
        (("-o", "film.webm", "--crf", "-1"), "to 63"),
        (("-o", "film.doc",), ".mp4"),
        (("-o", "gone/film.mp4"), "no folder"),
        (("-o", "film.png", "--frame", "99"), "--frame"),
        (("-o", "film.png", "--frame", "nan"), "--frame"),
        (("-o", "film.png", "--frame", "1e308"), "--frame"),
        (("-o", "film.mp4", "--range", "0.8-0.2"), "There is no frame in 0.8-0.2"),
        (("-o", "film.jpg", "--frame", "0"), "must end in .png"),
        (("--storyboard", "sheet.jpg"), "must end in .png"),
    ],
)  # fmt: skip
def test_a_wrong_option_is_named(
    composition: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], said: str
) -> None:
    monkeypatch.chdir(composition.parent)
    done = run("render", composition, *words)
    assert done.returncode == 1
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_wrong_option_is_found_before_the_composition_is_read(tmp_path: Path) -> None:
    (tmp_path / "broken.json").write_text("{")
    done = run("render", tmp_path / "broken.json", "-o", tmp_path / "film.mp4", "--crf", "99")
    assert "--crf" in done.stderr


@pytest.mark.parametrize("option", ["-o", "--storyboard"])
def test_a_source_is_never_overwritten(composition: Path, tmp_path: Path, option: str) -> None:
    source, link = tmp_path / "astronaut.png", tmp_path / "linked.png"
    before = source.read_bytes()
    link.symlink_to(source)
    for output in (source, link):
        done = run("render", composition, option, output)
        assert done.returncode == 1
        assert "is the source itself" in done.stderr
    assert source.read_bytes() == before


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_stopped_render_leaves_nothing_behind(
    composition: Path, tmp_path: Path, number: signal.Signals, workers: str
) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    changed(composition, duration=3600, loop=True)
    program = subprocess.Popen(
        [
            *(sys.executable, "-m", "telecine", "render", str(composition)),
            *("-o", str(tmp_path / "film.mp4"), "--workers", workers),
        ],
        env={**os.environ, "TMPDIR": str(temporary)},
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        steps.until(lambda: any(temporary.glob("*/*.mp4")))
        os.killpg(program.pid, number)
        assert program.wait(180) == 128 + number
    finally:
        program.kill()
        program.communicate()
    assert list(temporary.iterdir()) == []
    assert not (tmp_path / "film.mp4").exists()
    steps.until(lambda: not is_group_alive(program.pid))


def test_without_room_for_work_in_progress_its_folder_is_named() -> None:
    with (
        pytest.raises(StorageFullError, match=f"{tempfile.gettempdir()}.*TMPDIR"),
        target.workspace(),
    ):
        raise StorageFullError


@pytest.mark.parametrize("module", ["telecine.cli", "typer.main", "telecine.cli.render"])
def test_ctrl_c_while_the_command_begins_is_answered_without_a_trace(
    composition: Path, module: str
) -> None:
    # The signal comes when this module is imported, whatever the machine does meanwhile.
    program = (
        "import os, signal, sys\n"
        "from telecine.__main__ import main\n"
        "class Finder:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        f"        if name == {module!r}: os.kill(os.getpid(), signal.SIGINT)\n"
        "sys.meta_path.insert(0, Finder())\n"
        "main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, "render", composition],
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert done.returncode in (-signal.SIGINT, 128 + signal.SIGINT)
    assert done.stderr.strip() == b""
    assert not composition.with_suffix(".mp4").exists()


def is_group_alive(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_source_that_cannot_be_fetched_is_named(composition: Path, tmp_path: Path) -> None:
    address = "http://127.0.0.1:9/clip.mp4"
    done = run("render", changed(composition, src=address), "-o", tmp_path / "film.mp4")
    assert done.returncode == 1
    assert done.stderr.startswith("tracks[0].clips[0].src: ")
    assert address in done.stderr


def test_a_source_on_the_web_is_fetched_once(
    composition: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TELECINE_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("TELECINE_ALLOW_NETWORKS", websites.NETWORKS)
    with websites.site() as web:
        src = web.put("/films/clip.mov", (tmp_path / "clip.mov").read_bytes(), etag='"1"')
        for name in ("one.png", "two.png"):
            done = run(
                "render", changed(composition, src=src), "--frame", "0", "-o", tmp_path / name
            )
            assert done.returncode == 0, done.stderr
        assert web.statuses("/films/clip.mov") == [200, 304]
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "two.png").read_bytes()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b'{\n "meta": }', "line 2, column 10"),
        (b'{"a": "\xe9"}', "line 1, column 8: this is not UTF-8."),
        (b'{"a":' * 100_000, "it is nested too deep."),
        (b'{"a": ' + b"9" * 5000 + b"}", "a number has too many digits."),
    ],
    ids=["syntax", "encoding", "depth", "digits"],
)
def test_a_file_that_is_no_json_is_refused_with_the_place(
    tmp_path: Path, content: bytes, said: str
) -> None:
    path = tmp_path / "broken.json"
    path.write_bytes(content)
    with pytest.raises(InvalidRequestError) as refused:
        render.validate(path)
    assert refused.value.message.startswith(f"{path} is not JSON")
    assert said in refused.value.message


def test_a_composition_in_which_nothing_lasts_is_not_rendered(
    composition: Path, tmp_path: Path
) -> None:
    document = json.loads(composition.read_text())
    composition.write_text(json.dumps({**document, "tracks": [{"clips": []}]}))
    done = run("render", composition, tmp_path / "film.mp4")
    assert done.returncode == 1
    assert done.stderr.endswith("there is nothing to render, no clip lasts\n")


@pytest.mark.parametrize(
    ("columns", "begins"), [(80, "film.mp4 ━━━━━━━━━━"), (40, "film.mp4 25/25")]
)
def test_a_bar_leaves_out_what_has_no_room(composition: Path, columns: int, begins: str) -> None:
    shell, terminal = os.openpty()
    termios.tcsetwinsize(terminal, (24, columns))
    program = subprocess.Popen(
        [sys.executable, "-m", "telecine", "render", composition.name, "film.mp4"],
        stderr=terminal,
        cwd=composition.parent,
        # Who runs the tests may have said how wide something is.
        env={**{k: v for k, v in os.environ.items() if k != "COLUMNS"}, "TERM": "xterm"},
    )
    os.close(terminal)
    told = b"".join(iter(lambda: _read_terminal(shell), b"")).decode()
    os.close(shell)
    assert program.wait(120) == 0
    lines = re.split("[\r\n]+", re.sub(r"\x1b\[[\d;?]*[a-zA-Z]", "", told))
    assert any(line.startswith(begins) and line.rstrip().endswith(" left") for line in lines), lines
    assert all(len(line) <= columns and "…" not in line for line in lines)


def _read_terminal(shell: int) -> bytes:
    try:
        return os.read(shell, 65536)
    except OSError:  # the last who wrote to it is gone
        return b""


def test_the_gallery_is_valid() -> None:
    paths = sorted(GALLERY.glob("*.json"))
    assert len(paths) > 40
    for path in paths:
        render.validate(path)  # raises
