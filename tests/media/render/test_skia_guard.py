"""skia without libGL: the stand-ins load, answer 0, and skia draws on top of them."""

from __future__ import annotations

import ctypes
import importlib.util
import os
import subprocess
import sys
from pathlib import Path

from telecine.media.render.drawing.skia_guard import stand_in, wanted_symbols


def skia_file() -> Path:
    spec = importlib.util.find_spec("skia")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin)


def test_skias_file_says_which_functions_it_wants() -> None:
    machine, names = wanted_symbols(skia_file())
    assert machine in (62, 183)
    assert len(names) > 50
    assert {"eglGetProcAddress", "glGetError"} & set(names)
    assert all(name.startswith(("gl", "egl")) for name in names)


def test_a_stand_in_is_a_library_whose_functions_return_0() -> None:
    machine, _ = wanted_symbols(skia_file())
    names = [f"glNothing{number}" for number in range(130)]
    descriptor = os.memfd_create("stand-in")
    try:
        os.write(descriptor, stand_in("libNothing.so.1", names=names, machine=machine))
        library = ctypes.CDLL(f"/proc/self/fd/{descriptor}")
        assert [library[name]() for name in names] == [0] * len(names)
        assert not hasattr(library, "glMissing")
    finally:
        os.close(descriptor)


def test_skia_draws_on_stand_ins_alone() -> None:
    program = """
import importlib.util, sys, types
from pathlib import Path
source = Path(importlib.util.find_spec("telecine.media.render.drawing.skia_guard").origin).read_text()
guard = types.ModuleType("guard")
# Everything above the import of skia: the stand-ins are there first, as on a bare machine.
exec(source[: source.index("try:\\n    import skia")], guard.__dict__)
guard.load_stand_ins()
import skia
surface = skia.Surface(20, 20)
surface.getCanvas().drawRect(skia.Rect(5, 5, 15, 15), skia.Paint(Color=skia.ColorRED))
print(surface.toarray()[10, 10].tolist())
libraries = [line for line in Path("/proc/self/maps").read_text().splitlines() if "GL" in line]
print(all("memfd:" in line for line in libraries), len(libraries) > 0)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    pixel, only_stand_ins = done.stdout.splitlines()
    assert pixel == "[0, 0, 255, 255]"
    assert only_stand_ins == "True True"
