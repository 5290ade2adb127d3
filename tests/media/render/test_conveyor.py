"""Errors come out, and nobody waits for a thread that has given up."""

from __future__ import annotations

import threading

import pytest
from tests.steps import until

from telecine.kit.errors import InternalError
from telecine.media.render.encoding.conveyor import Conveyor


class _BrokenError(Exception):
    pass


def test_items_are_worked_off_in_order() -> None:
    done: list[int] = []
    conveyor = Conveyor(done.append, length=2, name="test")
    for number in range(50):
        conveyor.put(number)
    conveyor.close()
    assert done == list(range(50))


def test_an_error_comes_out_at_the_next_put_and_at_close_and_blocks_nobody() -> None:
    def fail(_: int) -> None:
        raise _BrokenError

    conveyor = Conveyor(fail, length=1, name="test")
    with pytest.raises(_BrokenError):
        _put_for_ever(conveyor)
    with pytest.raises(_BrokenError):
        conveyor.close()
    with pytest.raises(_BrokenError):
        conveyor.close()


def test_dropping_throws_away_what_waits() -> None:
    started, may_go_on = threading.Event(), threading.Event()
    done: list[int] = []

    def work(number: int) -> None:
        started.set()
        may_go_on.wait()
        done.append(number)

    conveyor = Conveyor(work, length=3, name="test")
    conveyor.put(0)
    started.wait()
    conveyor.put(1)
    conveyor.put(2)
    dropping = threading.Thread(target=conveyor.drop)
    dropping.start()
    until(lambda: conveyor._is_dropped)
    may_go_on.set()
    dropping.join()
    assert 2 not in done
    conveyor.drop()


def test_a_putter_that_waits_for_room_is_set_free_by_dropping() -> None:
    started, may_go_on = threading.Event(), threading.Event()

    def work(_: int) -> None:
        started.set()
        may_go_on.wait()

    conveyor = Conveyor(work, length=1, name="test")
    conveyor.put(0)
    started.wait()
    conveyor.put(1)

    def put_more() -> None:
        with pytest.raises(InternalError):
            _put_for_ever(conveyor)

    putting = threading.Thread(target=put_more)
    putting.start()
    dropping = threading.Thread(target=conveyor.drop)
    dropping.start()
    until(lambda: conveyor._is_dropped)
    may_go_on.set()
    dropping.join()
    putting.join()


def test_nothing_can_follow_the_end() -> None:
    conveyor: Conveyor[int] = Conveyor(lambda _: None, length=1, name="test")
    conveyor.close()
    with pytest.raises(InternalError):
        conveyor.put(1)


def _put_for_ever(conveyor: Conveyor[int]) -> None:
    while True:
        conveyor.put(7)
