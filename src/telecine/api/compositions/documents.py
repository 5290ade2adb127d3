"""From a composition as it was sent to one that may be stored and rendered.

Everything that is wrong with it is found at once: its fields, and the files that it names. A
`src` may be the id of an uploaded file, one of our own links, or an address on the web.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

import msgspec
from starlette.concurrency import run_in_threadpool

from telecine.api.compositions.casting import misused
from telecine.api.fields import malformed, named
from telecine.api.services import Services
from telecine.api.services.looking import MOST_FILES, Asked, Looked
from telecine.api.stored import links
from telecine.blobs import BlobStore
from telecine.core import assets, files, uploads
from telecine.core.assets import Asset
from telecine.core.files import File
from telecine.db import Transaction
from telecine.kit.errors import InvalidDocumentError, InvalidRequestError, NotFoundError
from telecine.kit.outbound import Outbound
from telecine.media.timeline import wordfile
from telecine.media.timeline.dialects import Dialect, Parsed, parse
from telecine.media.timeline.model import Source, Timeline
from telecine.media.timeline.reader import Problem
from telecine.operations.sources import MOST_REMOTE

_WEB = ("http://", "https://")
_BY_ID = "file_id:"
#: Letters of what was found and of what is allowed that the sentence of a refusal has.
_MOST_QUOTED = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """A document without faults. `files` says which stored file a `src` is, `remote` is fetched."""

    text: str
    digest: str
    timeline: Timeline
    files: Mapping[str, File]
    remote: tuple[str, ...]
    warnings: tuple[Problem, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """The stored files behind the names in a document, how long those run that do, and which of
    them the library knows.
    """

    files: Mapping[str, File]
    seconds: Mapping[str, float]
    assets: Mapping[str, Asset]


async def check(
    services: Services, account_id: str, raw: bytes, *, origin: str, usual: Dialect = "rv"
) -> Checked:
    """Check an account's document. Raises `InvalidDocumentError` with all of its faults, and
    `RateLimitedError` where files on the web must be looked at, and too many are already.

    `usual` is the dialect whose faults are told where nothing tells which one is meant.
    """
    document = read(raw)
    asked = Asked()
    parsed = await run_in_threadpool(partial(parse, document, lookup=asked, usual=usual))
    names = {source.src: file_named(source.src, origin=origin) for source in parsed.sources}
    found = await services.read(
        partial(_look_up, names=names, account_id=account_id, now=services.clock())
    )
    faults = _unusable(parsed, names, found, services.outbound)
    if parsed.timeline is not None:
        faults += misused(parsed.timeline, found.assets)
    if not parsed.problems and not faults and (asked.for_seconds or asked.for_words):
        known = await _known(services, account_id, asked, names=names, found=found)
        faults = list(known.faults)
        answers = Asked(seconds=known.seconds, texts=known.texts)
        parsed = await run_in_threadpool(partial(parse, document, lookup=answers, usual=usual))
    faults = [*parsed.problems, *faults]
    if faults or parsed.timeline is None:
        raise refusal(faults)
    return Checked(
        text=raw.decode("utf-8"),
        digest=_digest(document),
        timeline=parsed.timeline,
        files=found.files,
        remote=tuple(src for src, name in names.items() if name is None),
        warnings=parsed.warnings,
    )


async def _known(
    services: Services,
    account_id: str,
    asked: Asked,
    *,
    names: Mapping[str, str | None],
    found: _Found,
) -> Looked:
    """Answer what was asked: from the library what is there, the rest from the web."""
    remote = Asked(
        for_seconds={src: each for src, each in asked.for_seconds.items() if names[src] is None},
        for_words={src: each for src, each in asked.for_words.items() if names[src] is None},
    )
    n_remote = len(remote.for_seconds) + len(remote.for_words)
    if n_remote > MOST_FILES:
        fault = Problem(
            path="",
            code="TOO_MANY",
            message="Too many files on the web must be looked at before they are drawn.",
            got=str(n_remote),
            allowed=f"up to {MOST_FILES}; say the durations, or upload the files",
        )
        return Looked(faults=(fault,))
    looked = await services.looker.look(account_id, remote) if n_remote else Looked()
    stored = {src: found.files[src] for src in asked.for_words if src in found.files}
    texts = await run_in_threadpool(_stored_words, services.blobs, stored)
    wordless = (asked.for_words[src] for src, text in texts.items() if text is None)
    return Looked(
        seconds={**looked.seconds, **found.seconds},
        texts={**looked.texts, **texts},
        faults=(*looked.faults, *map(_no_words, wordless)),
    )


def _no_words(source: Source) -> Problem:
    return Problem(
        path=source.path,
        code="SOURCE",
        message="This file holds no captions.",
        got=source.src[:200],
        allowed="an uploaded caption file: JSON with a list of words",
    )


def _stored_words(blobs: BlobStore, stored: Mapping[str, File]) -> dict[str, object]:
    """Read caption files of the library; what is none gives None."""
    return {src: _words(blobs, file) for src, file in stored.items()}


def _words(blobs: BlobStore, file: File) -> object:
    if file.size_bytes > wordfile.MOST_BYTES:
        return None
    return wordfile.decode(b"".join(blobs.stream(file.blob_key, length=file.size_bytes)))


def read(raw: bytes) -> object:
    """Decode JSON, strictly: no NaN, no endless nesting, no broken text."""
    try:
        return msgspec.json.decode(raw.decode("utf-8"))
    except malformed.ERRORS as error:
        raise refusal((malformed.fault(raw, error, subject="The composition"),)) from error


def refusal(faults: Sequence[Problem]) -> InvalidDocumentError:
    """Word the faults of a document."""
    first, more = faults[0], len(faults) - 1
    where = f"{first.path}: " if first.path else ""
    found = f": {_on_a_line(first.got)}" if first.got not in ("", "nothing") else ""
    allowed = f"; allowed: {_on_a_line(first.allowed)}" if first.allowed else ""
    others = f" {more} more in `errors`." if more else ""
    return InvalidDocumentError(
        f"{where}{first.message.removesuffix('.')}{found}{allowed}.{others}",
        problems=[
            {name: str(value) for name, value in msgspec.structs.asdict(each).items()}
            for each in faults
        ],
    )


def _on_a_line(text: str) -> str:
    return " ".join(text.split())[:_MOST_QUOTED]


def file_named(src: str, *, origin: str) -> str | None:
    """Return the id by which a `src` names a stored file; None where it lies on the web."""
    if upload_id := named.upload_named(src):
        return upload_id
    if src.startswith(_BY_ID):
        return src.removeprefix(_BY_ID)
    if src.lower().startswith(_WEB):
        return links.file_of(src, origin=origin)
    return src


def _look_up(
    tx: Transaction, *, names: Mapping[str, str | None], account_id: str, now: datetime
) -> _Found:
    wanted = [name for name in names.values() if name is not None]
    library = assets.find(tx, wanted, account_id=account_id)
    stored: dict[str, File] = {}
    known: dict[str, Asset] = {}
    seconds: dict[str, float] = {}
    for src, name in names.items():
        if name is None:
            continue
        if asset := library.get(name):
            stored[src], known[src] = asset.file, asset
            if asset.duration_seconds is not None:
                seconds[src] = asset.duration_seconds
        elif name.startswith("up_"):
            upload = uploads.find_file(tx, name, account_id=account_id, now=now)
            if upload is not None:
                stored[src] = upload
        elif name.startswith("file_"):
            # Not in the library, but perhaps a film that was rendered here.
            film = _film(tx, name)
            if film is not None and film.account_id == account_id:
                stored[src] = film
    return _Found(files=stored, seconds=seconds, assets=known)


def _film(tx: Transaction, file_id: str) -> File | None:
    try:
        found = files.get(tx, file_id)
    except NotFoundError:
        return None
    return found if found.deleted_at is None else None


def _unusable(
    parsed: Parsed, names: Mapping[str, str | None], found: _Found, outbound: Outbound
) -> list[Problem]:
    """Return a fault for every source that is neither a stored file nor may be fetched."""
    faults = []
    n_remote = sum(name is None for name in names.values())
    if n_remote > MOST_REMOTE:
        faults.append(
            Problem(
                path="",
                code="TOO_MANY",
                message="Too many files are to be fetched. Upload them instead.",
                got=str(n_remote),
                allowed=f"up to {MOST_REMOTE} addresses on the web",
            )
        )
    for source in parsed.sources:
        if source.src in found.files:
            continue
        message = "There is no such file in your library."
        if named.upload_named(source.src):
            message = "There is no such upload, or it is not finished, or it has expired."
        if names[source.src] is None:
            try:
                outbound.check_url(source.src, field=source.path)
            except InvalidRequestError as error:
                message = error.message
            else:
                continue
        faults.append(
            Problem(
                path=source.path,
                code="SOURCE",
                message=message,
                got=source.src[:200],
                allowed="the id or URL of an uploaded file, or a public https: URL",
            )
        )
    return faults


def _digest(document: object) -> str:
    """Hash the canonical form: keys in order, no space."""
    return hashlib.sha256(msgspec.json.encode(document, order="deterministic")).hexdigest()
