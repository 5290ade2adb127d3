"""`telecine serve`, started again whenever it dies, as an init system does."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import IO

from telecine.cli.local_server import LocalServer, local_server, stop
from telecine.kit.errors import InternalError

_FIRST_START_SECONDS = 300.0
_LOOK_SECONDS = 0.1


class Server:
    """Runs in `data` from `start` to `stop`. `now` is None while nobody listens."""

    def __init__(
        self, data: Path, *, workers: int, environment: Mapping[str, str], log: IO[str]
    ) -> None:
        self.now: LocalServer | None = None
        self.key = ""
        self._start = (data, workers, environment, log)
        self._is_up = threading.Event()
        self._is_over = threading.Event()

    def start(self) -> None:
        """Return once a process listens. May be called again after `stop`."""
        self._is_up.clear()
        self._is_over.clear()
        self._thread = threading.Thread(target=self._keep_serving, name="server", daemon=True)
        self._thread.start()
        assert self._is_up.wait(_FIRST_START_SECONDS), "the server does not start"

    def stop(self) -> int:
        """End it in good order; returns its exit status."""
        while (last := self.now) is None:  # it is about to be there again
            time.sleep(_LOOK_SECONDS)
        self._is_over.set()
        stop(last.process)
        self._thread.join()
        return int(last.process.returncode)

    def _keep_serving(self) -> None:
        data, workers, environment, log = self._start
        while not self._is_over.is_set():
            try:
                with local_server(
                    data,
                    workers=workers,
                    key=self.key or None,
                    environment=environment,
                    log=log,
                ) as running:
                    self.key, self.now = running.key, running
                    self._is_up.set()
                    running.process.wait()
            except InternalError:
                continue  # killed before it had said where it listens
            finally:
                if not self._is_over.is_set():
                    self.now = None
