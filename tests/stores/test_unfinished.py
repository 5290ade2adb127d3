"""Parts of files that a dead process had sent to a bucket: found, signed for, and let go."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import httpx2
import obstore
import pytest
from botocore.auth import S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from telecine.blobs import store as blobs

#: The test's bucket says of everything that it was begun in 2010.
_EARLIER, _NOW = datetime(2000, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def bucket(s3_endpoint: str, credentials: None, tmp_path: Path) -> blobs.BlobStore:
    url = f"s3://telecine-test/{tmp_path.name}?endpoint={s3_endpoint}&region=us-east-1"
    return blobs.open_store(url, staging=tmp_path / "staging")


def _begin(s3_endpoint: str, key: str) -> None:
    """Send a part of a file, and no more."""
    at = f"{s3_endpoint}/telecine-test/{key}"
    begun = httpx2.post(f"{at}?uploads").raise_for_status()
    found = re.search(r"<UploadId>([^<]+)<", begun.text)
    assert found
    part = httpx2.put(f"{at}?partNumber=1&uploadId={found[1]}", content=bytes(100))
    part.raise_for_status()


def _unfinished(s3_endpoint: str) -> set[str]:
    listed = httpx2.get(f"{s3_endpoint}/telecine-test?uploads").raise_for_status()
    return set(re.findall(r"<Key>([^<]+)<", listed.text))


def test_what_nobody_will_finish_is_let_go_and_only_that(
    bucket: blobs.BlobStore, s3_endpoint: str, tmp_path: Path
) -> None:
    ours = {f"{tmp_path.name}/outputs/job_1/000001-001-ab", f"{tmp_path.name}/inputs/b.mp4"}
    for key in (*ours, "another/prefix"):
        _begin(s3_endpoint, key)
    assert bucket.abort_unfinished(before=_EARLIER) == 0
    assert _unfinished(s3_endpoint) >= ours
    assert bucket.abort_unfinished(before=_NOW) == 2
    assert not _unfinished(s3_endpoint) & ours
    assert "another/prefix" in _unfinished(s3_endpoint)
    assert bucket.abort_unfinished(before=_NOW) == 0


def test_what_is_finished_stays(bucket: blobs.BlobStore) -> None:
    path = bucket.stage()
    path.write_bytes(bytes(9 * 2**20))  # two parts
    bucket.adopt(path, "large")
    assert bucket.abort_unfinished(before=_NOW) == 0
    assert bucket.size("large") == 9 * 2**20


def test_a_folder_has_nothing_unfinished(tmp_path: Path) -> None:
    store = blobs.open_store((tmp_path / "files").as_uri(), staging=tmp_path / "staging")
    assert store.abort_unfinished(before=_NOW) == 0


def test_the_questions_are_signed_as_the_bucket_expects(
    bucket: blobs.BlobStore, s3_endpoint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The test's own bucket believes anybody, so each signature is made a second time here."""
    signed: list[tuple[str, str]] = []
    sign = obstore.sign

    def note(store: obstore.store.S3Store, method: str, path: str, expires: timedelta) -> str:
        url = sign(store, method, path, expires)  # type: ignore[call-overload]
        signed.append((method, url))
        return str(url)

    monkeypatch.setattr(obstore, "sign", note)
    _begin(s3_endpoint, f"{tmp_path.name}/a b+c%/ü.mp4")
    assert bucket.abort_unfinished(before=_NOW) == 1
    assert [method for method, _ in signed] == ["GET", "DELETE"]
    for method, url in signed:
        assert _signature(url) == _expected(method, url)


def _signature(url: str) -> str:
    return dict(parse_qsl(urlsplit(url).query))["X-Amz-Signature"]


def _expected(method: str, url: str) -> str:
    """Sign the same question with the other library, at the same instant."""
    asked = dict(parse_qsl(urlsplit(url).query, keep_blank_values=True))
    del asked["X-Amz-Signature"]
    bare = f"{url.partition('?')[0]}?{urlencode(asked, quote_via=quote, safe='')}"
    auth = S3SigV4QueryAuth(Credentials("test", "test"), "s3", "us-east-1")
    request = AWSRequest(method=method, url=bare)
    request.context["timestamp"] = asked["X-Amz-Date"]
    return str(
        auth.signature(auth.string_to_sign(request, auth.canonical_request(request)), request)
    )
