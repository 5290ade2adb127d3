"""Compositions rendered behind walls by real children."""

from __future__ import annotations

import hashlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest
from tests import samples
from tests.media.render.films import heard
from tests.media.render.sounds import tone, write_wav
from typing_extensions import override

from telecine.kit.errors import (
    CancelledError,
    InternalError,
    InvalidRequestError,
    MediaError,
    ProcessTimeoutError,
    ResourceLimitError,
)
from telecine.media.process import Limits
from telecine.media.render.attending import Child
from telecine.media.render.confined import Order, Renderer

LIMITS = Limits(memory_bytes=4 * 2**30, output_bytes=2**28, wall_seconds=300, stall_seconds=180)


@pytest.fixture(scope="module")
def renderer() -> Iterator[Renderer]:
    with Renderer(sandbox="require", limits=LIMITS, n_spare=1) as made:
        yield made


def document(*, seconds: float = 1, **more: Any) -> dict[str, Any]:
    bar = {
        "type": "rect",
        "start": 0,
        "duration": seconds,
        "transform": {"width": 40, "height": 30},
        "style": {"fill": "#e04020", "borderRadius": 8},
        "keyframes": [
            {
                "property": "x",
                "frames": [{"time": 0, "value": -80}, {"time": seconds, "value": 80}],
            },
            {
                "property": "rotation",
                "frames": [{"time": 0, "value": 0}, {"time": seconds, "value": 90}],
            },
        ],
    }
    meta = {"version": "2.0.0", "width": 160, "height": 96, "fps": 10, "background": "#102030"}
    return {"meta": meta, "tracks": [{"clips": [bar, *more.get("clips", [])]}]}


def order(folder: Path, composition: dict[str, Any], **more: Any) -> Order:
    workspace = folder / "workspace"
    workspace.mkdir(exist_ok=True)
    output = workspace / more.pop("name", "out.mp4")
    return Order(
        document=composition,
        files=more.pop("files", {}),
        workspace=workspace,
        output=output,
        preset="ultrafast",
        **more,
    )


def pictures(path: Path) -> list[str]:
    with av.open(str(path)) as container:
        return [
            hashlib.sha256(frame.to_ndarray().tobytes()).hexdigest()
            for frame in container.decode(container.streams.video[0])
        ]


def test_any_number_of_workers_makes_the_same_film(renderer: Renderer, tmp_path: Path) -> None:
    # Chunks have 40 frames here: four of them.
    files = {"tone.wav": write_wav(tmp_path / "tone.wav", tone(1)), "bikes.mp4": samples.bikes()}
    words = [{"word": str(n), "start": n, "end": n + 1} for n in range(13)]
    composition = document(
        seconds=13,
        clips=[
            {"type": "audio", "src": "tone.wav", "start": 0, "duration": 1},
            {"type": "video", "src": "bikes.mp4", "start": 0, "duration": 7, "muted": True,
             "playbackRate": 0.7, "transform": {"width": 80}},
            {"type": "video", "src": "bikes.mp4", "start": 7, "duration": 6, "muted": True,
             "source": {"start": 8}, "loop": True, "transition": {"type": "blur", "duration": 2}},
            {"type": "subtitle", "words": words, "start": 0, "duration": 13,
             "config": {"fontSize": 12, "highlightStyle": "pop-in"}},
        ],
    )  # fmt: skip
    films, sounds = [], []
    for number, n_workers in enumerate((1, 1, 2, 5)):
        wanted = order(
            tmp_path,
            composition,
            name=f"{number}.mp4",
            n_workers=n_workers,
            files=files,
        )
        facts = renderer.render(wanted)
        assert facts.n_frames == 130
        assert facts.n_samples == 13 * 48_000
        films.append(pictures(wanted.output))
        sounds.append(heard(wanted.output)[1].tobytes())
        assert sorted(path.suffix for path in wanted.workspace.iterdir()) == (
            [".json", *[".mp4"] * len(films)]
        )
    assert len(films[0]) == 130
    assert films == [films[0]] * 4
    assert sounds == [sounds[0]] * 4


@pytest.mark.parametrize(("name", "n_workers"), [("a.mp4", 1), ("b.mp4", 2), ("c.webm", 1)])
def test_a_comment_is_in_the_file(
    renderer: Renderer, tmp_path: Path, name: str, n_workers: int
) -> None:
    told = order(tmp_path, document(), name=name, n_workers=n_workers, comment="made by hand")
    renderer.render(told)
    with av.open(str(told.output)) as container:
        tags = {key.lower(): value for key, value in container.metadata.items()}
    assert tags["comment"] == "made by hand"


def test_progress_is_told(renderer: Renderer, tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    renderer.render(
        order(tmp_path, document()), on_progress=lambda done, of: seen.append((done, of))
    )
    assert seen[-1] == (10, 10)


def test_a_wrong_document_is_answered_with_the_path(renderer: Renderer, tmp_path: Path) -> None:
    composition = document()
    composition["tracks"][0]["clips"][0]["duration"] = -1
    with pytest.raises(InvalidRequestError) as caught:
        renderer.render(order(tmp_path, composition))
    assert caught.value.field == "tracks[0].clips[0].duration"


def test_a_file_that_was_not_given_is_named(renderer: Renderer, tmp_path: Path) -> None:
    secret = tmp_path / "secret.png"
    secret.write_bytes(b"not for compositions")
    clip = {"type": "image", "src": str(secret), "start": 0, "duration": 1}
    with pytest.raises(MediaError) as caught:
        renderer.render(order(tmp_path, document(clips=[clip])))
    assert caught.value.field == "tracks[0].clips[1].src"


def test_a_cancelled_child_is_gone_and_so_is_its_film(tmp_path: Path, renderer: Renderer) -> None:
    wanted = order(tmp_path, document(seconds=600), n_workers=2)
    with pytest.raises(CancelledError):
        renderer.render(wanted, is_cancelled=lambda: True)
    assert [path.name for path in wanted.workspace.iterdir()] == ["composition.json"]


def test_a_child_that_takes_too_long_is_stopped(tmp_path: Path) -> None:
    hasty = Limits(memory_bytes=4 * 2**30, output_bytes=2**28, wall_seconds=0.1, stall_seconds=180)
    with (
        Renderer(sandbox="require", limits=hasty, n_spare=0) as impatient,
        pytest.raises(ProcessTimeoutError),
    ):
        impatient.render(order(tmp_path, document(seconds=600)))


def test_a_file_larger_than_allowed_is_a_limit(tmp_path: Path) -> None:
    small = Limits(memory_bytes=4 * 2**30, output_bytes=4096, wall_seconds=300, stall_seconds=180)
    with (
        Renderer(sandbox="require", limits=small, n_spare=0) as narrow,
        pytest.raises(ResourceLimitError),
    ):
        narrow.render(order(tmp_path, document(seconds=5)))


@pytest.mark.parametrize("n_workers", [1, 2])
def test_a_film_too_large_for_the_memory_of_a_job_is_told_by_its_size(
    tmp_path: Path, n_workers: int
) -> None:
    tight = Limits(memory_bytes=2**28, output_bytes=2**28, wall_seconds=300, stall_seconds=180)
    huge = document()
    huge["meta"].update(width=7680, height=4320)
    with (
        Renderer(sandbox="require", limits=tight, n_spare=0) as narrow,
        pytest.raises(ResourceLimitError, match="Make the film smaller") as caught,
    ):
        narrow.render(order(tmp_path, huge, n_workers=n_workers))
    assert caught.value.field == "meta.width"


def test_a_picture_too_large_for_the_memory_of_a_job_is_named(tmp_path: Path) -> None:
    tight = Limits(memory_bytes=2**28, output_bytes=2**28, wall_seconds=300, stall_seconds=180)
    large = np.zeros((9000, 9000, 3), np.uint8)
    large[::2, ::3] = 200
    cv2.imwrite(str(tmp_path / "large.png"), large)
    shown = {"type": "image", "src": "large.png", "start": 0, "duration": 1}
    shown["transform"] = {"width": 9000, "height": 9000}
    wanted = order(tmp_path, document(clips=[shown]), files={"large.png": tmp_path / "large.png"})
    with (
        Renderer(sandbox="require", limits=tight, n_spare=0) as narrow,
        pytest.raises(ResourceLimitError, match="smaller pictures") as caught,
    ):
        narrow.render(wanted)
    assert (caught.value.field or "").startswith("tracks[0].clips[1]")


def test_stills_and_sheets_are_written(renderer: Renderer, tmp_path: Path) -> None:
    still = order(tmp_path, document(), name="still.png", frames=range(5, 6))
    renderer.still(still)
    sheet = order(tmp_path, document(), name="sheet.png", n_pictures=4)
    renderer.storyboard(sheet)
    for written in (still, sheet):
        assert written.output.read_bytes().startswith(b"\x89PNG")


def test_a_closed_renderer_refuses(tmp_path: Path) -> None:
    closed = Renderer(sandbox="require", limits=LIMITS)
    closed.close()
    with pytest.raises(InternalError):
        closed.render(order(tmp_path, document()))


class Struck(Renderer):
    """Its children are killed when they tell of their progress, `most` of them."""

    def __init__(self, *, most: int) -> None:
        super().__init__(sandbox="require", limits=LIMITS, n_spare=0)
        self.struck: list[int] = []
        self._most = most
        self._newest = 0

    @override
    def _next_child(self) -> Child:
        child = super()._next_child()
        self._newest = child.pid
        return child

    def strike(self, _done: int, _frames: int) -> None:
        if self._newest not in self.struck and len(self.struck) < self._most:
            self.struck.append(self._newest)
            os.kill(self._newest, signal.SIGKILL)


def test_a_child_that_was_killed_is_replaced(tmp_path: Path) -> None:
    with Struck(most=1) as own:
        facts = own.render(order(tmp_path, document(seconds=6)), on_progress=own.strike)
    assert (facts.n_frames, len(own.struck)) == (60, 1)


def test_a_second_child_that_is_killed_is_the_last(tmp_path: Path) -> None:
    # So long that neither could have been finished when it was struck.
    with Struck(most=9) as own, pytest.raises(ResourceLimitError):
        own.render(order(tmp_path, document(seconds=600)), on_progress=own.strike)
    assert len(own.struck) == 2
