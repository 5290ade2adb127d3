"""What the supervisor does about the processes that it starts, and says of them."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import structlog
from structlog.testing import LogCapture

from telecine import supervisor
from telecine.supervisor import Supervisor

#: Ends at once, whatever it is; as a first API process it says before that all is ready.
_PROGRAM = """#!/bin/sh
case "$*" in
*" worker "*) test -e ready || touch too_early; touch worked ;;
*" --ready "*) sleep 0.3; touch ready; echo > /dev/fd/${*##* --ready } ;;
esac
"""


@pytest.fixture(autouse=True)
def _signals() -> Iterator[None]:
    handlers = {each: signal.getsignal(each) for each in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in handlers.items():
        signal.signal(number, handler)


@pytest.fixture
def logged(monkeypatch: pytest.MonkeyPatch) -> LogCapture:
    log = LogCapture()
    every_level = structlog.make_filtering_bound_logger(0)
    logger = structlog.wrap_logger(None, processors=[log], wrapper_class=every_level)
    monkeypatch.setattr(supervisor, "_log", logger)
    return log


def _children_are(monkeypatch: pytest.MonkeyPatch, folder: Path, script: str) -> None:
    program = folder / "program"
    program.write_text(script)
    program.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(program))
    monkeypatch.chdir(folder)


def _stop_when(is_time: Callable[[], bool]) -> None:
    """Have this process told to stop as soon as it is time for it."""

    def wait() -> None:
        patience = time.monotonic() + 180
        while not is_time() and time.monotonic() < patience:
            time.sleep(0.02)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait).start()


def _run(*worker_ids: str) -> int:
    return Supervisor([], listener=supervisor.bind("127.0.0.1", 0), worker_ids=worker_ids).run()


def test_a_process_that_died_is_started_again_and_both_are_logged(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, logged: LogCapture
) -> None:
    _children_are(monkeypatch, tmp_path, _PROGRAM)
    _stop_when(lambda: len(logged.entries) >= 2)
    assert _run() == 0
    assert [(each["event"], each["process"]) for each in logged.entries[:2]] == [
        *(("process.died", "api"), ("process.started", "api")),
    ]


@pytest.mark.usefixtures("logged")
def test_workers_begin_when_the_first_api_process_is_ready(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    _children_are(monkeypatch, tmp_path, _PROGRAM)
    _stop_when((tmp_path / "worked").exists)
    assert _run("one") == 0
    assert not (tmp_path / "too_early").exists()


@pytest.mark.usefixtures("logged")
def test_where_the_first_api_process_ends_before_it_is_ready_all_ends(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    _children_are(monkeypatch, tmp_path, "#!/bin/sh\ntouch $3\n")
    assert _run("one") == 1
    assert [each.name for each in sorted(tmp_path.iterdir())] == ["api", "program"]
