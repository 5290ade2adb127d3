"""The log never breaks what it tells of."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

_SAY = """
import logging, structlog
from telecine.kit.log import configure
configure(level="info", format="json")
for _ in range(3):
    structlog.get_logger("x").warning("said", n="a" * 100_000)
    logging.getLogger("y").warning("said too")
print("alive")
"""


def test_a_log_that_cannot_be_written_ends_nobody() -> None:
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run(
            [sys.executable, "-c", _SAY],
            stdout=subprocess.PIPE,
            stderr=full,
            text=True,
            timeout=180,
        )
    assert ended.stdout == "alive\n"


def test_a_log_that_somebody_has_closed_ends_nobody() -> None:
    closing = _SAY.replace("for _", "import sys; sys.stderr.close()\nfor _")
    ended = subprocess.run(
        [sys.executable, "-c", closing], stdout=subprocess.PIPE, text=True, timeout=180, check=False
    )
    assert ended.stdout == "alive\n"


def test_what_is_logged_comes_out_in_order() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", _SAY], capture_output=True, text=True, timeout=180, check=True
    )
    lines = ended.stderr.splitlines()
    assert len(lines) == 6
    assert all(('"said' in line) for line in lines)


_FAIL = """
import logging, structlog, sys
from telecine.kit.log import configure
configure(level="info", format=sys.argv[1])

def look_up(secret):
    raise RuntimeError("went wrong")

for log in (structlog.get_logger("x"), logging.getLogger("y")):
    try:
        look_up("tc_" + "".join(["the", "secret"]))
    except RuntimeError:
        log.exception("broke")
"""


@pytest.mark.parametrize("form", ["json", "pretty"])
def test_a_traceback_names_the_lines_and_not_the_values(form: str) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", _FAIL, form], capture_output=True, text=True, timeout=180, check=True
    )
    assert ended.stderr.count("went wrong") >= 2
    assert "look_up" in ended.stderr
    assert "thesecret" not in ended.stderr
