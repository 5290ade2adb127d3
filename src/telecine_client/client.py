"""The client: one method for each thing the compress family does, and clips.

Files are streamed from and to disk, never held whole. A rate-limited request is tried again
after the server's Retry-After, a broken download goes on where it stopped. An upload whose answer
was lost is sent again under the same Idempotency-Key: the server makes one job of both.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from io import BufferedRandom
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO
from urllib.parse import unquote

import httpx2

from telecine_client.errors import TelecineError
from telecine_client.model import Converted, Job, Usage, parse_job, parse_usage

_LONGEST_WAIT_SECONDS = 60.0
_POLL_SECONDS = (0.5, 1.0, 2.0, 3.0)
_UPLOAD_FIELD = "file"
_KEY_HEADER = "Idempotency-Key"
#: Before a request is sent again whose answer was lost.
_LOST_SECONDS = 2.0
#: What a proxy says, or a server that is busy or about to stop.
_PASSING = frozenset({408, 502, 503, 504})
#: The two spellings in Content-Disposition: RFC 5987 for any name, quoted for plain ones.
_TRUE_NAME = re.compile(r"filename\*\s*=\s*utf-8'[^']*'([^;\s]+)", re.IGNORECASE)
_PLAIN_NAME = re.compile(r'filename\s*=\s*"([^"]*)"', re.IGNORECASE)


class Client:
    """A connection to one server with one API key; close it, or use it in a `with`.

    `tries` bounds how often a request that was refused for the moment, an upload without an answer
    or a broken download is tried in all.
    `timeout_seconds` is for each read or write on the network, not for a whole request.
    """

    def __init__(
        self,
        base_url: str,
        key: str,
        *,
        tries: int = 5,
        timeout_seconds: float = 60.0,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._tries = max(1, tries)
        self._sleep = sleep
        self._http = httpx2.Client(
            base_url=base_url.rstrip("/") + "/api/v1/",
            headers={"Authorization": f"Bearer {key}", "User-Agent": "telecine-client"},
            timeout=timeout_seconds,
        )

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def compress(
        self,
        path: str | os.PathLike[str],
        *,
        codec: str | None = None,
        quality: int | None = None,
        method: str | None = None,
        bitrate: str | int | None = None,
        target_size_mb: float | None = None,
        resolution: str | None = None,
        webhook_url: str | None = None,
        extra: Mapping[str, str] | None = None,
    ) -> Job:
        """Upload a video and submit it; what is not given is the server's default.

        `extra` is for form fields that this client does not know yet.
        """
        fields = {
            "codec": codec,
            "quality": quality,
            "method": method,
            "bitrate": bitrate,
            "target_size_mb": target_size_mb,
            "resolution": resolution,
            "webhook_url": webhook_url,
            **(extra or {}),
        }
        with self._upload("compress", Path(path), fields) as answer:
            answer.read()
            return parse_job(_json(answer))

    def status(self, job_id: str) -> Job:
        """Return the job as it is now."""
        return parse_job(self._get_json(f"status/{job_id}"))

    def cancel(self, job_id: str) -> Job:
        """Stop a job of any API, and return it. Raises `TelecineError` where it has ended."""
        with self._send("POST", f"jobs/{job_id}/cancel") as answer:
            answer.read()
            return parse_job(_json(answer))

    def wait(
        self,
        job_id: str,
        *,
        on_progress: Callable[[Job], None] | None = None,
        timeout_seconds: float | None = None,
    ) -> Job:
        """Return the job once it is completed; `on_progress` hears of every change before.

        Raises `TelecineError` with the code `job_failed` when it failed, `timeout` when it is
        not finished in time; it runs on then.
        """
        return self._wait(lambda: self.status(job_id), on_progress, timeout_seconds)

    def clips(self, path: str | os.PathLike[str], *, extra: Mapping[str, str] | None = None) -> Job:
        """Upload a video that clips are to be made of; `extra` are the form's other fields."""
        with self._upload("process", Path(path), extra or {}) as answer:
            answer.read()
            return parse_job(_json(answer))

    def clips_status(self, job_id: str) -> Job:
        """Return the job as it is now; its `raw` has the clips and the texts."""
        return parse_job(self._get_json(f"jobs/{job_id}"))

    def wait_for_clips(
        self,
        job_id: str,
        *,
        on_progress: Callable[[Job], None] | None = None,
        timeout_seconds: float | None = None,
    ) -> Job:
        """Do what `wait` does, for a job that makes clips."""
        return self._wait(lambda: self.clips_status(job_id), on_progress, timeout_seconds)

    def fetch(self, url: str, *, to: str | os.PathLike[str]) -> Path:
        """Fetch a file by the link that a status has, as `download` does."""
        return self._fetched(url, Path(to))

    def _wait(
        self,
        ask: Callable[[], Job],
        on_progress: Callable[[Job], None] | None,
        timeout_seconds: float | None,
    ) -> Job:
        gives_up_at = None if timeout_seconds is None else time.monotonic() + timeout_seconds
        seen: Job | None = None
        for poll_seconds in _poll_pauses():
            job = self._patiently(ask)
            if on_progress is not None and job != seen:
                on_progress(job)
            seen = job
            if job.status == "failed":
                raise TelecineError(job.error or "The job failed.", code="job_failed")
            if job.is_finished:
                return job
            if gives_up_at is not None and time.monotonic() + poll_seconds > gives_up_at:
                break
            self._sleep(poll_seconds)
        raise TelecineError("The job is not finished yet; it goes on.", code="timeout")

    def _patiently(self, ask: Callable[[], Job]) -> Job:
        """Outlive a restart of the server: the job does too."""
        for _ in range(self._tries - 1):
            try:
                return ask()
            except TelecineError as error:
                if error.status or error.code not in ("connection", "timeout"):
                    raise
            self._sleep(_POLL_SECONDS[-1])
        return ask()

    def download(self, job_id: str, *, to: str | os.PathLike[str]) -> Path:
        """Fetch the finished file; `to` is a file, or a folder that gets the server's name.

        The file appears under its name when it is whole. A broken connection is taken up
        again from the last byte, `tries` times in all.
        """
        return self._fetched(f"download/{job_id}", Path(to))

    def _fetched(self, path: str, target: Path) -> Path:
        part, validator = None, ""
        with ExitStack() as stack:
            for tries_left in range(self._tries - 1, -1, -1):
                # No Content-Encoding: the offset counts the bytes of the file.
                headers = {"Accept-Encoding": "identity"}
                if part is not None and validator:
                    headers |= {"Range": f"bytes={part.tell()}-", "If-Range": validator}
                try:
                    with self._send("GET", path, headers=headers) as answer:
                        if part is None:
                            target = target / _offered_name(answer) if target.is_dir() else target
                            part = stack.enter_context(_part_file(target))
                        elif answer.status_code != 206:
                            part.seek(0)
                            part.truncate()
                        validator = answer.headers.get("etag", "")
                        part.writelines(answer.iter_bytes())
                except TelecineError as error:
                    if error.status or part is None or not tries_left:
                        raise
                    self._sleep(1.0)
                else:
                    part.close()
                    return Path(part.name).replace(target)
        raise AssertionError("the last try returns or raises")

    def convert(
        self,
        path: str | os.PathLike[str],
        *,
        format: str | None = None,  # noqa: A002 (the document's word)
        quality: int | None = None,
        width: int | None = None,
        height: int | None = None,
        extra: Mapping[str, str] | None = None,
        to: str | os.PathLike[str] | None = None,
    ) -> Converted:
        """Convert an image; the result is in memory, or in the file `to`."""
        fields = {
            "format": format,
            "quality": quality,
            "width": width,
            "height": height,
            **(extra or {}),
        }
        with self._upload("convert", Path(path), fields) as answer, ExitStack() as stack:
            if to is not None:
                part = stack.enter_context(_part_file(Path(to)))
                part.writelines(answer.iter_bytes())
                part.close()
                Path(part.name).replace(to)
            return Converted(
                content=answer.read() if to is None else None,
                path=None if to is None else Path(to),
                format=answer.headers.get("x-output-format", ""),
                media_type=answer.headers.get("content-type", ""),
                original_size_bytes=int(answer.headers.get("x-original-size", 0)),
                output_size_bytes=int(answer.headers.get("x-output-size", 0)),
            )

    def usage(self) -> Usage:
        """Return the plan and the credits left."""
        return parse_usage(self._get_json("usage"))

    def _get_json(self, path: str) -> Mapping[str, Any]:
        with self._send("GET", path) as answer:
            answer.read()
            return _json(answer)

    @contextlib.contextmanager
    def _upload(
        self, path: str, file: Path, fields: Mapping[str, object]
    ) -> Iterator[httpx2.Response]:
        data = {name: str(value) for name, value in fields.items() if value is not None}
        with (
            file.open("rb") as content,
            self._send("POST", path, data=data, file=(file.name, content)) as answer,
        ):
            yield answer

    @contextlib.contextmanager
    def _send(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        data: Mapping[str, str] | None = None,
        file: tuple[str, BinaryIO] | None = None,
    ) -> Iterator[httpx2.Response]:
        """Yield a good answer, its body unread; sleep and try again where that may help."""
        is_keyed = method == "POST"
        sent = {**(headers or {}), **({_KEY_HEADER: secrets.token_hex(16)} if is_keyed else {})}
        for tries_left in range(self._tries - 1, -1, -1):
            if file is not None:
                file[1].seek(0)
            request = self._http.build_request(
                method,
                path,
                headers=sent,
                data=data,
                files=None if file is None else {_UPLOAD_FIELD: file},
            )
            if request.url.host != self._http.base_url.host:
                del request.headers["Authorization"]  # the key is for its own server
            try:
                with _connection_errors():
                    answer = self._http.send(request, stream=True)
            except TelecineError as error:
                if not (is_keyed and tries_left and _was_sent(error)):
                    raise
                self._sleep(_LOST_SECONDS)
                continue
            with contextlib.closing(answer):
                if answer.status_code < 400:
                    with _connection_errors():
                        yield answer
                    return
                with contextlib.suppress(httpx2.TransportError):
                    answer.read()
                if not (tries_left and _may_get_better(answer, is_keyed=is_keyed)):
                    raise _refusal(answer)
            self._sleep(_retry_after_seconds(answer))


def _was_sent(error: TelecineError) -> bool:
    """Whether something may have arrived before the connection broke."""
    never = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.InvalidURL)
    return not isinstance(error.__cause__, never)


def _may_get_better(answer: httpx2.Response, *, is_keyed: bool) -> bool:
    """Whether the same request may be answered otherwise in some seconds, and does no harm."""
    if answer.status_code == 429:
        return True
    is_first_under_way = _refusal(answer).code.lower() == "idempotency_key_in_use"
    return is_keyed and (is_first_under_way or answer.status_code in _PASSING)


def _poll_pauses() -> Iterator[float]:
    yield from _POLL_SECONDS
    while True:
        yield _POLL_SECONDS[-1]


@contextlib.contextmanager
def _connection_errors() -> Iterator[None]:
    try:
        yield
    except httpx2.TimeoutException as error:
        raise TelecineError(
            f"The server did not answer in time: {error}", code="timeout"
        ) from error
    except (httpx2.TransportError, httpx2.InvalidURL) as error:
        raise TelecineError(f"The server was not reached: {error}", code="connection") from error


def _refusal(answer: httpx2.Response) -> TelecineError:
    try:
        body = answer.json()
        message, code = str(body.get("message") or body["error"]), str(body.get("code", "error"))
    except (ValueError, KeyError, TypeError, AttributeError, httpx2.ResponseNotRead):
        body, code = {}, "error"
        message = f"The server answered {answer.status_code} {answer.reason_phrase}."
    request_id = body.get("request_id") or answer.headers.get("x-request-id")
    return TelecineError(message, status=answer.status_code, code=code, request_id=request_id)


def _retry_after_seconds(answer: httpx2.Response) -> float:
    """Whole seconds, as the document has it; a date or nonsense counts as one second."""
    text = answer.headers.get("retry-after", "")
    seconds = float(text) if text.isdecimal() else 1.0
    return min(max(seconds, 0.1), _LONGEST_WAIT_SECONDS)


def _json(answer: httpx2.Response) -> Mapping[str, Any]:
    try:
        body = answer.json()
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise TelecineError(
            "The server's answer is not JSON. Is this a Telecine server?",
            status=answer.status_code,
            code="bad_answer",
        )
    return body


@contextlib.contextmanager
def _part_file(target: Path) -> Iterator[BufferedRandom]:
    """A file beside the target, deleted at the end unless it was renamed."""
    part = target.with_name(f"{target.name}.{os.getpid()}.part")
    try:
        with part.open("w+b") as file:
            yield file
    finally:
        part.unlink(missing_ok=True)


def _offered_name(answer: httpx2.Response) -> str:
    """The file name that the server offers, without any folder."""
    offered = answer.headers.get("content-disposition", "")
    true_name, plain_name = _TRUE_NAME.search(offered), _PLAIN_NAME.search(offered)
    name = ""
    if true_name is not None:
        name = unquote(true_name.group(1))
    elif plain_name is not None:
        name = plain_name.group(1)
    name = Path(name.replace("\\", "/")).name
    return name if name not in ("", ".", "..") else "download"
