"""What must be known of files on the web before work on them is taken: lengths, and captions.

The one place where a request makes us fetch before anything is paid, so all of it is bounded:
how many files, how large, how long altogether, how many requests at once, and how often.
"""

from __future__ import annotations

import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, Generic, TypeVar, cast
from weakref import WeakValueDictionary

import anyio
from starlette.concurrency import run_in_threadpool

from telecine.blobs import BlobStore
from telecine.kit.errors import (
    FileTooLargeError,
    MediaError,
    OutboundError,
    ProcessingError,
    RateLimitedError,
    TelecineError,
    UndecodableMediaError,
)
from telecine.kit.outbound import DOWNLOAD_LIMITS, Cache
from telecine.media.describing import describe
from telecine.media.pool import Pool
from telecine.media.probe import MediaInfo, MediaLimits, probe
from telecine.media.timeline import wordfile
from telecine.media.timeline.model import Source
from telecine.media.timeline.reader import Problem

#: Files that are looked at for one composition.
MOST_FILES: Final = 20
MOST_BYTES: Final = 512 * 2**20
MOST_SECONDS = 12.0
#: How long a composition waits for its turn to be looked at.
MOST_WAIT_SECONDS = 10.0
#: How long a film is looked at, turn and download together, before it is taken unseen.
MOST_FILM_SECONDS = 5.0
#: Of a film, what is fetched first: mostly it says there what it is.
_HEAD_BYTES = 8 * 2**20
_AT_ONCE: Final = 8
_AT_ONCE_OF_ONE: Final = 2
_BELIEVED_SECONDS: Final = 60.0
_DOUBTED_SECONDS: Final = 5.0
_MOST_BELIEVED: Final = 500
_MOST_BELIEVED_BYTES: Final = 2**16
_SUFFIX: Final = ".look"

_FAILURES: Final = (OutboundError, FileTooLargeError, MediaError, ProcessingError)

T = TypeVar("T")


@dataclass(slots=True, kw_only=True)
class Asked:
    """A `Lookup` that answers what is known, and notes what else was asked, by `src`."""

    seconds: Mapping[str, float | None] = field(default_factory=dict)
    texts: Mapping[str, object] = field(default_factory=dict)
    for_seconds: dict[str, Source] = field(default_factory=dict)
    for_words: dict[str, Source] = field(default_factory=dict)

    def duration_seconds(self, source: Source) -> float | None:
        """Return how long a source runs, as far as is known."""
        self.for_seconds.setdefault(source.src, source)
        return self.seconds.get(source.src)

    def words(self, source: Source) -> object:
        """Return a caption file, as far as it is known."""
        self.for_words.setdefault(source.src, source)
        return self.texts.get(source.src)


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """What files hold, by `src`, and a fault for each that could not be looked at."""

    seconds: Mapping[str, float | None] = field(default_factory=dict)
    texts: Mapping[str, object] = field(default_factory=dict)
    faults: tuple[Problem, ...] = ()


class Looker:
    """Fetches and looks, in threads. One for all requests of a process."""

    def __init__(self, *, cache: Cache, pool: Pool, blobs: BlobStore, max_pixels: int) -> None:
        self._cache = cache
        self._pool = pool
        self._blobs = blobs
        self._max_pixels = max_pixels
        self._turns = anyio.CapacityLimiter(_AT_ONCE)
        self._turns_of: WeakValueDictionary[str, anyio.CapacityLimiter] = WeakValueDictionary()
        self._seconds: _Memory[float | None] = _Memory()
        self._texts: _Memory[object] = _Memory()

    async def look(self, account_id: str, asked: Asked) -> Looked:
        """Look at the remote files of a composition; they have passed `check_url`.

        Raises `RateLimitedError` where its turn did not come in time.
        """
        mine = self._turns_of.setdefault(account_id, anyio.CapacityLimiter(_AT_ONCE_OF_ONE))
        async with AsyncExitStack() as turns:
            try:
                with anyio.fail_after(MOST_WAIT_SECONDS):
                    await turns.enter_async_context(mine)
                    await turns.enter_async_context(self._turns)
            except TimeoutError as error:
                raise RateLimitedError(
                    "Too many files on the web are being looked at. Try again in a moment.",
                    retry_after_seconds=math.ceil(MOST_SECONDS),
                ) from error
            return await run_in_threadpool(self._look, asked)

    async def film(self, account_id: str, url: str, *, limits: MediaLimits) -> MediaInfo | None:
        """Say what a film on the web holds; None where that cannot be known in a few seconds.

        The address has passed `check_url`. Raises `MediaError` for what is no film, and
        `OutboundError` where nothing answers.
        """
        until = time.monotonic() + MOST_FILM_SECONDS
        mine = self._turns_of.setdefault(account_id, anyio.CapacityLimiter(_AT_ONCE_OF_ONE))
        async with AsyncExitStack() as turns:
            with anyio.move_on_after(MOST_FILM_SECONDS) as waited:
                await turns.enter_async_context(mine)
                await turns.enter_async_context(self._turns)
            if waited.cancelled_caught:
                return None
            return await run_in_threadpool(self._film, url, until, limits)

    def _film(self, url: str, until: float, limits: MediaLimits) -> MediaInfo | None:
        budget = _Budget(until=until, left_bytes=MOST_BYTES)
        try:
            if (found := self._head(url, until, limits)) is not None:
                return found
            with self._fetched(url, budget) as path:
                return probe(self._pool, path, limits=limits)
        except FileTooLargeError:
            return None
        except OutboundError:
            # Too slow is not wrong: a worker has the time.
            if time.monotonic() >= until:
                return None
            raise

    def _head(self, url: str, until: float, limits: MediaLimits) -> MediaInfo | None:
        """Look at the first bytes; None where a film has more, and needs them to be understood."""
        left_seconds = until - time.monotonic()
        if left_seconds <= 0:
            raise OutboundError
        within = replace(DOWNLOAD_LIMITS, total_seconds=left_seconds)
        with self._staged() as path:
            path.unlink()
            n_bytes = self._cache.peek(url, to=path, max_bytes=_HEAD_BYTES, limits=within)
            is_head = n_bytes == _HEAD_BYTES
            try:
                return probe(self._pool, path, limits=limits, is_head=is_head)
            except UndecodableMediaError:
                if is_head:
                    return None
                raise

    def _look(self, asked: Asked) -> Looked:
        budget = _Budget(until=time.monotonic() + MOST_SECONDS, left_bytes=MOST_BYTES)
        seconds: dict[str, float | None] = {}
        texts: dict[str, object] = {}
        faults: list[Problem] = []
        for source in asked.for_seconds.values():
            with _noted(faults, source):
                seconds[source.src] = self._duration(source.src, budget)
        for source in asked.for_words.values():
            with _noted(faults, source):
                texts[source.src] = self._words(source.src, budget)
        return Looked(seconds=seconds, texts=texts, faults=tuple(faults))

    def _duration(self, src: str, budget: _Budget) -> float | None:
        def look() -> tuple[float | None, int]:
            with self._staged() as target, self._fetched(src, budget) as path:
                found = describe(self._pool, path, target=target, max_pixels=self._max_pixels)
            return found.duration_seconds, 0

        return self._seconds.recall(src, look)

    def _words(self, src: str, budget: _Budget) -> object:
        def look() -> tuple[object, int]:
            with self._fetched(src, budget, max_bytes=wordfile.MOST_BYTES) as path:
                content = path.read_bytes()
            found = wordfile.decode(content)
            if found is None:
                raise UndecodableMediaError("It is no caption file.")
            return found, len(content)

        return self._texts.recall(src, look)

    @contextmanager
    def _fetched(self, src: str, budget: _Budget, *, max_bytes: int = MOST_BYTES) -> Iterator[Path]:
        left_seconds = budget.until - time.monotonic()
        if left_seconds <= 0:
            raise OutboundError(f"All files together took more than {MOST_SECONDS:g} s.")
        with self._staged() as path:
            path.unlink()
            budget.left_bytes -= self._cache.fetch(
                src,
                to=path,
                max_bytes=min(max_bytes, budget.left_bytes),
                limits=replace(DOWNLOAD_LIMITS, total_seconds=left_seconds),
            )
            yield path

    @contextmanager
    def _staged(self) -> Iterator[Path]:
        path = self._blobs.stage(_SUFFIX)
        try:
            yield path
        finally:
            path.unlink(missing_ok=True)


@dataclass(slots=True, kw_only=True)
class _Budget:
    """What is left for one composition."""

    until: float
    left_bytes: int


class _Memory(Generic[T]):
    """What was found a short while ago. A link that many open asks the other server once."""

    def __init__(self) -> None:
        self._found: OrderedDict[str, tuple[float, T | TelecineError]] = OrderedDict()
        self._lock = threading.Lock()

    def recall(self, src: str, look: Callable[[], tuple[T, int]]) -> T:
        """Return what `look` found, now or lately; with it, it says how many bytes that takes.

        What went wrong is believed, too, but not for long: somebody may be mending it.
        """
        with self._lock:
            until, known = self._found.get(src, (0.0, None))
        if time.monotonic() < until:
            if isinstance(known, TelecineError):
                raise type(known)(known.message)
            return cast("T", known)
        try:
            found, size_bytes = look()
        except _FAILURES as error:
            self._keep(src, error, _DOUBTED_SECONDS)
            raise
        if size_bytes <= _MOST_BELIEVED_BYTES:
            self._keep(src, found, _BELIEVED_SECONDS)
        return found

    def _keep(self, src: str, found: T | TelecineError, seconds: float) -> None:
        with self._lock:
            self._found[src] = (time.monotonic() + seconds, found)
            self._found.move_to_end(src)
            while len(self._found) > _MOST_BELIEVED:
                self._found.popitem(last=False)


@contextmanager
def _noted(faults: list[Problem], source: Source) -> Iterator[None]:
    try:
        yield
    except _FAILURES as error:
        faults.append(_fault(source, error))


def _fault(source: Source, error: TelecineError) -> Problem:
    return Problem(
        path=source.path,
        code="SOURCE",
        message=f"This file must be looked at now, but: {error.message}",
        got=source.src[:200],
        allowed="an address that answers, or an uploaded file; or a duration in seconds",
    )
