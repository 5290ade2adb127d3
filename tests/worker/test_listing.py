"""What `telecine workers` says, and what a container's health check hears from it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from telecine.assembly import Telecine
from telecine.cli import admin
from telecine.core import jobs
from telecine.kit.clock import system_clock


@pytest.fixture
def workers(telecine: Telecine) -> Telecine:
    """One that lives, and one that was heard of an hour ago."""
    now = system_clock()
    with telecine.db.transaction() as tx:
        jobs.enrol(tx, "here-1", pid=1, now=now)
        jobs.enrol(tx, "there-single", pid=1, now=now - timedelta(hours=1))
    return telecine


def test_every_worker_is_listed_with_how_long_it_is_silent(
    workers: Telecine, capsys: pytest.CaptureFixture[str]
) -> None:
    assert admin.list_workers(workers.settings, host=None)
    said = capsys.readouterr().out
    (alive,) = [line for line in said.splitlines() if "here-1" in line and "there" not in line]
    (silent,) = [line for line in said.splitlines() if "there-single" in line]
    assert "alive" in alive
    assert "silent for 1:00:0" in silent


def test_a_host_is_asked_for_by_its_whole_name(workers: Telecine) -> None:
    assert admin.list_workers(workers.settings, host="here")
    assert not admin.list_workers(workers.settings, host="there")
    assert not admin.list_workers(workers.settings, host="he")
    assert not admin.list_workers(workers.settings, host="elsewhere")
