"""What the server answers, as frozen values.

Fields that a newer server adds are ignored here and found in `Job.raw`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from telecine_client.errors import TelecineError


@dataclass(frozen=True, slots=True, kw_only=True)
class JobInput:
    """The file that was sent."""

    filename: str
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class JobOutput:
    """The finished file. `compression_ratio` is percent saved; negative when it grew."""

    filename: str
    size_bytes: int
    download_url: str
    compression_ratio: int | None = None
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One job. `status` is pending or queued, processing, completed or failed.

    `progress` is 0 to 100.
    """

    id: str
    status: str
    progress: int = 0
    input: JobInput | None = None
    output: JobOutput | None = None
    error: str | None = None
    credits_charged: int | None = None
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @property
    def is_finished(self) -> bool:
        """Whether its status can no longer change."""
        return self.status in ("completed", "failed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Credits:
    """The account's credits."""

    balance: int
    total_purchased: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Plan and balance."""

    plan: str
    credits: Credits


@dataclass(frozen=True, slots=True, kw_only=True)
class Converted:
    """A converted image: in `content`, or in the file `path` when one was asked for."""

    content: bytes | None
    path: Path | None
    format: str
    media_type: str
    original_size_bytes: int
    output_size_bytes: int


def parse_job(body: Mapping[str, Any]) -> Job:
    """Read the answer to a submission or a status request."""
    try:
        sent, made = body.get("input"), body.get("output")
        return Job(
            id=body["job_id"],
            status=body["status"],
            progress=int(body.get("progress", 0)),
            input=JobInput(filename=sent["filename"], size_bytes=sent["size_bytes"])
            if sent
            else None,
            output=_parse_output(made) if made else None,
            error=_sentence(body.get("error")),
            credits_charged=body.get("credits_charged"),
            raw=body,
        )
    except (KeyError, TypeError, ValueError) as error:
        raise _bad_answer("a job", error) from error


def _sentence(error: Any) -> str | None:
    """Return what went wrong, which some families tell with its code."""
    return str(error["message"]) if isinstance(error, Mapping) else error


def parse_usage(body: Mapping[str, Any]) -> Usage:
    """Read the answer of `/usage`."""
    try:
        return Usage(
            plan=body["plan"],
            credits=Credits(
                balance=body["credits"]["balance"],
                total_purchased=body["credits"]["total_purchased"],
            ),
        )
    except (KeyError, TypeError) as error:
        raise _bad_answer("usage", error) from error


def _parse_output(made: Mapping[str, Any]) -> JobOutput:
    expires_at = made.get("expires_at")
    return JobOutput(
        filename=made["filename"],
        size_bytes=made["size_bytes"],
        download_url=made["download_url"],
        compression_ratio=made.get("compression_ratio"),
        expires_at=datetime.fromisoformat(expires_at) if expires_at else None,
    )


def _bad_answer(what: str, error: Exception) -> TelecineError:
    return TelecineError(
        f"The server's answer does not read as {what} ({error!r}). Is this a Telecine server?",
        code="bad_answer",
    )
