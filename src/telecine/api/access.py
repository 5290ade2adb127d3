"""Who is asking: the key in any documented header, its account and plan, and the rate.

A key opens every family that its plan has, however it is sent: `Authorization: Bearer` or `Token`, `X-API-Key`,
`api-key`, and where a family documents it `?api_key=`, or `apiKey` in a body of JSON.
"""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import msgspec
from starlette.requests import Request

from telecine.api.bodies.fingerprint import Repeatable
from telecine.api.services import Services
from telecine.core import accounts, keys, limits
from telecine.core.accounts import Account
from telecine.core.keys import ApiKey
from telecine.core.limits import Window
from telecine.db import Transaction
from telecine.kit.errors import (
    AuthenticationError,
    ForbiddenError,
    InvalidRequestError,
    MissingKeyError,
    NotFoundError,
    RateLimitedError,
    RequestTimeoutError,
    StorageFullError,
    UnknownOwnerError,
)
from telecine.settings import Plan

#: Wrong keys that one address may send in a minute before its further ones get 429.
_FAILURES_PER_MINUTE = 20
#: A body that brings its own key is read before anybody is known to have sent it.
_MOST_BYTES_WITH_KEY = 2**20
_MOST_SECONDS_WITH_KEY = 60.0
_SCHEMES = frozenset({"bearer", "token"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who asks, with which key, under which plan, and how much of the minute is used.

    `repeatable` is there where the request has an Idempotency-Key.
    """

    account: Account
    key: ApiKey
    plan: Plan
    window: Window
    repeatable: Repeatable | None = None


class _WithKey(msgspec.Struct):
    api_key: str = msgspec.field(name="apiKey", default="")


async def admit(
    request: Request,
    services: Services,
    *,
    accepts_query_key: bool,
    accepts_body_key: bool = False,
) -> Caller:
    """Return the caller. Raises an `AuthenticationError`, `RateLimitedError` after many wrong keys."""
    secret = read_key(request, accepts_query_key=accepts_query_key and services.settings.query_key)
    if secret is None and accepts_body_key:
        secret = await _key_in_body(request)
    if secret is None:
        raise MissingKeyError  # nobody guesses: it is not counted
    try:
        try:
            return await services.write(partial(_look_up, services, secret), durable=False)
        except StorageFullError:
            # What was made can still be had: the request goes on uncounted, and whatever it
            # wants to write is refused when it does.
            return await services.read(partial(_look_up, services, secret, is_counted=False))
    except AuthenticationError:
        await _count_failure(request, services)
        raise


def read_key(request: Request, *, accepts_query_key: bool) -> str | None:
    """Return the key that a request carries, wherever it stands; None where it has none.

    Raises `InvalidRequestError` where two headers may name two.
    """
    if len(request.headers.getlist("authorization")) > 1:
        raise InvalidRequestError(
            "Send one 'Authorization' header, not two.", field="Authorization"
        )
    scheme, _, credential = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() in _SCHEMES and credential.strip():
        return credential.strip()
    for name in ("x-api-key", "api-key"):
        if value := request.headers.get(name, "").strip():
            return value
    return request.query_params.get("api_key") if accepts_query_key else None


def client_address(request: Request, services: Services) -> str:
    """Return the address that a request came from, behind the proxies that are trusted."""
    trusted = {part.strip() for part in services.settings.trusted_proxies.split(",") if part}
    address = request.client.host if request.client else "unknown"
    # A proxy may add a line of its own below the client's: all lines make one list.
    lines = request.headers.getlist("x-forwarded-for")
    hops = [hop.strip() for hop in ",".join(lines).split(",")]
    while address in trusted and hops and hops[-1]:
        address = hops.pop()
    return address


async def count_address(
    request: Request, services: Services, *, family: str, is_submission: bool
) -> list[Window]:
    """Count a request of an address, whoever it is; a submission twice. The caller refuses."""
    address, limit_of = _network(client_address(request, services)), services.plans.addresses
    subjects = {f"{family}:{address}": limit_of.requests_per_minute}
    if is_submission:
        subjects[f"{family}-submissions:{address}"] = limit_of.submissions_per_minute

    def each(of: Callable[..., Window], tx: Transaction) -> list[Window]:
        now = services.clock()
        return [of(tx, subject, limit=limit, now=now) for subject, limit in subjects.items()]

    try:
        return await services.write(partial(each, limits.count), durable=False)
    except StorageFullError:
        return await services.read(partial(each, limits.look))


def _network(address: str) -> str:
    """Return what counts as one address: of IPv6 everybody has a network of their own."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if found.version == 6 and found.ipv4_mapped is None:
        return str(ipaddress.ip_network((found, 64), strict=False))
    return address


def plan_of(services: Services, account: Account) -> Plan:
    """Return what the account may do. Raises `ForbiddenError` where its plan is gone."""
    plan = services.plans.plans.get(account.plan)
    if plan is None:
        raise ForbiddenError(f"The plan {account.plan!r} no longer exists on this server.")
    return plan


async def _key_in_body(request: Request) -> str | None:
    declared = request.headers.get("content-length", "")
    is_json = request.headers.get("content-type", "").lower().startswith("application/json")
    if not is_json or not declared.isdecimal() or int(declared[:20]) > _MOST_BYTES_WITH_KEY:
        return None
    try:
        async with asyncio.timeout(_MOST_SECONDS_WITH_KEY):
            body = await request.body()  # the request keeps it for the handler
    except TimeoutError:
        raise RequestTimeoutError(
            f"The body did not come within {_MOST_SECONDS_WITH_KEY:g} seconds. Send the key in a "
            "header: then more time is given."
        ) from None
    try:
        return msgspec.json.decode(body, type=_WithKey).api_key.strip() or None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _look_up(
    services: Services, secret: str, tx: Transaction, *, is_counted: bool = True
) -> Caller:
    now = services.clock()
    key = keys.authenticate(tx, secret, now=now, is_noted=is_counted)
    try:
        account = accounts.get(tx, key.account_id)
    except NotFoundError:
        raise UnknownOwnerError from None
    plan = plan_of(services, account)
    count = limits.count if is_counted else limits.look
    window = count(tx, f"key:{key.id}", limit=plan.requests_per_minute, now=now)
    return Caller(account=account, key=key, plan=plan, window=window)


async def _count_failure(request: Request, services: Services) -> None:
    address = client_address(request, services)

    def count(tx: Transaction) -> Window:
        return limits.count(
            tx, f"wrong-key:{address}", limit=_FAILURES_PER_MINUTE, now=services.clock()
        )

    try:
        window = await services.write(count, durable=False)
    except StorageFullError:
        return
    if window.is_exceeded:
        raise RateLimitedError(
            "Too many wrong keys from this address.", retry_after_seconds=window.reset_in_seconds
        )
