"""Real recordings for tests, out of Debian's packages: never in the repository, found by digest; and
a program.

apt brings a package once, from whatever mirror it is set up for, into the user's cache. What
is pinned is the recording, not the package: Debian's numbers go on, the recordings stay.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path

from telecine.kit.lock import FileLock

_CACHE = Path("~/.cache/telecine/test-media").expanduser()
_LIBRIVOX = "usr/share/pocketsphinx/test/data/librivox/sense_and_sensibility_01_austen_64kb"
_FORENSICS = "usr/share/forensics-samples/original-files"
_ENGLISH = "usr/share/asterisk/sounds/en_US_f_Allison"
_SPANISH = "usr/share/asterisk/sounds/es_MX_f_Allison"

#: What is read aloud in the five LibriVox recordings, as their package writes it down.
LIBRIVOX_TEXTS = {
    "0870": "and mister john dashwood had then leisure to consider how much there might be "
    "prudently in his power to do for them",
    "0880": "he was not an ill disposed young man",
    "0890": "unless to be rather cold hearted and rather selfish is to be ill disposed",
    "0920": "had he married a more a amiable woman he might have been made still more "
    "respectable than he was",
    "0930": "he might even have been made amiable himself",
}
_LIBRIVOX_DIGESTS = {
    "0870": "b0557cf95c974d930577e58e46b7f068c432a6e3afcc286563d88922b2a5315c",
    "0880": "fbec491ef00ee734a67f0ee318e98c51c157b479e1629ff4f4426861ecac0414",
    "0890": "5793ffbdee55fb8bfd284943a6866864c832d9d4accf2661cabd39915c84ee10",
    "0920": "40882414ef4cc51f3ff7a63bad0c8c87e7f595ffeb8209fbf756c8ebc5c28a59",
    "0930": "954adbf0b56ac8a148cbe77b39ca18d76b5f2a1e1f405565bd786ce3e68a68b7",
}


def librivox(number: str) -> Path:
    """A sentence of Jane Austen's, read by a volunteer; public domain. 3 to 8 s, 16 kHz."""
    return _file("pocketsphinx-testdata", f"{_LIBRIVOX}-{number}.wav", _LIBRIVOX_DIGESTS[number])


def talking_head() -> Path:
    """A man who talks to a webcam beside his screen: 8.3 s, 720p. CC BY-SA 4.0."""
    return _file(
        "forensics-samples-files",
        f"{_FORENSICS}/movie2/movie-hello.mp4",
        "68162af4e15b20fb61261e55de79e989f53d6295f6226b4bda1905b8c40e9676",
    )


def dog() -> Path:
    """A dog, filmed with a telephone: 1.6 s, 1080p, nobody speaks. CC BY-SA 4.0."""
    return _file(
        "forensics-samples-files",
        f"{_FORENSICS}/movie1/VID_20191220_170832.mp4",
        "9b0710a436413f75cc3cd1c1048aa3c4d7c28f76f51ef6a25413d0018d22ec99",
    )


def spanish() -> Path:
    """A woman reads an announcement in Mexican Spanish, 8 kHz. CC BY-SA 3.0."""
    return _file(
        "asterisk-core-sounds-es-wav",
        f"{_SPANISH}/demo-congrats.wav",
        "1c7c6f73d5c7e1ad8b9cd1ebaee24a755680fecb8577cb3a6b98ef4669b0d683",
    )


def announcements() -> tuple[Path, ...]:
    """The longest announcements of one woman in English, 5 min 15 s in all, 8 kHz. CC BY-SA 3.0."""
    first = _file(
        "asterisk-core-sounds-en-wav",
        f"{_ENGLISH}/demo-instruct.wav",
        "0013075fde30d7b0bf41bd5b0183bc657dc7164b0a8f322f712145f4f996bbe3",
    )
    found = sorted(first.parent.glob("*.wav"), key=lambda path: (-path.stat().st_size, path.name))
    return tuple(found[:14])


def bubblewrap() -> Path:
    """The program, of whatever version Debian has; needs no installation."""
    path = _CACHE / "bubblewrap" / "usr/bin/bwrap"
    if not path.is_file():
        _bring("bubblewrap")
    return path


@cache
def _file(package: str, path: str, sha256: str) -> Path:
    found = _CACHE / package / path
    if not found.is_file():
        _bring(package)
    digest = hashlib.sha256(found.read_bytes()).hexdigest()
    assert digest == sha256, f"{package} carries another {found.name} now: {digest}"
    return found


def _bring(package: str) -> None:
    lock = FileLock(_CACHE / f"{package}.lock")
    lock.wait()
    try:
        if not (_CACHE / package).is_dir():
            with tempfile.TemporaryDirectory(dir=_CACHE) as name:
                folder = Path(name)
                _run("apt-get", "-q", "-o", "Acquire::Retries=5", "download", package, cwd=folder)
                (deb,) = folder.glob("*.deb")
                _run("dpkg-deb", "-x", str(deb), str(folder / "files"), cwd=folder)
                (folder / "files").rename(_CACHE / package)
    finally:
        lock.release()


def _run(program: str, *arguments: str, cwd: Path) -> None:
    assert shutil.which(program), f"The recordings for this test come with {program}, of Debian."
    done = subprocess.run(
        (program, *arguments), cwd=cwd, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{program} {arguments[0]}: {done.stderr}"
