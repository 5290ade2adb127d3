"""Clips by a worker, with real speech, real models and a real website; killed again and again.

The film is a COMPOSITE: three sentences of a LibriVox reading under a moving test picture.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests import debian, samples, spoken, steps, websites
from tests.conftest import Customer, customer_of
from tests.fakes import FixedClock

from telecine.assembly import Telecine
from telecine.core import jobs
from telecine.core.jobs import Ending, Job, JobDetails, NewFile, Order
from telecine.media.probe import probe
from telecine.operations.base import Context, Result
from telecine.operations.clipping.params import ClipsParams
from telecine.operations.clips import CLIPS
from telecine.operations.registry import Entry
from telecine.settings import Prices
from telecine.worker.attempt import Attempts

SETTINGS = {"whisper_model": "tiny.en", "allow_networks": websites.NETWORKS, "job_attempts": "5"}


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("film")
    picture = samples.make_video(folder / "picture.mp4", seconds=2, fps=10, audio=False)
    voices = [debian.librivox(number) for number in ("0880", "0890", "0930")]
    return spoken.film(folder / "film.mp4", voices=voices, picture=picture)


@pytest.fixture
def ours(tmp_path: Path, clock: FixedClock) -> Iterator[Telecine]:
    with steps.opened(tmp_path / "data", clock=clock, **SETTINGS) as made:
        yield made


@pytest.fixture
def payer(ours: Telecine) -> Customer:
    return customer_of(ours)


def submit(
    ours: Telecine, payer: Customer, params: ClipsParams, *, inputs: tuple[Path, ...] = ()
) -> str:
    """Take an order as a door does."""
    job_id = jobs.new_job_id("job_")
    stored = []
    for number, path in enumerate(inputs):
        key, staged = f"inputs/{job_id}/{number}", ours.blobs.stage()
        staged.write_bytes(path.read_bytes())
        ours.blobs.adopt(staged, key)
        size = path.stat().st_size
        stored.append(
            NewFile(blob_key=key, filename=path.name, media_type="video/mp4", size_bytes=size)
        )
    order = Order(
        job_id=job_id,
        account_id=payer.account.id,
        family="clips",
        operation="clips",
        lane="media",
        params=msgspec.to_builtins(params),
        price=CLIPS.price(params, input_bytes=0, prices=ours.plans.prices),
        inputs=tuple(stored),
    )
    with ours.db.transaction() as tx:
        jobs.submit(tx, order, queue=ours.queue, now=ours.clock())
    return job_id


def details(ours: Telecine, job_id: str) -> JobDetails:
    with ours.db.snapshot() as tx:
        return jobs.details(tx, jobs.get(tx, job_id))


def row(ours: Telecine, job_id: str) -> Job:
    return details(ours, job_id).job


def kept(ours: Telecine, job_id: str) -> dict[str, int]:
    """The steps of a job and the inodes of their bytes."""
    folder = ours.settings.data_dir / "files" / "steps" / job_id
    return {path.name: path.stat().st_ino for path in folder.glob("*")}


def die_after(ours: Telecine, job_id: str, step: str) -> None:
    """Run the job in a process of its own, which is killed once it has kept that step."""
    given = [f"{name}={value}" for name, value in SETTINGS.items()]
    command = [sys.executable, "-m", "tests.mortal", str(ours.settings.data_dir), job_id, step]
    died = subprocess.run(
        [*command, *given],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    assert died.returncode == -9, died.stdout + died.stderr


def deaf(attempts: Attempts) -> Attempts:
    """An attempt that fails if it has to hear anything."""
    return replace(attempts, senses=replace(attempts.senses, whisper_model="/nowhere"))


def test_a_run_that_is_killed_again_and_again_goes_on_and_is_charged_once(
    ours: Telecine, payer: Customer, film: Path
) -> None:
    with websites.site() as site:
        url = site.put("/talk.mp4", film.read_bytes())
        wanted = ClipsParams(
            source_url=url,
            quality="fast",
            min_seconds=2,
            max_seconds=7,
            max_clips=1,
            minutes_held=3,
        )
        job_id = submit(ours, payer, wanted)
        die_after(ours, job_id, "transcript")
        assert site.statuses("/talk.mp4") == [200]
    # The website is gone now, and so is the fetched film from every workspace.
    first = kept(ours, job_id)
    assert set(first) == {"film", "transcript.json"}
    die_after(ours, job_id, "clip-")
    second = kept(ours, job_id)
    assert {name: second[name] for name in first} == first
    (clip,) = [name for name in second if name.startswith("clip-")]
    assert row(ours, job_id).stage == "clips"
    deaf(steps.attempts(ours)).run(job_id, 1)
    done = details(ours, job_id)
    assert (done.job.status, done.job.error_message) == ("succeeded", None)
    assert done.job.attempt == 3
    assert kept(ours, job_id) == {}
    assert inode(ours, done, done.job.facts["clips"][0]["outputs"]["video"]) == second[clip]
    assert inode(ours, done, done.job.facts["outputs"]["film"]) == first["film"]
    assert steps.movements(ours, payer.account) == [
        ("reserve", "available", -3),
        ("reserve", "held", 3),
        ("settle", "held", -3),
        ("settle", "earned", 1),
        ("settle", "available", 2),
    ]
    with ours.db.snapshot() as tx:
        since = ours.clock()
        used = jobs.total(tx, payer.account.id, operation="clips", fact="minutes", since=since)
    assert used == 1
    require_good(ours, done)


def inode(ours: Telecine, done: JobDetails, position: int) -> int:
    path = ours.blobs.local_path(done.outputs[position].blob_key)
    assert path is not None
    return path.stat().st_ino


def require_good(ours: Telecine, done: JobDetails) -> None:
    """Look at what was handed over."""
    facts: dict[str, Any] = dict(done.job.facts)
    named = {position: name for name, position in facts["outputs"].items()}
    (clip,) = facts["clips"]
    named |= {position: name for name, position in clip["outputs"].items()}
    assert sorted(named) == list(range(len(done.outputs)))
    assert [file.filename for file in done.outputs] == [
        *("clip-01.mp4", "clip-01.srt", "clip-01.vtt", "clip-01.json"),
        *("transcript.json", "source.mp4"),
    ]
    assert 2 <= clip["duration_seconds"] <= 7
    video = ours.blobs.local_path(done.outputs[clip["outputs"]["video"]].blob_key)
    assert video is not None
    info = probe(ours.pool, video)
    assert (info.video.width, info.video.height) == (1080, 1920)
    assert info.duration_seconds == pytest.approx(clip["duration_seconds"], abs=0.2)
    assert len(info.audio) == 1
    composition = ours.blobs.local_path(done.outputs[clip["outputs"]["composition"]].blob_key)
    assert composition is not None
    document = msgspec.json.decode(composition.read_bytes())
    named_sources = {
        clip["src"] for track in document["tracks"] for clip in track["clips"] if "src" in clip
    }
    assert named_sources == {facts["source"]["filename"]} == {"source.mp4"}
    assert facts["text_outputs_model"] == "extractive"
    assert facts["text_outputs"]["blog_post"].startswith("# ")


@pytest.mark.parametrize(
    ("change", "code", "said"),
    [
        ({"minutes_held": 1, "limits": {"max_duration_seconds": 5}}, "media_limit", "at most 5"),
        ({"audio": False}, "unsupported_media", "no sound track"),
        ({"segments": [[0, 2], [4, 9]]}, "invalid_request", "'segments[1]' ends at 9 s"),
    ],
)
def test_what_no_clip_can_be_made_of_fails_with_the_reason_and_is_paid_back(
    ours: Telecine, payer: Customer, tmp_path: Path, change: dict[str, Any], code: str, said: str
) -> None:
    video = samples.make_video(
        tmp_path / "video.mp4", seconds=6, fps=5, audio=change.pop("audio", True)
    )
    params = msgspec.convert({"minutes_held": 2, **change}, ClipsParams)
    job_id = submit(ours, payer, params, inputs=(video,))
    deaf(steps.attempts(ours)).run(job_id, 1)
    failed = row(ours, job_id)
    assert (failed.status, failed.error_code) == ("failed", code)
    assert said in (failed.error_message or "")
    assert [kind for kind, *_ in steps.movements(ours, payer.account)][2:] == ["release"] * 2
    assert kept(ours, job_id) == {}


def test_a_film_longer_than_was_held_for_is_not_begun(
    ours: Telecine, payer: Customer, tmp_path: Path
) -> None:
    long = samples.make_video(tmp_path / "long.mp4", seconds=61, fps=1)
    job_id = submit(ours, payer, ClipsParams(minutes_held=1), inputs=(long,))
    deaf(steps.attempts(ours)).run(job_id, 1)
    failed = row(ours, job_id)
    assert (failed.status, failed.error_code) == ("failed", "media_limit")
    assert "has 2 minutes" in (failed.error_message or "")
    assert steps.movements(ours, payer.account)[-1] == ("release", "available", 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """The operation; `seen` is told each stage."""

    seen: Callable[[str], None]
    name: str = CLIPS.name
    params_type: type[ClipsParams] = ClipsParams

    def price(self, params: ClipsParams, *, input_bytes: int, prices: Prices) -> int:
        return CLIPS.price(params, input_bytes=input_bytes, prices=prices)

    def run(self, params: ClipsParams, context: Context) -> Result:
        def enter(stage: str) -> None:
            context.enter(stage)
            self.seen(stage)

        return CLIPS.run(params, replace(context, enter=enter))


def test_a_run_that_is_cancelled_ends_before_its_next_stage_and_leaves_nothing(
    ours: Telecine, payer: Customer, film: Path
) -> None:
    job_id = submit(ours, payer, ClipsParams(minutes_held=1), inputs=(film,))
    stages: list[str] = []

    def cancel_while_hearing(stage: str) -> None:
        stages.append(stage)
        if stage == "transcript":
            with ours.db.transaction() as tx:
                jobs.cancel(tx, jobs.get(tx, job_id), ending=Ending(now=ours.clock()))

    entry = Entry(operation=Watched(seen=cancel_while_hearing), lane="media", has_steps=True)
    replace(steps.attempts(ours), operations={"clips": entry}).run(job_id, 1)
    assert stages[:2] == ["source", "transcript"]
    assert "texts" not in stages
    assert row(ours, job_id).status == "cancelled"
    assert kept(ours, job_id) == {}
    assert steps.movements(ours, payer.account)[-1] == ("release", "available", 1)
