"""One holder at a time, and a death lets go: with real processes."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from telecine.kit.lock import FileLock

_HOLD = """
import sys
from pathlib import Path
from telecine.kit.lock import FileLock
lock = FileLock(Path(sys.argv[1]))
assert lock.take()
lock.write_note("held")
print("held", flush=True)
sys.stdin.read()
"""


@contextmanager
def another_holder(path: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that has the lock; killed at the end."""
    process = subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_a_lock_has_one_holder_and_a_death_lets_go(tmp_path: Path) -> None:
    lock = FileLock(tmp_path / "locks" / "name.lock")
    with another_holder(tmp_path / "locks" / "name.lock") as holder:
        assert not lock.take()
        assert lock.read_note() == "held"
        holder.kill()
        holder.wait()
        assert lock.take()
    assert lock.take()  # twice is fine
    lock.write_note("x")
    assert lock.read_note() == "x"


def test_who_waits_gets_the_lock_when_the_holder_dies(tmp_path: Path) -> None:
    path = tmp_path / "name.lock"
    lock = FileLock(path)
    waiting = threading.Thread(target=lock.wait, daemon=True)
    with another_holder(path) as holder:
        waiting.start()
        waiting.join(0.3)
        assert waiting.is_alive()
        holder.kill()
        waiting.join(180)
        assert not waiting.is_alive()
    assert not FileLock(path).take()
    lock.release()
    lock.release()
    assert FileLock(path).take()


def test_a_program_that_is_started_does_not_inherit_the_lock(tmp_path: Path) -> None:
    lock = FileLock(tmp_path / "name.lock")
    assert lock.take()
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE) as child:
        lock.release()
        assert FileLock(tmp_path / "name.lock").take()
        assert child.poll() is None
