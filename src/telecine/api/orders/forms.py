"""A form as a handler takes it: text fields, files that came along, and uploads that it names."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from starlette.requests import Request

from telecine.api.access import Caller
from telecine.api.bodies import incoming
from telecine.api.bodies.formdata import ReceivedForm
from telecine.api.orders import intake
from telecine.api.services import Services
from telecine.api.stored import finishing


async def receive(
    request: Request,
    caller: Caller,
    services: Services,
    *,
    max_file_bytes: int,
    file_field: str = "file",
    more_fields: tuple[str, ...] = (),
    list_field: str | None = None,
    least_price: Callable[[int], int] | None = None,
) -> ReceivedForm:
    """Read the form of a caller: all that `incoming.receive` says.

    `least_price` says what the work will cost at least, by the bytes of a file that is as long as
    the body is: who has not so many credits gets `InsufficientCreditsError` before he sends it.
    """
    if least_price is not None:
        least = incoming.least_file_bytes(
            request, file_fields=(file_field, *more_fields), max_file_bytes=max_file_bytes
        )
        await intake.require_credits(services, caller.account.id, least_price(least))
    return await incoming.receive(
        request,
        store=services.blobs,
        max_file_bytes=max_file_bytes,
        file_field=file_field,
        more_fields=more_fields,
        list_field=list_field,
        lookup=partial(finishing.staged, services, caller.account.id),
    )
