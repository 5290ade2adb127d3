"""The client: POST (webhooks, questions to a model) and GET to a file (media).

A fresh connection for every request: an idle one was judged under the policy and the DNS answer
of its own time. Messages of errors are for users, and must not tell a blocked target from one
that refused or swallowed the connection, or a stranger could map the private network.
"""

from __future__ import annotations

import functools
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

import httpcore2

from telecine import __version__
from telecine.kit.errors import BlockedAddressError, InvalidRequestError, OutboundError
from telecine.kit.outbound import bodies, targets
from telecine.kit.outbound.addresses import IPAddress, Policy
from telecine.kit.outbound.bodies import OK, OnBytes, nobody
from telecine.kit.outbound.network import (
    Deadline,
    Limits,
    PinnedBackend,
    Resolver,
    resolve,
    system_resolver,
)
from telecine.kit.outbound.targets import Target
from telecine.kit.outbound.versions import Version, conditions, version_of

#: Standard Webhooks asks for 15 to 30 s.
WEBHOOK_LIMITS = Limits(connect_seconds=10, read_seconds=15, total_seconds=20)
DOWNLOAD_LIMITS = Limits(connect_seconds=10, read_seconds=30, total_seconds=3600, max_redirects=5)

# The status has decided by then; the body is only for the delivery log.
_BODY_HEAD_SECONDS = 2.0
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_NOT_MODIFIED = 304
_DEFAULT_PROXY_PORT = 80
# Written here alone: a caller who set them could break the framing or the pinned host.
_OWN_HEADERS = frozenset(
    {
        "accept-encoding",
        "connection",
        "content-length",
        "host",
        "proxy-authorization",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "user-agent",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What a server answered. Header names are lower-case; `body_head` has at most 1 KiB."""

    status: int
    headers: Mapping[str, str]
    body_head: bytes
    elapsed_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a server answered, whole."""

    status: int
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Downloaded:
    """A file that has come in complete.

    `url` is where the last redirect led. `media_type` is the server's claim, without
    parameters, and empty where it made none: neither is to be trusted. `version` is None where
    the server gave nothing to ask by whether the file is still the same.
    """

    path: Path
    size_bytes: int
    media_type: str
    url: str
    version: Version | None
    elapsed_ms: int


class Outbound:
    """Sends requests to addresses that strangers gave. Safe to share between threads."""

    def __init__(
        self,
        policy: Policy,
        *,
        resolver: Resolver = system_resolver,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        """Without an `ssl_context` the machine's certificates count, or `SSL_CERT_FILE`."""
        self._policy = policy
        self._resolver = resolver
        self._ssl_context = ssl_context or _machine_ssl_context()

    def check_url(self, url: str, *, field: str, https_only: bool = False) -> None:
        """Judge a URL at the door, without DNS. Raises `InvalidRequestError` naming `field`."""
        targets.check_url(url, policy=self._policy, field=field, https_only=https_only)

    def post(
        self,
        url: str,
        *,
        content: bytes,
        headers: Mapping[str, str],
        limits: Limits = WEBHOOK_LIMITS,
    ) -> Reply:
        """Send `content`, once. A redirect is returned, not followed.

        Once the status has come, a body that is slow, endless or broken does not fail it.
        Raises `OutboundError` where no answer came; its `BlockedAddressError` where none was
        asked for.
        """
        deadline = Deadline(limits.total_seconds)
        target = self._target(url)
        with self._exchange(
            target, "POST", headers=headers, content=content, limits=limits, deadline=deadline
        ) as response:
            deadline.tighten(_BODY_HEAD_SECONDS)
            return Reply(
                status=response.status,
                headers=bodies.headers(response),
                body_head=bodies.read_head(response),
                elapsed_ms=deadline.elapsed_ms,
            )

    def ask(
        self,
        url: str,
        *,
        content: bytes,
        headers: Mapping[str, str],
        limits: Limits,
        max_bytes: int,
        to: Path | None = None,
        method: str = "POST",
    ) -> Answer:
        """Send `content`, once, and read the whole answer. A redirect is an answer like any other.

        With `to`, a body that comes with status 200 goes into that new file, and no other is read.
        Raises `OutboundError` where none came, it broke off, or it has more than `max_bytes`
        (`FileTooLargeError` where it goes into a file), and `StorageError`.
        """
        deadline = Deadline(limits.total_seconds)
        with self._exchange(
            self._target(url),
            method,
            headers=headers,
            content=content,
            limits=limits,
            deadline=deadline,
        ) as response:
            if to is not None:
                if response.status == OK:
                    bodies.save(response, to=to, max_bytes=max_bytes)
                return Answer(status=response.status, body=b"")
            body = bytearray()
            for chunk in response.iter_stream():
                body += chunk
                if len(body) > max_bytes:
                    raise OutboundError("The other server's answer is too long.")
            return Answer(status=response.status, body=bytes(body))

    def download(
        self,
        url: str,
        *,
        to: Path,
        max_bytes: int,
        headers: Mapping[str, str] | None = None,
        limits: Limits = DOWNLOAD_LIMITS,
    ) -> Downloaded:
        """Fetch a URL into the new file `to`, through judged redirects; `headers` stay at the
        first origin.

        Raises `FileTooLargeError` over `max_bytes`, `OutboundError`, `StorageError`. Leaves no
        file behind when it raises.
        """
        found = self.download_if_new(
            url, known=None, to=to, max_bytes=max_bytes, headers=headers, limits=limits
        )
        assert found is not None
        return found

    def peek(self, url: str, *, to: Path, max_bytes: int, limits: Limits = DOWNLOAD_LIMITS) -> int:
        """Fetch the first bytes at a URL into the new file `to`, and return how many those are.

        Fewer than `max_bytes` are all that there is. Raises what `download` raises, but nothing
        for what is large.
        """
        found = self._fetch(
            url, known=None, to=to, max_bytes=max_bytes, headers={}, limits=limits, is_cut=True
        )
        assert found is not None
        return found.size_bytes

    def download_if_new(
        self,
        url: str,
        *,
        known: Version | None,
        to: Path,
        max_bytes: int,
        headers: Mapping[str, str] | None = None,
        limits: Limits = DOWNLOAD_LIMITS,
        on_bytes: OnBytes = nobody,
    ) -> Downloaded | None:
        """Like `download`, but None where the redirects end at the `known` bytes once more.

        Every redirect is followed and judged as ever: only the body is spared. What `on_bytes`
        raises ends the download.
        """
        return self._fetch(
            url,
            known=known,
            to=to,
            max_bytes=max_bytes,
            headers=headers or {},
            limits=limits,
            is_cut=False,
            on_bytes=on_bytes,
        )

    def _fetch(
        self,
        url: str,
        *,
        known: Version | None,
        to: Path,
        max_bytes: int,
        headers: Mapping[str, str],
        limits: Limits,
        is_cut: bool,
        on_bytes: OnBytes = nobody,
    ) -> Downloaded | None:
        deadline = Deadline(limits.total_seconds)
        target = self._target(url)
        sent = dict(headers)
        for _ in range(limits.max_redirects + 1):
            asked = known if known is not None and known.url == target.url else None
            with self._exchange(
                target,
                "GET",
                headers={**sent, **conditions(asked)},
                content=None,
                limits=limits,
                deadline=deadline,
            ) as response:
                if asked is not None and response.status == _NOT_MODIFIED:
                    return None
                if response.status not in _REDIRECTS:
                    size_bytes = bodies.save(
                        response, to=to, max_bytes=max_bytes, is_cut=is_cut, on_bytes=on_bytes
                    )
                    said = bodies.headers(response)
                    return Downloaded(
                        path=to,
                        size_bytes=size_bytes,
                        media_type=said.get("content-type", "").partition(";")[0],
                        url=target.url,
                        version=version_of(said, url=target.url),
                        elapsed_ms=deadline.elapsed_ms,
                    )
                onward = self._onward(target, response)
            if onward.origin != target.origin:
                sent = {}
            target = onward
        raise OutboundError("The other server redirected too often.")

    def _target(self, url: str) -> Target:
        try:
            return targets.check_url(url, policy=self._policy, field="url")
        except InvalidRequestError as error:
            raise BlockedAddressError from error

    def _onward(self, target: Target, response: httpcore2.Response) -> Target:
        locations = [value for name, value in response.headers if name.lower() == b"location"]
        if len(locations) != 1:
            raise OutboundError("The other server redirected without saying where to.")
        location = locations[0].decode("utf-8", errors="surrogateescape")
        if not location.isprintable() or "\\" in location:
            # Looked at before urljoin, which drops tabs and line ends in silence.
            raise BlockedAddressError
        try:
            onward = self._target(urljoin(target.url, location))
        except ValueError as error:
            raise BlockedAddressError from error
        if target.scheme == "https" and onward.scheme == "http":
            raise OutboundError("The other server redirected from https to http.")
        return onward

    @contextmanager
    def _exchange(
        self,
        target: Target,
        method: str,
        *,
        headers: Mapping[str, str],
        content: bytes | None,
        limits: Limits,
        deadline: Deadline,
    ) -> Iterator[httpcore2.Response]:
        """Yield the response once its headers are in; its body is read inside the block."""
        addresses = self._addresses(target, limits=limits, deadline=deadline)
        pool = httpcore2.ConnectionPool(
            ssl_context=self._ssl_context,
            proxy=_proxy(self._policy.egress_proxy),
            network_backend=PinnedBackend(addresses, limits=limits, deadline=deadline),
        )
        url = httpcore2.URL(
            scheme=target.scheme, host=target.bracketed_host, port=target.port, target=target.path
        )
        try:
            with (
                pool,
                pool.stream(
                    method,
                    url,
                    headers=_request_headers(target, headers),
                    content=content,
                    extensions={"sni_hostname": target.host},
                ) as response,
            ):
                yield response
        except httpcore2.ProxyError as error:
            raise OutboundError from error
        except (httpcore2.NetworkError, httpcore2.ProtocolError) as error:
            raise OutboundError("The other server broke off, or did not speak HTTP.") from error

    def _addresses(
        self, target: Target, *, limits: Limits, deadline: Deadline
    ) -> tuple[IPAddress, ...]:
        """Resolve once and judge every answer: one bad address condemns the name."""
        seconds = deadline.left(at_most=limits.connect_seconds)
        if self._policy.egress_proxy is not None:
            proxy_host = urlsplit(self._policy.egress_proxy).hostname or ""
            return resolve(proxy_host, resolver=system_resolver, seconds=seconds)
        if target.address is not None:
            found: tuple[IPAddress, ...] = (target.address,)
        else:
            found = resolve(target.host, resolver=self._resolver, seconds=seconds)
        if not all(self._policy.permits(address, port=target.port) for address in found):
            raise BlockedAddressError
        return found


@functools.cache
def _machine_ssl_context() -> ssl.SSLContext:
    return httpcore2.default_ssl_context()  # reads the whole CA bundle: once a process


def _proxy(url: str | None) -> httpcore2.Proxy | None:
    if url is None:
        return None
    parts = urlsplit(url)
    host = parts.hostname or ""
    return httpcore2.Proxy(
        url=httpcore2.URL(
            scheme="http", host=host, port=parts.port or _DEFAULT_PROXY_PORT, target="/"
        ),
        auth=(unquote(parts.username), unquote(parts.password or "")) if parts.username else None,
    )


def _request_headers(target: Target, headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    written = {
        "Host": target.host_header,
        "User-Agent": f"Telecine/{__version__}",
        "Accept-Encoding": "identity",  # no decompression bombs
        "Connection": "close",
        **{name: value for name, value in headers.items() if name.lower() not in _OWN_HEADERS},
    }
    return [(name.encode("ascii"), value.encode("latin-1")) for name, value in written.items()]
