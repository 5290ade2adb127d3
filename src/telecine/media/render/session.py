"""One film that is open to be shown: what is wished of it, and the thread that has it made.

A film is opened in a confined child, which is asked for one thing after the other. Wishes for
the same thing are one; those that nobody waits for any more are left out. There are fewer children
than films: while others stand in line, a film has one for some seconds and then gives way.
"""

from __future__ import annotations

import shutil
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from pathlib import Path
from typing import Final

import msgspec
import structlog

from telecine.kit.errors import (
    BusyError,
    CancelledError,
    InternalError,
    NotFoundError,
    ProcessingError,
    ProcessTimeoutError,
    TelecineError,
)
from telecine.media.render.attending import Engaged
from telecine.media.render.confined import Order, Renderer
from telecine.media.render.job import Ask
from telecine.media.render.keeping import Kept, taken
from telecine.media.render.playlist import (
    CAPTIONS_NAME,
    HEAD_NAME,
    PLAYLIST_NAME,
    POSTER_NAME,
    Cut,
    segment_name,
    segment_number,
)
from telecine.media.render.turns import Turns

_log = structlog.get_logger(__name__)

RETRY_AFTER_SECONDS: Final = 2
#: Two seconds at preview size have one or two MB.
_MOST_BYTES: Final = 64 * 2**20
#: Beside what was made: what it was made of.
_VERSION_NAME: Final = "version"
#: Tries at one thing, when the child dies under it.
_MOST_TRIES: Final = 2
#: How long one is served while others wait. Opening a film again takes about a second.
_TURN_SECONDS: Final = 4.0
#: Between two wishes of one player lie some milliseconds: so long a turn is kept without any.
_BETWEEN_SECONDS: Final = 0.5
#: Players that reload, or were told to come again, are back within this time; after it the child
#: does not work for them any more.
_ABANDONED_SECONDS: Final = 5.0
#: What nobody has asked for yet may take longer: its film is being looked at.
_AHEAD_SECONDS: Final = 20.0


class Brought(msgspec.Struct, frozen=True, kw_only=True):
    """Where each source of a document is. `version` is another when the same names hold others."""

    files: Mapping[str, Path]
    version: str = ""


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """What is shown. `key` is hexadecimal; it is another for another document or other files.

    `bring` puts what the document names into an empty folder, or says where it is; it may take
    long, but asks now and then whether it is still wanted. Called in a thread of its own whenever
    the film is opened.
    """

    key: str
    document: str
    #: Whether the files are always the same. Others are brought anew when the playlist is asked
    #: for and the film is not open.
    is_fixed: bool = True
    bring: Callable[[Path, Callable[[], bool]], Brought]


class Session:
    """One open film. Its public methods are called with the lock held, its thread takes it."""

    def __init__(
        self,
        source: Source,
        *,
        renderer: Renderer,
        kept: Kept,
        folder: Path,
        idle_seconds: float,
        changed: threading.Condition,
        turns: Turns,
        on_end: Callable[[Session], None],
        on_segment: Callable[[], None],
    ) -> None:
        self.key = source.key
        self._source = source
        self._renderer = renderer
        self._kept = kept
        self._folder = folder
        self._workspace = folder / "work"
        self._idle_seconds = idle_seconds
        self._changed = changed
        self._turns = turns
        self._on_end = on_end
        self._on_segment = on_segment
        self._wishes: OrderedDict[str, list[Future[bytes]]] = OrderedDict()
        self._ahead: int | None = 0
        self._is_over = False
        self._was_open = False
        self._wanted_at = time.monotonic()
        self._files: Mapping[str, Path] | None = None
        self._engaged: Engaged | None = None
        self._thread = threading.Thread(target=self._work, name="preview", daemon=True)
        self.start = self._thread.start
        self.join = self._thread.join
        self.is_alive = self._thread.is_alive

    @property
    def is_idle(self) -> bool:
        """Whether nobody waits for anything."""
        return all(map(_is_unwanted, self._wishes.values()))

    @property
    def is_in_line(self) -> bool:
        """Whether it waits for its turn, with whoever waits for it."""
        return self._turns.is_awaited_by(self)

    def note(self, name: str) -> Future[bytes]:
        """Take a wish; wishes for the same thing are one."""
        future: Future[bytes] = Future()
        self._wishes.setdefault(name, []).append(future)
        self._note_following(name)
        self._changed.notify_all()
        return future

    def note_use(self, name: str, content: bytes) -> Future[bytes]:
        """Take notice that somebody was given what there is."""
        self._note_following(name)
        self._changed.notify_all()
        return done(content)

    def end(self) -> None:
        """Let the thread come to its end soon."""
        self._is_over = True
        self._changed.notify_all()

    def _note_following(self, name: str) -> None:
        number = segment_number(name)
        if number is not None:
            self._ahead = number + 1

    def _work(self) -> None:
        error: TelecineError = BusyError(
            "This preview was ended. Try again.", retry_after_seconds=RETRY_AFTER_SECONDS
        )
        try:
            self._workspace.mkdir(mode=0o700, parents=True)
            self._bring()
            while (name := self._next()) is not None:
                self._grant(name)
                if self._is_to_give_way():
                    self._give_way()
        except CancelledError:
            pass
        except TelecineError as broken:
            error = self._told(broken)
        except Exception:  # noqa: BLE001 (a bug of ours still gets an answer)
            _log.exception("preview.broke", key=self.key)
            error = InternalError()
        finally:
            with self._changed:
                self._is_over = True
                self._on_end(self)
                wishes = list(self._wishes.values())
                self._wishes.clear()
            for wish in wishes:
                _settle(wish, error)
            self._give_way()
            shutil.rmtree(self._folder, ignore_errors=True)

    def _next(self) -> str | None:
        """Wait for a wish, or for what will be the next one; None when it is over, also
        because others wait and nobody asks anything of this one.
        """
        with self._changed:
            while True:
                for name in [name for name, wish in self._wishes.items() if _is_unwanted(wish)]:
                    del self._wishes[name]
                if self._is_over:
                    return None
                if self._wishes:
                    return next(iter(self._wishes))
                if self._is_in_the_way():
                    is_used = self._changed.wait_for(self._is_asked, timeout=_BETWEEN_SECONDS)
                elif self._ahead is not None and self._engaged is not None:
                    ahead, self._ahead = self._ahead, None
                    return segment_name(ahead)
                else:
                    is_used = self._changed.wait_for(self._has_news, timeout=self._idle_seconds)
                if not is_used:
                    self._is_over = True
                    self._on_end(self)

    def _is_asked(self) -> bool:
        return bool(self._wishes) or self._is_over

    def _is_in_the_way(self) -> bool:
        return self._engaged is not None and self._turns.are_awaited

    def _has_news(self) -> bool:
        has_more = self._ahead is not None and self._engaged is not None
        return has_more or self._is_asked() or self._is_in_the_way()

    def _is_to_give_way(self) -> bool:
        with self._changed:
            return self._is_in_the_way() and self._turns.seconds_of(self) >= _TURN_SECONDS

    def _give_way(self) -> None:
        """End the child, and only then let another film have one."""
        if self._engaged is not None:
            self._engaged.end()
            self._engaged = None
        self._turns.leave(self)

    def _grant(self, name: str) -> None:
        outcome: bytes | TelecineError
        with self._changed:
            self._wanted_at = time.monotonic()
        try:
            outcome = self._made(name)
        except CancelledError:
            if self._is_over:
                raise
            self._give_way()  # the child is amid what nobody waits for
            return
        except TelecineError as error:
            if not self._was_open:
                raise
            outcome = self._told(error)
        with self._changed:
            wish = self._wishes.pop(name, [])
        _settle(wish, outcome)

    def _made(self, name: str) -> bytes:
        for tries_left in range(_MOST_TRIES - 1, -1, -1):
            try:
                return self._kept.get(self.key, name) or self._produced(name)
            except ProcessTimeoutError as error:
                self._give_way()
                raise ProcessTimeoutError(
                    "This part of the film takes too long to draw for a preview. Render the film "
                    "to a file, or make a simpler one."
                ) from error
            except TelecineError:
                engaged = self._engaged
                if engaged is None or not engaged.is_lost:
                    raise
                self._give_way()
                if not tries_left:
                    raise
        raise AssertionError("unreachable")

    def _produced(self, name: str) -> bytes:
        film = self._film()
        number = segment_number(name)
        if number is not None:
            return self._segment(number)
        if name == HEAD_NAME:
            self._segment(0)
            return self._kept.get(self.key, name) or self._taken("head.mp4")
        if name == PLAYLIST_NAME:
            content = Cut.of(film.facts).playlist().encode("ascii")
        elif name == POSTER_NAME:
            self._asked(Ask(wanted="poster", output=str(self._workspace / name)))
            content = self._taken(name)
        elif name == CAPTIONS_NAME:
            if not (self._workspace / name).exists():
                raise NotFoundError("This composition has no captions.")
            content = self._taken(name)
        else:
            raise NotFoundError("There is nothing of this name.")
        self._kept.put(self.key, name, content)
        return content

    def _segment(self, number: int) -> bytes:
        cut = Cut.of(self._film().facts)
        frames = cut.frames_of(number)
        if not frames:
            raise NotFoundError(f"There is no segment {number}: the last is {cut.n_segments - 1}.")
        self._asked(
            Ask(
                wanted="segment",
                output=str(self._workspace / "segment.m4s"),
                head=str(self._workspace / "head.mp4"),
                frames=(frames.start, frames.stop),
            )
        )
        content = self._taken("segment.m4s")
        self._kept.put(self.key, HEAD_NAME, self._taken("head.mp4"))
        self._kept.put(self.key, segment_name(number), content)
        self._on_segment()
        return content

    def _asked(self, question: Ask) -> None:
        self._film().ask(question, is_cancelled=self._is_abandoned)

    def _renew(self, version: bytes) -> None:
        """Let go of what was made of other sources."""
        if self._kept.get(self.key, _VERSION_NAME) != version:
            self._kept.drop(self.key)
            self._kept.put(self.key, _VERSION_NAME, version)

    def _is_ended(self) -> bool:
        return self._is_over

    def _is_abandoned(self) -> bool:
        """Whether it is over, or nobody has waited for anything for a while."""
        with self._changed:
            now = time.monotonic()
            if self._wishes and not self.is_idle:
                self._wanted_at = now
            allowed_seconds = _ABANDONED_SECONDS if self._wishes else _AHEAD_SECONDS
            if self._is_in_the_way():
                allowed_seconds = _BETWEEN_SECONDS
            return self._is_over or now - self._wanted_at > allowed_seconds

    def _bring(self) -> Mapping[str, Path]:
        """Bring the sources, once."""
        if self._files is None:
            sources = self._folder / "sources"
            sources.mkdir(mode=0o700)
            brought = self._source.bring(sources, self._is_ended)
            self._renew(brought.version.encode("utf-8"))
            self._files = brought.files
        return self._files

    def _film(self) -> Engaged:
        """Open the film where it is not open, when it is its turn."""
        if self._engaged is None:
            order = Order(
                document=msgspec.json.decode(self._source.document),
                files=self._bring(),
                workspace=self._workspace,
                output=self._workspace / CAPTIONS_NAME,
            )
            self._turns.take(self, is_cancelled=self._is_abandoned)
            try:
                self._engaged = self._renderer.engage(order, is_cancelled=self._is_abandoned)
            finally:
                if self._engaged is None:
                    self._turns.leave(self)
            self._was_open = True
        return self._engaged

    def _taken(self, name: str) -> bytes:
        return taken(self._workspace / name, max_bytes=_MOST_BYTES)

    def _told(self, error: TelecineError) -> TelecineError:
        """Log what is ours to mend."""
        if isinstance(error, ProcessingError | InternalError):
            notes = getattr(error, "__notes__", [])
            _log.warning("preview.failed", key=self.key, code=error.code, notes=notes)
        return error


def done(content: bytes) -> Future[bytes]:
    future: Future[bytes] = Future()
    future.set_result(content)
    return future


def _is_unwanted(wish: list[Future[bytes]]) -> bool:
    return all(each.cancelled() for each in wish)


def _settle(wish: list[Future[bytes]], outcome: bytes | TelecineError) -> None:
    for future in wish:
        if not future.set_running_or_notify_cancel():
            continue
        if isinstance(outcome, bytes):
            future.set_result(outcome)
        else:
            future.set_exception(outcome)
