"""Films on demand, with real children: few at a time, each thing made once, none left behind."""

from __future__ import annotations

import json
import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError as Unwanted
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.steps import until
from typing_extensions import override

from telecine.kit.errors import (
    BusyError,
    InvalidRequestError,
    NotFoundError,
    ProcessingError,
    ProcessTimeoutError,
    UndecodableMediaError,
)
from telecine.media.process import Limits
from telecine.media.render import session
from telecine.media.render.attending import Engaged
from telecine.media.render.confined import Order, Renderer
from telecine.media.render.keeping import Kept, taken
from telecine.media.render.previewing import Previews
from telecine.media.render.session import Brought, Source

LIMITS = Limits(memory_bytes=4 * 2**30, output_bytes=2**28, wall_seconds=300, stall_seconds=180)
SECONDS = 60.0


class Watched(Renderer):
    """Remembers whom it engaged."""

    def __init__(self) -> None:
        super().__init__(sandbox="require", limits=LIMITS, n_spare=0)
        self.engaged: list[Engaged] = []
        self.most_alive = 0

    @override
    def engage(self, order: Order, **more: Any) -> Engaged:
        self.engaged.append(super().engage(order, **more))
        alive = _children() & {each.pid for each in self.engaged}
        self.most_alive = max(self.most_alive, len(alive))
        return self.engaged[-1]


@pytest.fixture
def renderer() -> Iterator[Watched]:
    with Watched() as made:
        yield made


Make = Callable[..., Previews]


@pytest.fixture
def make(tmp_path: Path, renderer: Watched) -> Iterator[Make]:
    made: list[Previews] = []

    def act(*, most_children: int = 2, idle_seconds: float = 60) -> Previews:
        made.append(
            Previews(
                renderer,
                folder=tmp_path / "previews",
                most_children=most_children,
                idle_seconds=idle_seconds,
                max_bytes=2**24,
            )
        )
        return made[-1]

    yield act
    for previews in made:
        previews.close()


def nothing(_folder: Path, _is_cancelled: Callable[[], bool]) -> Brought:
    return Brought(files={})


def source(key: str = "a0", *, seconds: float = 1, bring: Any = nothing, **clip: Any) -> Source:
    shown = {"type": "text", "text": "Hello", "start": 0, "duration": seconds, **clip}
    meta = {"version": "2.0.0", "width": 160, "height": 90, "fps": 5}
    document = json.dumps({"meta": meta, "tracks": [{"clips": [shown]}]})
    return Source(key=key, document=document, bring=bring)


class Held:
    """Sources that come when they are let go."""

    def __init__(self) -> None:
        self._may_go = threading.Event()

    def bring(self, _folder: Path, _is_cancelled: Callable[[], bool]) -> Brought:
        assert self._may_go.wait(SECONDS)
        return Brought(files={})

    def let_go(self) -> None:
        self._may_go.set()


@pytest.fixture
def held() -> Iterator[Held]:
    made = Held()
    yield made
    made.let_go()


def test_what_two_ask_for_is_rendered_once(make: Make, held: Held) -> None:
    previews = make()
    film = source(bring=held.bring)
    asked = [previews.ask(film, "0.m4s") for _ in range(2)]
    held.let_go()
    one, two = (each.result(SECONDS) for each in asked)
    assert one == two
    assert previews.ask(film, "0.m4s").result(0) == one
    assert previews.n_segments == 1


def test_the_next_segment_is_made_before_it_is_asked_for(make: Make, renderer: Watched) -> None:
    previews = make()
    film = source(seconds=5)
    previews.ask(film, "0.m4s").result(SECONDS)
    until(lambda: previews.n_segments == 2)
    assert previews.ask(film, "1.m4s").result(0)
    until(lambda: previews.n_segments == 3)
    assert len(renderer.engaged) == 1


def test_what_a_film_does_not_have_is_said(make: Make) -> None:
    previews = make()
    for name in ("1.m4s", "captions.vtt", "film.mp4"):
        with pytest.raises(NotFoundError):
            previews.ask(source(), name).result(SECONDS)
    assert previews.ask(source(), "poster.png").result(SECONDS).startswith(b"\x89PNG")


def test_a_film_that_is_not_looked_at_makes_room(make: Make) -> None:
    previews = make(most_children=1)
    previews.ask(source("a1"), "0.m4s").result(SECONDS)
    assert previews.ask(source("a2"), "0.m4s").result(SECONDS)
    assert previews.n_sessions == 1
    found = previews.find("a1", "0.m4s")
    assert found is not None, "what was made is kept when its child has ended"
    assert previews.find("a1", "poster.png") is None


def test_more_films_than_may_be_open_are_told_to_come_again(make: Make, held: Held) -> None:
    previews = make(most_children=1)
    keys = [f"a{number:02}" for number in range(previews.most_open)]
    waiting = [previews.ask(source(key, bring=held.bring), "init.mp4") for key in keys]
    with pytest.raises(BusyError) as caught:
        previews.ask(source("a2"), "poster.png")
    assert caught.value.retry_after_seconds > 0
    for each in waiting:
        each.cancel()
    held.let_go()
    assert previews.ask(source("a2"), "poster.png").result(SECONDS)


def test_a_film_that_nobody_waits_for_any_more_makes_room_at_once(make: Make, held: Held) -> None:
    previews = make(most_children=1)
    keys = [f"a{number:02}" for number in range(previews.most_open)]
    left, *_ = [previews.ask(source(key, bring=held.bring), "0.m4s") for key in keys]
    left.cancel()
    assert previews.ask(source("a2"), "poster.png").result(SECONDS)
    with pytest.raises(Unwanted):
        left.result(0)


def test_films_take_turns_and_one_child_ends_before_the_next_begins(
    make: Make, renderer: Watched, held: Held, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "_TURN_SECONDS", 0.0)
    previews = make(most_children=1)
    greedy = source("a1", seconds=5, bring=held.bring)
    done: list[str] = []

    def ask(film: Source, name: str) -> Future[bytes]:
        asked = previews.ask(film, name)
        asked.add_done_callback(lambda _: done.append(f"{film.key} {name}"))
        return asked

    asked = [ask(greedy, f"{number}.m4s") for number in (2, 1, 0)]
    asked += [ask(source("a2", bring=held.bring), "0.m4s")]
    held.let_go()
    for each in asked:
        assert each.result(SECONDS)
    assert done.index("a2 0.m4s") < done.index("a1 0.m4s")
    assert len(renderer.engaged) >= 2
    assert renderer.most_alive == 1


def test_a_child_at_work_for_nobody_is_ended(
    make: Make, renderer: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "_ABANDONED_SECONDS", 0.0)
    previews = make()
    film = source(seconds=5)
    previews.ask(film, "0.m4s").result(SECONDS)
    until(lambda: previews.n_segments == 2)
    os.kill(renderer.engaged[0].pid, signal.SIGSTOP)
    waiting = previews.ask(film, "2.m4s")
    until(lambda: renderer.engaged[0].is_lost)  # it has been asked
    waiting.cancel()
    until(lambda: renderer.engaged[0].pid not in _children())
    assert previews.ask(film, "2.m4s").result(SECONDS)


def test_what_takes_too_long_to_draw_is_given_up(
    make: Make, renderer: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    previews = make()
    film = source(seconds=5)
    previews.ask(film, "0.m4s").result(SECONDS)
    until(lambda: previews.n_segments == 2)
    (first,) = renderer.engaged
    monkeypatch.setattr(first, "_limits", replace(LIMITS, wall_seconds=0.1))
    os.kill(first.pid, signal.SIGSTOP)
    with pytest.raises(ProcessTimeoutError) as caught:
        previews.ask(film, "2.m4s").result(SECONDS)
    assert "Render the film to a file" in caught.value.message
    assert first.pid not in _children()
    assert previews.ask(film, "2.m4s").result(SECONDS), "another child tries it"


def test_what_nobody_waits_for_is_not_made(make: Make, held: Held) -> None:
    previews = make()
    film = source(seconds=5, bring=held.bring)
    previews.ask(film, "2.m4s").cancel()
    poster = previews.ask(film, "poster.png")
    held.let_go()
    assert poster.result(SECONDS)
    assert previews.n_segments == 0


def test_a_child_that_was_killed_is_replaced(make: Make, renderer: Watched) -> None:
    previews = make()
    film = source(seconds=5)
    first = previews.ask(film, "0.m4s").result(SECONDS)
    until(lambda: previews.n_segments == 2)
    os.kill(renderer.engaged[0].pid, signal.SIGKILL)
    assert previews.ask(film, "2.m4s").result(SECONDS)
    assert previews.ask(film, "0.m4s").result(SECONDS) == first
    assert len(renderer.engaged) == 2


def test_a_child_that_died_while_it_waited_is_passed_over(tmp_path: Path) -> None:
    limits = Limits(memory_bytes=2**32, output_bytes=2**20, wall_seconds=300, stall_seconds=180)
    with Renderer(sandbox="require", limits=limits, n_spare=1) as renderer:
        others = _children()
        renderer.warm()
        (spare,) = _children() - others
        os.kill(spare, signal.SIGKILL)
        until(lambda: spare not in _children())
        order = Order(
            document=json.loads(source().document),
            files={},
            workspace=tmp_path,
            output=tmp_path / "still.png",
        )
        renderer.still(order)
        assert order.output.read_bytes().startswith(b"\x89PNG")


def test_a_session_that_idles_ends_and_leaves_what_it_made(
    make: Make, renderer: Watched, tmp_path: Path
) -> None:
    previews = make(idle_seconds=0.01)
    made = previews.ask(source(), "0.m4s").result(SECONDS)
    until(lambda: previews.n_sessions == 0)
    until(lambda: not list(tmp_path.glob("previews/run_*/session_*")))
    assert previews.ask(source(), "0.m4s").result(0) == made
    assert len(renderer.engaged) == 1


def test_a_fault_names_its_place_and_the_film_can_be_asked_for_again(
    make: Make, tmp_path: Path
) -> None:
    previews = make()
    path = tmp_path / "photo.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n and no more")
    wrong = source(
        type="image", src="photo.png", bring=lambda *_: Brought(files={"photo.png": path})
    )
    with pytest.raises(UndecodableMediaError) as caught:
        previews.ask(wrong, "index.m3u8").result(SECONDS)
    assert caught.value.field == "tracks[0].clips[0].src"
    with pytest.raises(InvalidRequestError) as empty:
        previews.ask(source("a9", seconds=0), "index.m3u8").result(SECONDS)
    assert empty.value.message
    assert previews.ask(source(), "index.m3u8").result(SECONDS)


def test_closing_leaves_nothing_and_a_start_clears_what_others_left(
    make: Make, tmp_path: Path
) -> None:
    left = tmp_path / "previews" / "run_killed" / "kept"
    left.mkdir(parents=True)
    (left / "0.m4s").write_bytes(b"0")
    previews = make()
    previews.ask(source(), "poster.png").result(SECONDS)
    previews.sweep()
    assert len(list((tmp_path / "previews").iterdir())) == 1
    previews.close()
    assert not list((tmp_path / "previews").iterdir())


def test_what_is_kept_has_a_bound_and_what_was_used_last_stays(tmp_path: Path) -> None:
    kept = Kept(tmp_path, max_bytes=30)
    for name in ("1", "2", "3"):
        kept.put("a", name, bytes(10))
    assert kept.get("a", "1") == bytes(10)
    kept.put("b", "4", bytes(10))
    assert [kept.has("a", name) for name in ("1", "2", "3")] == [True, False, True]
    kept.put("b", "5", bytes(31))
    assert kept.get("b", "5") is None
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and path.name != "4"]


def test_a_link_or_a_pipe_in_a_childs_folder_is_not_opened(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("of the server")
    (tmp_path / "0.m4s").symlink_to(secret)
    os.mkfifo(tmp_path / "1.m4s")
    (tmp_path / "2.m4s").write_bytes(bytes(11))
    (tmp_path / "3.m4s").mkdir()
    for number in range(5):
        with pytest.raises(ProcessingError):
            taken(tmp_path / f"{number}.m4s", max_bytes=10)
    assert taken(tmp_path / "2.m4s", max_bytes=11) == bytes(11)


def _children() -> set[int]:
    """Return the ids of the processes that this one has started and that live."""
    found = set()
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            state, parent = path.read_text().rpartition(")")[2].split()[:2]
            if int(parent) == os.getpid() and state != "Z":
                found.add(int(path.parent.name))
    return found
