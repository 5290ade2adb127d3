"""Sockets that go to a judged address and nowhere else, under one deadline.

httpcore asks its network backend to connect to a *name*; this backend ignores the name and
connects to the addresses it was built with. So nothing is resolved a second time, while TLS
(SNI, certificate) and `Host` still see the name. One backend serves one request.
"""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any

import httpcore2
from typing_extensions import override

from telecine.kit.errors import BlockedAddressError, OutboundError
from telecine.kit.outbound.addresses import IPAddress, unmapped

#: Takes a host name, returns its addresses as text. Raises `OSError` when there are none.
Resolver = Callable[[str], Sequence[str]]

# A name may carry hundreds of addresses that all swallow packets; each would cost one
# connect time-out.
_MAX_CONNECT_ATTEMPTS = 4

_LATE = "The other server did not answer in time."


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How long one request may take. `total_seconds` covers DNS, redirects and the body."""

    connect_seconds: float
    read_seconds: float
    total_seconds: float
    max_redirects: int = 0


class Deadline:
    """A point in monotonic time that all steps of one request share."""

    def __init__(self, seconds: float) -> None:
        self._started = time.monotonic()
        self._ends = self._started + seconds

    def left(self, *, at_most: float) -> float:
        """Return the seconds that the next step may take; 0 or less when time is up."""
        return min(at_most, self._ends - time.monotonic())

    def tighten(self, seconds: float) -> None:
        """Bring the end forward to `seconds` from now, if that is sooner."""
        self._ends = min(self._ends, time.monotonic() + seconds)

    @property
    def elapsed_ms(self) -> int:
        """Whole milliseconds since the start."""
        return round((time.monotonic() - self._started) * 1000)


def system_resolver(host: str) -> Sequence[str]:
    """Ask the machine's resolver, with its /etc/hosts and search domains."""
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return [str(sockaddr[0]) for *_, sockaddr in found]


def resolve(host: str, *, resolver: Resolver, seconds: float) -> tuple[IPAddress, ...]:
    """Return the addresses of a name, in the resolver's order and without repeats.

    getaddrinfo takes no time-out and a hostile name server can hold it for long, hence the
    thread; it is a daemon, and ends when the resolver gives up. Raises `OutboundError`.
    """
    answer: Future[Sequence[str]] = Future()

    def ask() -> None:
        try:
            answer.set_result(resolver(host))
        except Exception as error:  # noqa: BLE001 (handed to the waiting thread)
            answer.set_exception(error)

    threading.Thread(target=ask, name="resolve", daemon=True).start()
    try:
        texts = answer.result(timeout=seconds)
        addresses = tuple(dict.fromkeys(unmapped(ip_address(text)) for text in texts))
    except (OSError, TimeoutError, ValueError) as error:
        raise _told(OutboundError(), error) from error
    if not addresses:
        raise OutboundError
    return addresses


class PinnedBackend(httpcore2.NetworkBackend):
    """Connects to the given addresses, in order, whatever name is asked for."""

    def __init__(
        self, addresses: Sequence[IPAddress], *, limits: Limits, deadline: Deadline
    ) -> None:
        self._addresses = addresses[:_MAX_CONNECT_ATTEMPTS]
        self._limits = limits
        self._deadline = deadline

    @override
    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.NetworkStream:
        """Open a connection. Raises `OutboundError`, the same for "refused" and "timed out"."""
        failure: OSError | None = None
        for address in self._addresses:
            seconds = self._deadline.left(at_most=self._limits.connect_seconds)
            if seconds <= 0:
                break
            try:
                # The text is a literal address: create_connection asks no DNS.
                sock = socket.create_connection((str(address), port), timeout=seconds)
            except OSError as error:
                failure = error
                continue
            check_peer(sock, address)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return _DeadlineStream(sock, limits=self._limits, deadline=self._deadline)
        raise _told(OutboundError(), failure) from failure

    @override
    def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.NetworkStream:
        """Refuse: no URL may lead to a Unix socket."""
        raise BlockedAddressError


def _told(error: OutboundError, cause: Exception | None) -> OutboundError:
    """Note the cause on an error: whoever runs the server may read it, and no client.

    A cause by itself does not pass the connection pool, which raises again `from None`.
    """
    if cause is not None:
        error.add_note(str(cause) or type(cause).__name__)
    return error


def check_peer(sock: socket.socket, address: IPAddress) -> None:
    """Close the socket and raise `BlockedAddressError` unless `address` is at its other end."""
    peer = unmapped(ip_address(sock.getpeername()[0]))
    if (peer.version, int(peer)) != (address.version, int(address)):  # less the zone id
        sock.close()
        raise BlockedAddressError


class _DeadlineStream(httpcore2.NetworkStream):
    """A socket on which every wait is cut to what the deadline has left.

    The time-outs that httpcore passes are ignored: they bound one wait, and a peer that sends a
    byte a second never meets them.
    """

    def __init__(self, sock: socket.socket, *, limits: Limits, deadline: Deadline) -> None:
        self._sock = sock
        self._limits = limits
        self._deadline = deadline

    @override
    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        self._arm()
        try:
            return self._sock.recv(max_bytes)
        except TimeoutError as error:
            raise OutboundError(_LATE) from error
        except OSError as error:
            raise httpcore2.ReadError from error

    @override
    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        view = memoryview(buffer)
        while view:
            self._arm()
            try:
                view = view[self._sock.send(view) :]
            except TimeoutError as error:
                raise OutboundError(_LATE) from error
            except OSError as error:
                raise httpcore2.WriteError from error

    @override
    def close(self) -> None:
        self._sock.close()

    @override
    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore2.NetworkStream:
        self._arm()
        try:
            # The handshake as a whole has the socket's time-out, not each of its reads.
            sock = ssl_context.wrap_socket(self._sock, server_hostname=server_hostname)
        except TimeoutError as error:
            self.close()
            raise OutboundError(_LATE) from error
        except (OSError, ValueError) as error:
            self.close()
            message = (
                "The other server has no valid TLS certificate for this name."
                if isinstance(error, ssl.SSLCertVerificationError)
                else "The other server does not speak TLS as it should."
            )
            raise _told(OutboundError(message), error) from error
        return _DeadlineStream(sock, limits=self._limits, deadline=self._deadline)

    @override
    def get_extra_info(self, info: str) -> Any:
        return None

    def _arm(self) -> None:
        seconds = self._deadline.left(at_most=self._limits.read_seconds)
        if seconds <= 0:
            raise OutboundError(_LATE)
        self._sock.settimeout(seconds)
