"""What the supervisor says of the processes that it keeps alive."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time

import pytest
import structlog
from structlog.testing import LogCapture

from telecine import server


def test_a_process_that_died_is_started_again_and_both_are_logged(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/true")  # a process that ends at once
    log = LogCapture()
    every_level = structlog.make_filtering_bound_logger(0)
    logger = structlog.wrap_logger(None, processors=[log], wrapper_class=every_level)
    monkeypatch.setattr(server, "_log", logger)
    handlers = {each: signal.getsignal(each) for each in (signal.SIGTERM, signal.SIGINT)}
    listener = server.bind("127.0.0.1", 0)
    supervisor = server.Supervisor([], listener=listener, worker_ids=[])

    def stop_when_told() -> None:
        patience = time.monotonic() + 180
        while len(log.entries) < 2 and time.monotonic() < patience:
            time.sleep(0.02)
        os.kill(os.getpid(), signal.SIGTERM)

    try:
        supervisor.run(on_started=threading.Thread(target=stop_when_told).start)
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    assert [(each["event"], each["process"]) for each in log.entries[:2]] == [
        *(("process.died", "api"), ("process.started", "api")),
    ]
