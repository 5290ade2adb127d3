"""Tables of the command line, as programs and people who copy read them."""

from __future__ import annotations

import subprocess
import sys

from telecine.cli.admin import setting_rows


def test_a_table_in_a_pipe_folds_no_line() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "telecine", "settings"], capture_output=True, text=True, check=True
    )
    for variable, default, said in setting_rows():
        (line,) = [each for each in done.stdout.splitlines() if f" {variable} " in each]
        assert default in line
        assert said in line
