"""What a pool and its children say to each other over a Unix socket.

One request, one reply, each a length and a msgpack document; the request carries the open files.
The reply comes from a process that has read hostile bytes: it is bounded and decoded to a fixed
shape, and an error comes back by code, never as a pickled object.
"""

from __future__ import annotations

import array
import errno
import socket
import struct
import time
import traceback
from collections.abc import Sequence
from typing import Any, TypeVar

import msgspec

from telecine.kit import disk
from telecine.kit.errors import (
    FileTooLargeError,
    InternalError,
    InvalidRequestError,
    MediaError,
    MediaLimitError,
    ProcessingError,
    ProcessTimeoutError,
    ResourceLimitError,
    StorageError,
    StorageFullError,
    TelecineError,
    UndecodableMediaError,
    UnsupportedMediaError,
)

#: No message is longer; a probe of a file with 32 streams takes about 10 kB.
MAX_MESSAGE_BYTES = 4 * 2**20
_LENGTH = struct.Struct("!I")
_MAX_FILES = 2
_MOST_TRACE_CHARACTERS = 8000
#: A file that would be larger than it may, and no more memory.
_OVER_LIMIT = frozenset({errno.EFBIG, errno.ENOMEM})

#: The errors that a task may end with; any other is a bug and becomes `InternalError`.
_ERRORS: dict[str, type[TelecineError]] = {
    error.code: error
    for error in (
        *(InvalidRequestError, FileTooLargeError, InternalError),
        *(MediaError, UnsupportedMediaError, UndecodableMediaError, MediaLimitError),
        *(ProcessingError, ProcessTimeoutError, ResourceLimitError),
        *(StorageError, StorageFullError),
    )
}


class Hello(msgspec.Struct, frozen=True, kw_only=True):
    """The first message of a child: its walls stand and it takes calls, or `failure` says why not.

    `missing` says of each task that could not be imported, why.
    """

    missing: dict[str, str] = {}
    failure: str | None = None


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """One call. The source file comes with it, and the target file after it."""

    task: str
    params: dict[str, Any]


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """A `TelecineError` on its way; `trace` is for the log, when it was a bug."""

    code: str
    message: str
    field: str | None = None
    trace: str = ""

    @classmethod
    def of(cls, error: Exception) -> Failure:
        """Return what the end of a task is told as: what it raised, the limit it met, or a bug."""
        if (told := _as_told(error)) is not None:
            return cls(code=told.code, message=told.message, field=told.field)
        trace = "".join(traceback.format_exception(error))[-_MOST_TRACE_CHARACTERS:]
        return cls(code=InternalError.code, message="", trace=trace)

    def to_error(self) -> TelecineError:
        """Return the error as its own class, `InternalError` when the code is none of a task's."""
        error = _ERRORS.get(self.code, InternalError)(self.message, field=self.field)
        if self.trace:
            error.add_note(self.trace)
        return error


def _as_told(error: Exception) -> TelecineError | None:
    """Return an error that clients may read; None where it is a bug of ours."""
    if isinstance(error, TelecineError):
        return error
    if isinstance(error, MemoryError):
        return ResourceLimitError()
    if not isinstance(error, OSError):
        return None
    if disk.is_full(error):
        return StorageFullError()
    return ResourceLimitError() if error.errno in _OVER_LIMIT else None


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """What a task answered, or how it failed."""

    value: dict[str, Any] = {}
    failure: Failure | None = None


M = TypeVar("M", bound=msgspec.Struct)


def send(peer: socket.socket, message: msgspec.Struct, *, fds: Sequence[int] = ()) -> None:
    """Send one message, with open files."""
    document = msgspec.msgpack.encode(message)
    frame = _LENGTH.pack(len(document)) + document
    sent = socket.send_fds(peer, [frame], fds) if fds else 0
    peer.sendall(frame[sent:])


def receive(peer: socket.socket, kind: type[M], *, timeout_seconds: float) -> M:
    """Receive one message without files.

    Raises `TimeoutError`, `ConnectionError` at the end of the stream, and `ValueError` for
    what is not such a message.
    """
    deadline = time.monotonic() + timeout_seconds
    header = _receive_exactly(peer, _LENGTH.size, deadline=deadline)
    (length,) = _LENGTH.unpack(header)
    if length > MAX_MESSAGE_BYTES:
        raise ValueError("The message is too long.")
    document = _receive_exactly(peer, length, deadline=deadline)
    try:
        return msgspec.msgpack.decode(document, type=kind)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise ValueError("The message is not of the agreed shape.") from error


def receive_request(peer: socket.socket) -> tuple[Request, list[int]] | None:
    """Receive one request and its open files; None at the end of the stream."""
    header, ancillary, _flags, _address = peer.recvmsg(
        _LENGTH.size, socket.CMSG_SPACE(_MAX_FILES * array.array("i").itemsize)
    )
    if not header:
        return None
    fds = array.array("i")
    for level, kind, content in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            fds.frombytes(content[: len(content) - len(content) % fds.itemsize])
    header += _receive_exactly(peer, _LENGTH.size - len(header), deadline=None)
    (length,) = _LENGTH.unpack(header)
    document = _receive_exactly(peer, length, deadline=None)
    return msgspec.msgpack.decode(document, type=Request), fds.tolist()


def _receive_exactly(peer: socket.socket, count: int, *, deadline: float | None) -> bytes:
    received = bytearray()
    while len(received) < count:
        if deadline is not None:
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError
            peer.settimeout(left)
        chunk = peer.recv(min(count - len(received), 2**20))
        if not chunk:
            raise ConnectionError("The other side is gone.")
        received += chunk
    return bytes(received)
