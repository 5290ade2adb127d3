"""Which IP addresses an outgoing request may reach.

Allow by exception: IPv4 is public unless listed here, IPv6 only inside 2000::/3 and then unless
listed. The predicates of `ipaddress` are not used: `is_private` lets carrier NAT, multicast,
NAT64 and 6to4 pass, `is_global` still lets multicast, NAT64, 6to4 and fec0::/10 pass (3.11).
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from urllib.parse import urlsplit

IPAddress = IPv4Address | IPv6Address
IPNetwork = IPv4Network | IPv6Network

# IANA IPv4 Special-Purpose Address Registry, and 168.63.129.16, which is public by number but
# inside every Azure machine is the platform's own control address.
_NOT_PUBLIC_V4 = tuple(
    IPv4Network(text)
    for text in (
        "0.0.0.0/8",  # this network; 0.0.0.0 connects to loopback on Linux
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # carrier NAT, tailnets
        "127.0.0.0/8",  # loopback
        "168.63.129.16/32",  # Azure
        "169.254.0.0/16",  # link-local, cloud metadata
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # protocol assignments, Oracle's metadata
        "192.0.2.0/24",  # documentation
        "192.88.99.0/24",  # 6to4 relays, withdrawn
        "192.168.0.0/16",  # private
        "198.18.0.0/15",  # benchmarking
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, broadcast
    )
)

_GLOBAL_UNICAST_V6 = IPv6Network("2000::/3")
_NOT_PUBLIC_V6 = tuple(
    IPv6Network(text)
    for text in (
        "2001::/23",  # protocol assignments: Teredo, benchmarking, ORCHID
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4: the packet goes to the IPv4 address inside
        "3ffe::/16",  # 6bone, withdrawn
        "3fff::/20",  # documentation
    )
)
# DNS64 gives such addresses for every IPv4-only name, so on an IPv6-only machine they are the
# normal case: the IPv4 address inside is judged.
_NAT64 = IPv6Network("64:ff9b::/96")

# Where cloud machines hand out credentials. A wide network in `allow_networks` (10.0.0.0/8,
# 0.0.0.0/0) does not open them; only their own address, named alone, does.
_METADATA = frozenset(
    ip_address(text)
    for text in (
        "169.254.169.254",
        "169.254.169.253",
        "169.254.170.2",
        "169.254.170.23",
        "192.0.0.192",
        "100.100.100.200",
        "168.63.129.16",
        "fd00:ec2::254",
        "fd00:ec2::23",
        "fd20:ce::254",
    )
)

_WEB_PORTS = frozenset({80, 443})
_FIRST_UNPRIVILEGED_PORT = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What outgoing requests may reach.

    Public addresses are reached on ports 80, 443 and from 1024 up; addresses inside
    `allow_networks` on any port (n8n at 192.168.1.5:5678 is the common webhook). With an
    `egress_proxy` (`http://[user:password@]host:port`) names are resolved and judged by the
    proxy; spellings and literal addresses are still judged here.
    """

    allow_networks: tuple[IPNetwork, ...] = ()
    egress_proxy: str | None = None
    allow_http: bool = True

    def __post_init__(self) -> None:
        """Raise `ValueError` when the proxy is not `http://host:port`."""
        if self.egress_proxy is None:
            return
        parts = urlsplit(self.egress_proxy)
        if parts.scheme != "http" or not parts.hostname or parts.path not in {"", "/"}:
            raise ValueError("the egress proxy must be written http://host:port")
        _ = parts.port  # raises ValueError when it is no number

    def permits(self, address: IPAddress, *, port: int) -> bool:
        """Say whether a connection to this address and port may be opened."""
        address = unmapped(address)
        if self._is_allowed_network(address):
            return True
        return is_public(address) and is_public_port(port)

    def _is_allowed_network(self, address: IPAddress) -> bool:
        holding = [network for network in self.allow_networks if address in network]
        if address in _METADATA:
            return any(network.num_addresses == 1 for network in holding)
        return bool(holding)


def parse_networks(text: str) -> tuple[IPNetwork, ...]:
    """Read `192.168.1.0/24,10.0.0.5`. Raises `ValueError` that quotes the wrong part."""
    parts = (part.strip() for part in text.split(","))
    return tuple(ip_network(part) for part in parts if part)


def unmapped(address: IPAddress) -> IPAddress:
    """Return the IPv4 address of ::ffff:a.b.c.d, which the kernel sends as plain IPv4."""
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


def is_public(address: IPAddress) -> bool:
    """Say whether an address belongs to the public internet, seen through all its wrappings."""
    address = unmapped(address)
    if isinstance(address, IPv6Address) and address in _NAT64:
        address = IPv4Address(int(address) & 0xFFFF_FFFF)
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _NOT_PUBLIC_V4)
    if address.scope_id is not None:
        return False
    return address in _GLOBAL_UNICAST_V6 and not any(
        address in network for network in _NOT_PUBLIC_V6
    )


def is_public_port(port: int) -> bool:
    """Say whether a port may be used on a public address: no mail, no SSH, no DNS."""
    return port in _WEB_PORTS or port >= _FIRST_UNPRIVILEGED_PORT
