"""From the text of a URL to one unmistakable target.

Strict where browsers are kind: a spelling that two programs could read differently (octal,
hexadecimal or short IPv4, percent signs or non-ASCII in the host, backslashes, tabs, user
names, zone ids) is refused, never mended. What is left has one meaning for everybody.
"""

from __future__ import annotations

import re
import string
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from urllib.parse import quote

from telecine.kit.errors import InvalidRequestError
from telecine.kit.outbound.addresses import IPAddress, Policy, is_public_port, unmapped

_MAX_URL_CHARACTERS = 2048
_MAX_HOST_CHARACTERS = 253
_DEFAULT_PORTS = {"http": 80, "https": 443}
_LAST_PORT = 65535

_URL = re.compile(
    r"(?P<scheme>https?)://(?P<authority>[^/?#]+)(?P<rest>[^#]*)(?:#.*)?", re.IGNORECASE
)
_AUTHORITY = re.compile(
    r"(?:\[(?P<v6>[0-9A-Fa-f:.]+)\]|(?P<name>[A-Za-z0-9._-]+))(?::(?P<port>[0-9]{1,5}))?"
)
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
# The WHATWG rule "ends in a number": such a host is an IPv4 address or it is nothing.
_NUMERIC_LABEL = re.compile(r"[0-9]+|0x[0-9a-f]*")
_LOOPBACKS = (IPv4Address("127.0.0.1"), IPv6Address("::1"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One place to send a request to.

    `host` is lower-case ASCII without brackets or a final dot; `path` is the request target
    (path and query, ASCII); `address` is set when the host is a literal address.
    """

    scheme: str
    host: str
    port: int
    path: str
    address: IPAddress | None

    @property
    def origin(self) -> tuple[str, str, int]:
        """What headers with credentials may not cross."""
        return self.scheme, self.host, self.port

    @property
    def bracketed_host(self) -> str:
        """The host as URLs and CONNECT lines want it."""
        return f"[{self.host}]" if ":" in self.host else self.host

    @property
    def host_header(self) -> str:
        """The value of `Host`: the port only where it is not the scheme's own."""
        if self.port == _DEFAULT_PORTS[self.scheme]:
            return self.bracketed_host
        return f"{self.bracketed_host}:{self.port}"

    @property
    def url(self) -> str:
        """The target written out again, in its one spelling."""
        return f"{self.scheme}://{self.host_header}{self.path}"


def check_url(url: str, *, policy: Policy, field: str, https_only: bool = False) -> Target:
    """Judge a URL at the door, without DNS; the name is resolved and judged at each request.

    Raises `InvalidRequestError` that names `field` and says what to change.
    """
    target = parse(url, field=field)
    if target.scheme == "http" and (https_only or not policy.allow_http):
        raise InvalidRequestError(f"'{field}' must start with https://.", field=field)
    if target.address is not None:
        known: tuple[IPAddress, ...] = (target.address,)
    elif target.host == "localhost" or target.host.endswith(".localhost"):
        known = _LOOPBACKS  # RFC 6761: this name is loopback everywhere
    elif is_public_port(target.port) or policy.allow_networks:
        return target
    else:
        known = ()
    if not any(policy.permits(address, port=target.port) for address in known):
        raise InvalidRequestError(
            f"'{field}' must be a public address, on port 80, 443 or from 1024 up; others are named "
            "by TELECINE_ALLOW_NETWORKS.",
            field=field,
        )
    return target


def parse(url: str, *, field: str = "url") -> Target:
    """Read a URL strictly. Raises `InvalidRequestError` that names `field`."""
    if len(url) > _MAX_URL_CHARACTERS:
        raise _refusal(field, f"is longer than {_MAX_URL_CHARACTERS} characters")
    if not url.isprintable() or " " in url or "\\" in url:
        raise _refusal(field, "contains a space, a backslash or an invisible character")
    match = _URL.fullmatch(url)
    if match is None:
        raise _refusal(field, "is not of the form https://host/path")
    scheme = match["scheme"].lower()
    host, port, address = _parse_authority(match["authority"], field=field)
    path = quote(match["rest"], safe=string.punctuation)
    return Target(
        scheme=scheme,
        host=host,
        port=_DEFAULT_PORTS[scheme] if port is None else port,
        path=path if path.startswith("/") else "/" + path,
        address=address,
    )


def _parse_authority(authority: str, *, field: str) -> tuple[str, int | None, IPAddress | None]:
    if "@" in authority:
        raise _refusal(field, "contains a user name; credentials do not belong in a URL")
    if not authority.isascii():
        raise _refusal(field, "has a host that is not ASCII; write it in its xn-- form")
    match = _AUTHORITY.fullmatch(authority)
    if match is None:
        raise _refusal(field, "has a host that is not a name or an address")
    port = None if match["port"] is None else int(match["port"])
    if port is not None and not 1 <= port <= _LAST_PORT:
        raise _refusal(field, f"has a port that is not between 1 and {_LAST_PORT}")
    if match["v6"] is not None:
        address = _parse_v6(match["v6"], field=field)
        return str(address), port, address
    host, v4 = _parse_name(match["name"].lower().removesuffix("."), field=field)
    return host, port, v4


def _parse_v6(text: str, *, field: str) -> IPAddress:
    try:
        return unmapped(IPv6Address(text))
    except AddressValueError:
        raise _refusal(field, "has a host that is not an IPv6 address") from None


def _parse_name(name: str, *, field: str) -> tuple[str, IPv4Address | None]:
    labels = name.split(".")
    if _NUMERIC_LABEL.fullmatch(labels[-1]):
        try:
            address = IPv4Address(name)
        except AddressValueError:
            raise _refusal(
                field, "has a host that is not an IPv4 address of four decimal numbers"
            ) from None
        return str(address), address
    if len(name) > _MAX_HOST_CHARACTERS or not all(_LABEL.fullmatch(label) for label in labels):
        raise _refusal(field, "has a host that is not a valid name")
    return name, None


def _refusal(field: str, reason: str) -> InvalidRequestError:
    # The URL itself is not quoted: it may hold a secret, and it is a stranger's text.
    return InvalidRequestError(f"'{field}' {reason}.", field=field)
