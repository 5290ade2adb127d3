"""Compositions shown in segments, each rendered when somebody first asks for it.

There are few children, and more sessions, which take turns at them; the session unused for longest
makes room for the next. What was made is kept, within a bound, for as long as this process lives.
"""

from __future__ import annotations

import shutil
import threading
from collections import OrderedDict
from concurrent.futures import Future
from pathlib import Path
from typing import Final

from telecine.kit.errors import BusyError, InternalError
from telecine.kit.ids import new_id
from telecine.media.render.confined import Renderer
from telecine.media.render.keeping import Kept
from telecine.media.render.playlist import PLAYLIST_NAME
from telecine.media.render.session import RETRY_AFTER_SECONDS, Session, Source, done
from telecine.media.render.turns import Turns

_STOP_SECONDS: Final = 5.0
#: Films that may be open, or in line, for each child that may be at work.
_OPEN_PER_CHILD: Final = 8
#: Sessions that may be on their way out at once.
_MOST_LEAVING: Final = 16


class Previews:
    """Shows films. Safe to call from many threads; no call waits for a picture.

    Of each film there are `index.m3u8`, `init.mp4`, `0.m4s` and so on, `poster.png` and, where
    something is said, `captions.vtt`. `folder` is this process's alone while it lives.
    """

    def __init__(
        self,
        renderer: Renderer,
        *,
        folder: Path,
        most_children: int,
        idle_seconds: float,
        max_bytes: int,
    ) -> None:
        self._renderer = renderer
        self._root = folder
        self._folder = folder / new_id("run_")
        #: Films that may be open at once, most of them in line.
        self.most_open = most_children * _OPEN_PER_CHILD
        self._idle_seconds = idle_seconds
        self._kept = Kept(self._folder / "kept", max_bytes=max_bytes)
        self._changed = threading.Condition()
        self._turns = Turns(most=most_children, changed=self._changed)
        self._sessions: OrderedDict[str, Session] = OrderedDict()
        self._leaving: list[Session] = []
        self._is_closed = False
        #: Segments rendered since the start of this process.
        self.n_segments = 0

    @property
    def n_sessions(self) -> int:
        """How many films have a child."""
        with self._changed:
            return self._turns.n_taken

    def find(self, key: str, name: str) -> Future[bytes] | None:
        """Return what is kept, or will be made by the session that has the film open; or None."""
        kept = self._kept.get(key, name)
        with self._changed:
            session = self._sessions.get(key)
            if session is not None:
                self._sessions.move_to_end(key)
                return session.note(name) if kept is None else session.note_use(name, kept)
        return None if kept is None else done(kept)

    def ask(self, source: Source, name: str) -> Future[bytes]:
        """Return what will be there; cancel it when nobody wants it any more.

        Raises `BusyError` when as many films are open or in line as may be, and all are waited for.
        The future raises `NotFoundError` for what the film does not have, and what rendering
        raises.
        """
        if source.is_fixed or name != PLAYLIST_NAME:
            found = self.find(source.key, name)
            if found is not None:
                return found
        with self._changed:
            if self._is_closed:
                raise InternalError("The previews are closed.")
            session = self._sessions.get(source.key)
            if session is None:
                self._make_room()
                session = Session(
                    source,
                    renderer=self._renderer,
                    kept=self._kept,
                    folder=self._folder / new_id("session_"),
                    idle_seconds=self._idle_seconds,
                    changed=self._changed,
                    turns=self._turns,
                    on_end=self._forget,
                    on_segment=self._count,
                )
                self._sessions[source.key] = session
                session.start()
            return session.note(name)

    def is_in_line(self, key: str) -> bool:
        """Whether a film waits for its turn."""
        with self._changed:
            session = self._sessions.get(key)
            return session is not None and session.is_in_line

    def busy(self) -> BusyError:
        """Return what is told to whoever cannot be served soon."""
        return BusyError(
            "Other previews are being rendered at this moment, as many as may be at once. "
            "Try again in some seconds.",
            retry_after_seconds=RETRY_AFTER_SECONDS,
        )

    def warm(self) -> None:
        """Have a process ready, without waiting for it: somebody will look soon."""
        self._renderer.warm()

    def sweep(self) -> None:
        """Delete what killed processes left behind; only where no other one is at work."""
        for path in self._root.glob("run_*"):
            if path != self._folder:
                shutil.rmtree(path, ignore_errors=True)

    def close(self) -> None:
        """End all sessions, and delete what is kept."""
        with self._changed:
            self._is_closed = True
            sessions = list(self._sessions.values())
            for session in sessions:
                session.end()
        for session in sessions:
            session.join(_STOP_SECONDS)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _make_room(self) -> None:
        if len(self._sessions) < self.most_open:
            return
        # One that still fetches something goes when that is there.
        self._leaving = [each for each in self._leaving if each.is_alive()]
        idle = next((each for each in self._sessions.values() if each.is_idle), None)
        if idle is None or len(self._leaving) >= _MOST_LEAVING:
            raise self.busy()
        idle.end()
        del self._sessions[idle.key]
        self._leaving.append(idle)

    def _forget(self, session: Session) -> None:
        """Forget one that ended; the lock is held."""
        if self._sessions.get(session.key) is session:
            del self._sessions[session.key]

    def _count(self) -> None:
        with self._changed:
            self.n_segments += 1
