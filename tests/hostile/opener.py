"""A child with the walls of the renderer's, that opens every file it is given in every way there is.

A render child opens the files of one composition; this one opens a whole folder, so that the
openers can be held against hundreds of files in a second or two.
"""

from __future__ import annotations

import gc
import json
import sys
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import msgspec

from telecine.kit.errors import TelecineError
from telecine.media.render import child
from telecine.media.render.decoding.sources import open_source, probe_source
from telecine.media.render.drawing.fonts import FontBook
from telecine.media.render.drawing.pixels import new_surface
from telecine.media.render.drawing.stills import draw_still
from telecine.media.render.drawing.svg import draw_svg, read_svg
from telecine.media.render.job import Job
from telecine.media.render.lookup import Files
from telecine.media.render.sound.soundfile import SoundFile
from telecine.media.timeline.model import Crop, Font, FontFace, Source, Style

_BOX = (40.0, 40.0)


def main(arguments: list[str]) -> int:
    """Take a job of the renderer; write to its output what became of each file, opener by opener."""
    job = msgspec.json.decode(arguments[0], type=Job)
    child._confine(job)
    found = {
        name: {way.__name__.strip("_"): _tried(way, Path(path)) for way in _WAYS}
        for name, path in job.files.items()
    }
    gc.collect()  # what was freed twice shows now
    Path(job.output).write_text(json.dumps(found))
    return 0


def _tried(way: Callable[[Path], None], path: Path) -> str:
    try:
        way(path)
    except TelecineError as error:
        return error.code
    except Exception as error:  # noqa: BLE001 (told to the test)
        return f"bug: {error!r}"
    return "opened"


def _source(path: Path) -> Source:
    return Source(src=path.name, path="here")


def _facts(path: Path) -> None:
    probe_source(path)


def _film(path: Path) -> None:
    source = open_source(path, size=(32, 24))
    try:
        source.frame_at(Fraction(0))
    finally:
        source.close()


def _sound(path: Path) -> None:
    file = SoundFile(path)
    try:
        next(iter(file.samples_from(Fraction(0))), None)
    finally:
        file.close()


def _still(path: Path) -> None:
    surface, _ = new_surface(40, 40)
    draw_still(
        surface.getCanvas(), _source(path), path, box=_BOX, fit="cover", crop=Crop(), scale=1.0
    )


def _drawing(path: Path) -> None:
    surface, _ = new_surface(40, 40)
    drawing = read_svg(path, field="here", fonts=FontBook())
    draw_svg(surface.getCanvas(), drawing, box=_BOX, style=Style(), field="here")


def _font(path: Path) -> None:
    face = FontFace(family="Mine", weight=400, is_italic=False, source=_source(path))
    book = FontBook([(face, path)])
    for alias in book.families(Font(family="Mine"), "Ag0"):
        typeface = book.typeface(alias)
        for letter in "Ag0":
            typeface.unicharToGlyph(ord(letter))


def _words(path: Path) -> None:
    Files({path.name: path}).words(_source(path))


_WAYS = (_facts, _film, _sound, _still, _drawing, _font, _words)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
