"""The texts of licences under which others' files come that do not carry them."""

from __future__ import annotations

from pathlib import Path
from typing import Final

_TEXTS: Final = Path(__file__).with_name("licence_texts")


def mit(copyright_line: str) -> str:
    """Return the MIT licence of what has this line: `Copyright (c) 2022 OpenAI`."""
    return (_TEXTS / "MIT.txt").read_text("utf-8").format(copyright=copyright_line)
