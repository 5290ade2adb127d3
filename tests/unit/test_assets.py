"""Fetching from npm: what is not the pinned file is refused, and nothing else is kept.

A program named `npm` of our own stands where npm would; the tarballs are real.
"""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from base64 import b64encode
from pathlib import Path

import pytest

from telecine.cli import assets


class Checkout:
    """A folder with a package.json, and an `npm` on the PATH that packs what it is told to."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.vendor = root / "src" / "web" / "vendor"
        self.calls = root / "calls"
        self.tarball = root / "shelf.tgz"
        npm = root / "bin" / "npm"
        npm.parent.mkdir(parents=True)
        npm.write_text(
            f'#!/bin/sh\necho "$@" >>"{self.calls}"\n'
            "for word; do case $word in --pack-destination=*) to=${word#*=} ;; esac; done\n"
            f'exec /bin/cp "{self.tarball}" "$to/library.tgz"\n'
        )
        npm.chmod(0o755)
        (root / "constraints.txt").write_text("# --- build: nothing\n")

    def pack(self, files: dict[str, str]) -> str:
        """Put a tarball on npm's shelf and return its integrity."""
        with tarfile.open(self.tarball, "w:gz") as archive:
            for name, text in files.items():
                member = tarfile.TarInfo(f"package/{name}")
                member.size = len(text.encode())
                archive.addfile(member, io.BytesIO(text.encode()))
        digest = hashlib.sha512(self.tarball.read_bytes()).digest()
        return "sha512-" + b64encode(digest).decode()

    def pin(self, integrity: str, **more: object) -> None:
        entry: dict[str, object] = {
            "integrity": integrity,
            "license": "MIT",
            "copyright": "Copyright (c) Somebody",
        }
        entry |= {"to": "src/web/vendor/thing", "files": ["dist/thing.js"]} | more
        self.write({"@some/thing": "1.2.3"}, {"@some/thing": entry})

    def write(self, dependencies: dict[str, str], vendor: dict[str, object]) -> None:
        text = json.dumps({"dependencies": dependencies, "telecine": {"vendor": vendor}})
        (self.root / "package.json").write_text(text)


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Checkout:
    made = Checkout(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    return made


def test_only_the_wanted_files_and_the_licence_are_kept(checkout: Checkout) -> None:
    checkout.pin(checkout.pack({"dist/thing.js": "1;", "evil.js": "2;", "README.md": "hello"}))
    assets.fetch(checkout.root)
    folder = checkout.vendor / "thing"
    assert sorted(path.name for path in folder.iterdir()) == [".integrity", "LICENSE", "thing.js"]
    assert (folder / "thing.js").read_text() == "1;"
    assert "Copyright (c) Somebody" in (folder / "LICENSE").read_text()
    assert assets.missing(checkout.root) == ()


def test_the_packages_own_licence_is_taken_where_it_has_one(checkout: Checkout) -> None:
    integrity = checkout.pack({"dist/thing.js": "1;", "LICENSE.md": "Do as you like."})
    checkout.pin(integrity, license="0BSD", license_file="LICENSE.md")
    assets.fetch(checkout.root)
    assert (checkout.vendor / "thing" / "LICENSE").read_text() == "Do as you like."


def test_licences_that_a_package_only_names_are_written_out(checkout: Checkout) -> None:
    (checkout.root / "LICENSE").write_text("The text of Apache's licence.")
    integrity = checkout.pack({"dist/thing.js": "1;"})
    for name, expected in (("ISC", "Permission to use, copy"), ("Apache-2.0", "text of Apache")):
        checkout.pin(integrity, license=name, to=f"vendor/{name}")
        assets.fetch(checkout.root)
        text = (checkout.root / "vendor" / name / "LICENSE").read_text()
        assert text.count("Copyright (c) Somebody") == 1
        assert expected in text


def test_an_unknown_licence_must_come_with_its_text(checkout: Checkout) -> None:
    checkout.pin(checkout.pack({"dist/thing.js": "1;"}), license="OFL-1.1")
    with pytest.raises(assets.AssetsError, match="needs license_file"):
        assets.fetch(checkout.root)


@pytest.mark.parametrize(
    "to", ["/vendor/thing", "src/vendor/../../thing", "src/telecine", "src/vendor", ""]
)
def test_nothing_is_written_beside_the_vendor_folders(checkout: Checkout, to: str) -> None:
    checkout.pin(checkout.pack({"dist/thing.js": "1;"}), to=to)
    with pytest.raises(assets.AssetsError, match="not below a vendor/"):
        assets.fetch(checkout.root)
    assert not checkout.calls.exists()


def test_each_library_goes_where_its_entry_says(checkout: Checkout) -> None:
    checkout.pin(
        checkout.pack({"files/a.woff": "font"}), to="src/a/vendor/b", files=["files/a.woff"]
    )
    assets.fetch(checkout.root)
    assert (checkout.root / "src/a/vendor/b/a.woff").read_text() == "font"


def test_a_tarball_that_is_not_the_pinned_one_is_refused(checkout: Checkout) -> None:
    integrity = checkout.pack({"dist/thing.js": "1;"})
    checkout.pack({"dist/thing.js": "steal();"})
    checkout.pin(integrity)
    with pytest.raises(assets.AssetsError, match="is not the file that package"):
        assets.fetch(checkout.root)
    assert not checkout.vendor.exists()


def test_what_is_there_is_not_fetched_again(checkout: Checkout) -> None:
    checkout.pin(checkout.pack({"dist/thing.js": "1;"}))
    assets.fetch(checkout.root)
    assets.fetch(checkout.root)
    assert len(checkout.calls.read_text().splitlines()) == 1


def test_another_version_replaces_the_old_one(checkout: Checkout) -> None:
    checkout.pin(checkout.pack({"dist/thing.js": "old;"}))
    assets.fetch(checkout.root)
    checkout.pin(checkout.pack({"dist/thing.js": "new;"}))
    assert [library.name for library in assets.missing(checkout.root)] == ["@some/thing"]
    assets.fetch(checkout.root)
    assert (checkout.vendor / "thing" / "thing.js").read_text() == "new;"


def test_a_file_the_package_does_not_have_is_named(checkout: Checkout) -> None:
    checkout.pin(checkout.pack({"dist/other.js": "1;"}))
    with pytest.raises(assets.AssetsError, match=r"no file dist/thing\.js"):
        assets.fetch(checkout.root)
    assert assets.missing(checkout.root)


def test_a_dependency_without_an_entry_is_refused(checkout: Checkout) -> None:
    checkout.write({"@some/thing": "1.2.3"}, {})
    with pytest.raises(assets.AssetsError, match="@some/thing has no entry"):
        assets.missing(checkout.root)


def test_a_failure_is_one_line_and_an_exit_code(
    checkout: Checkout, capsys: pytest.CaptureFixture[str]
) -> None:
    checkout.pin("sha512-AAAA")
    checkout.pack({"dist/thing.js": "1;"})
    assert assets.main([str(checkout.root)]) == 1
    assert len(capsys.readouterr().err.splitlines()) == 1
