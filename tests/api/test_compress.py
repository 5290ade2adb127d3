"""The compress door as a stranger meets it: what is taken, what is refused, what is told."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import httpx2
import pytest
from starlette.testclient import TestClient
from tests import samples, steps
from tests.conftest import Customer, customer_of
from tests.fakes import FixedClock

from telecine.api.app import create_app
from telecine.assembly import Telecine

COMPRESS = "/api/v1/compress"
FORM = {"content-type": "multipart/form-data; boundary=x"}


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One second, H.264 and AAC, the moov box at the end as cameras write it."""
    return samples.make_video(tmp_path_factory.mktemp("video") / "video.mp4", seconds=1)


@pytest.fixture
def untouched(telecine: Telecine, customer: Customer) -> Iterator[None]:
    """Afterwards: nothing charged, no job, no file."""
    yield
    steps.assert_untouched(telecine, customer.account)


@pytest.fixture
def finished(anybody: httpx2.Client, telecine: Telecine, video: Path) -> str:
    job_id = steps.submit(anybody, video)
    steps.run(telecine, job_id)
    return job_id


def assert_refused(
    answer: httpx2.Response, status: int, *, field: str | None, says: str = ""
) -> None:
    body = answer.json()
    assert (answer.status_code, body.get("field")) == (status, field), body
    assert body["success"] is False
    assert says.lower() in body["error"].lower(), body


# The way of a video


def test_a_video_is_accepted_with_the_documented_reply(anybody: httpx2.Client, video: Path) -> None:
    answer = steps.send(anybody, video, codec="h264", quality="23")
    assert answer.status_code == 202
    job_id = answer.json()["job_id"]
    assert re.fullmatch(r"j_[a-z0-9]{12}", job_id)
    assert answer.json() == {
        "success": True,
        "job_id": job_id,
        "status": "pending",
        "status_url": f"/api/v1/status/{job_id}",
        "credits_charged": 1,
    }


def test_a_field_that_nobody_reads_is_told(anybody: httpx2.Client, video: Path) -> None:
    (warning,) = steps.send(anybody, video, codek="av1").json()["warnings"]
    assert (warning["code"], warning["path"], warning["got"]) == ("UNKNOWN_FIELD", "codek", "av1")
    assert "codec" in warning["allowed"]


def test_a_waiting_job_says_so(anybody: httpx2.Client, video: Path, clock: FixedClock) -> None:
    job_id = steps.submit(anybody, video)
    assert steps.status_of(anybody, job_id) == {
        "success": True,
        "job_id": job_id,
        "status": "pending",
        "progress": 0,
        "input": {"filename": "video.mp4", "size_bytes": video.stat().st_size},
        "credits_charged": 1,
        "created_at": "2026-04-12T12:00:00Z",
    }


def test_a_finished_job_has_the_documented_fields(
    anybody: httpx2.Client, finished: str, video: Path
) -> None:
    told = steps.status_of(anybody, finished)
    output = told["output"]
    assert (told["job_id"], told["status"], told["progress"]) == (finished, "completed", 100)
    assert told["input"] == {"filename": "video.mp4", "size_bytes": video.stat().st_size}
    assert output["filename"] == "video-compressed.mp4"
    assert output["download_url"] == f"/api/v1/download/{finished}"
    assert output["expires_at"] == "2026-04-13T12:00:00Z"
    saved = 100 * (1 - output["size_bytes"] / video.stat().st_size)
    assert output["compression_ratio"] == round(saved)
    assert output["crf_used"] == 23
    assert "error" not in told


def test_the_download_is_the_file_and_it_plays(
    anybody: httpx2.Client, finished: str, tmp_path: Path
) -> None:
    answer = anybody.get(f"/api/v1/download/{finished}")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "video/mp4"
    assert 'filename="video-compressed.mp4"' in answer.headers["content-disposition"]
    told = steps.status_of(anybody, finished)["output"]
    assert len(answer.content) == told["size_bytes"] == int(answer.headers["content-length"])
    (tmp_path / "out.mp4").write_bytes(answer.content)
    with av.open(str(tmp_path / "out.mp4")) as container:
        picture = container.streams.video[0]
        assert (picture.codec_context.name, picture.width, picture.height) == ("h264", 320, 240)
        assert sum(1 for _ in container.decode(picture)) == 30
        assert [track.codec_context.name for track in container.streams.audio] == ["aac"]


def test_a_range_and_a_head_of_the_download_work(anybody: httpx2.Client, finished: str) -> None:
    url = f"/api/v1/download/{finished}"
    whole = anybody.get(url).content
    part = anybody.get(url, headers={"Range": "bytes=10-19"})
    assert (part.status_code, part.content) == (206, whole[10:20])
    assert part.headers["content-range"] == f"bytes 10-19/{len(whole)}"
    head = anybody.head(url)
    assert (head.status_code, head.content) == (200, b"")
    assert int(head.headers["content-length"]) == len(whole)
    beyond = anybody.get(url, headers={"Range": f"bytes={len(whole)}-"})
    assert beyond.status_code == 416
    assert beyond.headers["content-range"] == f"bytes */{len(whole)}"


def test_a_download_whose_bytes_are_missing_is_404_by_any_method(
    anybody: httpx2.Client, telecine: Telecine, finished: str
) -> None:
    for path in (telecine.settings.data_dir / "files" / "outputs").glob("*/*"):
        path.unlink()
    for method in ("GET", "HEAD"):
        assert anybody.request(method, f"/api/v1/download/{finished}").status_code == 404


def test_a_picture_is_fitted_into_the_resolution_asked_for(
    anybody: httpx2.Client, telecine: Telecine, video: Path
) -> None:
    job_id = steps.submit(anybody, video, resolution="160x160")
    steps.run(telecine, job_id)
    output = steps.status_of(anybody, job_id)["output"]
    assert (output["width"], output["height"]) == (160, 120)


def test_method_size_keeps_to_the_target_and_uses_it(
    anybody: httpx2.Client, telecine: Telecine
) -> None:
    target = 250_000
    job_id = steps.submit(anybody, samples.carphone(), method="size", target_size_bytes=str(target))
    steps.run(telecine, job_id)
    told = steps.status_of(anybody, job_id)
    assert told["status"] == "completed", told
    assert target * 0.95 <= told["output"]["size_bytes"] <= target


def test_the_price_is_a_credit_for_every_20_mib_begun(
    anybody: httpx2.Client, video: Path, tmp_path: Path
) -> None:
    large = tmp_path / "large.mp4"
    free_box = (20 * 2**20).to_bytes(4, "big") + b"free" + bytes(20 * 2**20 - 8)
    large.write_bytes(video.read_bytes() + free_box)
    answer = steps.send(anybody, large)
    assert (answer.status_code, answer.json()["credits_charged"]) == (202, 2)
    assert anybody.get("/api/v1/usage").json()["credits"] == {
        "balance": 98,
        "total_purchased": 100,
    }


def test_usage_tells_plan_and_credits(anybody: httpx2.Client) -> None:
    assert anybody.get("/api/v1/usage").json() == {
        "success": True,
        "plan": "team",
        "credits": {"balance": 100, "total_purchased": 100},
        "period_start": "2026-04-01",
        "period_end": "2026-04-30",
        "minutes_used": 0,
        "minutes_limit": 1000,
        "storage_used_mb": 0,
        "storage_limit_mb": 102400,
        "credits_remaining": 100,
    }


def test_a_file_name_is_metadata_and_never_a_path(
    anybody: httpx2.Client, telecine: Telecine, video: Path
) -> None:
    answer = steps.send(anybody, video, filename="../../etc/naïve \u202egpj.mp4")
    job_id = answer.json()["job_id"]
    assert steps.status_of(anybody, job_id)["input"]["filename"] == "naïve gpj.mp4"
    stored = [name for name in steps.files_on_disk(telecine) if name.startswith("files/")]
    assert [re.sub(r"[a-z0-9]{24}", "KEY", name) for name in stored] == ["files/inputs/KEY"]


def test_fields_may_be_empty_or_come_after_the_file(
    anybody: httpx2.Client, telecine: Telecine, video: Path
) -> None:
    job_id = steps.submit(anybody, video, codec="H265", quality="", resolution=" ", webhook_url="")
    with telecine.db.snapshot() as tx:
        params = tx.exec_driver_sql("SELECT params FROM jobs WHERE id = ?", (job_id,)).scalar_one()
    assert '"h265"' in params


# What is refused: the field is named, nothing is charged, nothing stays


BAD_FIELDS: list[tuple[dict[str, str], str, str]] = [
    ({"codec": "xyz"}, "codec", "h264, h265, av1"),
    ({"quality": "99"}, "quality", "from 18 to 51"),
    ({"quality": "17"}, "quality", "from 18 to 51"),
    ({"quality": "abc"}, "quality", "number"),
    ({"quality": "nan"}, "quality", "number"),
    ({"method": "magic"}, "method", "crf, bitrate, size"),
    ({"method": "size"}, "target_size_bytes", "method=size needs"),
    ({"method": "size", "target_size_bytes": "-5"}, "target_size_bytes", "above 0"),
    ({"method": "size", "target_size_mb": "-0.5"}, "target_size_mb", "from 0.000001"),
    ({"method": "size", "target_size_mb": "0.0000001"}, "target_size_mb", "'0.0000001' is not"),
    ({"method": "size", "target_size_bytes": "9" * 20}, "target_size_bytes", "1e+20 bytes is not"),
    ({"method": "size", "target_size_bytes": "9" * 400}, "target_size_bytes", "less long"),
    ({"method": "size", "quality": "-5"}, "quality", "-5 MB is not"),
    ({"target_size_mb": "5"}, "target_size_mb", "method=size"),
    ({"target_size_bytes": "5000"}, "target_size_bytes", "method=size"),
    ({"method": "bitrate"}, "bitrate", "method=bitrate needs"),
    ({"method": "bitrate", "bitrate": "fast"}, "bitrate", "2500k"),
    ({"method": "bitrate", "bitrate": "0"}, "bitrate", "kbit/s; 0 is not"),
    ({"method": "bitrate", "bitrate": "99999999999"}, "bitrate", "1000000 kbit/s; 1e+11 is not"),
    ({"resolution": "0x0"}, "resolution", "such as 1280x720; '0x0' is not"),
    ({"resolution": "abc"}, "resolution", "1280x720"),
    ({"resolution": "1280"}, "resolution", "1280x720"),
    ({"resolution": "99999x99999"}, "resolution", "1280x720"),
    ({"fit": "stretchy"}, "fit", "inside"),
    ({"keep_smaller": "perhaps"}, "keep_smaller", "true or false"),
    ({"webhook_url": "http://127.0.0.1:9000/hook"}, "webhook_url", "public address"),
    ({"webhook_url": "http://169.254.169.254/latest"}, "webhook_url", "public address"),
    ({"webhook_url": "http://0x7f.1/hook"}, "webhook_url", "webhook_url"),
    ({"webhook_url": "ftp://example.com/hook"}, "webhook_url", "https://host/path"),
    ({"webhook_url": "junk"}, "webhook_url", "https://host/path"),
]


@pytest.mark.parametrize(("sent", "field", "says"), BAD_FIELDS, ids=lambda each: str(each))
@pytest.mark.usefixtures("untouched")
def test_a_wrong_field_is_refused_by_name(
    anybody: httpx2.Client, video: Path, sent: dict[str, str], field: str, says: str
) -> None:
    answer = steps.send(anybody, video, **sent)
    assert_refused(answer, 400, field=field, says=says)
    assert f"'{field}'" in answer.json()["error"]


def bad_files(folder: Path, video: Path) -> dict[str, tuple[Path, int, str]]:
    text = folder / "text.mp4"
    text.write_text("I am not a video, whatever my name says.\n" * 50)
    empty = folder / "empty.mp4"
    empty.touch()
    front = samples.make_video(
        folder / "front.mp4", seconds=1, extra_args=("-movflags", "+faststart")
    )
    return {
        "text named .mp4": (text, 415, "not a video"),
        "empty": (empty, 422, "empty"),
        "cut before its index": (
            samples.make_cut(folder / "cut.mp4", source=video, share=0.5),
            422,
            "cut short",
        ),
        "cut after its index": (
            samples.make_cut(folder / "cut2.mp4", source=front, share=0.6),
            422,
            "cut short",
        ),
        "picture": (samples.astronaut(), 415, "not a video"),
        "sound alone": (samples.make_audio(folder / "sound.m4a", seconds=1), 415, "no video"),
    }


@pytest.mark.parametrize(
    "name",
    [
        "text named .mp4",
        "empty",
        "cut before its index",
        "cut after its index",
        "picture",
        "sound alone",
    ],
)
@pytest.mark.usefixtures("untouched")
def test_a_file_that_is_no_good_video_is_refused(
    anybody: httpx2.Client, video: Path, tmp_path: Path, name: str
) -> None:
    path, status, says = bad_files(tmp_path, video)[name]
    assert_refused(steps.send(anybody, path), status, field="file", says=says)


@pytest.mark.usefixtures("untouched")
def test_a_picture_that_the_encoder_cannot_take_is_refused_at_the_door(
    anybody: httpx2.Client, tmp_path: Path
) -> None:
    path = tmp_path / "tall.mkv"
    source = ("-f", "lavfi", "-i", "color=red:s=16x9000:d=0.2:r=5")
    samples.run_ffmpeg(*source, "-c:v", "ffv1", path)
    answer = steps.send(anybody, path, codec="av1")
    assert_refused(answer, 422, field="resolution", says="at most 16384x8704")


BAD_FORMS: dict[str, tuple[dict[str, Any], int, str | None, str]] = {
    "no file": ({"files": {"codec": (None, "h264")}}, 400, "file", "'file' is missing"),
    "urlencoded": ({"data": {"codec": "h264"}}, 400, "file", "multipart/form-data"),
    "json": ({"json": {"file": "video.mp4"}}, 400, "file", "multipart/form-data"),
    "file as text": ({"files": {"file": (None, "video.mp4")}}, 400, "file", "as text"),
    "two files": (
        {"files": [("file", ("a.mp4", b"a" * 99)), ("file", ("b.mp4", b"b" * 99))]},
        400,
        "file",
        "more than once",
    ),
    "file elsewhere": ({"files": {"video": ("a.mp4", b"a" * 99)}}, 400, "video", "'file'"),
    "zero bytes": ({"files": {"file": ("a.mp4", b"")}}, 422, "file", "empty"),
    "broken": (
        {"content": b'--x\r\nContent-Disposition: form-data; name="file', "headers": FORM},
        400,
        None,
        "multipart",
    ),
    "no boundary": (
        {"content": b"x", "headers": {"content-type": "multipart/form-data"}},
        400,
        None,
        "boundary",
    ),
    "never ends": (
        {
            "content": b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.mp4"'
            b"\r\n\r\nabc",
            "headers": FORM,
        },
        400,
        None,
        "multipart",
    ),
}


@pytest.mark.parametrize("name", BAD_FORMS)
@pytest.mark.usefixtures("untouched")
def test_a_form_that_is_wrong_is_refused(anybody: httpx2.Client, name: str) -> None:
    request, status, field, says = BAD_FORMS[name]
    assert_refused(anybody.post(COMPRESS, **request), status, field=field, says=says)


@pytest.mark.usefixtures("untouched")
def test_three_declared_gigabytes_are_refused_whatever_comes(anybody: httpx2.Client) -> None:
    headers = {**FORM, "content-length": str(3 * 2**30)}
    answer = anybody.post(COMPRESS, content=b"x", headers=headers)
    assert_refused(answer, 413, field="file", says="2048 MiB")


@pytest.mark.usefixtures("untouched")
def test_more_pixels_than_allowed_are_refused(
    anybody: httpx2.Client, tmp_path: Path, clock: FixedClock, video: Path
) -> None:
    with steps.opened(tmp_path / "small", clock=clock, max_pixels=320 * 240 - 1) as small:
        customer = customer_of(small)
        with _client(small, customer) as client:
            assert_refused(steps.send(client, video), 422, field="file", says="pixels")
        steps.assert_untouched(small, customer.account)


def test_what_cannot_be_paid_is_refused_and_nothing_stays(
    api: TestClient, telecine: Telecine, video: Path
) -> None:
    poor = customer_of(telecine, email="poor@example.com", amount=0)
    api.headers.update(poor.headers)
    answer = steps.send(api, video)
    assert_refused(answer, 402, field=None, says="needs 1 credits; 0 are available")
    assert answer.json()["code"] == "insufficient_credits"
    steps.assert_untouched(telecine, poor.account)


def test_the_last_credit_buys_one_job_and_no_second(
    api: TestClient, telecine: Telecine, video: Path
) -> None:
    poor = customer_of(telecine, email="poor@example.com", amount=1)
    api.headers.update(poor.headers)
    assert [steps.send(api, video).status_code for _ in range(2)] == [202, 402]
    assert steps.movements(telecine, poor.account) == [
        ("reserve", "available", -1),
        ("reserve", "held", 1),
    ]
    assert len(steps.files_on_disk(telecine)) == 1


# Jobs that are not there, not ready, not any more


@pytest.mark.parametrize("door", ["status", "download"])
@pytest.mark.parametrize("job_id", ["j_abc123def456", "j_", "%00", "..%2f..", "x" * 300])
def test_an_unknown_job_is_not_found(anybody: httpx2.Client, door: str, job_id: str) -> None:
    answer = anybody.get(f"/api/v1/{door}/{job_id}")
    assert answer.status_code == 404
    assert answer.json()["code"] == "not_found"


@pytest.mark.parametrize("door", ["status", "download"])
def test_another_accounts_job_is_as_unknown_as_none(
    anybody: httpx2.Client, telecine: Telecine, finished: str, door: str
) -> None:
    other = customer_of(telecine, email="other@example.com")
    answers = [
        anybody.get(f"/api/v1/{door}/{job_id}", headers=other.headers)
        for job_id in (finished, "j_abc123def456")
    ]
    assert [answer.status_code for answer in answers] == [404, 404]
    mine, none = (answer.json() | {"request_id": ""} for answer in answers)
    assert mine == none


def test_a_download_before_the_end_says_when_to_come_back(
    anybody: httpx2.Client, video: Path
) -> None:
    job_id = steps.submit(anybody, video)
    answer = anybody.get(f"/api/v1/download/{job_id}")
    assert (answer.status_code, answer.json()["error"]) == (409, "Job not completed")
    assert int(answer.headers["retry-after"]) > 0


def test_a_download_of_a_failed_job_is_not_told_to_wait(
    anybody: httpx2.Client, telecine: Telecine, video: Path
) -> None:
    job_id = steps.submit(anybody, video, method="size", target_size_bytes="100")
    steps.run(telecine, job_id)
    assert steps.status_of(anybody, job_id)["status"] == "failed"
    answer = anybody.get(f"/api/v1/download/{job_id}")
    assert answer.status_code == 409
    assert "retry-after" not in answer.headers


def test_after_a_day_the_download_is_gone_and_the_bytes_are_deleted(
    anybody: httpx2.Client, telecine: Telecine, finished: str, clock: FixedClock
) -> None:
    url = f"/api/v1/download/{finished}"
    clock.advance(hours=23, minutes=59, seconds=59)
    assert anybody.get(url).status_code == 200
    clock.advance(seconds=1)
    answer = anybody.get(url)
    assert (answer.status_code, answer.json()["code"]) == (410, "expired")
    assert any(name.startswith("files/outputs/") for name in steps.files_on_disk(telecine))
    steps.janitor(telecine).delete_expired_files()
    assert steps.files_on_disk(telecine) == []
    assert anybody.get(url).status_code == 410
    assert steps.status_of(anybody, finished)["status"] == "completed"


def _client(telecine: Telecine, customer: Customer) -> TestClient:
    return TestClient(create_app(telecine.services()), headers=customer.headers)
