"""Keys: how they look, and what is told apart without a database."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telecine.core.keys import KeyStyle, model
from telecine.kit.errors import MalformedKeyError


@pytest.mark.parametrize(
    ("style", "pattern"),
    [
        (KeyStyle.TC, r"tc_[A-Za-z0-9]{32}"),
        (KeyStyle.SK, r"sk-[A-Za-z0-9]{32}"),
        (KeyStyle.KVRT, r"kvrt_[A-Za-z0-9]{32}"),
        (KeyStyle.KF, r"kf_live_sk_[A-Za-z0-9]{32}"),
    ],
)
def test_a_key_is_its_prefix_and_32_letters_or_digits(style: KeyStyle, pattern: str) -> None:
    assert re.fullmatch(pattern, model.mint(style))


def test_no_two_keys_are_alike() -> None:
    assert len({model.mint(KeyStyle.TC) for _ in range(1000)}) == 1000


@given(st.sampled_from(KeyStyle), st.data())
def test_one_changed_character_is_noticed(style: KeyStyle, data: st.DataObject) -> None:
    key = model.mint(style)
    start = len(model.PREFIXES[style])
    place = data.draw(st.integers(start, len(key) - 1))
    # What is drawn must not depend on the key, which is another one each time.
    other = data.draw(st.sampled_from("ABCabc019"))
    other = "z" if other == key[place] else other
    with pytest.raises(MalformedKeyError):
        model.digest(key[:place] + other + key[place + 1 :])


@given(st.text(max_size=60))
def test_nothing_that_is_not_a_key_passes(text: str) -> None:
    with pytest.raises(MalformedKeyError):
        model.digest(text)


def test_the_hint_does_not_give_the_key_away() -> None:
    key = model.mint(KeyStyle.TC)
    assert model.hint(key) == f"tc_…{key[-4:]}"
