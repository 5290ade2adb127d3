"""The URLs of resumable uploads."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from telecine.api.family import Answer, Endpoint, Plain
from telecine.api.fields.named import UPLOADS_PATH
from telecine.api.tus import FAMILY, fields, handlers, wire

_STANDING = ("Upload-Offset", "Upload-Length", "Upload-Expires", "Tus-Resumable")
_SPOKEN = {"Tus-Resumable": "1.0.0, the version of tus that both speak."}
_CHECKED = {
    "Upload-Checksum": "sha1 or sha256, a space, and the digest of this body in base64.",
}
_OFFSET = {"Upload-Offset": "Where these bytes belong: as many as are there."}
_LATE = {"Upload-Length": "Bytes of the file, where that was not known when it was begun."}
_BYTES = Plain(description="Bytes of the file.", media_type=fields.BYTES)
_MAYBE_BYTES = replace(_BYTES, is_required=False)
_OTHER_TUS = {412: "Another version of tus: `Tus-Version` says which one is spoken here."}
_DAMAGED = {**_OTHER_TUS, 460: "The bytes do not have the checksum that was told."}
_EMPTY = Answer(description="Done.", media_type="", headers=_STANDING)
_uploads = partial(Endpoint, family=FAMILY, path=f"{UPLOADS_PATH}/{{upload_id}}")
ENDPOINTS: tuple[Endpoint, ...] = (
    _uploads(
        method="POST",
        path=UPLOADS_PATH,
        handler=handlers.create,
        summary="Begin a resumable upload",
        needed_headers=_SPOKEN,
        headers={
            **_CHECKED,
            "Upload-Length": "Bytes of the file.",
            "Upload-Defer-Length": "1, where that is not known yet.",
            "Upload-Metadata": "filename and filetype, each followed by its value in base64.",
        },
        plain=_MAYBE_BYTES,
        answers={
            201: Answer(
                description="Begun; `Location` says where it goes on.",
                body=wire.UploadItem,
                headers=("Location", *_STANDING),
            )
        },
        failures=_DAMAGED,
    ),
    _uploads(
        method="GET",
        path=UPLOADS_PATH,
        handler=handlers.list_uploads,
        summary="Uploads that have not expired, newest first",
        answers={200: Answer(description="All of them.", body=wire.UploadList)},
    ),
    _uploads(
        method="HEAD",
        handler=handlers.head,
        summary="How much of an upload is here",
        needed_headers=_SPOKEN,
        answers={200: _EMPTY},
        failures=_OTHER_TUS,
    ),
    _uploads(
        method="GET",
        handler=handlers.look,
        summary="How much of an upload is here, as JSON",
        answers={200: Answer(description="Its state.", body=wire.UploadItem)},
    ),
    _uploads(
        method="PATCH",
        handler=handlers.patch,
        summary="Go on with an upload",
        needed_headers={**_SPOKEN, **_OFFSET},
        headers={**_CHECKED, **_LATE},
        plain=_BYTES,
        answers={204: _EMPTY},
        failures=_DAMAGED,
    ),
    _uploads(
        method="DELETE",
        handler=handlers.delete,
        summary="Delete an upload",
        needed_headers=_SPOKEN,
        answers={204: Answer(description="It is gone.", media_type="")},
        failures=_OTHER_TUS,
    ),
    _uploads(
        method="POST",
        handler=handlers.override,
        summary="One of these by POST",
        needed_headers={**_SPOKEN, "X-HTTP-Method-Override": "PATCH, DELETE or HEAD."},
        headers={**_OFFSET, **_CHECKED, **_LATE},
        plain=_MAYBE_BYTES,
        answers={
            200: Answer(description="Of HEAD.", media_type="", headers=_STANDING),
            204: _EMPTY,
        },
        failures={**_DAMAGED, 405: "`X-HTTP-Method-Override` names none of them."},
    ),
)
