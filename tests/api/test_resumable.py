"""Resumable uploads as tus 1.0 has them: begun, brought in pieces, gone on with, named, forgotten."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient
from starlette.types import Message
from tests import samples, steps, voiceovers
from tests.conftest import Customer, customer_of
from tests.fakes import FixedClock

from telecine.api.app import create_app
from telecine.api.stored import finishing
from telecine.assembly import Telecine
from telecine.core import jobs, uploads
from telecine.core.uploads import Piece, Upload
from telecine.kit.errors import ConflictError

UPLOADS = "/api/v1/uploads"
TUS = {"Tus-Resumable": "1.0.0"}
BYTES = {**TUS, "Content-Type": "application/offset+octet-stream"}


def metadata(**values: str) -> str:
    return ",".join(
        f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in values.items()
    )


def begin(client: httpx2.Client, size: int | None, **headers: str) -> httpx2.Response:
    length = {"Upload-Defer-Length": "1"} if size is None else {"Upload-Length": str(size)}
    return client.post(UPLOADS, headers={**TUS, **length, **headers})


def begun(client: httpx2.Client, size: int | None, **headers: str) -> str:
    """Begin an upload; returns its address."""
    answer = begin(client, size, **headers)
    assert answer.status_code == 201, answer.text
    return str(answer.headers["Location"])


def patch(
    client: httpx2.Client, url: str, content: bytes, *, offset: int, **headers: str
) -> httpx2.Response:
    return client.patch(
        url, content=content, headers={**BYTES, "Upload-Offset": str(offset), **headers}
    )


def offset_of(client: httpx2.Client, url: str) -> int:
    answer = client.head(url, headers=TUS)
    assert answer.status_code == 200
    return int(answer.headers["Upload-Offset"])


def sent(client: httpx2.Client, content: bytes, **values: str) -> str:
    """Upload at once; returns the name that requests say."""
    url = begun(client, len(content), **{"Upload-Metadata": metadata(**values)})
    assert patch(client, url, content, offset=0).status_code == 204
    return str(client.get(url).json()["name"])


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return samples.make_video(tmp_path_factory.mktemp("video") / "video.mp4", seconds=1)


def test_an_upload_in_two_pieces_is_the_file(anybody: httpx2.Client, telecine: Telecine) -> None:
    content = os.urandom(300_000)
    answer = begin(anybody, len(content), **{"Upload-Metadata": metadata(filename="talk.mp4")})
    assert answer.status_code == 201
    url = answer.headers["Location"]
    assert answer.headers["Tus-Resumable"] == "1.0.0"
    assert answer.headers["Upload-Offset"] == "0"
    assert answer.headers["Upload-Expires"] == "Tue, 14 Apr 2026 12:00:00 GMT"
    assert url == f"{UPLOADS}/{answer.json()['id']}"
    first = patch(anybody, url, content[:100_000], offset=0)
    assert (first.status_code, first.content) == (204, b"")
    assert first.headers["Upload-Offset"] == "100000"
    standing = anybody.head(url, headers=TUS)
    assert standing.headers["Upload-Offset"] == "100000"
    assert standing.headers["Upload-Length"] == "300000"
    assert standing.headers["Upload-Metadata"] == metadata(filename="talk.mp4")
    assert standing.headers["Cache-Control"] == "no-store"
    assert patch(anybody, url, content[100_000:], offset=100_000).status_code == 204
    told = anybody.get(url).json()
    assert told["is_finished"] is True
    assert told["filename"] == "talk.mp4"
    (kept,) = steps.files_on_disk(telecine)
    assert (telecine.settings.data_dir / kept).read_bytes() == content


def test_an_upload_that_brings_its_bytes_at_once_is_finished(anybody: httpx2.Client) -> None:
    answer = anybody.post(UPLOADS, content=b"abc", headers={**BYTES, "Upload-Length": "3"})
    assert (answer.status_code, answer.headers["Upload-Offset"]) == (201, "3")
    assert answer.json()["is_finished"] is True


def test_an_upload_may_begin_with_some_of_its_bytes(anybody: httpx2.Client) -> None:
    answer = anybody.post(UPLOADS, content=b"abc", headers={**BYTES, "Upload-Length": "5"})
    assert answer.headers["Upload-Offset"] == "3"
    url = answer.headers["Location"]
    assert patch(anybody, url, b"de", offset=3).headers["Upload-Offset"] == "5"
    assert anybody.get(url).json()["is_finished"] is True


def test_an_empty_file_is_finished_when_it_is_begun(anybody: httpx2.Client) -> None:
    assert begin(anybody, 0).json()["is_finished"] is True


def test_a_length_may_be_told_later(anybody: httpx2.Client) -> None:
    url = begun(anybody, None)
    patch(anybody, url, b"abc", offset=0)
    standing = anybody.head(url, headers=TUS)
    assert standing.headers["Upload-Defer-Length"] == "1"
    assert "Upload-Length" not in standing.headers
    last = patch(anybody, url, b"de", offset=3, **{"Upload-Length": "5"})
    assert (last.status_code, last.headers["Upload-Offset"]) == (204, "5")
    told = anybody.get(url).json()
    assert (told["is_finished"], told["size_bytes"]) == (True, 5)
    again = patch(anybody, url, b"", offset=5, **{"Upload-Length": "6"})
    assert (again.status_code, again.json()["error"]) == (400, "invalid_request")


# What is refused


def test_another_version_of_tus_is_told_which_one_is_spoken(anybody: httpx2.Client) -> None:
    for method in ("POST", "HEAD", "PATCH", "DELETE"):
        url = UPLOADS if method == "POST" else f"{UPLOADS}/up_{'x' * 20}"
        for headers in ({}, {"Tus-Resumable": "0.2.2"}, {"Tus-Resumable": "1.0"}):
            answer = anybody.request(method, url, headers=headers)
            assert answer.status_code == 412
            assert answer.headers["Tus-Version"] == "1.0.0"


def test_headers_that_cannot_be_meant_are_refused_by_name(anybody: httpx2.Client) -> None:
    for headers, field in WRONG:
        answer = anybody.post(UPLOADS, headers={**TUS, **headers})
        assert (answer.status_code, answer.json()["field"]) == (400, field), headers
        assert answer.headers["Tus-Resumable"] == "1.0.0"
    assert anybody.get(UPLOADS).json() == {"uploads": []}


WRONG: tuple[tuple[dict[str, str], str], ...] = (
    ({}, "Upload-Length"),
    ({"Upload-Length": "-1"}, "Upload-Length"),
    ({"Upload-Length": "1e3"}, "Upload-Length"),
    ({"Upload-Length": "5", "Upload-Defer-Length": "1"}, "Upload-Length"),
    ({"Upload-Defer-Length": "2"}, "Upload-Length"),
    ({"Upload-Length": "5", "Upload-Metadata": "filename !!"}, "Upload-Metadata"),
    ({"Upload-Length": "5", "Upload-Metadata": "a YQ==,a YQ=="}, "Upload-Metadata"),
    ({"Upload-Length": "5", "Upload-Metadata": "a " + "YWFh" * 3000}, "Upload-Metadata"),
    ({"Upload-Length": "5", "Upload-Checksum": "md5 YQ=="}, "Upload-Checksum"),
    ({"Upload-Length": "5", "Upload-Checksum": "sha1 YQ=="}, "Upload-Checksum"),
)


def test_a_length_beyond_all_bounds_is_too_large(anybody: httpx2.Client) -> None:
    for length in ("9" * 18, "9" * 20, "9" * 5000):
        answer = anybody.post(UPLOADS, headers={**TUS, "Upload-Length": length})
        assert (answer.status_code, answer.json()["error"]) == (413, "file_too_large"), length
    url = begun(anybody, None)
    assert patch(anybody, url, b"", offset=0, **{"Upload-Length": "9" * 20}).status_code == 413
    assert anybody.patch(url, headers={**BYTES, "Upload-Offset": "9" * 20}).status_code == 413


def test_two_ways_to_tell_a_length_are_one_too_many(anybody: httpx2.Client) -> None:
    both = {"Upload-Length": "5", "Upload-Defer-Length": "1"}
    answer = anybody.post(UPLOADS, headers={**TUS, **both})
    assert answer.status_code == 400
    assert answer.json()["message"].startswith("Send one of the two: ")


def test_what_is_claimed_of_a_file_is_made_harmless(anybody: httpx2.Client) -> None:
    for values, filename, content_type in CLAIMED:
        told = begin(anybody, 5, **{"Upload-Metadata": metadata(**values)}).json()
        assert (told["filename"], told["content_type"]) == (filename, content_type)


CLAIMED: tuple[tuple[dict[str, str], str, str], ...] = (
    ({"filename": "../../etc/passwd", "filetype": "video/mp4"}, "passwd", "video/mp4"),
    ({"name": "нaïve.mov", "type": "video/quicktime"}, "нaïve.mov", "video/quicktime"),
    ({"filename": "a\x00b\r\n.mp4", "filetype": "a\r\nb"}, "ab.mp4", "application/octet-stream"),
    ({"filename": "", "relativePath": "null"}, "upload", "application/octet-stream"),
    ({}, "upload", "application/octet-stream"),
)


def test_bytes_that_belong_elsewhere_are_refused(anybody: httpx2.Client) -> None:
    url = begun(anybody, 10)
    patch(anybody, url, b"abc", offset=0)
    for offset in (0, 2, 4):
        answer = patch(anybody, url, b"defg", offset=offset)
        assert (answer.status_code, answer.json()["error"]) == (409, "conflict")
        assert "byte 3" in answer.json()["message"]
    assert offset_of(anybody, url) == 3
    assert anybody.patch(url, content=b"x", headers=BYTES).json()["field"] == "Upload-Offset"


def test_bytes_of_another_type_are_refused(anybody: httpx2.Client) -> None:
    url = begun(anybody, 10)
    headers = {**TUS, "Upload-Offset": "0", "Content-Type": "video/mp4"}
    assert anybody.patch(url, content=b"abc", headers=headers).status_code == 415
    headers = {**TUS, "Upload-Length": "3", "Content-Type": "video/mp4"}
    assert anybody.post(UPLOADS, content=b"abc", headers=headers).status_code == 415
    assert offset_of(anybody, url) == 0


def test_more_bytes_than_an_upload_has_are_refused(
    anybody: httpx2.Client, telecine: Telecine
) -> None:
    url = begun(anybody, 4)
    assert patch(anybody, url, b"abcde", offset=0).status_code == 413

    def undeclared() -> Iterator[bytes]:
        yield b"abcde"

    answer = anybody.patch(url, content=undeclared(), headers={**BYTES, "Upload-Offset": "0"})
    assert answer.status_code == 413
    assert offset_of(anybody, url) == 0
    assert steps.files_on_disk(telecine) == []


def test_a_file_that_no_door_takes_is_refused_before_it_comes(anybody: httpx2.Client) -> None:
    answer = begin(anybody, 2**31 + 1)
    assert (answer.status_code, answer.json()["field"]) == (413, "Upload-Length")
    url = begun(anybody, None)
    answer = patch(anybody, url, b"abc", offset=0, **{"Upload-Length": str(2**31 + 1)})
    assert answer.status_code == 413


def test_a_full_disk_is_told_before_the_first_byte(
    anybody: httpx2.Client, telecine: Telecine, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = begun(anybody, 3)
    monkeypatch.setattr(type(telecine.blobs), "free_bytes", lambda _: 2**20)
    assert begin(anybody, 3).status_code == 507
    assert patch(anybody, url, b"abc", offset=0).status_code == 507


def test_uploads_take_room_of_the_plan(telecine: Telecine, api: TestClient) -> None:
    poor = customer_of(telecine, plan="free", email="poor@example.com")
    room = telecine.plans.plans["free"].storage_bytes
    api.headers.update(poor.headers)
    url = begun(api, room - 10)
    answer = begin(api, 11)
    assert (answer.status_code, answer.json()["error"]) == (402, "storage_quota")
    begun(api, 10)
    # What grows without a length is counted as it grows.
    assert api.delete(url, headers=TUS).status_code == 204
    late = begun(api, None)
    begun(api, room - 10 - 2)
    assert patch(api, late, b"abc", offset=0).status_code == 402
    assert patch(api, late, b"ab", offset=0).status_code == 204


def test_an_upload_belongs_to_its_account_alone(
    anybody: httpx2.Client, telecine: Telecine, video: Path
) -> None:
    name = sent(anybody, video.read_bytes(), filename="talk.mp4")
    url = f"{UPLOADS}/{name.removeprefix('upload:')}"
    other = customer_of(telecine, email="eve@example.com")
    for answer in (
        anybody.head(url, headers={**TUS, **other.headers}),
        anybody.get(url, headers=other.headers),
        anybody.delete(url, headers={**TUS, **other.headers}),
        patch(anybody, url, b"abc", offset=0, **other.headers),
        anybody.post("/api/v1/compress", files={"file": (None, name)}, headers=other.headers),
        anybody.post("/api/v1/process", json={"video_url": name}, headers=other.headers),
    ):
        assert answer.status_code == 404
    assert anybody.get(UPLOADS, headers=other.headers).json() == {"uploads": []}
    assert len(anybody.get(UPLOADS).json()["uploads"]) == 1


# Checksums


@pytest.mark.parametrize("algorithm", ["sha1", "sha256"])
def test_bytes_with_the_right_checksum_are_taken_and_others_are_not(
    anybody: httpx2.Client, telecine: Telecine, algorithm: str
) -> None:
    content = os.urandom(50_000)
    digest = base64.b64encode(hashlib.new(algorithm, content).digest()).decode()
    told = {"Upload-Checksum": f"{algorithm} {digest}"}
    url = begun(anybody, len(content))
    damaged = patch(anybody, url, bytes([content[0] ^ 1]) + content[1:], offset=0, **told)
    assert (damaged.status_code, damaged.json()["error"]) == (460, "checksum_mismatch")
    assert offset_of(anybody, url) == 0
    assert steps.files_on_disk(telecine) == []
    assert patch(anybody, url, content, offset=0, **told).status_code == 204
    assert anybody.get(url).json()["is_finished"] is True


def test_an_upload_that_begins_with_damaged_bytes_is_not_begun(anybody: httpx2.Client) -> None:
    wrong = base64.b64encode(hashlib.sha1(b"abd").digest()).decode()
    headers = {**BYTES, "Upload-Length": "3", "Upload-Checksum": f"sha1 {wrong}"}
    assert anybody.post(UPLOADS, content=b"abc", headers=headers).status_code == 460
    assert anybody.get(UPLOADS).json() == {"uploads": []}


# The end of an upload


def test_a_deleted_upload_leaves_nothing(anybody: httpx2.Client, telecine: Telecine) -> None:
    half = begun(anybody, 10)
    patch(anybody, half, b"abc", offset=0)
    whole = begun(anybody, 3)
    patch(anybody, whole, b"abc", offset=0)
    assert len(steps.files_on_disk(telecine)) == 2
    for url in (half, whole):
        answer = anybody.delete(url, headers=TUS)
        assert (answer.status_code, answer.headers["Tus-Resumable"]) == (204, "1.0.0")
        assert anybody.head(url, headers=TUS).status_code == 404
    assert steps.files_on_disk(telecine) == []


def test_an_expired_upload_is_gone_and_the_janitor_takes_its_bytes(
    anybody: httpx2.Client, telecine: Telecine, clock: FixedClock
) -> None:
    half, whole = begun(anybody, 10), begun(anybody, 3)
    patch(anybody, half, b"abc", offset=0)
    patch(anybody, whole, b"abc", offset=0)
    clock.advance(seconds=telecine.settings.upload_ttl_seconds - 1)
    assert offset_of(anybody, half) == 3
    clock.advance(seconds=1)
    for url in (half, whole):
        assert anybody.head(url, headers=TUS).status_code == 410
        assert patch(anybody, url, b"abc", offset=3).status_code == 410
    janitor = steps.janitor(telecine)
    assert janitor.delete_expired_uploads() == 2
    janitor.delete_expired_files()
    assert steps.files_on_disk(telecine) == []
    assert anybody.head(half, headers=TUS).status_code == 404


def test_pieces_of_a_living_upload_are_no_orphans(
    anybody: httpx2.Client, telecine: Telecine, clock: FixedClock
) -> None:
    url = begun(anybody, 10)
    patch(anybody, url, b"abc", offset=0)
    for kept in steps.files_on_disk(telecine):
        old = clock().timestamp() - 40 * 3600
        os.utime(telecine.settings.data_dir / kept, (old, old))
    steps.janitor(telecine).sweep()
    assert patch(anybody, url, b"defghij", offset=3).status_code == 204
    (kept,) = steps.files_on_disk(telecine)
    assert (telecine.settings.data_dir / kept).read_bytes() == b"abcdefghij"


def test_what_could_not_be_put_together_is_put_together_when_it_is_asked_for(
    anybody: httpx2.Client, telecine: Telecine, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = begun(anybody, 6)
    patch(anybody, url, b"abc", offset=0)
    with monkeypatch.context() as patched:
        patched.setattr(finishing, "_RESERVE_BYTES", 2**62)
        assert patch(anybody, url, b"def", offset=3).status_code == 507
    assert offset_of(anybody, url) == 6
    assert anybody.get(url).json()["is_finished"] is True
    (kept,) = steps.files_on_disk(telecine)
    assert (telecine.settings.data_dir / kept).read_bytes() == b"abcdef"


# Two at a time


def test_the_newest_request_goes_on_and_the_former_is_not_heard(
    telecine: Telecine, anybody: httpx2.Client, customer: Customer
) -> None:
    """As two processes on one database see it: the one has stood still, the other goes on."""
    url = begun(anybody, 10)
    upload_id = url.rpartition("/")[2]

    def present() -> Upload:
        with telecine.db.snapshot() as tx:
            return uploads.get(tx, upload_id, account_id=customer.account.id, now=telecine.clock())

    with telecine.db.transaction() as tx:
        former = uploads.take(tx, present(), offset=0, writer="former", now=telecine.clock())
    assert patch(anybody, url, b"abcd", offset=0).status_code == 204
    piece = Piece(start=0, size_bytes=3, blob_key="uploads/late")
    with pytest.raises(ConflictError), telecine.db.transaction() as tx:
        uploads.append(tx, former, piece, limit_bytes=2**40, now=telecine.clock())
    assert present().received_bytes == 4
    assert patch(anybody, url, b"efghij", offset=4).status_code == 204


# Named in a file's place


def test_a_finished_upload_is_compressed_like_a_file(anybody: httpx2.Client, video: Path) -> None:
    name = sent(anybody, video.read_bytes(), filename="talk.mp4", filetype="video/mp4")
    path = f"{UPLOADS}/{name.removeprefix('upload:')}"
    for said in (name, path, f"https://media.example.com{path}"):
        answer = anybody.post("/api/v1/compress", files={"file": (None, said)})
        assert answer.status_code == 202, answer.text
        told = steps.status_of(anybody, answer.json()["job_id"])
        assert told["input"] == {"filename": "talk.mp4", "size_bytes": video.stat().st_size}


def test_an_upload_may_be_used_again_and_jobs_outlast_it(
    anybody: httpx2.Client, telecine: Telecine, video: Path
) -> None:
    name = sent(anybody, video.read_bytes(), filename="talk.mp4")
    first, second = (
        anybody.post("/api/v1/compress", files={"file": (None, name)}).json()["job_id"]
        for _ in range(2)
    )
    anybody.delete(f"{UPLOADS}/{name.removeprefix('upload:')}", headers=TUS)
    for job_id in (first, second):
        steps.run(telecine, job_id)
        assert steps.status_of(anybody, job_id)["status"] == "completed"


def test_an_unfinished_upload_is_not_taken(anybody: httpx2.Client, telecine: Telecine) -> None:
    url = begun(anybody, 10)
    patch(anybody, url, b"abc", offset=0)
    answer = anybody.post("/api/v1/compress", files={"file": (None, f"upload:{url[-23:]}")})
    assert (answer.status_code, answer.json()["field"]) == (409, "file")
    assert "3 of 10 bytes" in answer.json()["error"]
    unknown = anybody.post("/api/v1/compress", files={"file": (None, "upload:up_" + "x" * 20)})
    assert (unknown.status_code, unknown.json()["field"]) == (404, "file")
    wrong = anybody.post("/api/v1/compress", files={"file": (None, "upload:up_zzz")})
    assert (wrong.status_code, wrong.json()["field"]) == (404, "file")
    assert wrong.json()["error"] == "There is no such upload: upload:up_zzz."
    assert len(steps.files_on_disk(telecine)) == 1


def test_a_form_that_names_its_files_may_be_url_encoded(
    anybody: httpx2.Client, telecine: Telecine, video: Path
) -> None:
    name = sent(anybody, video.read_bytes(), filename="talk.mp4")
    answer = anybody.post("/api/v1/compress", data={"file": name, "codec": "h265"})
    assert answer.status_code == 202, answer.text
    with telecine.db.snapshot() as tx:
        assert jobs.get(tx, answer.json()["job_id"]).params["codec"] == "h265"


@pytest.mark.parametrize(
    ("content", "status", "says"),
    [
        ("file=upload%3Aup_zzz", 404, "There is no such upload: upload:up_zzz."),
        ("file=talk.mp4", 400, '-F "file=upload:ID"'),
        ("codec=h264", 400, ". This came as application/x-www-form-urlencoded."),
        ("file=a&file=b&" + "a=b&" * 40, 400, 'curl -F "file=@path/to/file". This came as'),
        ("x" * 100_000, 400, 'curl -F "file=@path/to/file". This came as'),
        (b"file=%ff\xff", 400, 'curl -F "file=@path/to/file". This came as'),
    ],
)
def test_a_url_encoded_form_without_a_named_upload_is_told_how_files_are_sent(
    anybody: httpx2.Client, content: str | bytes, status: int, says: str
) -> None:
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = anybody.post("/api/v1/compress", content=content, headers=kind)
    assert (answer.status_code, answer.json()["field"]) == (status, "file")
    assert says in answer.json()["error"]


def test_a_picture_is_converted(anybody: httpx2.Client) -> None:
    name = sent(anybody, samples.astronaut().read_bytes(), filename="portrait.png")
    answer = anybody.post("/api/v1/convert", files={"file": (None, name)}, data={"format": "webp"})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/webp")


def test_a_named_upload_is_held_to_the_limit_of_its_door(
    anybody: httpx2.Client, telecine: Telecine
) -> None:
    limit = telecine.plans.plans["team"].max_image_bytes
    url = begun(anybody, limit + 1)
    assert patch(anybody, url, bytes(limit + 1), offset=0).status_code == 204
    answer = anybody.post("/api/v1/convert", files={"file": (None, url)}, data={"format": "webp"})
    assert (answer.status_code, answer.json()["field"]) == (413, "file")
    assert len(steps.files_on_disk(telecine)) == 1


def test_files_and_uploads_go_into_the_library_together(
    anybody: httpx2.Client, telecine: Telecine, video: Path
) -> None:
    picture = samples.astronaut().read_bytes()
    name = sent(anybody, picture, filename="portrait.png")
    files: list[tuple[str, tuple[str | None, bytes | str]]] = [
        ("files", ("film.mp4", video.read_bytes())),
        ("files", (None, name)),
    ]
    answer = anybody.post("/api/v1/upload", files=files)
    assert answer.status_code == 200, answer.text
    assert [each["name"] for each in answer.json()["assets"]] == ["film.mp4", "portrait.png"]


def test_a_voiceover_takes_uploads(anybody: httpx2.Client, tmp_path: Path) -> None:
    made = voiceovers.files(tmp_path)
    image = sent(anybody, made.image, filename="portrait.png")
    audio = sent(anybody, made.audio, filename="voice.mp3")
    answer = anybody.post("/api/jobs", files={"image": (None, image), "audio": (None, audio)})
    assert answer.status_code == 201, answer.text


def test_a_project_is_made_of_an_uploaded_file(anybody: httpx2.Client, customer: Customer) -> None:
    subtitles = b"1\n00:00:00,000 --> 00:00:01,000\nHello\n"
    name = sent(anybody, subtitles, filename="talk.srt")
    answer = anybody.post(
        "/api/video-project/import",
        files={"file": (None, name)},
        data={"email": customer.account.email},
    )
    assert answer.status_code == 201, answer.text


@pytest.mark.parametrize("field", ["video_url", "file_id"])
def test_clips_are_made_of_an_upload(
    anybody: httpx2.Client, telecine: Telecine, video: Path, field: str
) -> None:
    name = sent(anybody, video.read_bytes(), filename="talk.mp4")
    body = {field: name, "segments": [{"start": 0, "end": 1}]}
    answer = anybody.post("/api/v1/process", json=body)
    assert answer.status_code == 202, answer.text
    told = anybody.get(f"/api/v1/jobs/{answer.json()['job_id']}").json()
    assert told["source"]["filename"] == "talk.mp4"
    assert not [each for each in steps.files_on_disk(telecine) if each.startswith("staging/")]


def test_a_composition_shows_an_upload(anybody: httpx2.Client) -> None:
    name = sent(anybody, samples.astronaut().read_bytes(), filename="portrait.png")
    address = f"{UPLOADS}/{name.removeprefix('upload:')}"
    for src in (name, f"http://testserver{address}"):
        task = anybody.post("/api/v1/video", json=picture_of(src)).json()
        answer = anybody.post(f"/api/v1/video/{task['taskId']}/render", json={"force": True})
        assert answer.status_code == 200, answer.text
    url = begun(anybody, 10)
    refused = anybody.post("/api/v1/video", json=picture_of(url)).json()
    assert "not finished" in refused["error"]


def picture_of(src: str) -> dict[str, Any]:
    clip = {"type": "image", "src": src, "start": 0, "duration": 1}
    config = {"meta": {"width": 320, "height": 240}, "tracks": [{"clips": [clip]}]}
    return {"config": config}


# Browsers, and whoever asks what can be done


def test_anybody_may_ask_what_can_be_done(api: TestClient) -> None:
    for path in ("", f"/up_{'x' * 20}"):
        answer = api.options(f"{UPLOADS}{path}")
        assert answer.status_code == 204
        assert answer.headers["Tus-Version"] == "1.0.0"
        assert answer.headers["Tus-Max-Size"] == str(2**31)
        assert answer.headers["Tus-Checksum-Algorithm"] == "sha1,sha256"
        extensions = answer.headers["Tus-Extension"].split(",")
        assert {"creation", "checksum", "expiration", "termination"} <= set(extensions)


def test_a_page_from_elsewhere_may_upload(anybody: httpx2.Client) -> None:
    origin = {"Origin": "https://app.example.com"}
    asked = {
        **origin,
        "Access-Control-Request-Method": "PATCH",
        "Access-Control-Request-Headers": "authorization,tus-resumable,upload-offset,content-type",
    }
    allowed = anybody.options(f"{UPLOADS}/up_{'x' * 20}", headers=asked)
    assert allowed.status_code == 200
    assert "PATCH" in allowed.headers["Access-Control-Allow-Methods"]
    assert "upload-offset" in allowed.headers["Access-Control-Allow-Headers"]
    answer = begin(anybody, 3, **origin)
    exposed = answer.headers["Access-Control-Expose-Headers"]
    assert {"Location", "Upload-Offset", "Tus-Resumable"} <= set(exposed.split(", "))


def test_a_method_may_be_named_in_a_header(anybody: httpx2.Client) -> None:
    url = begun(anybody, 3)
    headers = {**BYTES, "Upload-Offset": "0", "X-HTTP-Method-Override": "PATCH"}
    assert anybody.post(url, content=b"abc", headers=headers).status_code == 204
    headers = {**TUS, "X-HTTP-Method-Override": "DELETE"}
    assert anybody.post(url, headers=headers).status_code == 204
    refused = anybody.post(url, headers=TUS)
    assert (refused.status_code, refused.json()["error"]) == (405, "method_not_allowed")


# Before the first byte of a form


def test_what_will_be_refused_is_refused_before_a_file_is_sent(telecine: Telecine) -> None:
    app = create_app(telecine.services())
    customers = {
        (plan, amount): customer_of(
            telecine, plan=plan, email=f"{plan}{amount}@example.com", amount=amount
        )
        for plan in ("free", "team")
        for amount in (0, 2)
    }
    for path, plan, amount, mebibytes, status in REFUSED:
        headers = {
            **customers[plan, amount].headers,
            "Content-Type": "multipart/form-data; boundary=x",
            "Content-Length": str(mebibytes * 2**20),
            "Expect": "100-continue",
        }
        assert asyncio.run(status_unread(app, path, headers)) == status, path


REFUSED = (
    ("/api/v1/compress", "team", 2, 70, 402),
    ("/api/v1/convert", "team", 0, 1, 402),
    ("/api/v1/process", "team", 0, 1, 402),
    ("/api/v1/upload", "free", 0, 600, 402),
    ("/api/v1/compress", "team", 2, 3000, 413),
    ("/api/v1/convert", "team", 2, 3000, 413),
    ("/api/v1/compress", "free", 2, 1, 403),
    (UPLOADS, "free", 0, 1, 412),
)


async def status_unread(app: Starlette, path: str, headers: dict[str, str]) -> int:
    """What a POST is answered whose body must not be asked for."""
    answers: list[Message] = []

    async def receive() -> Message:
        raise AssertionError("the body was read")

    async def send(message: Message) -> None:
        answers.append(message)

    lines = [(name.lower().encode(), text.encode()) for name, text in headers.items()]
    scope = {"type": "http", "method": "POST", "path": path, "query_string": b"", "headers": lines}
    await app(scope, receive, send)
    return int(answers[0]["status"])
