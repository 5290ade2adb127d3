"""What every benchmark writes down: its figures, the commit and the machine.

Run each file from the checkout with the project's Python: `.venv/bin/python -m benchmarks.NAME`.
Figures are ratios taken in one interleaved run, never seconds alone: machines differ and are
shared.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from telecine.kit.clock import isoformat, system_clock

_HERE = Path(__file__).resolve().parent


def write(name: str, *, question: str, figures: Mapping[str, Any], is_reached: bool) -> Path:
    """Keep a benchmark's figures under results/; returns the file."""
    path = _HERE / "results" / f"{name}.json"
    path.parent.mkdir(exist_ok=True)
    report = {
        "question": question,
        "reached": is_reached,
        "at": isoformat(system_clock()),
        "commit": commit(),
        "machine": machine(),
        **figures,
    }
    path.write_text(json.dumps(report, indent=2) + "\n", "utf-8")
    return path


def commit() -> str:
    """Return the commit that is measured, marked where the checkout differs from it."""
    answer = subprocess.run(
        ["git", "describe", "--always", "--dirty", "--abbrev=12"],
        cwd=_HERE,
        capture_output=True,
        text=True,
        check=False,
    )
    return answer.stdout.strip() or "unknown"


def machine() -> dict[str, str | int | float]:
    """Return what a reader needs to judge the figures."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text("utf-8").splitlines() if cpuinfo.exists() else []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return {
        "cpu": models[0] if models else platform.processor(),
        "cores": os.cpu_count() or 0,
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "load_1_minute": round(os.getloadavg()[0], 2),
    }
