"""A store of either kind: a folder, and a real S3 server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from moto.server import ThreadedMotoServer

from telecine.blobs import store as blobs

_CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}


@pytest.fixture(scope="module")
def s3_endpoint() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    httpx2.put(f"{endpoint}/telecine-test").raise_for_status()  # makes the bucket
    yield endpoint
    server.stop()


@pytest.fixture
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a bucket wants to be shown, in the environment."""
    for name, value in _CREDENTIALS.items():
        monkeypatch.setenv(name, value)


@pytest.fixture(params=["folder", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> blobs.BlobStore:
    if request.param == "folder":
        url = (tmp_path / "files").as_uri()
    else:
        request.getfixturevalue("credentials")
        endpoint = request.getfixturevalue("s3_endpoint")
        url = f"s3://telecine-test/{tmp_path.name}?endpoint={endpoint}&region=us-east-1"
    return blobs.open_store(url, staging=tmp_path / "staging")
