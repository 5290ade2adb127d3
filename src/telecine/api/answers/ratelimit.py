"""The three ways in which clients are told how often they may still ask, and that they may not."""

from __future__ import annotations

from telecine.core.limits import Window
from telecine.core.limits.model import WINDOW_SECONDS
from telecine.kit.errors import RateLimitedError


def refuse_excess(window: Window, *, of: str = "requests") -> None:
    """Raise `RateLimitedError` where a window has more than it may; `of` says what."""
    if window.is_exceeded:
        raise RateLimitedError(
            f"More than {window.limit} {of} in this minute. "
            f"Try again in {window.reset_in_seconds} seconds.",
            retry_after_seconds=window.reset_in_seconds,
        )


def rate_headers(window: Window) -> dict[str, str]:
    """Return the headers of a window.

    `X-RateLimit-*` with the reset as a Unix time (what the clips document shows), `RateLimit-*`
    with the reset in seconds, and the structured `RateLimit` and `RateLimit-Policy` of the IETF
    draft that replaces both.
    """
    limit, remaining = str(window.limit), str(window.remaining)
    left = window.reset_in_seconds
    return {
        "X-RateLimit-Limit": limit,
        "X-RateLimit-Remaining": remaining,
        "X-RateLimit-Reset": str(window.reset_at_seconds),
        "RateLimit-Limit": limit,
        "RateLimit-Remaining": remaining,
        "RateLimit-Reset": str(left),
        "RateLimit-Policy": f'"default";q={limit};w={WINDOW_SECONDS}',
        "RateLimit": f'"default";r={remaining};t={left}',
    }
