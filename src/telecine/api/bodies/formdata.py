"""Multipart events -> text fields in memory and files in the staging folder.

The parser says where parts begin and end; here is what may be in them. A file's part may hold the
name of a finished upload instead.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from urllib.parse import unquote

import multipart
from starlette.concurrency import run_in_threadpool

from telecine.api.bodies.spooling import Spool, delete
from telecine.api.fields import named
from telecine.blobs.store import BlobStore
from telecine.kit.errors import FileTooLargeError, InvalidRequestError, NotFoundError

_MAX_FILENAME_BYTES = 255
#: What sentences show: 'file' is a film in one form, and an image or a document in others.
_EXAMPLES = {"image": "portrait.jpg", "audio": "voiceover.mp3", "file": "path/to/file"}
#: `filename*=UTF-8''na%C3%AFve.mp4`: RFC 7578 forbids it in forms, older clients send it.
_EXTENDED_FILENAME = re.compile(r"""filename\*\s*=\s*utf-8'[^']*'([^;"\s]+)""", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much of a form is taken, whatever the account's plan."""

    max_parts: int = 32
    max_headers_per_part: int = 16
    max_header_bytes: int = 8 * 1024
    max_field_bytes: int = 64 * 1024
    #: Boundaries, part headers and text fields, on top of the file.
    framing_bytes: int = 64 * 1024
    #: No byte for so long ends the upload; so does less than the least rate over one window.
    #: Only time spent waiting for the client counts, so a slow disk is not held against it.
    idle_seconds: float = 30.0
    rate_window_seconds: float = 30.0
    min_bytes_per_second: int = 1024
    #: Left free on the disk, for the database above all.
    reserve_bytes: int = 256 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedFile:
    """One received file. `filename` and `content_type` are the client's claims, made harmless.

    `filename` has no folder and no control characters, and is at most 255 bytes long.
    """

    field: str
    path: Path
    filename: str
    content_type: str
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedForm:
    """A received form. Leaving its `async with` deletes the files unless they were adopted."""

    fields: Mapping[str, str]
    files: tuple[ReceivedFile, ...]
    file_field: str

    @property
    def file(self) -> ReceivedFile | None:
        """The one file of a form that takes one."""
        return self.files[0] if self.files else None

    def require_file(self, field: str | None = None) -> ReceivedFile:
        """Return the file of a field (the form's first), or raise `InvalidRequestError`."""
        name = self.file_field if field is None else field
        found = next((file for file in self.files if field in (None, file.field)), None)
        if found is None:
            raise InvalidRequestError(f"'{name}' is missing. {how_to_send(name)}", field=name)
        return found

    async def discard(self) -> None:
        """Delete the staged files; that they were adopted or deleted already is fine."""
        for file in self.files:
            await delete(file.path)

    async def __aenter__(self) -> ReceivedForm:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.discard()


@dataclass(frozen=True, slots=True, kw_only=True)
class _FilePart:
    """A part with a file in it, as far as it has come."""

    field: str
    filename: str
    content_type: str
    spool: Spool


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedUpload:
    """A field that holds the name of an upload in a file's place."""

    field: str
    upload_id: str


class Form:
    """Collects the parser's events: small fields in memory, files through a `Spool` each.

    `more_fields` take one file each, as `file_field` does; `list_field` is the one that may hold
    a file more than once, if the form has such a field.
    """

    def __init__(
        self,
        store: BlobStore,
        *,
        file_field: str,
        max_file_bytes: int,
        limits: Limits,
        more_fields: tuple[str, ...] = (),
        list_field: str | None = None,
    ) -> None:
        self.limits = limits
        self.file_field = file_field
        self.file_fields = (file_field, *more_fields)
        self.list_field = list_field
        self.max_file_bytes = max_file_bytes
        self.begun = False
        self._store = store
        self._fields: dict[str, str] = {}
        self._text_name = ""
        self._text = bytearray()
        self._parts: list[_FilePart] = []
        #: Uploads that the form names; whoever reads it brings their files.
        self.named: list[NamedUpload] = []
        self._in_file = False

    async def take(self, event: multipart.MultipartSegment | bytes | None) -> None:
        """Take one event: a part begins, some of its bytes, or (None) it ends."""
        if event is None:
            self._end_part()
        elif isinstance(event, multipart.MultipartSegment):
            await self._begin_part(event)
        elif self._in_file:
            part = self._parts[-1]
            if part.spool.size_bytes + len(event) > self.max_file_bytes:
                raise too_large((part.field,), self.max_file_bytes)
            await part.spool.write(event)
        else:
            self._add_text(event)

    async def _begin_part(self, part: multipart.MultipartSegment) -> None:
        self.begun = True
        name = part.name or ""
        filename = _claimed_filename(part)
        if not name:
            raise InvalidRequestError("A part of the multipart form has no name.")
        self._require_new(name)
        self._in_file = filename is not None
        if filename is None:
            self._text_name = name
            self._text.clear()
        elif not self._takes_file(name):
            wanted = " or ".join(f"'{field}'" for field in self.file_fields)
            raise InvalidRequestError(
                f"A file was sent in '{name[:64]}'; it belongs in {wanted}.",
                field=name[:64],
            )
        else:
            if self._parts:
                await self._parts[-1].spool.close()
            spool = await run_in_threadpool(
                Spool, self._store, reserve_bytes=self.limits.reserve_bytes
            )
            begun = _FilePart(
                field=name,
                filename=filename,
                content_type=part.content_type or "application/octet-stream",
                spool=spool,
            )
            self._parts.append(begun)

    def _add_text(self, piece: bytes) -> None:
        self._text += piece
        if len(self._text) > self.limits.max_field_bytes:
            if self._takes_file(self._text_name):
                raise sent_as_text(self._text_name, "")
            raise InvalidRequestError(
                f"'{self._text_name[:64]}' is longer than {self.limits.max_field_bytes} bytes.",
                field=self._text_name[:64],
            )

    def _end_part(self) -> None:
        if self._in_file:
            return
        try:
            text = self._text.decode("utf-8")
        except UnicodeDecodeError:
            if self._takes_file(self._text_name):
                raise sent_as_text(self._text_name, "") from None
            raise InvalidRequestError(
                f"'{self._text_name[:64]}' is not UTF-8 text.", field=self._text_name[:64]
            ) from None
        self._set(self._text_name, text)

    def add(self, name: str, text: str) -> None:
        """Take a whole field of text."""
        self._require_new(name)
        self._set(name, text)

    def _set(self, name: str, text: str) -> None:
        if not self._takes_file(name):
            self._fields[name] = text
        elif (upload_id := named.upload_named(text)) is not None:
            self.named.append(NamedUpload(field=name, upload_id=upload_id))
        elif named.is_meant(text):
            raise NotFoundError(f"There is no such upload: {text.strip()[:40]}.", field=name)
        else:
            raise sent_as_text(name, text)

    def _require_new(self, name: str) -> None:
        taken = {*(each.field for each in self._parts), *(each.field for each in self.named)}
        if name in self._fields or (name in taken and name != self.list_field):
            several = (
                f" Several go in '{self.list_field}'." if name in taken and self.list_field else ""
            )
            raise InvalidRequestError(
                f"'{name[:64]}' was sent more than once.{several}", field=name[:64]
            )

    def _takes_file(self, field: str) -> bool:
        return field in self.file_fields or field == self.list_field

    async def finish(self) -> ReceivedForm:
        """Write what is left. A file part without name and bytes is a form's empty chooser."""
        files = []
        for part in self._parts:
            await part.spool.close()
            if not (part.filename or part.spool.size_bytes):
                await part.spool.discard()
                continue
            files.append(
                ReceivedFile(
                    field=part.field,
                    path=part.spool.path,
                    filename=safe_filename(part.filename),
                    content_type=part.content_type,
                    size_bytes=part.spool.size_bytes,
                )
            )
        return ReceivedForm(fields=self._fields, files=tuple(files), file_field=self.file_field)

    async def discard(self) -> None:
        """Delete the staged files, as far as they were begun."""
        for part in self._parts:
            await part.spool.discard()


def safe_filename(claimed: str) -> str:
    """Return the last component of a client's file name, harmless to show and to send back.

    Control, formatting and direction-changing characters go; 255 bytes stay, with the suffix.
    """
    name = re.split(r"[/\\]", claimed)[-1]
    kept = "".join(c for c in name if unicodedata.category(c)[0] != "C" and c not in "\u2028\u2029")
    kept = kept.strip().strip(".") if set(kept.strip()) <= {"."} else kept.strip()
    stem, dot, suffix = kept.rpartition(".")
    if dot and len(suffix.encode()) <= 16:
        room = _MAX_FILENAME_BYTES - len(suffix.encode()) - 1
        kept = f"{_cut(stem, room)}.{suffix}"
    return _cut(kept, _MAX_FILENAME_BYTES) or "upload"


def _cut(text: str, max_bytes: int) -> str:
    return text.encode()[:max_bytes].decode(errors="ignore")


def _claimed_filename(part: multipart.MultipartSegment) -> str | None:
    if part.filename is not None:
        return str(part.filename)
    extended = _EXTENDED_FILENAME.search(part.header("Content-Disposition", ""))
    return unquote(extended.group(1)) if extended else None


def how_to_send(*fields: str) -> str:
    """Return the sentence that shows the right way."""
    what = "file" if len(fields) == 1 else "files"
    shown = " ".join(f'-F "{each}=@{_EXAMPLES.get(each, "video.mp4")}"' for each in fields)
    return f"Send the {what} as multipart/form-data, for example: curl {shown}"


def too_large(fields: Sequence[str], max_file_bytes: int) -> FileTooLargeError:
    """Return the error that names the limit of a field; of several it is not known which it was."""
    names = " and ".join(f"'{field}'" for field in fields)
    each = " each" if len(fields) > 1 else ""
    return FileTooLargeError(
        f"{names} may have at most {max_file_bytes} bytes ({max_file_bytes / 2**20:.6g} MiB){each}.",
        field=fields[0] if len(fields) == 1 else None,
    )


def sent_as_text(field: str, text: str) -> InvalidRequestError:
    """Return the error of a file's field that holds something else."""
    shown = f" ({text[:40]!r})" if text.strip() else ""
    return InvalidRequestError(
        f"'{field}' was sent as text{shown}, not as a file. With curl, put an @ before the "
        f'path: -F "{field}=@{_EXAMPLES.get(field, "video.mp4")}". A finished resumable upload is '
        f'named without one: -F "{field}=upload:ID".',
        field=field,
    )
