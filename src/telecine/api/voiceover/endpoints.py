"""The URLs of the voiceover family, and of the page that a share link opens."""

from __future__ import annotations

from functools import partial

from telecine.api.family import Endpoint, OpenEndpoint, below
from telecine.api.voiceover import FAMILY, handlers, sharing, wire

_voiceover = partial(below, FAMILY, "/api")
_CANCELLED = wire.VoiceoverCancelled
_NOT_PENDING = {409: "The job is not pending any more."}
ENDPOINTS: tuple[Endpoint, ...] = (
    _voiceover(
        *("POST", "jobs", handlers.create, "Make a video of an image and a sound"),
        wire.VoiceoverCreated | wire.VoiceoverJob,
        tell=handlers.tell,
        status=201,
        form=wire.VoiceoverForm,
        example={
            "image": "@portrait.jpg",
            "audio": "@voiceover.mp3",
            "webhookUrl": "https://your.app/hooks/vidgen",
        },
        failures={409: "Another job of the account is pending or processing."},
        is_submission=True,
    ),
    _voiceover(
        *("GET", "jobs", handlers.list_jobs, "Jobs, newest first", wire.VoiceoverList),
        query=wire.VoiceoverQuery,
    ),
    _voiceover(
        *("GET", "status/{jobId}", handlers.status, "A job's state and progress"),
        wire.VoiceoverJob,
        waits=True,
    ),
    _voiceover(
        *("GET", "jobs/{jobId}", handlers.status, "The same, under its own address"),
        wire.VoiceoverJob,
        waits=True,
        name="job",
    ),
    _voiceover(
        *("DELETE", "jobs/{jobId}", handlers.cancel, "Cancel a pending job", _CANCELLED),
        failures=_NOT_PENDING,
    ),
    _voiceover(
        *("POST", "jobs/{jobId}/cancel", handlers.cancel, "The same by POST", _CANCELLED),
        failures=_NOT_PENDING,
        name="cancel_job",
    ),
    _voiceover(
        *("POST", "cancel/{jobId}", handlers.cancel, "The same, beside status", _CANCELLED),
        failures=_NOT_PENDING,
        name="cancel_by_id",
    ),
    _voiceover(
        *("GET", "account/webhook-secret", handlers.webhook_secret),
        *("What signs the account's webhooks", wire.SecretReply),
        title="Account",
    ),
    _voiceover(
        *("POST", "account/webhook-secret", handlers.rotate_webhook_secret),
        *("Another secret; the former one signs on for a while", wire.SecretReply),
        body=wire.SecretBody,
        failures={409: "The secret was changed already, and the former one still signs."},
        title="Account",
    ),
)

#: What takes no key: ids that nobody can guess.
OPEN_ENDPOINTS: tuple[OpenEndpoint, ...] = (
    OpenEndpoint(family=FAMILY, path="/share/{shareId}", handler=sharing.page, is_page=True),
)
