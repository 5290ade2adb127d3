"""What made-up requests are about: something of everything, and a document that speaks of it.

In the furnished document ids are those of real things, texts can be read, numbers are small, and
files are of the kind that a field is for: what it allows is mostly done, and not refused.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeAlias

import httpx2
import schemathesis
from hypothesis import strategies
from tests import clipping, projects, samples, steps, voiceovers
from tests.conftest import Customer

from telecine.api.tus import fields as tus
from telecine.assembly import Telecine
from telecine.core import webhooks

#: Nobody listens there, and no network is left for it.
_NOWHERE: Final = "http://127.0.0.1:9/hook"
_TUS: Final = {"Tus-Resumable": "1.0.0"}
_PIECE: Final = b"hello"
_SUBTITLES: Final = b"1\n00:00:00,000 --> 00:00:01,000\nHello\n"
_COMPOSED: Final = {
    "config": {
        "meta": {"width": 160, "height": 90, "fps": 5},
        "tracks": [{"clips": [{"type": "text", "text": "A", "start": 0, "duration": 1}]}],
    }
}
#: Values for fields and headers, by their name: what no generator would come upon.
_WORDS: Final[Mapping[str, Sequence[Any]]] = {
    "config": [_COMPOSED["config"]],
    "composition": [projects.composition()],
    "data": [{"composition": projects.composition(), "patch": []}],
    "message": [{"role": "user", "content": "Longer, please."}],
    "metadata": [{"of": "tests"}],
    "settings": [{}],
    "email": [projects.EMAIL],
    "webhook_url": [_NOWHERE],
    "webhookUrl": ["https://127.0.0.1:9/hook"],
    "url": [_NOWHERE],
    "since": ["2026-01-01T00:00:00Z"],
    "until": ["2040-01-01T00:00:00+02:00"],
    "graceSeconds": [0],
    "range": [{"from": 0, "durationInFrames": 2}],
    "resolution": ["64x48"],
    "width": [320],
    "height": [180],
    "mode": ["still"],
    "bitrate": ["200k"],
    "caption_style": ["karaoke"],
    "language": ["en"],
    "segments": ['[{"start": 0, "end": 0.2}]'],
    "thumbnail_url": ["https://example.com/a.png"],
    "Tus-Resumable": ["1.0.0"],
    "X-HTTP-Method-Override": ["PATCH", "HEAD"],
    "Upload-Offset": ["0"],
    "Upload-Length": [str(len(_PIECE))],
    "Upload-Metadata": ["filename ZmlsbS5tcDQ="],
    "If-Match": ["*"],
    "Prefer": ["wait=0"],
}
#: Without these a request would be refused, whatever the document says: it cannot say "one of".
_NEEDED: Final = frozenset(
    {
        *("config", "composition", "data", "email", "file", "file_id", "message"),
        *("Upload-Length", "Upload-Offset"),
    }
)
#: What contradicts another of them, the bytes that are sent, or an earlier request.
_LEFT_OUT: Final = frozenset(
    {
        *("Upload-Defer-Length", "Upload-Checksum", "Idempotency-Key"),
        *("video_url", "apiKey", "target_size_bytes"),
    }
)
#: Which kind of media a field is for; of others any will do.
_KINDS: Final[Mapping[str, str]] = {
    "CompressForm": "film", "ProcessForm": "film", "ConvertForm": "picture", "ImportForm": "words",
    "image": "picture", "audio": "sound",
}  # fmt: skip
_TEXT: Final = r"\A[A-Za-z][ -~à-ü]{0,20}\Z"
#: How structs that clients send are called.
_SENT: Final = ("Body", "Form", "OfUploads", "Update", "Patch", "Copy", "Owned")

Things: TypeAlias = Mapping[tuple[str, str], Sequence[str | int]]

schemathesis.serializer.alias(tus.BYTES, "application/octet-stream")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stock:
    """What is there: (family, name of a parameter or field) -> its values.

    `anew` is for operations that use up what they are about: each request is about a new one.
    """

    things: Things
    anew: Mapping[str, Callable[[], dict[str, str | int]]]


def stock(telecine: Telecine, customer: Customer, client: httpx2.Client, folder: Path) -> Stock:
    """Make something of everything."""
    film = samples.make_video(folder / "film.mp4", seconds=0.3)
    sent = voiceovers.files(folder)
    media = {
        "film": film.read_bytes(), "picture": sent.image, "sound": sent.audio, "words": _SUBTITLES,
    }  # fmt: skip
    for kind, content in media.items():
        schemathesis.openapi.format(kind, strategies.just(content))
    schemathesis.openapi.format("piece", strategies.just(_PIECE))
    any_media = strategies.sampled_from([*media.values(), b"", b"\x89PNG"])
    schemathesis.openapi.format("binary", any_media)
    made = _Maker(telecine=telecine, client=client, film=film, voiced=sent)
    done, waiting = made.job(), made.job()
    steps.run(telecine, done)
    clips = made.clips_job()
    clipping.finish(telecine, clips)
    voiced = made.voiceover()
    client.post(f"/api/cancel/{voiced}").raise_for_status()
    delivery = _delivery(telecine, customer)
    uploads = {kind: made.upload(content) for kind, content in media.items()}
    things: dict[tuple[str, str], Sequence[str | int]] = {
        ("compress", "job_id"): [done, waiting],
        ("clips", "job_id"): [clips, done],
        ("clips", "clip_id"): [each["clip_id"] for each in clipping.fetch(client, clips)["clips"]],
        ("clips", "file_id"): [made.file()],
        ("video", "taskId"): [made.task()],
        ("video", "tempId"): [made.preview()],
        ("video", "fileId"): [made.file()],
        ("projects", "id"): [made.project()],
        ("projects", "revision"): [1],
        ("voiceover", "jobId"): [voiced],
        ("webhooks", "delivery_id"): [delivery],
        ("webhooks", "cursor"): [delivery],
        ("clips", "cursor"): [clips, done],
        ("voiceover", "cursor"): [voiced],
        ("uploads", "upload_id"): [made.begun()],
        **{("upload", kind): [f"upload:{name}"] for kind, name in uploads.items()},
    }
    return Stock(things=things, anew=made.anew())


@dataclass(frozen=True, slots=True, kw_only=True)
class _Maker:
    """Makes one of a kind and returns its id."""

    telecine: Telecine
    client: httpx2.Client
    film: Path
    voiced: voiceovers.Files

    def job(self) -> str:
        return steps.submit(self.client, self.film)

    def clips_job(self) -> str:
        return str(_made(steps.send(self.client, self.film, to="/api/v1/process"))["job_id"])

    def task(self) -> str:
        return str(_made(self.client.post("/api/v1/video", json=_COMPOSED))["taskId"])

    def preview(self) -> str:
        answer = self.client.post("/api/v1/preview", json=_COMPOSED["config"])
        return str(_made(answer)["tempId"])

    def file(self) -> str:
        with self.film.open("rb") as file:
            answer = self.client.post("/api/v1/upload", files={"file": file})
        return str(_made(answer)["assets"][0]["id"])

    def project(self) -> int:
        return int(projects.make(self.client, composition=projects.composition())["id"])

    def export(self) -> dict[str, str | int]:
        project_id = self.project()
        begun = projects.begin(self.client, project_id)
        return {"id": project_id, "render_id": begun["render_id"]}

    def voiceover(self) -> str:
        return voiceovers.submit(self.client, self.voiced)

    def another_voiceover(self) -> str:
        """One at a time: the one before is cancelled, if nobody has done that."""
        listed = self.client.get(voiceovers.JOBS, params={"status": "PENDING"}).json()["jobs"]
        for each in listed:
            self.client.post(f"/api/cancel/{each['id']}").raise_for_status()
        return self.voiceover()

    def begun(self) -> str:
        headers = {**_TUS, "Upload-Length": str(len(_PIECE))}
        answer = self.client.post("/api/v1/uploads", headers=headers)
        return str(answer.headers["location"].rpartition("/")[2])

    def upload(self, content: bytes) -> str:
        """Make a finished one."""
        headers = {**_TUS, "Upload-Length": str(len(content)), "Content-Type": tus.BYTES}
        answer = self.client.post("/api/v1/uploads", headers=headers, content=content)
        return str(answer.headers["location"].rpartition("/")[2])

    def anew(self) -> dict[str, Callable[[], dict[str, str | int]]]:
        return {
            "clips_cancel_job": lambda: {"job_id": self.job()},
            "clips_delete_job": lambda: {"job_id": self.job()},
            "video_render": lambda: {"taskId": self.task()},
            "video_delete": lambda: {"taskId": self.task()},
            "video_delete_file": lambda: {"fileId": self.file()},
            "video_delete_preview": lambda: {"tempId": self.preview()},
            "projects_render": lambda: {"id": self.project()},
            "projects_restore": lambda: {"id": self.project()},
            "projects_delete": lambda: {"id": self.project()},
            "projects_cancel": self.export,
            "voiceover_cancel": lambda: {"jobId": self.another_voiceover()},
            "voiceover_cancel_job": lambda: {"jobId": self.another_voiceover()},
            "voiceover_cancel_by_id": lambda: {"jobId": self.another_voiceover()},
            "uploads_patch": lambda: {"upload_id": self.begun()},
            "uploads_override": lambda: {"upload_id": self.begun()},
            "uploads_delete": lambda: {"upload_id": self.begun()},
        }


def _made(answer: httpx2.Response) -> dict[str, Any]:
    assert answer.is_success, answer.text
    return dict(answer.json())


def _delivery(telecine: Telecine, customer: Customer) -> str:
    with telecine.db.transaction() as tx:
        return webhooks.enqueue(
            tx,
            account_id=customer.account.id,
            job_id="j_1",
            event="job.completed",
            url=_NOWHERE,
            body=b"{}",
            now=telecine.clock(),
        ).id


def typed(document: dict[str, Any]) -> dict[str, Any]:
    """Return a copy of the document in which files are media, of whatever kind."""
    copied: dict[str, Any] = json.loads(json.dumps(document))
    for schema in copied["components"]["schemas"].values():
        for field in schema.get("properties", {}).values():
            if field.get("contentMediaType") == "application/octet-stream":
                field.update(type="string", format="binary")
    return copied


def furnished(document: dict[str, Any], things: Things) -> dict[str, Any]:
    """Return a copy in which parameters and fields are real things, where there are any."""
    copied = typed(document)
    for operation in (each for item in copied["paths"].values() for each in item.values()):
        family = operation["operationId"].partition("_")[0]
        if listed := operation.get("parameters"):
            operation["parameters"] = [
                _parameter(each, things.get((family, each["name"])))
                for each in listed
                if each["name"] not in _LEFT_OUT
            ]
        for kind, sent in operation.get("requestBody", {}).get("content", {}).items():
            if kind == tus.BYTES:
                sent["schema"] = {"type": "string", "format": "piece"}
            elif "$ref" not in sent["schema"]:
                sent["schema"] = {"enum": _WORDS["config"]}
    for name, schema in copied["components"]["schemas"].items():
        if name.endswith(_SENT):
            _furnish(name, schema, things)
    return copied


def _parameter(each: dict[str, Any], values: Sequence[str | int] | None) -> dict[str, Any]:
    name = each["name"]
    found = values or _WORDS.get(name)
    schema = {"enum": list(found)} if found else _readable(each["schema"])
    needed = {"required": True} if name in _NEEDED else {}
    return {**each, **needed, "schema": schema}


def _furnish(name: str, schema: dict[str, Any], things: Things) -> None:
    """Have the fields of what is sent hold what can be used."""
    fields = {
        field: _field(name, field, each, things)
        for field, each in schema["properties"].items()
        if field not in _LEFT_OUT
    }
    needed = {*schema.get("required", ()), *(_NEEDED & fields.keys())}
    schema.update(properties=fields, required=sorted(needed), additionalProperties=False)


def _field(form: str, name: str, schema: dict[str, Any], things: Things) -> dict[str, Any]:
    of_uploads = form.endswith("OfUploads")
    kind = _KINDS.get(name) or _KINDS.get(form.removesuffix("OfUploads"), "film")
    if schema.get("format") == "binary":
        return {**schema, "format": kind}  # its contentMediaType says that it is a file
    if of_uploads and "finished upload" in schema.get("description", ""):
        return {"enum": list(things["upload", kind])}
    if name == "segments" and not form.endswith(("Form", "OfUploads")):
        return {"enum": [json.loads(_WORDS[name][0])]}
    found = things.get(("clips", name)) if name == "file_id" else _WORDS.get(name)
    return {"enum": list(found)} if found else _readable(schema)


def _readable(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a schema of which every text can be read and every number is small."""
    if "anyOf" in schema:
        return {**schema, "anyOf": [_readable(each) for each in schema["anyOf"]]}
    if "enum" in schema:
        return schema
    if schema.get("type") == "string":
        return {"type": "string", "pattern": _TEXT}
    if schema.get("type") in {"integer", "number"}:
        # In bounds that some fields have and the document does not.
        return {"minimum": 20, "maximum": 50, **schema}
    return schema
