"""What `telecine test` runs: the linters, the import contracts, then the tests.

Without arguments everything runs, and one failure does not hide the next. Arguments go to
pytest alone, for work on one corner: `./telecine test tests/unit -k signing`.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[3]
#: Tests start encoders and servers of their own; more workers than this only wait for each other.
_MOST_WORKERS = 4

_QUICK_CHECKS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("lint", ("ruff", "check", ".")),
    ("format", ("ruff", "format", "--check", ".")),
    ("imports", ("lint-imports", "--no-cache")),
)
#: Takes a minute, and runs beside the tests.
_SLOW_CHECK = ("types", ("mypy",))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tally:
    passed: int
    failed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Verdict:
    check: str
    is_good: bool
    seconds: float
    said: str


def run(arguments: Sequence[str] = ()) -> int:
    """Check and test the checkout that this code lies in; 0 when nothing failed.

    The last line is `N passed, N failed`; a check counts as one test.
    """
    if not (_ROOT / "tests").is_dir():
        _say("The tests are in the source checkout, not in the installed package.")
        return 2
    if arguments:
        return _run_pytest(arguments)
    verdicts = [_tell(_check(name, command)) for name, command in _QUICK_CHECKS]
    with ThreadPoolExecutor(1) as beside:
        slow = beside.submit(_check, *_SLOW_CHECK)
        code, tests = _run_all_tests()
    verdicts.append(_tell(slow.result()))
    broken = [verdict.check for verdict in verdicts if not verdict.is_good]
    for name in broken:
        _say(f"FAILED check: {name}")
    passed = tests.passed + len(verdicts) - len(broken)
    # A run that pytest itself broke off may have no failed test; it has failed all the same.
    failed = tests.failed + len(broken) or int(code != 0)
    _say(f"{passed} passed, {failed} failed")
    return int(failed > 0)


def _check(name: str, command: tuple[str, ...]) -> _Verdict:
    started = time.monotonic()
    program, *options = command
    done = subprocess.run(
        [_tool(program), *options], cwd=_ROOT, capture_output=True, text=True, check=False
    )
    return _Verdict(
        check=name,
        is_good=done.returncode == 0,
        seconds=time.monotonic() - started,
        said=done.stdout + done.stderr,
    )


def _tell(verdict: _Verdict) -> _Verdict:
    """Say how a check ended, and what it said only where it failed."""
    _say(f"{verdict.check:<10}{'ok' if verdict.is_good else 'FAILED':<8}{verdict.seconds:5.1f} s")
    if not verdict.is_good:
        _say(verdict.said.rstrip())
    return verdict


def _run_all_tests() -> tuple[int, _Tally]:
    """Run pytest on all cores; a test file stays on one worker, with its fixtures.

    Files are begun in the order of `tests/conftest.py`: the longest first. There is a worker more
    than cores: two fifths of a test's time it waits, for a server, a page or a kill.
    """
    workers = min((os.cpu_count() or 1) + 1, _MOST_WORKERS)
    order = ("--dist", "loadfile", "--no-loadscope-reorder")
    with tempfile.TemporaryDirectory(prefix="telecine-test-") as folder:
        report = Path(folder) / "report.xml"
        code = _run_pytest(["-n", str(workers), *order, "--durations=10", f"--junitxml={report}"])
        return code, _read_tally(report)


def _run_pytest(arguments: Sequence[str]) -> int:
    return subprocess.run([_tool("pytest"), *arguments], cwd=_ROOT, check=False).returncode


def _read_tally(report: Path) -> _Tally:
    """Count from pytest's own report. No report: it did not come far enough to write one."""
    if not report.is_file():
        return _Tally(passed=0, failed=1)
    suites = ElementTree.parse(report).getroot().iter("testsuite")  # noqa: S314 - pytest wrote it
    total = failed = skipped = 0
    for suite in suites:
        total += int(suite.get("tests", 0))
        failed += int(suite.get("failures", 0)) + int(suite.get("errors", 0))
        skipped += int(suite.get("skipped", 0))
    return _Tally(passed=max(0, total - failed - skipped), failed=failed)


def _tool(name: str) -> str:
    """Find a program of this environment, whatever the PATH says."""
    return str(Path(sys.executable).with_name(name))


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
