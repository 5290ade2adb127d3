"""The command line as people type it: each command a process of its own."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import av
import httpx2
import pytest
import pyvips
from tests import samples

import telecine.cli
import telecine.settings
from telecine.cli import main
from telecine.cli.local_server import LocalServer, local_server
from telecine.kit.errors import InternalError

PATIENCE_SECONDS = 180
Refused = Callable[..., str]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cli") / "data"


@pytest.fixture(scope="module")
def server(data: Path) -> Iterator[LocalServer]:
    with local_server(data) as running:
        yield running


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return samples.make_video(tmp_path_factory.mktemp("video") / "video.mov", seconds=1)


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    return Path(shutil.copy(samples.astronaut(), tmp_path / "astronaut.png"))


def telecine_command(*words: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {name: text for name, text in os.environ.items() if not name.startswith("TELECINE_")}
    return subprocess.run(
        [sys.executable, "-m", "telecine", *map(str, words)],
        env={**kept, "COLUMNS": "200", **environment},
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )


def run(*words: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command that must succeed."""
    done = telecine_command(*words, **environment)
    assert done.returncode == 0, done.stdout + done.stderr
    return done


def test_the_list_of_commands_says_each_in_a_whole_line() -> None:
    listed = run("-h", COLUMNS="80").stdout
    assert listed == run("--help", COLUMNS="80").stdout
    assert "  serve " in listed
    assert "..." not in listed.partition("Commands:")[2]


@pytest.fixture
def refused(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Refused:
    """Run a command, in this process for speed, that must fail in one sentence; gives that."""

    def command(*words: str | Path, **environment: str) -> str:
        for name in [name for name in os.environ if name.startswith("TELECINE_")]:
            monkeypatch.delenv(name)
        for name, text in environment.items():
            monkeypatch.setenv(name, text)
        monkeypatch.setattr(sys, "argv", ["telecine", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capsys.readouterr()
        assert (ended.value.code, out) == (1, ""), out + err
        assert "Traceback" not in err
        return " ".join(err.split())

    return command


def usage(server: LocalServer, key: str) -> httpx2.Response:
    return httpx2.get(f"{server.url}/api/v1/usage", headers={"Authorization": f"Bearer {key}"})


def first_picture(path: Path) -> Any:
    with av.open(str(path)) as container:
        return container.streams.video[0].codec_context


def test_a_bug_is_called_one_and_shown_when_the_log_is_to_have_everything(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(reason: str = "") -> Callable[[], None]:
        def command() -> None:
            error = InternalError(reason)
            error.add_note("in a child, line 7")
            raise error

        return command

    def told(reason: str, level: str) -> str:
        monkeypatch.setattr(telecine.cli, "app", broken(reason))
        monkeypatch.setenv("TELECINE_LOG_LEVEL", level)
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capsys.readouterr()
        assert (ended.value.code, out) == (1, "")
        return err

    short = "This is a bug of Telecine. TELECINE_LOG_LEVEL=debug shows where it is.\n"
    assert told("", "info") == short
    assert "Telecine. no PNG came of a sheet TELE" in told("no PNG came of a sheet", "info")
    long = told("", "debug")
    assert "Traceback" in long
    assert "in a child, line 7" in long


# Here, in this process


def test_compress_here_writes_a_playable_file(video: Path, tmp_path: Path) -> None:
    done = run("compress", video, "-o", tmp_path / "out.mp4", "--codec", "h265")
    coded = first_picture(tmp_path / "out.mp4")
    assert (coded.name, coded.width, coded.height) == ("hevc", 320, 240)
    assert done.stdout == ""
    assert "out.mp4" in done.stderr


def test_compress_here_keeps_to_a_target_size_and_a_resolution(tmp_path: Path) -> None:
    out = tmp_path / "out.mp4"
    words = ("--target-size", "100k", "--resolution", "88x72")
    run("compress", samples.carphone(), "-o", out, *words)
    assert out.stat().st_size <= 100_000
    assert first_picture(out).height <= 72


def test_what_users_of_ffmpeg_type_is_understood(video: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.mp4"
    run("compress", video, out, "-c", "libx265", "-b", "200k", "-s", "360p")
    assert first_picture(out).name == "hevc"


def test_convert_here_takes_the_format_from_the_name(picture: Path, tmp_path: Path) -> None:
    run("convert", picture, "-o", tmp_path / "small.webp", "--width", "64")
    image = pyvips.Image.new_from_file(str(tmp_path / "small.webp"))
    assert (image.get("vips-loader"), image.width) == ("webpload", 64)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--codec", "xyz"), "--codec must be one of"),
        (("--quality", "99"), "--crf must be a CRF"),
        (("--resolution", "0x0"), "--size must be"),
        (("--target-size", "huge"), "is no size"),
        (("--crf", "30", "-b", "1M"), "Say --crf or --bitrate, not both."),
        (("--method", "crf", "--bitrate", "1M"), "--bitrate is read with --method bitrate only"),
        (("somewhere.mp4",), "There are two places for the result"),
    ],
)
def test_a_wrong_option_is_one_sentence_and_no_file(
    refused: Refused, video: Path, tmp_path: Path, words: tuple[str, ...], says: str
) -> None:
    assert says in refused("compress", video, "-o", tmp_path / "out.mp4", *words)
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_no_video_is_one_sentence_and_no_file(
    refused: Refused, picture: Path, tmp_path: Path
) -> None:
    done = telecine_command("compress", picture, "-o", tmp_path / "out.mp4")
    assert (done.returncode, done.stdout) == (1, "")
    assert "not a video" in done.stderr
    assert "Traceback" not in done.stderr
    assert "There is no file" in refused(
        "compress", tmp_path / "no.mp4", "-o", tmp_path / "out.mp4"
    )
    assert not (tmp_path / "out.mp4").exists()


def test_what_is_wrong_with_a_word_is_said_once(refused: Refused, tmp_path: Path) -> None:
    film = tmp_path / "film.mp4"
    film.touch()
    command = ("clips", film, "-o", tmp_path / "out")
    told = refused(*command, "--caption-style", "comic")
    assert told.startswith("--caption-style is one of: white_bold, ")
    assert refused(*command, "--segment", "5-2") == "--segment: 5-2 ends before it starts."
    told = refused("clips", "http://127.0.0.1:1/talk.mp4", "-o", tmp_path / "out")
    assert "is an address on the web: download it first" in told


# Voiceovers


@pytest.fixture(scope="module")
def voice(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return samples.make_audio(tmp_path_factory.mktemp("voice") / "voice.mp3", seconds=0.5)


def seconds_of(film: Path) -> float:
    with av.open(str(film)) as container:
        stream = container.streams.video[0]
        assert stream.duration is not None
        assert stream.time_base is not None
        return float(stream.duration * stream.time_base)


def test_voiceover_makes_a_film_of_the_sound_s_length(
    picture: Path, voice: Path, tmp_path: Path
) -> None:
    out = tmp_path / "film.mp4"
    run("voiceover", picture, voice, "-o", out, "--mode", "still", "--width", "128")
    assert seconds_of(out) == pytest.approx(0.5, abs=0.05)


def test_voiceover_says_in_a_sentence_what_it_cannot_do(
    refused: Refused, picture: Path, voice: Path, tmp_path: Path
) -> None:
    out = tmp_path / "film.mp4"
    assert "the wrong way round" in refused("voiceover", voice, picture, "-o", out)
    assert "IMAGE: " in refused("voiceover", voice, voice, "-o", out)
    assert "--mode" in refused("voiceover", picture, voice, "-o", out, "--mode", "dance")
    assert "--aspect" in refused("voiceover", picture, voice, "-o", out, "--aspect", "4:3")
    assert ".mp4" in refused("voiceover", picture, voice, "-o", tmp_path / "film.mov")
    assert not out.exists()


def test_voiceover_on_a_server_brings_the_film_back(
    server: LocalServer, picture: Path, voice: Path, tmp_path: Path
) -> None:
    out = tmp_path / "film.mp4"
    words = ("--width", "128", "--server", server.url, "--key", server.key)
    run("voiceover", picture, voice, "-o", out, *words)
    assert seconds_of(out) == pytest.approx(0.5, abs=0.05)


# On a server


def test_compress_on_a_server_brings_the_result_back(
    server: LocalServer, video: Path, tmp_path: Path
) -> None:
    words = ("--server", server.url, "--key", server.key)
    run("compress", video, "-o", tmp_path / "out.mp4", "--quality", "30", *words)
    assert first_picture(tmp_path / "out.mp4").name == "h264"


def test_convert_on_a_server_takes_the_key_from_the_environment(
    server: LocalServer, picture: Path, tmp_path: Path
) -> None:
    words = ("--width", "48", "--server", server.url)
    run("convert", picture, "-o", tmp_path / "out.jpg", *words, TELECINE_KEY=server.key)
    assert pyvips.Image.new_from_file(str(tmp_path / "out.jpg")).width == 48


def test_what_a_server_refuses_is_one_sentence_and_no_file(
    refused: Refused, server: LocalServer, video: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out.mp4"
    key = ("--server", server.url, "--key", server.key)
    assert "h264, h265, av1" in refused("compress", video, "-o", out, "--codec", "xyz", *key)
    wrong = ("--server", server.url, "--key", "tc_wrong")
    assert "not an API key" in refused("compress", video, "-o", out, *wrong)
    assert "--key" in refused("compress", video, "-o", out, "--server", server.url)
    assert list(tmp_path.iterdir()) == []


# Keys and credits


@pytest.mark.parametrize(
    ("style", "looks"),
    [
        ("kvrt", r"kvrt_[A-Za-z0-9]{32}"),
        ("kf", r"kf_live_sk_[A-Za-z0-9]{32}"),
    ],
)
def test_keys_create_prints_the_key_and_nothing_else_on_stdout(
    server: LocalServer, data: Path, style: str, looks: str
) -> None:
    email = f"{style}@example.com"
    done = run("keys", "create", "--email", email, "--style", style, "--data", data)
    assert re.fullmatch(looks + "\n", done.stdout)
    assert email in done.stderr
    told = usage(server, done.stdout.strip()).json()
    assert (told["plan"], told["credits_remaining"]) == ("pro", 500)


def test_a_key_can_be_listed_and_revoked_while_the_server_runs(
    server: LocalServer, data: Path
) -> None:
    words = ("--email", "bob@example.com", "--plan", "team", "--credits", "7", "--data", data)
    key = run("keys", "create", *words).stdout.strip()
    assert usage(server, key).json()["credits"] == {"balance": 7, "total_purchased": 7}
    listed = run("keys", "list", "--data", data).stdout
    lines = listed.splitlines()
    (at,) = (at for at, each in enumerate(lines) if "bob@example.com" in each)
    line = lines[at]
    assert key not in listed
    assert key[-4:] in lines[at + 1]
    assert "active" in line
    found = re.search(r"key_[a-z0-9]+", line)
    assert found
    run("keys", "revoke", found.group(), "--data", data)
    assert (usage(server, key).status_code, usage(server, key).json()["code"]) == (
        401,
        "revoked_key",
    )
    (line,) = (
        each
        for each in run("keys", "list", "--data", data).stdout.splitlines()
        if "bob@example.com" in each
    )
    assert "revoked" in line


def test_the_list_of_keys_fits_a_terminal(server: LocalServer, data: Path) -> None:
    listed = run("keys", "list", "--data", data, COLUMNS="80").stdout
    assert max(map(len, listed.splitlines())) <= 80
    assert re.search(r"key_[a-z0-9]{20} .*local@telecine.localhost .*active", listed)
    assert "…" not in listed.replace("_…", "")  # a hint has it, nothing is cut


def test_looking_at_keys_makes_no_folder(refused: Refused, tmp_path: Path) -> None:
    said = refused("keys", "list", "--data", tmp_path / "data")
    assert "There is no Telecine in" in said
    assert list(tmp_path.iterdir()) == []


def test_granted_credits_are_there_at_once(server: LocalServer, data: Path) -> None:
    words = ("--email", "eve@example.com", "--credits", "1", "--data", data)
    key = run("keys", "create", *words).stdout.strip()
    done = run("credits", "grant", "41", "--email", "eve@example.com", "--data", data)
    assert "42 credits" in done.stdout
    assert usage(server, key).json()["credits_remaining"] == 42


def test_wrong_words_about_accounts_are_refused(
    refused: Refused, server: LocalServer, data: Path
) -> None:
    for words, says in (
        (("keys", "create", "--email", "a@b.c", "--style", "xx"), "--style is one of"),
        (("keys", "create", "--email", "new@b.c", "--plan", "gold"), "--plan is one of"),
        (("keys", "create", "--email", "nobody"), "not an e-mail address"),
        (("keys", "revoke", "key_none"), "There is no key"),
        (("credits", "grant", "5", "--email", "none@b.c"), "no account"),
        (("credits", "grant", "0", "--email", "local@telecine.localhost"), "from 1 to"),
        (("credits", "grant", "9" * 20, "--email", "local@telecine.localhost"), "from 1 to"),
        (("keys", "create", "--email", "new@b.c", "--credits", "9" * 20), "from 1 to"),
    ):
        assert says in refused(*words, "--data", data)


# This machine


def test_the_doctor_finds_this_machine_fit(tmp_path: Path) -> None:
    done = run("doctor", "--data", tmp_path / "data")
    for name in (
        "libx264",
        "libx265",
        "libsvtav1",
        "image avif",
        "image heic",
        *("sandbox input", "sandbox budgets", "sandbox watchdogs", "sandbox read back"),
        *("sandbox limits", "sandbox landlock", "sandbox seccomp"),
        "database",
        "storage",
    ):
        (line,) = (each for each in done.stdout.splitlines() if f" {name} " in each)
        assert "ok" in line
    assert "Everything that is needed works." in done.stdout
    assert list(tmp_path.iterdir()) == []


def test_the_doctor_shows_an_ffmpeg_that_is_not_there(tmp_path: Path) -> None:
    done = telecine_command("doctor", "--data", tmp_path / "data", TELECINE_FFMPEG="/nonexistent")
    assert done.returncode == 1
    (line,) = (each for each in done.stdout.splitlines() if "There is no ffmpeg at" in each)
    assert "no" in line.split("│")[1]
    assert "image avif" in done.stdout
    assert "sandbox budgets" in done.stdout
    assert "sandbox input" not in done.stdout


def test_the_doctor_says_what_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "ffmpeg").write_text(
        "#!/bin/sh\n"
        'case "$*" in *-version) echo ffmpeg version 7;; *-protocols) echo fd;; *) exit 1;; esac\n'
    )
    (tmp_path / "ffmpeg").chmod(0o755)
    # A script reads itself, which what is confined may not.
    odd = {"TELECINE_FFMPEG": str(tmp_path / "ffmpeg"), "TELECINE_SANDBOX": "off"}
    done = telecine_command("doctor", "--data", tmp_path / "data", **odd)
    assert done.returncode == 1
    assert "does not work" in done.stdout
    (line,) = (each for each in done.stdout.splitlines() if "encoder libx264" in each)
    assert "no" in line


def test_settings_lists_every_setting_with_its_default() -> None:
    listed = run("settings", COLUMNS="400").stdout
    for name in telecine.settings.Settings.__struct_fields__:
        assert f"TELECINE_{name.upper()} " in listed
    assert "telecine-data" in listed


def test_a_mistyped_setting_is_not_passed_over(refused: Refused, tmp_path: Path) -> None:
    said = refused("keys", "list", "--data", tmp_path, TELECINE_WORKRES="3")
    assert "TELECINE_WORKRES is not a setting" in said


def test_serve_says_which_port_is_taken(server: LocalServer, tmp_path: Path) -> None:
    port = server.url.rpartition(":")[2]
    done = telecine_command("serve", "--port", port, "--data", tmp_path / "data")
    assert done.returncode == 1
    assert f"Port {port}" in done.stderr
    assert "--port" in done.stderr


def test_the_first_starts_key_has_a_million_credits(server: LocalServer) -> None:
    told = usage(server, server.key).json()
    assert (told["plan"], told["credits"]["total_purchased"]) == ("local", 1_000_000)


@pytest.mark.parametrize("name", ["[bold].mp4", "[/nope].mp4"])
def test_names_that_look_like_markup_are_names(video: Path, tmp_path: Path, name: str) -> None:
    folder = tmp_path / Path(name).parent
    folder.mkdir(exist_ok=True)
    shutil.copy(video, tmp_path / name)
    done = telecine_command("compress", tmp_path / name, "-o", tmp_path / "out.mp4")
    assert done.returncode == 0, done.stderr
    assert Path(name).name in done.stderr


@pytest.mark.parametrize("output", ["gone/out.mp4", "[/gone]/out.mp4", "", "video.mov"])
def test_an_output_that_cannot_be_is_refused_before_the_work(
    video: Path, tmp_path: Path, output: str
) -> None:
    source = Path(shutil.copy(video, tmp_path / "video.mov"))
    before = source.read_bytes()
    done = telecine_command("compress", source, "-o", tmp_path / output)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert source.read_bytes() == before


def test_a_result_has_the_mode_that_the_umask_means(video: Path, tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        done = telecine_command("compress", video, "-o", tmp_path / "out.mp4")
    finally:
        os.umask(before)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out.mp4").stat().st_mode & 0o777 == 0o640


def test_the_limits_of_the_settings_hold_here_too(video: Path, tmp_path: Path) -> None:
    done = telecine_command(
        "compress", video, "-o", tmp_path / "out.mp4", TELECINE_MAX_PIXELS="1000"
    )
    assert done.returncode == 1
    assert "pixels" in done.stderr
