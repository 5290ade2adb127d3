"""What a body holds, as a digest that is the same for equal requests: made while it passes by.

Equal forms differ in their boundaries, so the parts of a form are digested one by one, without
what separates them; of any other body it is the bytes. Nothing is kept but a tail.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import Final

import multipart

from telecine.core.repeats import Claim

#: Digests of parts are added up, as in whichever order they come, modulo this.
_MODULUS: Final = 2**256


class Fingerprint:
    """Takes a body piece by piece. `n_parts` are those of a form that have begun."""

    def __init__(self, content_type: str) -> None:
        kind, options = multipart.parse_options_header(content_type)
        boundary = str(options.get("boundary", "")) if kind == "multipart/form-data" else ""
        self._delimiter = b"\r\n--" + boundary.encode("latin-1", "replace") if boundary else b""
        # The first delimiter may lack its line end.
        self._tail = b"\r\n" if boundary else b""
        self._part = hashlib.sha256()
        self._sum = 0
        self._is_whole = False
        self.n_parts = 0

    def feed(self, piece: bytes) -> None:
        """Take the next bytes."""
        if not self._delimiter:
            self._part.update(piece)
            return
        rest = self._tail + piece
        start = 0
        while (found := rest.find(self._delimiter, start)) >= 0:
            self._part.update(memoryview(rest)[start:found])
            self._end_part()
            start = found + len(self._delimiter)
        kept = max(start, len(rest) - len(self._delimiter) + 1)
        self._part.update(memoryview(rest)[start:kept])
        self._tail = rest[kept:]

    def end(self) -> None:
        """Note that the body is complete."""
        self._is_whole = True

    def digest(self) -> str | None:
        """Return the digest in hex; None as long as the body is not complete."""
        if not self._is_whole:
            return None
        if not self._delimiter:
            return self._part.hexdigest()
        return f"{self._sum:064x}"

    def _end_part(self) -> None:
        if self.n_parts:  # what stands before the first delimiter is no part
            self._sum = (self._sum + int.from_bytes(self._part.digest())) % _MODULUS
        self._part = hashlib.sha256()
        self.n_parts += 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeatable:
    """A request that holds a claim, and the fingerprint of its body as far as that has come."""

    claim: Claim
    fingerprint: Fingerprint

    def sealed(self) -> Claim:
        """Return the claim with what the body holds; to be asked once that has been read."""
        return replace(self.claim, fingerprint=self.fingerprint.digest())
