"""A module of ours running as a child that is spoken to: the parent's end of it.

It lives by a pipe: whatever becomes of the parent, the pipe closes and the child ends.
"""

from __future__ import annotations

import os
import signal
import socket
import threading
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import msgspec

from telecine.media import process


class Tethered:
    """Its process, and our end of its socket (`peer`).

    The child's one argument is `begin` as JSON, with `socket_fd` and `lifeline_fd`.
    """

    def __init__(
        self, module: str, begin: Mapping[str, Any], *, environment: Mapping[str, str]
    ) -> None:
        self._ending = threading.Lock()
        self.peer, theirs = socket.socketpair()
        lifeline, self._life = os.pipe()
        fds = {"socket_fd": theirs.fileno(), "lifeline_fd": lifeline}
        try:
            self._program = process.start_python(
                module,
                arguments=[msgspec.json.encode({**begin, **fds}).decode()],
                pass_fds=tuple(fds.values()),
                environment=environment,
            )
        except BaseException:
            self.peer.close()
            os.close(self._life)
            raise
        finally:
            theirs.close()
            os.close(lifeline)
        self.pid = self._program.pid
        self._exit_status: int | None = None

    def has_ended(self) -> bool:
        """Say whether it is gone, of itself or by somebody's hand."""
        return self._program.has_ended()

    def was_killed(self) -> bool:
        """Say, once it has been ended, whether something had killed it: us, or another."""
        return self._exit_status == -signal.SIGKILL

    def end(self) -> None:
        """Kill it; may be called twice, and while another thread waits for it (who then fails)."""
        with self._ending:
            if self._life < 0:
                return
            self._exit_status = self._program.kill()
            with suppress(OSError):
                self.peer.shutdown(socket.SHUT_RDWR)
            self.peer.close()
            os.close(self._life)
            self._life = -1
