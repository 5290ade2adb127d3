"""How a key is written, checked and hashed.

A key is a style's prefix and 32 characters A-Z a-z 0-9: 26 random (155 bits) and 6 that are
the CRC-32 of what stands before them, so that a cut or mistyped key is refused without a
database. The style is cosmetic: the published clients of one family insist on theirs.
"""

from __future__ import annotations

import hashlib
import secrets
import string
import zlib
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from telecine.kit.errors import MalformedKeyError

_ALPHABET = string.ascii_uppercase + string.ascii_lowercase + string.digits
_RANDOM_LENGTH = 26
_CHECK_LENGTH = 6


class KeyStyle(StrEnum):
    """Names of the prefixes, as `keys create --style` takes them."""

    TC = "tc"
    SK = "sk"
    KVRT = "kvrt"
    KF = "kf"


PREFIXES = {
    KeyStyle.TC: "tc_",
    KeyStyle.SK: "sk-",
    KeyStyle.KVRT: "kvrt_",
    KeyStyle.KF: "kf_live_sk_",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """A key as it is remembered. `hint` is its prefix and last four characters."""

    id: str
    account_id: str
    hint: str
    created_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None


def mint(style: KeyStyle) -> str:
    """Return a new key in clear text. Nobody keeps it: show it once."""
    body = "".join(secrets.choice(_ALPHABET) for _ in range(_RANDOM_LENGTH))
    start = PREFIXES[style] + body
    return start + _check(start)


def digest(key: str) -> str:
    """Return what is stored and looked up, or raise `MalformedKeyError`."""
    prefix = next((p for p in PREFIXES.values() if key.startswith(p)), None)
    if prefix is None or len(key) != len(prefix) + _RANDOM_LENGTH + _CHECK_LENGTH:
        raise MalformedKeyError
    start, check = key[:-_CHECK_LENGTH], key[-_CHECK_LENGTH:]
    if not key.isascii() or not secrets.compare_digest(_check(start), check):
        raise MalformedKeyError
    return hashlib.sha256(key.encode("ascii")).hexdigest()


def hint(key: str) -> str:
    """Return the part of a key that may be shown again."""
    prefix = next(p for p in PREFIXES.values() if key.startswith(p))
    return f"{prefix}…{key[-4:]}"


def _check(text: str) -> str:
    number = zlib.crc32(text.encode("utf-8"))
    letters = []
    for _ in range(_CHECK_LENGTH):
        number, remainder = divmod(number, len(_ALPHABET))
        letters.append(_ALPHABET[remainder])
    return "".join(letters)
