"""`doctor`: tries everything that Telecine needs here, for real, and says what to do."""

from __future__ import annotations

import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import msgspec
import pillow_heif
import pyvips
import sqlalchemy as sa
from rich.table import Table

from telecine import __version__, shelves
from telecine.assembly import Telecine, assemble, prepare
from telecine.blobs import open_store
from telecine.cli import prerequisites, tables, trouble, walls
from telecine.kit.errors import ProcessingError, TelecineError
from telecine.media import namespaces, sandbox
from telecine.media.image_formats import Format
from telecine.media.pool import Pool
from telecine.media.speech import weights
from telecine.operations.convert import MEDIA_TYPES, ConvertParams, convert
from telecine.settings import Settings, SettingsError

_ENCODERS = ("libx264", "libx265", "libsvtav1", "aac")
_FONT_FOLDERS = (Path("/usr/share/fonts"), Path("/usr/local/share/fonts"))
_LEAST_FREE_BYTES = 5 * 2**30


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was tried. `is_needed` is False for what can be done without."""

    subject: str
    is_fine: bool
    detail: str
    is_needed: bool = True


def run(settings: Settings) -> int:
    """Print all findings; returns 1 where something that is needed does not work.

    Looking makes nothing: where there is no data folder yet, another one is tried and removed.
    """
    with tempfile.TemporaryDirectory() as folder:
        is_new = not settings.data_dir.exists()
        tried = msgspec.structs.replace(settings, data=folder) if is_new else settings
        return _report(settings, tried)


def _report(settings: Settings, tried: Settings) -> int:
    console = tables.console()
    table = Table("", "what", "finding", title=f"Telecine {__version__}", title_justify="left")
    is_well = True
    with console.status("Looking…"):
        for finding in findings(settings, tried=tried):
            is_well = is_well and (finding.is_fine or not finding.is_needed)
            mark = (
                "[green]ok[/]"
                if finding.is_fine
                else "[red]no[/]"
                if finding.is_needed
                else "[yellow]-[/]"
            )
            table.add_row(mark, finding.subject, finding.detail)
    console.print(table)
    console.print(
        "Everything that is needed works."
        if is_well
        else "[red]Something that is needed does not work.[/]"
    )
    return 0 if is_well else 1


def findings(settings: Settings, *, tried: Settings) -> Iterator[Finding]:
    """Try things one after the other, in the folders of `tried`."""
    yield Finding(
        subject="machine",
        is_fine=True,
        detail=f"{platform.system()} {platform.release()}, {platform.machine()}, "
        f"Python {platform.python_version()}",
    )
    found = _attempt("ffmpeg", partial(_ffmpeg, settings))
    yield found
    if not found.is_fine:  # what else there is to say can be said without it
        tried = msgspec.structs.replace(tried, ffmpeg=sys.executable)
    opened = _attempt("storage", partial(_open_storage, tried))
    if not opened.is_fine:
        tried = msgspec.structs.replace(tried, storage_url="memory://")
    telecine = assemble(tried)
    try:
        if found.is_fine:
            yield from _encoders(telecine)
        yield from _images(telecine)
        yield from _walls(telecine, has_ffmpeg=found.is_fine)
        yield from _sandbox(settings)
        yield _fonts()
        yield _speech(settings)
        # Named as they will be, wherever they were tried.
        names = str(tried.data_dir), str(settings.data_dir)
        base = _attempt("database", partial(_database, telecine))
        yield replace(base, detail=base.detail.replace(*names))
        if opened.is_fine:
            opened = _attempt("storage", lambda: _storage(telecine).replace(*names))
        yield opened
        yield _attempt("data folder", partial(_data, settings))
        yield _disk(settings)
    finally:
        telecine.close()


def _attempt(subject: str, check: Callable[[], str]) -> Finding:
    try:
        return Finding(subject=subject, is_fine=True, detail=check())
    except (TelecineError, OSError, sa.exc.SQLAlchemyError) as error:
        return Finding(subject=subject, is_fine=False, detail=str(error).splitlines()[0])


def _ffmpeg(settings: Settings) -> str:
    program = shelves.ffmpeg(settings)
    return f"{program.executable}, version {program.version()}"


def _encoders(telecine: Telecine) -> Iterator[Finding]:
    for name in _ENCODERS:
        yield _attempt(f"encoder {name}", partial(_encode, telecine, name))


def _encode(telecine: Telecine, name: str) -> str:
    trouble = telecine.ffmpeg.try_encoder(name)
    if trouble is not None:
        raise ProcessingError(trouble)
    return "encodes"


def _images(telecine: Telecine) -> Iterator[Finding]:
    version = ".".join(str(pyvips.version(part)) for part in range(3))
    yield Finding(subject="libvips", is_fine=True, detail=version)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source = folder / "in.png"
        pyvips.Image.black(64, 64, bands=3).pngsave(str(source))
        for image_format in MEDIA_TYPES:
            check = partial(_image, telecine.pool, source, image_format)
            yield _attempt(f"image {image_format}", check)
        yield _attempt("image heic", partial(_heic, telecine.pool, folder / "in.heic"))


def _image(pool: Pool, source: Path, image_format: Format) -> str:
    """Write a picture in the format, and read it again."""
    written = source.with_name(f"out.{image_format}")
    again = source.with_name("again.png")
    for path, made, wanted in ((source, written, image_format), (written, again, "png")):
        made.touch()
        params = msgspec.convert({"format": wanted}, ConvertParams)
        convert(pool, params, input_path=path, output_path=made)
    return "writes and reads"


def _heic(pool: Pool, source: Path) -> str:
    picture = pillow_heif.from_bytes(mode="RGB", size=(64, 64), data=bytes(64 * 64 * 3))
    picture.save(source)
    written = source.with_suffix(".jpg")
    written.touch()
    convert(pool, ConvertParams(format="jpg"), input_path=source, output_path=written)
    return "reads"


def _walls(telecine: Telecine, *, has_ffmpeg: bool) -> Iterator[Finding]:
    for name, check in walls.checks(telecine).items():
        if has_ffmpeg or name != walls.INPUT:
            yield _attempt(f"sandbox {name}", check)


def _sandbox(settings: Settings) -> Iterator[Finding]:
    for layer in sandbox.layers():
        yield Finding(
            subject=f"sandbox {layer.name}",
            is_fine=layer.is_available,
            detail=layer.detail,
            is_needed=settings.sandbox == "require",
        )
    around = namespaces.layer()
    yield Finding(
        subject=f"sandbox {around.name}",
        is_fine=around.is_available,
        detail=around.detail,
        is_needed=False,
    )


def _fonts() -> Finding:
    count = sum(
        1
        for folder in _FONT_FOLDERS
        if folder.is_dir()
        for file in folder.rglob("*")
        if file.suffix.lower() in {".ttf", ".otf", ".ttc"}
    )
    detail = f"{count} on this machine" if count else "none; only bundled ones can be used"
    return Finding(subject="fonts", is_fine=count > 0, detail=detail, is_needed=False)


def _speech(settings: Settings) -> Finding:
    try:
        found = weights.find(settings.whisper_model, root=settings.models_dir)
    except TelecineError as error:
        return Finding(subject="speech model", is_fine=False, detail=str(error), is_needed=False)
    detail = f"{settings.whisper_model}: "
    detail += "not there yet, fetched when first needed" if found is None else str(found.folder)
    return Finding(subject="speech model", is_fine=True, detail=detail, is_needed=False)


def _database(telecine: Telecine) -> str:
    with trouble.told(telecine.settings):
        trouble.check_files(telecine.settings, telecine.db)
        prepare(telecine)
        with telecine.db.snapshot() as tx:
            tx.execute(sa.text("SELECT 1"))
    return sa.make_url(telecine.db.url).render_as_string(hide_password=True)


def _open_storage(settings: Settings) -> str:
    with trouble.told(settings):
        open_store(settings.resolved_storage_url, staging=settings.data_dir / "staging")
    return ""


def _storage(telecine: Telecine) -> str:
    with trouble.told(telecine.settings):
        telecine.blobs.check()
    return telecine.settings.resolved_storage_url.partition("?")[0]


def _data(settings: Settings) -> str:
    folder = settings.data_dir
    if folder.exists():
        prerequisites.check_data(settings)
        return str(folder)
    near = _near(folder)
    if not near.is_dir() or not os.access(near, os.W_OK | os.X_OK):
        raise SettingsError(f"{folder} cannot be made: {near} may not be written to.")
    return f"{folder}: not there yet, `serve` makes it"


def _near(folder: Path) -> Path:
    """Return the folder, or the nearest one above it that is there."""
    return next(one for one in (folder, *folder.parents) if one.exists())


def _disk(settings: Settings) -> Finding:
    near = _near(settings.data_dir)
    free = shutil.disk_usage(near).free
    return Finding(
        subject="disk",
        is_fine=free >= _LEAST_FREE_BYTES,
        detail=f"{free / 2**30:.1f} GiB free in {settings.data_dir}",
        is_needed=False,
    )
