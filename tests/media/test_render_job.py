"""The operation `render` as a worker runs it: real sources, a real film, a real price."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from tests import samples
from typing_extensions import override

from telecine import outside, shelves
from telecine import settings as settings_module
from telecine.kit.errors import (
    CancelledError,
    FileTooLargeError,
    InvalidRequestError,
    OutboundError,
)
from telecine.kit.outbound import Cache
from telecine.media.probe import probe
from telecine.operations.base import Context, Input, Result
from telecine.operations.render import RENDER, RenderParams
from telecine.settings import Prices

PRICES = Prices(compress_mib_per_credit=20, convert_credits=1)
FRAMES = 5


def document(src: str, **clip: Any) -> dict[str, Any]:
    shown = {"type": "image", "src": src, "start": 0, "duration": 1, **clip}
    meta = {"version": "2.0.0", "width": 160, "height": 90, "fps": 5}
    return {"meta": meta, "tracks": [{"clips": [shown]}]}


def params(**wishes: Any) -> RenderParams:
    values: dict[str, Any] = {
        "width": 160,
        "height": 90,
        "frame_rate": "5",
        "duration_frames": FRAMES,
        "filename": "film.mp4",
        "files": {},
    }
    return RenderParams(**(values | wishes))


Run = Callable[..., Result]


@pytest.fixture
def reports() -> list[float]:
    return []


@pytest.fixture
def run(tmp_path: Path, reports: list[float]) -> Iterator[Run]:
    """Run the operation on a document and some files."""
    loaded = settings_module.load({}, data=str(tmp_path / "data"), allow_networks="127.0.0.0/8")
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    with shelves.pool(loaded) as pool, shelves.renderer(loaded) as renderer:

        def act(
            shown: dict[str, Any],
            wishes: RenderParams,
            *files: Path,
            is_cancelled: Callable[[], bool] = lambda: False,
        ) -> Result:
            path = tmp_path / "composition.json"
            path.write_text(json.dumps(shown), "utf-8")
            inputs = tuple(
                Input(path=each, filename=each.name, size_bytes=each.stat().st_size)
                for each in (path, *files)
            )
            context = Context(
                inputs=inputs,
                workspace=workspace,
                ffmpeg=shelves.ffmpeg(loaded),
                pool=pool,
                report=reports.append,
                is_cancelled=is_cancelled,
                renderer=renderer,
                cache=Cache(tmp_path / "cache", outbound=outside.outbound(loaded), max_bytes=2**30),
            )
            result = RENDER.run(wishes, context)
            video = probe(pool, result.outputs[0].path).video
            assert (video.width, video.height, video.frame_count) == (160, 90, FRAMES)
            return result

        yield act


@pytest.fixture
def site(tmp_path: Path) -> Iterator[str]:
    """A web server with one picture; it counts nothing and knows nothing else."""
    folder = tmp_path / "site"
    folder.mkdir()
    shutil.copy(samples.astronaut(), folder / "photo.png")
    handler = partial(_Quiet, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


class _Quiet(SimpleHTTPRequestHandler):
    @override
    def log_message(self, *_: object) -> None:
        """Say nothing."""


def test_a_film_is_made_of_a_file_of_the_library(run: Run, reports: list[float]) -> None:
    result = run(
        document("asset_1"), params(files={"asset_1": 1}, n_workers=2), samples.astronaut()
    )
    (output,) = result.outputs
    assert (output.filename, output.media_type) == ("film.mp4", "video/mp4")
    assert result.facts == {
        "width": 160,
        "height": 90,
        "frames": FRAMES,
        "duration_seconds": 1.0,
        "size_bytes": output.path.stat().st_size,
        "workers_used": 2,
    }
    assert reports[-1] == 1.0


def test_a_remote_source_is_fetched(run: Run, site: str) -> None:
    src = f"{site}/photo.png"
    run(document(src), params(remote=(src,)))


def test_the_bar_moves_while_a_remote_source_comes_in(
    run: Run, site: str, reports: list[float]
) -> None:
    src = f"{site}/photo.png"
    run(document(src), params(remote=(src,)))
    assert reports == sorted(reports)
    assert len([share for share in reports if 0 < share < 0.1]) > 1


def test_a_job_that_is_cancelled_stops_fetching(run: Run, site: str) -> None:
    src = f"{site}/photo.png"
    asked: list[bool] = []

    def is_cancelled() -> bool:
        asked.append(len(asked) > 2)  # once before, and then with what comes in
        return asked[-1]

    with pytest.raises(CancelledError):
        run(document(src), params(remote=(src,)), is_cancelled=is_cancelled)
    assert asked == [False] * 3 + [True]


def test_a_remote_source_that_is_not_there_is_named(run: Run, site: str) -> None:
    src = f"{site}/none.png"
    with pytest.raises(OutboundError, match="none") as refused:
        run(document(src), params(remote=(src,)))
    assert refused.value.field == src


def test_the_bytes_of_all_remote_sources_count_together(run: Run, site: str) -> None:
    first, second = f"{site}/photo.png", f"{site}/photo.png?again"
    shown = document(first)
    shown["tracks"][0]["clips"] += document(second)["tracks"][0]["clips"]
    room = samples.astronaut().stat().st_size * 3 // 2
    with pytest.raises(FileTooLargeError) as refused:
        run(shown, params(remote=(first, second), max_source_bytes=room))
    assert refused.value.field == second


def test_a_film_longer_than_what_was_paid_for_is_not_delivered(run: Run, tmp_path: Path) -> None:
    video = samples.make_video(tmp_path / "v.mp4", seconds=2)
    shown = document("asset_1", type="video", duration="auto")
    with pytest.raises(InvalidRequestError, match="paid for"):
        run(shown, params(files={"asset_1": 1}), video)


def test_a_cancelled_render_stops(run: Run) -> None:
    shown = document("asset_1")
    with pytest.raises(CancelledError):
        run(
            shown,
            params(files={"asset_1": 1}),
            samples.astronaut(),
            is_cancelled=lambda: True,
        )


@pytest.mark.parametrize(
    ("size", "frames", "credits"),
    [
        ((1920, 1080), 300, 15),
        ((1080, 1920), 300, 15),
        ((1280, 720), 300, 10),
        ((640, 360), 300, 10),
        ((2560, 1440), 300, 20),
        ((1920, 1080), 10, 1),
        ((1280, 720), 301, 11),
    ],
)
def test_the_price_is_seconds_by_size_rounded_up(
    size: tuple[int, int], frames: int, credits: int
) -> None:
    wishes = params(width=size[0], height=size[1], frame_rate="30", duration_frames=frames)
    assert RENDER.price(wishes, input_bytes=0, prices=PRICES) == credits
