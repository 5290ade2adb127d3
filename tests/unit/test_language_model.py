"""The operator's language model: what of its settings is taken, and what stops the start."""

from __future__ import annotations

import msgspec
import pytest

from telecine import outside
from telecine.settings import Settings, SettingsError


def test_without_an_address_there_is_no_model() -> None:
    assert outside.language_model(Settings()) is None


@pytest.mark.parametrize("url", ["http://127.0.0.1:11434/v1", "https://models.example.org/v1"])
def test_a_private_or_public_address_is_taken(url: str) -> None:
    model = outside.language_model(Settings(llm_url=url, llm_model="small", llm_key="k"))
    assert model is not None
    assert model.model == "small"


@pytest.mark.parametrize(
    ("changes", "variable"),
    [
        ({"llm_model": ""}, "TELECINE_LLM_MODEL"),
        ({"llm_url": "localhost:11434"}, "TELECINE_LLM_URL"),
        ({"llm_url": "file:///etc/passwd"}, "TELECINE_LLM_URL"),
        ({"llm_key": "a\nb"}, "TELECINE_LLM_KEY"),
    ],
)
def test_a_wrong_setting_stops_the_start_by_its_name(
    changes: dict[str, str], variable: str
) -> None:
    right = {"llm_url": "http://127.0.0.1:11434/v1", "llm_model": "small", "llm_key": ""}
    with pytest.raises(SettingsError, match=variable):
        outside.language_model(msgspec.structs.replace(Settings(), **{**right, **changes}))
