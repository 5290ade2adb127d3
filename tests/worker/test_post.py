"""Who may hold a worker's id: one process, on one machine and between two."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.fakes import FixedClock

from telecine.assembly import Telecine
from telecine.core import jobs
from telecine.kit.errors import ConflictError, InvalidRequestError
from telecine.worker import post as post_module
from telecine.worker.post import Post, Posts


@pytest.fixture
def posts(telecine: Telecine) -> Posts:
    return telecine.posts()


@pytest.fixture
def elsewhere(telecine: Telecine, tmp_path: Path) -> Posts:
    """The same database, seen from a machine with a data folder of its own."""
    return replace(telecine.posts(), locks_dir=tmp_path / "elsewhere")


@pytest.fixture(autouse=True)
def _short_watch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(post_module, "_WATCH_SECONDS", 1.0)
    monkeypatch.setattr(post_module, "_LOOK_EVERY_SECONDS", 0.02)


def take(posts: Posts, *worker_ids: str) -> Post:
    return posts.take(worker_ids or ("w-1",), patience_seconds=0)


@pytest.fixture
def beating(clock: FixedClock) -> Iterator[Callable[[Post], None]]:
    """Has a post beat, as a worker's thread does, until the test ends."""
    stop = threading.Event()
    threads = []

    def begin(post: Post) -> None:
        def beat() -> None:
            while not stop.wait(0.1):
                clock.advance(seconds=1)
                post.beat()

        threads.append(threading.Thread(target=beat))
        threads[-1].start()

    yield begin
    stop.set()
    for thread in threads:
        thread.join()


def die(post: Post) -> None:
    """The kernel closes a dead process's files; nobody writes to the database."""
    post.lock.release()


def test_a_second_process_of_this_machine_is_refused_at_once(posts: Posts) -> None:
    take(posts)
    with pytest.raises(ConflictError, match=r"w-1 is in use on this machine.*--id NAME"):
        take(posts)


def test_the_first_free_id_is_taken_and_is_the_same_after_a_restart(posts: Posts) -> None:
    names = ("host-single", "host-single-2", "host-single-3")
    first, second, third = (take(posts, *names) for _ in names)
    assert (first.worker_id, second.worker_id, third.worker_id) == names
    die(second)
    assert take(posts, *names).worker_id == "host-single-2"


def test_who_has_patience_gets_the_id_when_the_holder_stops(posts: Posts) -> None:
    holder = take(posts)
    threading.Timer(0.3, holder.leave).start()
    assert posts.take(("w-1",), patience_seconds=180).worker_id == "w-1"


def test_after_a_crash_the_same_id_is_taken_at_once(
    posts: Posts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(post_module, "_WATCH_SECONDS", 60.0)
    die(take(posts))
    began = time.monotonic()
    take(posts)
    assert time.monotonic() - began < 50


def test_an_id_that_beats_on_another_machine_is_refused(
    posts: Posts,
    elsewhere: Posts,
    beating: Callable[[Post], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(post_module, "_WATCH_SECONDS", 60.0)  # until a beat is seen
    holder = take(elsewhere)
    beating(holder)
    with pytest.raises(ConflictError, match="w-1 is in use on another machine"):
        take(posts)
    assert take(posts, "w-1", "w-2").worker_id == "w-2"
    assert holder.beat()


def test_an_id_whose_holder_on_another_machine_is_silent_may_be_taken(
    posts: Posts, elsewhere: Posts, clock: FixedClock
) -> None:
    before = take(elsewhere)
    clock.advance(seconds=1)
    take(posts)
    # Should it come back, it learns that it was replaced, and changes nothing.
    assert not before.beat()
    before.leave()


def test_a_cold_heartbeat_is_not_watched(
    posts: Posts, elsewhere: Posts, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(post_module, "_WATCH_SECONDS", 60.0)
    take(elsewhere)
    clock.advance(seconds=31)
    began = time.monotonic()
    take(posts)
    assert time.monotonic() - began < 50


def test_a_post_that_is_left_is_free_everywhere(
    telecine: Telecine, posts: Posts, elsewhere: Posts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(post_module, "_WATCH_SECONDS", 60.0)
    held = take(elsewhere)
    assert held.beat()
    held.leave()
    with telecine.db.snapshot() as tx:
        assert jobs.worker(tx, "w-1") is None
    began = time.monotonic()
    take(posts)
    assert time.monotonic() - began < 50


@pytest.mark.parametrize("worker_id", ["", "../up", "a/b", ".hidden", "ä", "x" * 101, "a\nb"])
def test_an_id_that_names_no_file_is_refused(posts: Posts, worker_id: str) -> None:
    with pytest.raises(InvalidRequestError):
        take(posts, worker_id)
