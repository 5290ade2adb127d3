"""Which targets are refused before a connection is even tried.

The table of spellings is judged as a request would be: the URL is read, and where it names a
host, the worst resolver there is answers, one that takes every text for an IPv4 address the
way `inet_aton` does. The package ssrfguard, written by others, is the second opinion.
"""

from __future__ import annotations

import socket
from ipaddress import ip_address, ip_network
from pathlib import Path

import pytest
import ssrfguard
from hypothesis import given, settings
from hypothesis import strategies as st

from telecine.kit import outbound
from telecine.kit.errors import BlockedAddressError, InvalidRequestError, OutboundError
from telecine.kit.outbound import Limits, Outbound, Policy
from telecine.kit.outbound.addresses import is_public
from telecine.kit.outbound.targets import parse

HOSTILE_LITERALS = [
    "http://127.0.0.1/",
    "http://127.0.0.1:80/",
    "http://127.255.255.254/",
    "http://127.0.0.1./",
    "http://0.0.0.0/",
    "http://0.1.2.3/",
    "http://10.0.0.5/",
    "http://100.64.0.1/",
    "http://100.100.100.200/",
    "http://168.63.129.16/",
    "http://169.254.169.254/latest/meta-data/",
    "http://169.254.170.2/",
    "http://172.16.0.1/",
    "http://172.31.255.255/",
    "http://192.0.0.192/",
    "http://192.0.2.1/",
    "http://192.88.99.1/",
    "http://192.168.0.1/",
    "http://198.18.0.1/",
    "http://198.51.100.7/",
    "http://203.0.113.7/",
    "http://224.0.0.1/",
    "http://239.255.255.250/",
    "http://240.0.0.1/",
    "http://255.255.255.255/",
    "http://[::]/",
    "http://[::1]/",
    "http://[0:0:0:0:0:0:0:1]/",
    "http://[0000::0001]:8080/",
    "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:7f00:1]/",
    "http://[::FFFF:10.0.0.1]/",
    "http://[::127.0.0.1]/",
    "http://[::ffff:0:127.0.0.1]/",
    "http://[64:ff9b::7f00:1]/",
    "http://[64:ff9b::169.254.169.254]/",
    "http://[64:ff9b:1::a00:1]/",
    "http://[100::1]/",
    "http://[2001::1]/",
    "http://[2001:0:4136:e378:8000:63bf:3fff:fdd2]/",
    "http://[2001:2::1]/",
    "http://[2001:10::1]/",
    "http://[2001:db8::1]/",
    "http://[2002:7f00:1::]/",
    "http://[2002:a9fe:a9fe::1]/",
    "http://[3fff::1]/",
    "http://[5f00::1]/",
    "http://[fc00::1]/",
    "http://[fd00:ec2::254]/",
    "http://[fe80::1]/",
    "http://[fec0::1]/",
    "http://[ff02::1]/",
    "http://localhost/",
    "http://LOCALHOST/",
    "http://localhost./",
    "http://admin.localhost:8080/",
    "http://8.8.8.8:22/",
    "http://8.8.8.8:25/",
    "http://[2606:4700::1111]:53/",
]

HOSTILE_SPELLINGS = [
    "http://2130706433/",
    "http://2130706433./",
    "http://017700000001/",
    "http://0x7f000001/",
    "http://0X7F000001/",
    "http://0x7f.0.0.1/",
    "http://0177.0.0.1/",
    "http://0177.0.0.01/",
    "http://127.1/",
    "http://127.0.1/",
    "http://127.0.0.1.1/",
    "http://127.0.0.1../",
    "http://127.0.0.0x1/",
    "http://1.0x/",
    "http://0/",
    "http://00000127.0.0.1/",
    "http://127.0.0.256/",
    "http://127.0.0.4294967297/",
    "http://１２７.０.０.１/",
    "http://①②⑦.⓪.⓪.①/",
    "http://127。0。0。1/",
    "http://127%2e0%2e0%2e1/",
    "http://%31%32%37.0.0.1/",
    "http://127.0.0.1%00.example.com/",
    "http://ⓛocalhost/",
    "http://loc\u00adalhost/",
    "http://exa\u200bmple.com/",
    "http://user@127.0.0.1/",
    "http://example.com@127.0.0.1/",
    "http://user:secret@example.com/",
    "http://127.0.0.1@example.com/",
    "http://@example.com/",
    "http://example.com\\@127.0.0.1/",
    "http:\\\\127.0.0.1\\",
    "http://127.0.0.1\\.example.com/",
    "http://example.com\t/",
    "http://exam\nple.com/",
    "http://127.0.0.1\r\nHost: x/",
    "\thttp://127.0.0.1/",
    " http://127.0.0.1/",
    "http://127.0.0.1 /",
    "http://\x00127.0.0.1/",
    "ht\ttp://127.0.0.1/",
    "http:/127.0.0.1/",
    "http:127.0.0.1/",
    "http:///127.0.0.1/",
    "//127.0.0.1/",
    "127.0.0.1",
    "",
    "http://",
    "http://?",
    "http://#",
    "http://[::1/",
    "http://::1/",
    "http://[::1]extra/",
    "http://[fe80::1%25eth0]/",
    "http://[fe80::1%eth0]/",
    "http://[v1.x]/",
    "http://[127.0.0.1]/",
    "http://[]/",
    "http://[::ffff:0177.0.0.1]/",
    "http://example.com:0/",
    "http://example.com:65536/",
    "http://example.com:99999/",
    "http://example.com:-1/",
    "http://example.com:+80/",
    "http://example.com:８０/",
    "http://example.com:80:80/",
    "http://example.com:/",
    "http://.example.com/",
    "http://exa..mple.com/",
    "http://-example.com/",
    "http://" + "a" * 64 + ".com/",
    "http://" + "a." * 127 + "com/",
    "http://example.com/" + "a" * 2048,
    "http://example.com/a\tb",
    "http://example.com/a b",
    "http://example.com/a\\b",
    "http://example.com/a\u202eb",
    "http://example.com/a\udcffb",
    "http://example.com/#a\nb",
    "file:///etc/passwd",
    "ftp://example.com/",
    "gopher://127.0.0.1:6379/_INFO",
    "data:text/plain,x",
    "javascript:alert(1)",
    "ws://example.com/",
    "unix:///var/run/docker.sock",
    "http+unix://%2Fvar%2Frun%2Fdocker.sock/",
]

HOSTILE_NAMES = ["internal.example", "rebind.example.", "XN--EXAMPLE.example", "a_b.example"]

GOOD = [
    ("https://example.com", "https", "example.com", 443, "/"),
    ("HTTPS://Example.COM./a?b=c#d", "https", "example.com", 443, "/a?b=c"),
    ("http://example.com?x", "http", "example.com", 80, "/?x"),
    ("https://example.com:8443/%2e/a%20b", "https", "example.com", 8443, "/%2e/a%20b"),
    ("https://example.com/Füße.mp4", "https", "example.com", 443, "/F%C3%BC%C3%9Fe.mp4"),
    ("https://example.com/@user:x", "https", "example.com", 443, "/@user:x"),
    ("https://xn--mnchen-3ya.example/", "https", "xn--mnchen-3ya.example", 443, "/"),
    ("https://1.1.1.1/", "https", "1.1.1.1", 443, "/"),
    ("https://0x7f.example.com/", "https", "0x7f.example.com", 443, "/"),
    ("https://[2606:4700:4700::1111]:8080/", "https", "2606:4700:4700::1111", 8080, "/"),
    ("https://[::ffff:1.1.1.1]/", "https", "1.1.1.1", 443, "/"),
    ("https://[64:ff9b::1.1.1.1]/", "https", "64:ff9b::101:101", 443, "/"),
]


def inet_aton_resolver(host: str) -> list[str]:
    """The worst resolver: any text that libc can take for a number is an address."""
    try:
        return [socket.inet_ntoa(socket.inet_aton(host))]
    except OSError:
        return ["127.0.0.1"]


def outbound_with(policy: Policy) -> Outbound:
    return Outbound(policy, resolver=inet_aton_resolver)


SHORT = Limits(connect_seconds=2, read_seconds=2, total_seconds=2, max_redirects=2)


@pytest.mark.parametrize("url", HOSTILE_LITERALS + HOSTILE_SPELLINGS)
def test_a_hostile_url_is_refused_at_the_door_and_the_field_is_named(url: str) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        outbound_with(Policy()).check_url(url, field="webhook_url")
    assert caught.value.field == "webhook_url"
    assert "webhook_url" in caught.value.message


@pytest.mark.parametrize("url", HOSTILE_LITERALS + HOSTILE_SPELLINGS)
def test_the_door_is_no_looser_when_a_home_network_is_allowed(url: str) -> None:
    home = Policy(allow_networks=(ip_network("192.168.77.0/24"), ip_network("fd12::/16")))
    with pytest.raises(InvalidRequestError):
        outbound_with(home).check_url(url, field="webhook_url")


@pytest.mark.parametrize(
    "url",
    HOSTILE_LITERALS + HOSTILE_SPELLINGS + [f"https://{name}/hook" for name in HOSTILE_NAMES],
)
def test_no_request_leaves_for_a_hostile_url(url: str, tmp_path: Path) -> None:
    client = outbound_with(Policy())
    with pytest.raises(BlockedAddressError):
        client.post(url, content=b"{}", headers={}, limits=SHORT)
    with pytest.raises(BlockedAddressError):
        client.download(url, to=tmp_path / "file", max_bytes=10, limits=SHORT)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("url", "scheme", "host", "port", "path"), GOOD)
def test_a_good_url_has_one_reading(url: str, scheme: str, host: str, port: int, path: str) -> None:
    outbound_with(Policy()).check_url(url, field="video_url")
    target = parse(url)
    assert (target.scheme, target.host, target.port, target.path) == (scheme, host, port, path)
    assert parse(target.url) == target


def test_the_table_is_as_long_as_promised() -> None:
    assert len(set(HOSTILE_LITERALS + HOSTILE_SPELLINGS)) >= 40


def test_a_document_that_says_https_only_gets_https_only() -> None:
    client = outbound_with(Policy())
    client.check_url("http://example.com/", field="webhook_url")
    with pytest.raises(InvalidRequestError, match="https://"):
        client.check_url("http://example.com/", field="webhookUrl", https_only=True)
    with pytest.raises(InvalidRequestError, match="https://"):
        outbound_with(Policy(allow_http=False)).check_url("http://example.com/", field="x")


def test_a_refusal_does_not_repeat_the_url() -> None:
    with pytest.raises(InvalidRequestError, match="credentials") as caught:
        parse("https://user:hunter2@example.com/", field="webhook_url")
    assert "hunter2" not in caught.value.message


def test_a_blocked_target_reads_like_an_unreachable_one() -> None:
    assert BlockedAddressError().message == OutboundError().message


def test_an_allowed_network_opens_all_its_ports_and_nothing_beside_it() -> None:
    policy = Policy(allow_networks=outbound.parse_networks("192.168.1.0/24, fd12::/16,10.0.0.5"))
    for text in ("192.168.1.7", "::ffff:192.168.1.7", "fd12::9", "10.0.0.5"):
        assert policy.permits(ip_address(text), port=5678)
        assert policy.permits(ip_address(text), port=22)
    for text in ("192.168.2.7", "fd13::9", "10.0.0.6", "127.0.0.1", "64:ff9b::192.168.1.7"):
        assert not policy.permits(ip_address(text), port=80)
    Outbound(policy).check_url("http://192.168.1.7:5678/webhook/x", field="webhook_url")
    Outbound(policy).check_url("http://n8n:5678/webhook/x", field="webhook_url")


@pytest.mark.parametrize("text", ["169.254.169.254", "100.100.100.200", "fd00:ec2::254"])
def test_a_wide_network_does_not_open_cloud_metadata_and_its_own_address_does(text: str) -> None:
    wide = Policy(allow_networks=outbound.parse_networks("0.0.0.0/0,::/0"))
    named = Policy(allow_networks=outbound.parse_networks(text))
    assert not wide.permits(ip_address(text), port=80)
    assert named.permits(ip_address(text), port=80)
    assert wide.permits(ip_address("10.1.2.3"), port=80)


@pytest.mark.parametrize("text", ["192.168.1.1/24", "home", "10.0.0.0/33", "1.2.3"])
def test_a_mistyped_network_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=text.partition("/")[0]):
        outbound.parse_networks(text)


@pytest.mark.parametrize("text", ["proxy:3128", "https://proxy:3128", "http://", "http://p:x"])
def test_a_mistyped_proxy_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 (urllib words one of them)
        Policy(egress_proxy=text)


# Closed here, open there: the protocol assignments 192.0.0.9, 192.0.0.10 and those in 2001::/23
# are anycast services of networks, not places that serve media; wrappers are not unwrapped
# except ::ffff:0:0/96 and NAT64; and 6bone has been given back.
STRICTER_ON_PURPOSE = tuple(
    ip_network(text)
    for text in (
        "192.0.0.0/24",
        "2001::/23",
        "2002::/16",
        "3ffe::/16",
        "::/96",
    )
)


def agree(text: str) -> bool:
    """Nothing that ssrfguard denies is public here, and little else is closed."""
    address = ip_address(text)
    theirs = not ssrfguard.DEFAULT_DENIED.classify(address).blocked
    ours = is_public(address)
    if ours:
        return theirs
    outside_unicast = address.version == 6 and address not in ip_network("2000::/3")
    return (
        not theirs or outside_unicast or any(address in network for network in STRICTER_ON_PURPOSE)
    )


def test_ssrfguard_agrees_at_both_edges_of_every_block_it_knows() -> None:
    disagreed = []
    for block in ssrfguard.DEFAULT_DENIED.blocks:
        first, last = int(block.network[0]), int(block.network[-1])
        limit = 2**block.network.max_prefixlen
        for number in {first - 1, first, first + 1, last - 1, last, last + 1}:
            if 0 <= number < limit:
                text = str(block.network[0] + (number - first))
                if not agree(text):
                    disagreed.append((text, str(block.network)))
    assert disagreed == []


@settings(max_examples=300, deadline=None)
@given(st.ip_addresses())
def test_ssrfguard_agrees_on_any_address(address: object) -> None:
    assert agree(str(address))


@pytest.mark.parametrize("url", HOSTILE_LITERALS + HOSTILE_SPELLINGS)
def test_every_url_that_ssrfguard_refuses_is_refused_here(url: str) -> None:
    try:
        ssrfguard.Policy().check_url(url)
    except ssrfguard.SSRFGuardError:
        with pytest.raises(InvalidRequestError):
            outbound_with(Policy()).check_url(url, field="url")


@settings(max_examples=500, deadline=None)
@given(st.text(alphabet="0123456789abcdefx.:[]%@\\/?#-_ \t１。", max_size=30))
def test_what_is_accepted_never_is_a_number_to_libc(rest: str) -> None:
    try:
        target = parse("http://" + rest)
    except InvalidRequestError:
        return
    if target.address is None:
        with pytest.raises(OSError, match="illegal IP address"):
            socket.inet_aton(target.host)
