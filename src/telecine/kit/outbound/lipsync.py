"""A picture and a sound to the operator's lip-sync server, and the film that it makes of them back.

One POST of a form with two files, `image` (PNG) and `audio` (WAV); the answer's body is a video.
As with the language model, the address is the operator's and may be private (see `chat`); no
redirect is followed. What comes back is a stranger's bytes all the same.
"""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Final

from telecine.kit.errors import FileTooLargeError, OutboundError
from telecine.kit.outbound.client import Outbound
from telecine.kit.outbound.network import Limits

#: A server says nothing while it works.
LIP_SYNC_LIMITS: Final = Limits(connect_seconds=10, read_seconds=3600, total_seconds=3600)
MOST_ANSWER_BYTES: Final = 500_000_000

_OK: Final = 200


class LipSync:
    """A server at an address. Safe to share between threads."""

    def __init__(
        self,
        outbound: Outbound,
        *,
        url: str,
        limits: Limits = LIP_SYNC_LIMITS,
        max_bytes: int = MOST_ANSWER_BYTES,
    ) -> None:
        self._outbound = outbound
        self._url = url
        self._limits = limits
        self._max_bytes = max_bytes

    def ask(self, *, image: bytes, sound: bytes, to: Path) -> None:
        """Write the answer, whatever it is, to the new file `to`.

        Raises `OutboundError` where none came in time, or another than 200, or one that is too
        long; `StorageError`.
        """
        boundary = secrets.token_hex(16)
        try:
            answer = self._outbound.ask(
                self._url,
                content=_form(boundary, image=image, sound=sound),
                headers={
                    "Content-Type": f"multipart/form-data; boundary={boundary}",
                    "Accept": "video/mp4, video/*",
                },
                limits=self._limits,
                max_bytes=self._max_bytes,
                to=to,
            )
        except FileTooLargeError as error:
            raise OutboundError(
                f"The lip-sync server's video is larger than {self._max_bytes // 10**6} MB."
            ) from error
        if answer.status != _OK:
            raise OutboundError(f"The lip-sync server answered with status {answer.status}.")


def _form(boundary: str, *, image: bytes, sound: bytes) -> bytes:
    parts = (("image", "image.png", "image/png", image), ("audio", "audio.wav", "audio/wav", sound))
    lines = []
    for name, filename, media_type, content in parts:
        head = (
            f"--{boundary}\r\n"
            f'Content-Disposition: form-data; name="{name}"; filename="{filename}"\r\n'
            f"Content-Type: {media_type}\r\n\r\n"
        )
        lines += [head.encode("ascii"), content, b"\r\n"]
    return b"".join((*lines, f"--{boundary}--\r\n".encode("ascii")))
