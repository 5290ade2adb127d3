"""Sizes of files as people write and read them: 8MB, 7.3 MB."""

from __future__ import annotations

from telecine.kit.errors import InvalidRequestError


def size_text(n_bytes: int) -> str:
    """Write a size for people: 7.3 MB."""
    if n_bytes < 1000:
        return f"{n_bytes} B"
    if n_bytes < 1_000_000:
        return f"{n_bytes / 1000:.1f} kB"
    return f"{n_bytes / 1_000_000:.1f} MB"


def share_text(saved: float) -> str:
    """Write a share for people: 42%. As long as anything is left, it is not 100%."""
    return f"{saved:.0%}" if saved < 0.99 else f"{min(saved, 0.999):.1%}"


_UNITS = {"": 1, "b": 1, "k": 1000, "kb": 1000, "m": 10**6, "mb": 10**6, "g": 10**9, "gb": 10**9}


def size_bytes(text: str) -> int:
    """Read what somebody typed for `--target-size`. Raises `InvalidRequestError`."""
    number = text.rstrip("bBkKmMgG ")
    unit = text[len(number) :].strip().lower()
    try:
        return int(float(number) * _UNITS[unit])
    except (ValueError, KeyError, OverflowError):
        raise InvalidRequestError(
            f"{text!r} is no size; write 8MB, 500k or 7340032.", field="--target-size"
        ) from None
