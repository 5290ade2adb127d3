"""Pool children that crash, hang, lie and try to get out, and real tasks in between."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from tests import samples
from tests.media.test_process import await_end, children_of
from tests.steps import until

from telecine.kit.errors import (
    InternalError,
    MediaLimitError,
    ProcessingError,
    ProcessTimeoutError,
    ResourceLimitError,
    StorageFullError,
    UndecodableMediaError,
)
from telecine.media.pool import Pool
from telecine.media.pool_child import TASKS

NAMES = ("echo", "attempt", "fail", "bug", "unspeakable", "crash", "spin", "devour", "fill", "lie")
TEST_TASKS = {name: f"tests.media.pool_tasks:{name}" for name in NAMES}


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    with make_pool() as made:
        yield made


def make_pool(*, size: int = 1, **options: Any) -> Pool:
    options = {"sandbox": "require", "memory_bytes": 2**28, "tasks": TEST_TASKS, **options}
    return Pool(size, **options)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "source"
    path.write_text("bytes of a stranger")
    return path


def call(pool: Pool, task: str, source: Path, **options: Any) -> dict[str, Any]:
    options = {"params": {}, "timeout_seconds": 120, **options}
    return pool.call(task, options.pop("params"), input_path=source, **options)


def test_a_task_is_given_open_files_and_answers(pool: Pool, source: Path, tmp_path: Path) -> None:
    target = tmp_path / "target"
    answer = call(pool, "echo", source, params={"deep": [1, {"x": None}]}, output_path=target)
    assert answer["params"] == {"deep": [1, {"x": None}]}
    assert answer["content"] == target.read_text() == "bytes of a stranger"
    assert target.stat().st_mode & 0o777 == 0o600


def test_a_child_serves_many_calls_and_keeps_no_descriptor(pool: Pool, source: Path) -> None:
    first = call(pool, "echo", source)
    for _ in range(150):
        assert call(pool, "echo", source)["pid"] == first["pid"]
    assert len(list(Path(f"/proc/{first['pid']}/fd").iterdir())) < 10


@pytest.fixture(scope="module")
def attempts(pool: Pool, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    canary = tmp_path_factory.mktemp("other") / "canary"
    canary.write_text("another client's file")
    found = call(pool, "attempt", canary, params={"path": str(canary)})
    assert canary.read_text() == "another client's file"
    return found


@pytest.mark.parametrize(
    "way",
    [
        *("read_file", "write_file", "list_folder", "udp_socket", "tcp_socket"),
        *("fork", "execute", "signal_parent", "reopen_source"),
    ],
)
def test_a_child_cannot_get_out(attempts: dict[str, Any], way: str) -> None:
    assert attempts[way] == "PermissionError"


def test_a_child_may_use_threads(attempts: dict[str, Any]) -> None:
    assert attempts["thread"] == "done"


def test_a_child_knows_no_secret_of_the_servers_environment(
    source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TELECINE_DATABASE_URL", "postgresql://user:password@host/db")
    with make_pool() as pool:
        names = call(pool, "attempt", source, params={"path": str(source)})["environment"]
    assert "PYTHONPATH" in names
    assert not [name for name in names if name.startswith(("TELECINE", "AWS"))]


def test_an_error_of_ours_comes_back_as_it_was_and_the_output_is_removed(
    pool: Pool, source: Path, tmp_path: Path
) -> None:
    target = tmp_path / "target"
    params = {"error": "MediaLimitError", "message": "Too many pixels.", "field": "image"}
    with pytest.raises(MediaLimitError) as caught:
        call(pool, "fail", source, params=params, output_path=target)
    assert (caught.value.message, caught.value.field) == ("Too many pixels.", "image")
    assert not target.exists()


def test_an_error_does_not_cost_the_child(pool: Pool, source: Path) -> None:
    before = call(pool, "echo", source)["pid"]
    with pytest.raises(UndecodableMediaError):
        call(pool, "fail", source, params={"error": "UndecodableMediaError", "message": "x"})
    assert call(pool, "echo", source)["pid"] == before


@pytest.mark.parametrize("task", ["bug", "unspeakable"])
def test_a_bug_in_a_task_is_internal_and_its_trace_is_for_the_log(
    pool: Pool, source: Path, task: str
) -> None:
    with pytest.raises(InternalError) as caught:
        call(pool, task, source)
    assert "secret" not in caught.value.message
    assert "Traceback" in caught.value.__notes__[0]


def test_a_crash_is_a_limit_and_the_next_call_has_a_new_child(pool: Pool, source: Path) -> None:
    before = call(pool, "echo", source)["pid"]
    with pytest.raises(ResourceLimitError):
        call(pool, "crash", source)
    assert call(pool, "echo", source)["pid"] != before
    assert await_end(before)


def test_a_child_that_hangs_is_killed_in_time(pool: Pool, source: Path) -> None:
    before = call(pool, "echo", source)["pid"]
    started = time.monotonic()
    with pytest.raises(ProcessTimeoutError, match="longer than 1 seconds"):
        call(pool, "spin", source, timeout_seconds=1)
    assert time.monotonic() - started < 30
    assert await_end(before)
    assert call(pool, "echo", source)["pid"] != before


def test_a_child_that_was_killed_while_idle_is_replaced_unnoticed(pool: Pool, source: Path) -> None:
    before = call(pool, "echo", source)["pid"]
    os.kill(before, signal.SIGKILL)
    assert await_end(before)
    assert call(pool, "echo", source)["pid"] != before


def test_after_a_child_that_was_killed_at_its_work_another_is_tried(
    pool: Pool, source: Path, tmp_path: Path
) -> None:
    before, target = call(pool, "echo", source)["pid"], tmp_path / "target"

    def kill_at_work() -> None:
        until(lambda: target.exists() and target.read_bytes() == b"spinning")
        os.kill(before, signal.SIGKILL)

    with ThreadPoolExecutor(1) as threads:
        killing = threads.submit(kill_at_work)
        with pytest.raises(ProcessTimeoutError):  # the other one's
            call(pool, "spin", source, output_path=target, timeout_seconds=5)
        killing.result()
    assert not target.exists()


def test_too_much_memory_is_a_limit(pool: Pool, source: Path) -> None:
    assert call(pool, "devour", source, params={"bytes": 2**26}) == {"size": 2**26}
    with pytest.raises(ResourceLimitError):
        call(pool, "devour", source, params={"bytes": 2**30})


def test_too_large_an_output_is_a_limit(source: Path, tmp_path: Path) -> None:
    target = tmp_path / "target"
    with make_pool(output_bytes=2**21) as pool:
        call(pool, "fill", source, params={"bytes": 2**21}, output_path=target)
        with pytest.raises(ResourceLimitError):
            call(pool, "fill", source, params={"bytes": 2**22}, output_path=target)
    assert not target.exists()


def test_a_full_disk_is_not_the_medias_fault(pool: Pool, source: Path, tmp_path: Path) -> None:
    full = tmp_path / "full"
    full.symlink_to("/dev/full")
    with pytest.raises(StorageFullError):
        call(pool, "fill", source, params={"bytes": 10}, output_path=full)


def test_an_answer_without_end_is_not_read(pool: Pool, source: Path) -> None:
    with pytest.raises(ProcessingError, match="makes no sense"):
        call(pool, "lie", source, params={"bytes": 2**23})


def test_a_child_is_replaced_after_its_calls(source: Path) -> None:
    with make_pool(calls_per_child=2) as pool:
        pids = [call(pool, "echo", source)["pid"] for _ in range(4)]
    assert pids[0] == pids[1] != pids[2] == pids[3]


def test_as_many_calls_run_at_once_as_there_are_children(source: Path, tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as threads, make_pool(size=2) as pool:
        pool.warm()
        calls = [threads.submit(call, pool, "echo", source) for _ in range(40)]
        pids = {done.result()["pid"] for done in calls}
        assert 1 <= len(pids) <= 2
        targets = [tmp_path / "first", tmp_path / "second"]
        slow = [
            threads.submit(call, pool, "spin", source, output_path=each, timeout_seconds=180)
            for each in targets
        ]
        # Neither ends by itself: one after the other, the second would not begin.
        until(lambda: all(each.exists() and each.read_bytes() for each in targets))
    assert all(waiting.exception() for waiting in slow)  # as the pool was closed


def test_a_child_outlives_the_thread_that_started_it(source: Path) -> None:
    pids: list[int] = []
    with make_pool() as pool:
        thread = threading.Thread(target=lambda: pids.append(call(pool, "echo", source)["pid"]))
        thread.start()
        thread.join()
        pids.append(call(pool, "echo", source)["pid"])
    assert pids[0] == pids[1]


def test_warm_starts_every_child_ahead_of_the_first_call(source: Path) -> None:
    with make_pool(size=2) as pool:
        before = set(children_of(os.getpid()))
        pool.warm()
        assert len(set(children_of(os.getpid())) - before) == 2
        assert call(pool, "echo", source)["pid"] in set(children_of(os.getpid())) - before


def test_closing_ends_the_children_and_the_calls_that_run(source: Path) -> None:
    pool = make_pool(size=2)
    pid = call(pool, "echo", source)["pid"]
    with ThreadPoolExecutor(1) as threads:
        running = threads.submit(call, pool, "spin", source)
        while running.running() is False:
            pass
        pool.close()
        assert isinstance(running.exception(), InternalError | ResourceLimitError)
    assert await_end(pid)
    with pytest.raises(InternalError, match="closed"):
        call(pool, "echo", source)


def test_a_task_that_cannot_be_imported_fails_alone(source: Path) -> None:
    tasks = {**TEST_TASKS, "gone": "tests.media.no_such_module:task"}
    with make_pool(tasks=tasks) as pool:
        with pytest.raises(InternalError, match="not available") as caught:
            call(pool, "gone", source)
        assert "no_such_module" in caught.value.__notes__[0]
        assert call(pool, "echo", source)["content"]


def test_an_unknown_task_is_refused_without_a_child(pool: Pool, source: Path) -> None:
    with pytest.raises(InternalError, match="no media task"):
        call(pool, "rm", source)


def test_no_child_is_left_when_the_server_is_killed(source: Path) -> None:
    server = """
        import sys, threading
        from pathlib import Path
        from telecine.media.pool import Pool
        from tests.media.test_pool import TEST_TASKS, call

        pool = Pool(2, sandbox="require", memory_bytes=2**28, tasks=TEST_TASKS)
        source = Path(sys.argv[1])
        call(pool, "echo", source)
        target = source.with_name("target")
        target.touch()
        spin = lambda: call(pool, "spin", source, output_path=target)
        spinning = threading.Thread(target=spin)
        spinning.start()
        while target.stat().st_size == 0:
            pass
        pool.warm()
        print("running", flush=True)
        spinning.join()
        """
    root = str(Path(__file__).parents[2])
    command = [sys.executable, "-c", textwrap.dedent(server), str(source)]
    environment = {**os.environ, "PYTHONPATH": root}
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == b"running\n"
        children = children_of(parent.pid)
        assert len(children) == 2
        parent.kill()
        assert all(await_end(child) for child in children)


def test_the_real_tasks_work_behind_the_walls(tmp_path: Path) -> None:
    video = samples.make_video(tmp_path / "in.mp4", seconds=1)
    picture = tmp_path / "out.webp"
    with make_pool(tasks=TASKS, memory_bytes=2**31) as pool:
        found = call(pool, "identify_image", samples.astronaut(), params={"max_pixels": 10**6})
        assert (found["width"], found["height"]) == (512, 512)
        call(
            pool,
            "convert_image",
            samples.astronaut(),
            params={"format": "webp", "width": 64, "max_pixels": 10**6},
            output_path=picture,
        )
        call(pool, "probe", video, params={"max_pixels": 10**6})
    assert picture.read_bytes()[8:12] == b"WEBP"
