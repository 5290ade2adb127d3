"""What the reference says before its endpoints: of all of them, and of each family."""

from __future__ import annotations

from typing import Final

ALL: Final = """\
Media in over HTTP, finished media out. One key opens every family that its account's plan has.

**The key** goes into every request, in one of three headers: `Authorization: Bearer KEY`,
`X-API-Key: KEY` or `api-key: KEY`. `telecine serve` prints one at its first start,
`telecine keys create` makes others.

**Long work is a job.** The answer that begins one names it. Then ask for its status, let the
answer wait for the end with `Prefer: wait=30`, follow `/api/v1/jobs/{job_id}/events`, or name a
`webhook_url` and be told. A job of any family is stopped by `POST /api/v1/jobs/{job_id}/cancel`.
What fails or is stopped costs nothing.

**Failures** have a status, a word for programs, a sentence for people that says what to do, and
a `request_id`, which the server's log has too. Each family has its own shape of them: the examples
of each endpoint show it. 429 and 503 say in `Retry-After` when to come back.

**A request whose answer was lost** may be sent again without being done twice: give every POST
an `Idempotency-Key` of its own, and send the same one again.

**Limits**: `RateLimit-Remaining` and `RateLimit-Reset` of every answer say how many requests are left
in this minute.
"""

#: By the title under which endpoints are filed, in the order of the page.
FAMILIES: Final = {
    "Compress and convert": """\
Makes videos smaller (H.264, H.265, AV1; by quality, bitrate or exact size) and converts images.
Send a video to `compress`, ask `status`, fetch it from `download`; an image comes back at once.""",
    "Clips": """\
A long video of somebody who speaks goes in; ranked, upright clips with captions and three texts
come out. The endpoints under `/api/v1/jobs` tell of jobs of every family.""",
    "Video from JSON": """\
A composition in JSON goes in, a film comes out. Store it as a task, look at its `viewerUrl` in a
browser, which costs nothing, then render it. Files go into the library first, or are named
by their address on the web.""",
    "Projects": """\
Compositions that live long, in the style of Remotion: edited again and again, each change a
revision, and rendered when they are good. Every request names the `email` of the key's account.""",
    "Voiceover": """\
One image and one sound become a video as long as the sound, with a page to share it. One job of an
account at a time.""",
    "Account": "The secret that signs an account's webhooks.",
    "Log of webhooks": """\
What was sent to the receivers of an account, and what they answered; sent again where they were
down.""",
    "Resumable uploads": """\
Uploads that go on where they broke off, by the tus protocol, which clients exist for in many
languages. A finished upload is named in the place of a file: `upload:` and its id.""",
    "Server": "How the server is, for those who run it. No key.",
}
