"""`kill -9` of every process there is, again and again, while jobs of all families run.

The campaign is a process of its own, which adopts whatever loses its parent. A longer one:
`./telecine test tests/faults --kills 500`, or `python -m tests.faults --help`.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from tests.faults.schedule import DATABASES


@pytest.mark.parametrize("database", DATABASES)
def test_whatever_is_killed_nothing_is_lost_and_nothing_stays(
    database: str, pytestconfig: pytest.Config
) -> None:
    given = {"--database": database}
    for name in ("--kills", "--seed"):
        given[name] = str(pytestconfig.getoption(name))
    words = [word for pair in given.items() for word in pair]
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults", *words],
        cwd=Path(__file__).parents[2],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    print(done.stdout)
    assert done.returncode == 0, done.stdout
