"""Which languages are taken at a door, before any model is opened."""

from __future__ import annotations

import pytest
from faster_whisper.tokenizer import _LANGUAGE_CODES

from telecine.kit.errors import InvalidRequestError
from telecine.media.speech import languages


def test_the_list_is_that_of_the_models_that_are_fetched() -> None:
    # Cantonese came with the third generation of large models.
    assert set(languages.LANGUAGES) == set(_LANGUAGE_CODES) - {"yue"}


def test_a_region_is_left_out_and_nothing_is_auto() -> None:
    told = {"en-GB": "en", "pt_BR": "pt", " DE ": "de", "auto": "auto", "": "auto"}
    for language, code in told.items():
        assert languages.normal(language, whisper_model="base") == code


def test_an_english_model_takes_english_alone() -> None:
    assert languages.normal("auto", whisper_model="tiny.en") == "auto"
    with pytest.raises(InvalidRequestError, match="auto or one of en") as caught:
        languages.normal("de", whisper_model="tiny.en")
    assert caught.value.field == "language"
