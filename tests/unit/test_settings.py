"""What is said of a setting that is wrong: its variable, and what may stand there, in plain words."""

from __future__ import annotations

from pathlib import Path

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
        ("TELECINE_LOG_LEVEL", "loud", "It must be debug, info, warning or error."),
        ("TELECINE_LOG_FORMAT", "xml", "It must be auto, json or pretty."),
        ("TELECINE_SANDBOX", "on", "It must be require, auto or off."),
        (
            "TELECINE_LLM_KEY_FILE",
            "/nowhere/key",
            "/nowhere/key cannot be read: No such file or directory.",
        ),
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


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "{} cannot be read: No such file or directory."),
        (b"\xff", "{} is no text in UTF-8."),
        (b"plans =", "{}: Invalid value (at end of document)"),
        (b"plans = {}", "{}: Object missing required field `prices`"),
    ],
)
def test_a_plans_file_that_cannot_be_used_is_told_with_its_variable(
    content: bytes | None, said: str, tmp_path: Path
) -> None:
    file = tmp_path / "plans.toml"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(SettingsError) as caught:
        settings.load_plans(settings.load({"TELECINE_PLANS_FILE": str(file)}))
    assert caught.value.message == f"TELECINE_PLANS_FILE: {said.format(file)}"
