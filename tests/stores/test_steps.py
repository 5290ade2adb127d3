"""Steps of jobs, in a folder and in a bucket: whole or not there, and gone when they are told."""

from __future__ import annotations

import os
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from tests.conftest import customer_of
from tests.scripted import acting

from telecine.assembly import Telecine
from telecine.blobs import BlobStore
from telecine.core import jobs
from telecine.core.jobs import Order
from telecine.kit.errors import CancelledError
from telecine.operations.base import Context, Output, Result
from telecine.worker import steps
from telecine.worker.steps import BlobSteps


def attempt_at(job_id: str, *, store: BlobStore, workspace: Path) -> BlobSteps:
    workspace.mkdir()
    return BlobSteps(blobs=store, job_id=job_id, workspace=workspace)


def written(workspace: Path, content: bytes) -> Path:
    path = workspace / "made"
    path.write_bytes(content)
    return path


def keys(store: BlobStore) -> list[str]:
    return sorted(blob.key for blob in store.list_keys())


def test_what_one_attempt_kept_the_next_one_finds(store: BlobStore, tmp_path: Path) -> None:
    first = attempt_at("job_a", store=store, workspace=tmp_path / "first")
    assert first.find("words.json") is None
    made = written(tmp_path / "first", b"[1]")
    assert first.keep("words.json", made).read_bytes() == b"[1]"
    assert not made.exists()
    second = attempt_at("job_a", store=store, workspace=tmp_path / "second")
    found = second.find("words.json")
    assert found is not None
    assert found.read_bytes() == b"[1]"
    assert second.stored == {found: "steps/job_a/words.json"}


def test_a_step_kept_again_is_the_later_one(store: BlobStore, tmp_path: Path) -> None:
    attempt = attempt_at("job_a", store=store, workspace=tmp_path / "work")
    attempt.keep("s", written(tmp_path / "work", b"1"))
    attempt.keep("s", written(tmp_path / "work", b"22"))
    found = attempt.find("s")
    assert found is not None
    assert found.read_bytes() == b"22"


def test_the_steps_of_one_job_go_and_no_others(store: BlobStore, tmp_path: Path) -> None:
    for job_id in ("job_a", "job_ab"):
        attempt = attempt_at(job_id, store=store, workspace=tmp_path / job_id)
        for name in ("one", "two"):
            attempt.keep(name, written(tmp_path / job_id, b"1"))
    steps.delete(store, "job_a")
    steps.delete(store, "job_a")
    assert keys(store) == ["steps/job_ab/one", "steps/job_ab/two"]


def test_a_job_goes_on_from_its_steps_and_its_output_outlives_them(
    store: BlobStore, telecine: Telecine
) -> None:
    ours = replace(telecine, blobs=store)
    made: list[bytes] = []

    def make(context: Context) -> Path:
        made.append(os.urandom(16))
        path = context.workspace / "made"
        path.write_bytes(made[-1])
        return path

    def work(context: Context) -> Result:
        assert context.steps is not None
        path = context.steps.find("film") or context.steps.keep("film", make(context))
        if stop.is_set():
            raise CancelledError
        return Result(outputs=(Output(path=path, filename="f.mp4", media_type="video/mp4"),))

    job_id, stop = _submitted(ours), threading.Event()
    stop.set()
    acting(ours, work, stop=stop).run(job_id, 1)
    assert keys(store) == [f"steps/{job_id}/film"]
    stop.clear()
    acting(ours, work).run(job_id, 2)
    (output,) = keys(store)
    assert output.startswith(f"outputs/{job_id}/")
    assert [b"".join(store.stream(output, length=store.size(output)))] == made


def _submitted(telecine: Telecine) -> str:
    order = Order(
        job_id="j_1",
        account_id=customer_of(telecine).account.id,
        family="compress",
        operation="compress",
        lane="media",
        params={},
        price=1,
        inputs=(),
    )
    with telecine.db.transaction() as tx:
        return jobs.submit(tx, order, queue=telecine.queue, now=telecine.clock()).id


@pytest.mark.parametrize(
    ("key", "job_id"), [("steps/job_a/x", "job_a"), ("outputs/job_a/x", None), ("steps", "")]
)
def test_a_key_says_whose_step_it_is(key: str, job_id: str | None) -> None:
    assert steps.job_of(key) == job_id
