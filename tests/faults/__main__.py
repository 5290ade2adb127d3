"""`python -m tests.faults`: kill Telecine's processes again and again, and look what is left.

Ends with 0 where everything holds that must. The seed is said at the start: with it the same
blows fall again in the same order, though not on the same instant of the work.
"""

from __future__ import annotations

import argparse
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.faults import lineage
from tests.faults.campaign import Campaign
from tests.faults.schedule import DATABASES


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--kills", type=int, default=25, help="processes to kill, at least")
    parser.add_argument("--seed", type=int, help="of the blows; without it another each time")
    parser.add_argument("--database", choices=DATABASES, default="sqlite")
    given = parser.parse_args(arguments)
    seed = random.randrange(10**6) if given.seed is None else given.seed
    _say(f"python -m tests.faults --kills {given.kills} --seed {seed} --database {given.database}")
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    started = time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix="telecine-faults-"))
    campaign = Campaign(folder=folder, kills=given.kills, seed=seed, database=given.database)
    try:
        wrong = campaign.run()
    finally:
        # Whatever went wrong here: nothing of it goes on.
        for process in lineage.below_us():
            lineage.kill(process.pid)
    _say(f"{campaign.killed.total()} killed: {_listed(campaign.killed)}")
    _say(f"{campaign.ended.total()} jobs: {_listed(campaign.ended)}")
    _say(f"{time.monotonic() - started:.0f} s, {len(wrong)} wrong")
    for fault in wrong:
        _say(f"WRONG: {fault}")
    if wrong:
        _say(f"What is left is in {folder}; log:\n{(folder / 'log').read_text()[-20_000:]}")
    else:
        shutil.rmtree(folder)
    return int(bool(wrong))


def _listed(counted: Counter[str]) -> str:
    return ", ".join(f"{count} {name}" for name, count in sorted(counted.items()))


def _say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
