"""Files that want more than there is: refused from their heads, or stopped at a limit.

What a child took is read from the kernel, as the most that it ever held: a bomb that was decoded
and thrown away again shows.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import httpx2
import pytest
from tests import samples, steps
from tests.conftest import Customer
from tests.hostile import bombs, drawings, opening, typefaces
from tests.media.test_process import children_of

from telecine.assembly import Telecine

FONT = "fontpkg_anton/files/Anton-Regular.ttf"
#: Libraries and their imports take 150 MB; a picture of 100 megapixels in 8 bits is 100 or 300.
MOST_RESIDENT_BYTES = 1200 * 2**20


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Path]:
    folder = tmp_path_factory.mktemp("bombs")
    contents = {**bombs.pictures(), **bombs.films(), **bombs.sounds()}
    contents |= {f"svg-{name}": content for name, content in drawings.growing().items()}
    font = typefaces.hostile(samples._packaged(*FONT.split("/", 1)))
    contents |= {f"font-{name}": content for name, content in font.items()}
    for name, content in contents.items():
        (folder / f"{name}.bin").write_bytes(content)
    return {name: folder / f"{name}.bin" for name in contents}


def most_resident_bytes(pid: int) -> int:
    """The most memory that a process ever held."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))


#: What a file may come to; "internal" and a crash are neither.
VERDICTS = {
    *("opened", "unsupported_media", "undecodable_media", "media_limit"),
    *("processing_limit", "processing_timeout"),
}


#: What a render opens that the pool does not, or opens in another way.
DRAWN = ("svg", "font", "gif", "webp", "mov", "wav", "flac", "caf", "amr")
_PICTURE = ("describe", "convert_image", "voiceover_picture")
_FILM = ("describe", "probe", "thumbnail")
#: Who would be given such a file, by the first part of its name.
TASKS = {
    **dict.fromkeys(("png", "webp", "tiff", "jpeg", "avif", "jxl", "bmp", "ico"), _PICTURE),
    **dict.fromkeys(("mov", "mkv", "flv", "avi-", "ts-", "ogg"), _FILM),
    **dict.fromkeys(("wav", "mp3", "flac", "aiff", "caf", "amr"), ("describe", "voiceover_sound")),
    **dict.fromkeys(("svg", "font"), ("describe",)),
    "gif": ("describe", "convert_image", "probe"),
}


@pytest.fixture(scope="module")
def judged(
    files: Mapping[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, dict[str, str]]:
    """What every task of the pool made of every bomb."""
    before = set(children_of(os.getpid()))
    target = tmp_path_factory.mktemp("out") / "target"
    found: dict[str, dict[str, str]] = {}
    with opening.a_pool() as pool:
        for kind, tasks in TASKS.items():
            chosen = {name: path for name, path in files.items() if name.startswith(kind)}
            found |= opening.by_pool(chosen, pool=pool, target=target, tasks=tasks)
        (child,) = set(children_of(os.getpid())) - before
        assert most_resident_bytes(child) < MOST_RESIDENT_BYTES
    assert not target.exists()
    return found


def test_a_bomb_is_judged_by_every_task_within_memory(judged: dict[str, dict[str, str]]) -> None:
    strange = {
        (name, task): verdict
        for name, by_task in judged.items()
        for task, verdict in by_task.items()
        if verdict not in VERDICTS
    }
    assert strange == {}


def test_what_is_too_large_is_told_by_its_head(judged: dict[str, dict[str, str]]) -> None:
    for name in ("png-large", "png-header", "tiff-large", "jpeg-large", "avif-large"):
        assert judged[name]["convert_image"] == "media_limit", name
    for name in ("mov-lying-size", "mov-streams", "gif-film"):
        assert judged[name]["probe"] in {"media_limit", "undecodable_media"}, name
    for name in ("doubling", "laughs", "loop", "loop-paint", "deep", "many", "blur", "patterns"):
        assert judged[f"svg-{name}"]["describe"] in {"media_limit", "unsupported_media"}, name


def test_nothing_that_a_render_opens_breaks_its_child(
    files: Mapping[str, Path], tmp_path: Path
) -> None:
    few = {name: path for name, path in files.items() if name.startswith(DRAWN)}
    found = opening.by_renderer(few, workspace=tmp_path)
    assert {verdict for by_way in found.values() for verdict in by_way.values()} <= VERDICTS


@pytest.mark.parametrize(
    ("name", "to", "fields"),
    [
        ("png-large", "/api/v1/convert", {"format": "webp"}),
        ("gif-film", "/api/v1/compress", {}),
        ("mov-lying-size", "/api/v1/compress", {}),
        ("mov-lying-size", "/api/v1/upload", {}),
        ("mov-streams", "/api/v1/process", {}),
        ("svg-laughs", "/api/v1/upload", {}),
    ],
)
def test_a_bomb_at_a_door_costs_nothing_and_leaves_nothing(
    anybody: httpx2.Client,
    telecine: Telecine,
    customer: Customer,
    files: Mapping[str, Path],
    name: str,
    to: str,
    fields: dict[str, str],
) -> None:
    answer = steps.send(anybody, files[name], to=to, **fields)
    assert answer.status_code in {400, 413, 415, 422}, answer.text
    steps.assert_untouched(telecine, customer.account)


def test_a_film_that_grows_after_its_first_frame_fails_is_refunded_and_leaves_nothing(
    anybody: httpx2.Client, telecine: Telecine, customer: Customer, files: Mapping[str, Path]
) -> None:
    job_id = steps.submit(anybody, files["mov-later-size"])
    steps.run(telecine, job_id)
    told = steps.status_of(anybody, job_id)
    assert told["status"] == "failed"
    assert "Decode error rate" in told["error"]
    assert anybody.get("/api/v1/usage").json()["credits"]["balance"] == 100
    steps.janitor(telecine)
    assert [name for name in steps.files_on_disk(telecine) if "inputs" not in name] == []
