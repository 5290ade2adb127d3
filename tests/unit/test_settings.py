"""What is said of a setting that is wrong: its variable, and what may stand there, in plain words."""

from __future__ import annotations

import pytest

from telecine import settings
from telecine.settings import SettingsError


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("TELECINE_UPLOAD_TTL_SECONDS", "5", "It must be 60 or more."),
        ("TELECINE_PORT", "70000", "It must be 65535 or less."),
        ("TELECINE_PORT", "http", "It must be a whole number."),
        ("TELECINE_QUERY_KEY", "perhaps", "It must be true or false."),
        ("TELECINE_LOG_LEVEL", "loud", "Invalid enum value 'loud'"),
        (
            "TELECINE_PUBLIC_URL",
            "video.example.com",
            "It must begin with http:// or https://, such as https://video.example.com.",
        ),
        (
            "TELECINE_TRUSTED_PROXIES",
            "127.0.0.1, 10.0.0.0/8",
            "10.0.0.0/8 is no address; networks and names are not taken. It is the proxy's as "
            "Telecine sees it, such as 127.0.0.1.",
        ),
    ],
)
def test_a_wrong_setting_is_told_in_plain_words(variable: str, value: str, said: str) -> None:
    with pytest.raises(SettingsError) as caught:
        settings.load({variable: value})
    assert caught.value.message == f"{variable}: {said}"
