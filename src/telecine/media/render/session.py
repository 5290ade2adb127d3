"""One film that is open to be shown: what is wished of it, and the thread that has it made.

A film is opened in a confined child, which is asked for one thing after the other. Wishes for
the same thing are one; those that nobody waits for any more are left out.
"""

from __future__ import annotations

import shutil
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
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

_log = structlog.get_logger(__name__)

RETRY_AFTER_SECONDS: Final = 2
#: Two seconds at preview size have one or two MB.
_MOST_BYTES: Final = 64 * 2**20
#: Beside what was made: what it was made of.
_VERSION_NAME: Final = "version"
#: Tries at one thing, when the child dies under it.
_MOST_TRIES: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Brought:
    """Where each source of a document is. `version` is another when the same names hold others."""

    files: Mapping[str, Path]
    version: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
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
        lock: threading.Lock,
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
        self._changed = threading.Condition(lock)
        self._on_end = on_end
        self._on_segment = on_segment
        self._wishes: OrderedDict[str, list[Future[bytes]]] = OrderedDict()
        self._ahead: int | None = 0
        self._is_over = False
        self._files: Mapping[str, Path] | None = None
        self._engaged: Engaged | None = None
        self._thread = threading.Thread(target=self._work, name="preview", daemon=True)
        self.start = self._thread.start
        self.join = self._thread.join
        self.is_alive = self._thread.is_alive

    @property
    def is_idle(self) -> bool:
        """Whether nobody waits for anything."""
        return all(each.cancelled() for wish in self._wishes.values() for each in wish)

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
            self._film()
            while (name := self._next()) is not None:
                self._grant(name)
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
            if self._engaged is not None:
                self._engaged.end()
            shutil.rmtree(self._folder, ignore_errors=True)

    def _next(self) -> str | None:
        """Wait for a wish, or for what will be the next one; None when it is over."""
        with self._changed:
            while True:
                for name in [name for name, wish in self._wishes.items() if _is_unwanted(wish)]:
                    del self._wishes[name]
                if self._is_over:
                    return None
                if self._wishes:
                    return next(iter(self._wishes))
                ahead, self._ahead = self._ahead, None
                if ahead is not None:
                    return segment_name(ahead)
                if not self._changed.wait_for(self._has_news, timeout=self._idle_seconds):
                    self._is_over = True
                    self._on_end(self)

    def _has_news(self) -> bool:
        return bool(self._wishes) or self._ahead is not None or self._is_over

    def _grant(self, name: str) -> None:
        outcome: bytes | TelecineError
        try:
            outcome = self._made(name)
        except CancelledError:
            raise
        except TelecineError as error:
            outcome = self._told(error)
        with self._changed:
            wish = self._wishes.pop(name, [])
        _settle(wish, outcome)

    def _made(self, name: str) -> bytes:
        for tries_left in range(_MOST_TRIES - 1, -1, -1):
            try:
                return self._kept.get(self.key, name) or self._produced(name)
            except TelecineError:
                engaged = self._engaged
                if engaged is None or not engaged.is_lost:
                    raise
                engaged.end()
                self._engaged = None
                if not tries_left:
                    raise
        raise AssertionError("unreachable")

    def _produced(self, name: str) -> bytes:
        number = segment_number(name)
        if number is not None:
            return self._segment(number)
        if name == HEAD_NAME:
            self._segment(0)
            return self._kept.get(self.key, name) or self._taken("head.mp4")
        if name == PLAYLIST_NAME:
            content = Cut.of(self._film().facts).playlist().encode("ascii")
        elif name == POSTER_NAME:
            self._asked(Ask(wanted="poster", output=str(self._workspace / name)))
            content = self._taken(name)
        elif name == CAPTIONS_NAME:
            self._film()
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
        self._film().ask(question, is_cancelled=self._is_ended)

    def _renew(self, version: bytes) -> None:
        """Let go of what was made of other sources."""
        if self._kept.get(self.key, _VERSION_NAME) != version:
            self._kept.drop(self.key)
            self._kept.put(self.key, _VERSION_NAME, version)

    def _is_ended(self) -> bool:
        return self._is_over

    def _film(self) -> Engaged:
        """Open the film where it is not open: its sources are brought once."""
        if self._engaged is None:
            if self._files is None:
                sources = self._folder / "sources"
                sources.mkdir(mode=0o700)
                brought = self._source.bring(sources, self._is_ended)
                self._renew(brought.version.encode("utf-8"))
                self._files = brought.files
            order = Order(
                document=msgspec.json.decode(self._source.document),
                files=self._files,
                workspace=self._workspace,
                output=self._workspace / CAPTIONS_NAME,
            )
            self._engaged = self._renderer.engage(order, is_cancelled=self._is_ended)
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
