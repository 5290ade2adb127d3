"""Resumable uploads by tus 1.0: files that come in pieces, over connections that break. Contract:
docs/reference/uploads.md.
"""

from starlette.responses import Response
from typing_extensions import override

from telecine.api import failures
from telecine.api.family import Family
from telecine.api.tus import wire
from telecine.kit.errors import TelecineError


class _Tus(Family):
    """A family whose failures name the protocol, too."""

    __slots__ = ()

    @override
    def failure(self, error: TelecineError, *, request_id: str) -> Response:
        response = super().failure(error, request_id=request_id)
        response.headers["Tus-Resumable"] = wire.VERSION
        return response


FAMILY = _Tus(
    name="uploads",
    title="Resumable uploads",
    # As tus has it: a client sends those bytes once more.
    errors={**failures.STATUS, "checksum_mismatch": 460},
    error_body=failures.body,
    failure_body=wire.UploadFailure,
    is_in_every_plan=True,
)
