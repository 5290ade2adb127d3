"""No file makes anything open another, or call anybody: with all walls, and with any one away."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from tests import samples
from tests.hostile import drawings, opening, playlists, walls
from tests.hostile.canaries import Canaries, canaries

#: Of the playlists, those that were seen to work on a bare FFmpeg, and others of their kinds.
LIVE = (
    *("hls-absolute", "hls-http", "hls-key-http", "hls-udp", "concat-sibling", "concat-http"),
    *("dash-absolute", "dash-file-url", "dash-http", "dash-entity", "sdp", "mov-dref-url"),
    "hidden-hls-in-avi",
)


@pytest.fixture(scope="module")
def canary(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Canaries]:
    with canaries(tmp_path_factory.mktemp("canaries") / "other") as made:
        yield made


@pytest.fixture(scope="module")
def attacks(canary: Canaries, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Path]:
    folder = tmp_path_factory.mktemp("attacks")
    files = playlists.write_all(folder, canary)
    for name, content in drawings.reaching(canary).items():
        path = folder / f"svg-{name}.png"
        path.write_bytes(content)
        files[path.stem] = path
    return files


@pytest.fixture(autouse=True)
def _unheard(canary: Canaries, attacks: Mapping[str, Path]) -> None:
    canary.forget()


def live(attacks: Mapping[str, Path]) -> dict[str, Path]:
    return {name: attacks[name] for name in LIVE}


@pytest.mark.parametrize(
    ("name", "suffix"),
    [
        *(("hls-absolute", ".m3u8"), ("hls-http", ".m3u8"), ("concat-sibling", ".mp4")),
        *(("dash-absolute", ".mp4"), ("dash-http", ".mp4")),
    ],
)
def test_a_canary_hears_what_the_bare_program_does(
    canary: Canaries, attacks: Mapping[str, Path], name: str, suffix: str
) -> None:
    path = attacks[name]
    named = path.with_name(f"bare{suffix}")
    named.write_bytes(path.read_bytes())
    command = [samples.ffmpeg_program(), "-nostdin", "-v", "quiet"]
    command += ["-protocol_whitelist", "file,http,tcp,crypto,data", "-i", str(named)]
    subprocess.run([*command, "-f", "null", "-"], check=False, timeout=180)
    assert canary.touched() != []


def test_with_three_walls_away_the_same_files_are_followed(
    canary: Canaries, attacks: Mapping[str, Path], tmp_path: Path
) -> None:
    with walls.without("protocols", "demuxers", "landlock"), opening.a_pool() as pool:
        chosen = {name: attacks[name] for name in ("dash-file-url", "concat-sibling")}
        opening.by_ffmpeg(chosen, workspace=tmp_path)
        assert canary.touched() != []
        opening.by_pool(chosen, pool=pool, target=tmp_path / "target")
        assert canary.touched() != []
        opening.by_renderer(chosen, workspace=tmp_path)
        assert canary.touched() != []
    with walls.without("protocols", "demuxers", "landlock", "seccomp"):
        opening.by_ffmpeg({"web": attacks["dash-http"]}, workspace=tmp_path)
        assert canary.touched() != []


#: What is a film, or a picture, with something behind it; and films whose one sample is taken
#: from the file itself, wherever they say that it lies.
HARMLESS = {"hidden-hls-behind-film", "hidden-zip-behind-picture"} | {
    f"mov-dref-{kind}" for kind in ("url", "http", "urn", "alias", "resource")
}


@pytest.mark.parametrize("wall", ["none", *walls.WALLS])
def test_ffmpeg_opens_nothing_else(
    canary: Canaries, attacks: Mapping[str, Path], tmp_path: Path, wall: str
) -> None:
    files = dict(attacks) if wall == "none" else live(attacks)
    files = {name: path for name, path in files.items() if not name.startswith("svg-")}
    with walls.without(wall):
        found = opening.by_ffmpeg(files, workspace=tmp_path)
    assert canary.touched() == []
    assert set(found.values()) <= {"opened", "processing_failed"}
    assert {name for name, code in found.items() if code == "opened"} <= HARMLESS


@pytest.mark.parametrize("wall", ["none", *walls.WALLS])
def test_no_task_of_the_pool_opens_anything_else(
    canary: Canaries, attacks: Mapping[str, Path], tmp_path: Path, wall: str
) -> None:
    with walls.without(wall), opening.a_pool() as pool:
        found = opening.by_pool(attacks, pool=pool, target=tmp_path / "target")
    assert canary.touched() == []
    codes = {code for by_task in found.values() for code in by_task.values()}
    assert codes <= {"opened", "unsupported_media", "undecodable_media", "media_limit"}


@pytest.mark.parametrize("wall", ["none", *walls.WALLS])
def test_nothing_that_a_render_opens_opens_anything_else(
    canary: Canaries, attacks: Mapping[str, Path], tmp_path: Path, wall: str
) -> None:
    with walls.without(wall):
        found = opening.by_renderer(attacks, workspace=tmp_path)
    assert canary.touched() == []
    codes = {code for by_way in found.values() for code in by_way.values()}
    assert codes <= {"opened", "unsupported_media", "undecodable_media", "media_limit"}
