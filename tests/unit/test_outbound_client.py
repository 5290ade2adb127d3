"""The client against real sockets on loopback.

127.0.0.1 is the "public" server (each policy here allows that one address); 127.0.0.2 is the
private network, and the canary that listens there must never be connected to.
"""

from __future__ import annotations

import errno
import select
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address, ip_network
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from telecine.kit.errors import (
    BlockedAddressError,
    FileTooLargeError,
    OutboundError,
    StorageError,
)
from telecine.kit.outbound import Limits, Outbound, Policy
from telecine.kit.outbound.network import Deadline, PinnedBackend, check_peer, resolve

PUBLIC, PRIVATE = "127.0.0.1", "127.0.0.2"
POLICY = Policy(allow_networks=(ip_network(PUBLIC),))
LIMITS = Limits(connect_seconds=60, read_seconds=60, total_seconds=60, max_redirects=3)
#: For servers that never say what is waited for.
SHORT = Limits(connect_seconds=2, read_seconds=0.3, total_seconds=2)

Answer = Callable[["Request", socket.socket], None]


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it came over the wire."""

    line: str
    headers: dict[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return self.line.split(" ")[1]


@dataclass(slots=True)
class Server:
    """A plain socket server: every connection is counted, every request kept."""

    answer: Answer
    host: str = PUBLIC
    context: ssl.SSLContext | None = None
    greeting: bytes = b""
    requests: list[Request] = field(default_factory=list)
    connections: int = 0
    listener: socket.socket = field(init=False)
    port: int = field(init=False)
    stop: socket.socket = field(init=False)
    threads: list[threading.Thread] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.listener = socket.create_server((self.host, 0))
        self.listener.setblocking(False)
        self.port = self.listener.getsockname()[1]
        self.stop, stopped = socket.socketpair()
        self._run(lambda: self._accept(stopped))

    def url(self, path: str = "/", *, host: str | None = None, scheme: str = "http") -> str:
        return f"{scheme}://{host or self.host}:{self.port}{path}"

    def close(self) -> None:
        """Stop; a connection that still waits to be accepted is counted first."""
        self.stop.close()
        for thread in self.threads:
            thread.join(60)
        self.listener.close()

    def _run(self, target: Callable[[], None]) -> None:
        thread = threading.Thread(target=target, daemon=True)
        self.threads.append(thread)
        thread.start()

    def _accept(self, stopped: socket.socket) -> None:
        with stopped:
            while True:
                ready = select.select([self.listener, stopped], [], [])[0]
                if self.listener not in ready:
                    return
                connection, _ = self.listener.accept()
                self.connections += 1
                connection.settimeout(5)
                self._run(lambda accepted=connection: self._serve(accepted))  # type: ignore[misc]

    def _serve(self, connection: socket.socket) -> None:
        try:
            connection.sendall(self.greeting)
            if self.context is not None:
                connection = self.context.wrap_socket(connection, server_side=True)
            request = read_request(connection)
            self.requests.append(request)
            self.answer(request, connection)
        except OSError:
            pass  # the client hung up, as several tests want
        finally:
            connection.close()


def read_request(connection: socket.socket) -> Request:
    raw = b""
    while b"\r\n\r\n" not in raw:
        part = connection.recv(65536)
        if not part:
            raise ConnectionError
        raw += part
    head, _, body = raw.partition(b"\r\n\r\n")
    line, *rest = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value for name, _, value in (text.partition(": ") for text in rest)}
    while len(body) < int(headers.get("content-length", "0")):
        body += connection.recv(65536)
    return Request(line, headers, body)


def reply(body: bytes = b"ok", *, status: str = "200 OK", extra: str = "") -> Answer:
    def answer(request: Request, connection: socket.socket) -> None:
        head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{extra}\r\n"
        connection.sendall(head.encode() + body)

    return answer


def redirect(location: str, *, status: str = "302 Found") -> Answer:
    return reply(b"", status=status, extra=f"Location: {location}\r\n")


def raw(*parts: bytes) -> Answer:
    def answer(request: Request, connection: socket.socket) -> None:
        for part in parts:
            connection.sendall(part)

    return answer


def drip(head: bytes, part: bytes) -> Answer:
    """Send `part` ten times a second until the client goes away, or has had 5 s of it."""

    def answer(request: Request, connection: socket.socket) -> None:
        connection.sendall(head)
        for _ in range(50):
            if select.select([connection], [], [], 0.1)[0]:
                return
            connection.sendall(part)

    return answer


def flood(head: bytes, part: bytes) -> Answer:
    """Send `part` as fast as it is taken, to an end that no test should see (64 MiB)."""

    def answer(request: Request, connection: socket.socket) -> None:
        connection.sendall(head)
        for _ in range(1024):
            connection.sendall(part)

    return answer


def silent(request: Request, connection: socket.socket) -> None:
    """Answer nothing until the client goes away."""
    connection.recv(1)


Serve = Callable[..., Server]


@pytest.fixture
def serve() -> Iterator[Serve]:
    with ExitStack() as stack:

        def start(answer: Answer, **options: object) -> Server:
            server = Server(answer, **options)  # type: ignore[arg-type]
            stack.callback(server.close)
            return server

        yield start


@pytest.fixture
def canary(serve: Serve) -> Iterator[Server]:
    """A service of the private network; the test fails when anything connects to it."""
    server = serve(reply(b"secret"), host=PRIVATE)
    yield server
    server.close()
    assert server.connections == 0


@dataclass(slots=True)
class Names:
    """A resolver with answers in a row for each name; the last one stays."""

    answers: dict[str, list[Sequence[str]]]
    asked: list[str] = field(default_factory=list)

    def __call__(self, host: str) -> Sequence[str]:
        self.asked.append(host)
        row = self.answers[host]
        return row.pop(0) if len(row) > 1 else row[0]


def client(policy: Policy = POLICY, **names: Sequence[str]) -> Outbound:
    table = {name.replace("_", "."): [answer] for name, answer in names.items()}
    return Outbound(policy, resolver=Names(table))


def test_a_post_arrives_byte_for_byte_with_our_framing(serve: Serve) -> None:
    server = serve(reply(b"thanks", status="202 Accepted", extra="Retry-After: 7\r\n"))
    answer = client(hook_example=[PUBLIC]).post(
        server.url("/a?b=c", host="hook.example"),
        content=b'{"id":"1"}',
        headers={"Content-Type": "application/json", "Host": "evil", "Content-Length": "999"},
    )
    assert (answer.status, answer.body_head) == (202, b"thanks")
    assert answer.headers["retry-after"] == "7"
    assert answer.elapsed_ms >= 0
    (request,) = server.requests
    assert request.line == "POST /a?b=c HTTP/1.1"
    assert request.body == b'{"id":"1"}'
    assert request.headers["host"] == f"hook.example:{server.port}"
    assert request.headers["content-type"] == "application/json"
    assert request.headers["content-length"] == "10"
    assert request.headers["accept-encoding"] == "identity"
    assert request.headers["user-agent"].startswith("Telecine/")


def test_a_post_returns_a_redirect_and_does_not_follow_it(serve: Serve, canary: Server) -> None:
    server = serve(redirect(canary.url()))
    answer = client().post(server.url(), content=b"{}", headers={})
    assert answer.status == 302
    assert answer.headers["location"] == canary.url()


def test_cookies_are_not_kept_between_requests(serve: Serve) -> None:
    server = serve(reply(extra="Set-Cookie: a=b\r\n"))
    one = client()
    for _ in range(2):
        one.post(server.url(), content=b"{}", headers={})
    assert all("cookie" not in request.headers for request in server.requests)
    assert server.connections == 2


def test_proxies_and_netrc_of_the_environment_are_ignored(
    serve: Serve, canary: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, canary.url())
    netrc = tmp_path / "netrc"
    netrc.write_text(f"machine {PUBLIC} login me password hunter2\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    server = serve(reply())
    assert client().post(server.url(), content=b"{}", headers={}).status == 200
    assert "authorization" not in server.requests[0].headers


@pytest.mark.parametrize(
    "answers",
    [
        [PRIVATE],
        [PUBLIC, PRIVATE],
        [PRIVATE, PUBLIC],
        ["::ffff:127.0.0.2"],
        ["64:ff9b::7f00:2"],
        ["::1"],
        ["fe80::1%1"],
        ["169.254.169.254"],
        ["0.0.0.0"],
    ],
)
def test_one_private_answer_condemns_the_name(
    answers: list[str], serve: Serve, canary: Server
) -> None:
    server = serve(reply())
    for port in (server.port, canary.port):
        with pytest.raises(BlockedAddressError):
            client(mixed_example=answers).post(
                f"http://mixed.example:{port}/", content=b"{}", headers={}
            )
    assert server.connections == 0


def test_a_name_that_moves_after_it_was_judged_is_not_asked_again(
    serve: Serve, canary: Server
) -> None:
    server = serve(reply())
    names = Names({"rebind.example": [[PUBLIC], [PRIVATE]]})
    answer = Outbound(POLICY, resolver=names).post(
        server.url(host="rebind.example"), content=b"{}", headers={}
    )
    assert answer.status == 200
    assert names.asked == ["rebind.example"]
    assert server.connections == 1


def test_each_request_resolves_anew(serve: Serve, canary: Server) -> None:
    server = serve(reply())
    names = Names({"rebind.example": [[PUBLIC], [PRIVATE]]})
    one = Outbound(POLICY, resolver=names)
    one.post(server.url(host="rebind.example"), content=b"{}", headers={})
    with pytest.raises(BlockedAddressError):
        one.post(server.url(host="rebind.example"), content=b"{}", headers={})
    assert server.connections == 1


def test_a_second_address_is_tried_when_the_first_refuses(serve: Serve) -> None:
    server = serve(reply())
    both = Policy(allow_networks=(ip_network("127.0.0.0/8"),))
    answer = client(two_example=["127.0.0.9", PUBLIC], policy=both).post(
        server.url(host="two.example"), content=b"{}", headers={}
    )
    assert answer.status == 200


def test_an_allowed_loopback_network_can_be_reached(serve: Serve) -> None:
    server = serve(reply(b"inside"), host=PRIVATE)
    home = Policy(allow_networks=(ip_network("127.0.0.0/8"),))
    assert client(home).post(server.url(), content=b"", headers={}).body_head == b"inside"


def test_the_peer_is_checked_after_the_connection(serve: Serve) -> None:
    server = serve(silent)
    with socket.create_connection((PUBLIC, server.port)) as sock:
        check_peer(sock, ip_address(PUBLIC))
        with pytest.raises(BlockedAddressError):
            check_peer(sock, ip_address("192.0.2.1"))
        assert sock.fileno() == -1


def test_no_url_leads_to_a_unix_socket() -> None:
    backend = PinnedBackend([ip_address(PUBLIC)], limits=SHORT, deadline=Deadline(1))
    with pytest.raises(BlockedAddressError):
        backend.connect_unix_socket("/var/run/docker.sock")


def test_blocked_refused_unknown_and_stalled_names_read_the_same(serve: Serve) -> None:
    with socket.create_server((PUBLIC, 0)) as closed:
        port = closed.getsockname()[1]
    release = threading.Event()

    def resolver(host: str) -> Sequence[str]:
        if host == "stalled.example":
            release.wait(60)
        if host == "unknown.example":
            raise socket.gaierror(socket.EAI_NONAME, "no such name")
        return {"blocked.example": [PRIVATE], "none.example": []}.get(host, [PUBLIC])

    one = Outbound(POLICY, resolver=resolver)
    quick = Limits(connect_seconds=0.2, read_seconds=0.2, total_seconds=0.2)
    messages = set()
    started = time.monotonic()
    for name in ("refused", "blocked", "unknown", "none", "stalled"):
        with pytest.raises(OutboundError) as caught:
            one.post(f"http://{name}.example:{port}/", content=b"", headers={}, limits=quick)
        messages.add(caught.value.message)
    assert time.monotonic() - started < 30
    release.set()
    assert messages == {OutboundError().message}


def test_a_resolver_that_answers_nonsense_is_an_unreachable_name() -> None:
    with pytest.raises(OutboundError):
        resolve("a.example", resolver=lambda host: ["not an address"], seconds=1)


# --- hostile answers ---


def test_a_server_that_says_nothing_is_left_in_time(serve: Serve) -> None:
    started = time.monotonic()
    with pytest.raises(OutboundError, match="in time"):
        client().post(serve(silent).url(), content=b"{}", headers={}, limits=SHORT)
    assert time.monotonic() - started < 50


@pytest.mark.parametrize(
    "head", [b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n"]
)
def test_a_body_or_head_that_drips_ends_at_the_total_deadline(
    head: bytes, serve: Serve, tmp_path: Path
) -> None:
    limits = Limits(connect_seconds=60, read_seconds=60, total_seconds=0.5)
    server = serve(drip(head, b"X"))
    started = time.monotonic()
    with pytest.raises(OutboundError, match="in time"):
        client().download(server.url(), to=tmp_path / "file", max_bytes=10**6, limits=limits)
    assert 0.4 < time.monotonic() - started < 50
    assert list(tmp_path.iterdir()) == []


def test_a_receiver_that_does_not_read_ends_at_the_deadline() -> None:
    with socket.create_server((PUBLIC, 0)) as deaf:
        limits = Limits(connect_seconds=60, read_seconds=60, total_seconds=0.4)
        url = f"http://{PUBLIC}:{deaf.getsockname()[1]}/"
        started = time.monotonic()
        with pytest.raises(OutboundError, match="in time"):
            client().post(url, content=bytes(32 * 2**20), headers={}, limits=limits)
        assert time.monotonic() - started < 50


def test_a_tls_handshake_that_never_ends_is_left_in_time() -> None:
    with socket.create_server((PUBLIC, 0)) as deaf:
        url = f"https://{PUBLIC}:{deaf.getsockname()[1]}/"
        with pytest.raises(OutboundError, match="in time"):
            client().post(url, content=b"", headers={}, limits=SHORT)


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
    ],
)
def test_an_endless_body_is_cut_at_the_limit(head: bytes, serve: Serve, tmp_path: Path) -> None:
    block = b"x" * 65536
    part = b"10000\r\n" + block + b"\r\n" if b"chunked" in head else block
    with pytest.raises(FileTooLargeError):
        client().download(
            serve(flood(head, part)).url(), to=tmp_path / "file", max_bytes=200_000, limits=LIMITS
        )
    assert list(tmp_path.iterdir()) == []


def test_a_length_over_the_limit_is_refused_before_the_body(serve: Serve, tmp_path: Path) -> None:
    server = serve(raw(b"HTTP/1.1 200 OK\r\nContent-Length: 5000000000\r\n\r\n"))
    with pytest.raises(FileTooLargeError):
        client().download(server.url(), to=tmp_path / "file", max_bytes=100, limits=LIMITS)


def test_a_body_of_exactly_the_limit_is_taken(serve: Serve, tmp_path: Path) -> None:
    got = client().download(
        serve(reply(b"x" * 100)).url(), to=tmp_path / "file", max_bytes=100, limits=LIMITS
    )
    assert got.size_bytes == 100


def test_the_first_bytes_are_fetched_however_many_more_there_are(
    serve: Serve, tmp_path: Path
) -> None:
    url = serve(reply(bytes(range(256)) * 1000)).url()
    assert client().peek(url, to=tmp_path / "head", max_bytes=1000, limits=LIMITS) == 1000
    assert (tmp_path / "head").read_bytes() == (bytes(range(256)) * 4)[:1000]
    assert client().peek(url, to=tmp_path / "all", max_bytes=10**6, limits=LIMITS) == 256_000
    gone = serve(reply(b"", status="404 Not Found")).url()
    with pytest.raises(OutboundError, match="404"):
        client().peek(gone, to=tmp_path / "no", max_bytes=10, limits=LIMITS)
    assert not (tmp_path / "no").exists()


@pytest.mark.parametrize(
    "answer",
    [
        raw(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort"),
        raw(b"SSH-2.0-OpenSSH_9.2\r\n"),
        raw(b""),
        raw(b"HTTP/1.1 200 OK\r\n" + b"X: " + b"y" * 200_000 + b"\r\n\r\n"),
        raw(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx"),
        raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"),
        reply(b"\x1f\x8b", extra="Content-Encoding: gzip\r\n"),
        reply(status="404 Not Found"),
        reply(status="206 Partial Content"),
    ],
    ids=range(9),
)
def test_a_broken_answer_is_an_error_and_leaves_no_file(
    answer: Answer, serve: Serve, tmp_path: Path
) -> None:
    with pytest.raises(OutboundError) as caught:
        client().download(serve(answer).url(), to=tmp_path / "f", max_bytes=10**6, limits=LIMITS)
    assert not isinstance(caught.value, BlockedAddressError)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "answer",
    [
        flood(b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 65536),
        drip(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n", b"x"),
        raw(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\nxxx"),
    ],
    ids=["endless", "slow", "broken off"],
)
def test_a_webhook_whose_status_came_counts_whatever_its_body_does(
    answer: Answer, serve: Serve
) -> None:
    started = time.monotonic()
    got = client().post(serve(answer).url(), content=b"{}", headers={}, limits=LIMITS)
    assert got.status == 200
    assert set(got.body_head) == {ord("x")}
    assert len(got.body_head) <= 1024
    assert time.monotonic() - started < 30


# --- redirects ---


def test_a_download_follows_redirects_and_says_where_it_ended(serve: Serve, tmp_path: Path) -> None:
    def answer(request: Request, connection: socket.socket) -> None:
        step = {"/": redirect("/b/../c?x=1", status="301 Moved"), "/c?x=1": redirect("end")}
        done = reply(b"media", extra="Content-Type: video/mp4; codecs=avc1\r\n")
        step.get(request.path, done)(request, connection)

    server = serve(answer)
    got = client().download(server.url(), to=tmp_path / "file", max_bytes=10, limits=LIMITS)
    assert got.path.read_bytes() == b"media"
    assert (got.size_bytes, got.media_type) == (5, "video/mp4")
    assert got.url == server.url("/end")


@pytest.mark.parametrize(
    "spelling",
    [
        "http://127.0.0.2:{port}/",
        "//127.0.0.2:{port}/",
        "http://private.example:{port}/",
        "http://2130706434:{port}/",
        "http://0x7f.2:{port}/",
        "http://[::ffff:127.0.0.2]:{port}/",
        "http://public.example@127.0.0.2:{port}/",
        "http://127.0.0.2\\@public.example:{port}/",
        "\\\\127.0.0.2:{port}\\",
        "ht\ttp://127.0.0.2:{port}/",
        "http://%31%32%37.0.0.2:{port}/",
        "http://[fe80::1%25lo]:{port}/",
        "http://[:{port}/",
        "http://127.0.0.2:{port}/\xff",
        "file:///etc/passwd",
        "ftp://127.0.0.2:{port}/",
        "javascript:alert(1)",
    ],
)
def test_a_redirect_to_the_private_network_is_not_followed(
    spelling: str, serve: Serve, canary: Server, tmp_path: Path
) -> None:
    server = serve(redirect(spelling.format(port=canary.port)))
    with pytest.raises(BlockedAddressError):
        client(private_example=[PRIVATE], public_example=[PUBLIC]).download(
            server.url(), to=tmp_path / "file", max_bytes=10, limits=LIMITS
        )
    assert server.connections == 1


def test_a_redirect_back_to_a_name_that_moved_is_judged_anew(
    serve: Serve, canary: Server, tmp_path: Path
) -> None:
    server = serve(redirect("/again"))
    names = Names({"rebind.example": [[PUBLIC], [PRIVATE]]})
    with pytest.raises(BlockedAddressError):
        Outbound(POLICY, resolver=names).download(
            server.url(host="rebind.example"), to=tmp_path / "file", max_bytes=10, limits=LIMITS
        )
    assert names.asked == ["rebind.example"] * 2


@pytest.mark.parametrize("extra", ["", "Location: /a\r\nLocation: /b\r\n"])
def test_a_redirect_that_names_no_place_or_two_is_not_followed(
    extra: str, serve: Serve, tmp_path: Path
) -> None:
    server = serve(reply(b"", status="302 Found", extra=extra))
    with pytest.raises(OutboundError, match="where to"):
        client().download(server.url(), to=tmp_path / "file", max_bytes=10, limits=LIMITS)
    assert server.connections == 1


def test_a_redirect_is_not_mended_before_it_is_judged(serve: Serve, tmp_path: Path) -> None:
    onward = serve(reply())
    server = serve(redirect(f"ht\ttp://{PUBLIC}:{onward.port}/"))
    with pytest.raises(BlockedAddressError):
        client().download(server.url(), to=tmp_path / "file", max_bytes=10, limits=LIMITS)
    assert onward.connections == 0


def test_too_many_redirects_end(serve: Serve, tmp_path: Path) -> None:
    server = serve(redirect("/"))
    with pytest.raises(OutboundError, match="too often"):
        client().download(server.url(), to=tmp_path / "file", max_bytes=10, limits=LIMITS)
    assert server.connections == LIMITS.max_redirects + 1


def test_headers_stay_at_the_origin_they_were_meant_for(serve: Serve, tmp_path: Path) -> None:
    other = serve(reply(b"media"))

    def answer(request: Request, connection: socket.socket) -> None:
        onward = "/same" if request.path == "/" else other.url("/", host="other.example")
        redirect(onward)(request, connection)

    server = serve(answer)
    client(other_example=[PUBLIC]).download(
        server.url(),
        to=tmp_path / "file",
        max_bytes=10,
        headers={"Authorization": "Bearer hunter2", "X-Key": "hunter2"},
        limits=LIMITS,
    )
    assert [request.headers.get("authorization") for request in server.requests] == [
        "Bearer hunter2",
        "Bearer hunter2",
    ]
    (onward,) = other.requests
    assert not {"authorization", "x-key", "referer"} & onward.headers.keys()


# --- files ---


def test_a_file_that_exists_is_neither_overwritten_nor_removed(
    serve: Serve, tmp_path: Path
) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"mine")
    with pytest.raises(StorageError):
        client().download(serve(reply()).url(), to=path, max_bytes=10, limits=LIMITS)
    assert path.read_bytes() == b"mine"


def test_a_folder_that_is_missing_is_a_storage_error(serve: Serve, tmp_path: Path) -> None:
    with pytest.raises(StorageError) as caught:
        client().download(
            serve(reply()).url(), to=tmp_path / "no" / "file", max_bytes=10, limits=LIMITS
        )
    assert isinstance(caught.value.__cause__, OSError)
    assert caught.value.__cause__.errno == errno.ENOENT


# --- TLS ---


@dataclass(frozen=True, slots=True)
class Identity:
    """A self-signed certificate for one name: the server's context and a client that trusts it."""

    server: ssl.SSLContext
    trusting: ssl.SSLContext
    names_asked: list[str | None]


@pytest.fixture(scope="module")
def identity(tmp_path_factory: pytest.TempPathFactory) -> Identity:
    folder = tmp_path_factory.mktemp("tls")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "secure.example")])
    now = datetime.now(tz=UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("secure.example")]), critical=True)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = folder / "both.pem"
    pem.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(pem)
    names_asked: list[str | None] = []
    server.sni_callback = lambda _socket, asked, _context: names_asked.append(asked)
    return Identity(server, ssl.create_default_context(cafile=str(pem)), names_asked)


def test_tls_sees_the_name_while_the_connection_goes_to_the_pinned_address(
    serve: Serve, identity: Identity
) -> None:
    server = serve(reply(b"private words"), context=identity.server)
    names = Names({"secure.example": [[PUBLIC], [PRIVATE]]})
    identity.names_asked.clear()
    answer = Outbound(POLICY, resolver=names, ssl_context=identity.trusting).post(
        server.url(host="secure.example.", scheme="https"), content=b"{}", headers={}
    )
    assert answer.body_head == b"private words"
    assert identity.names_asked == ["secure.example"]
    assert server.requests[0].headers["host"] == f"secure.example:{server.port}"
    assert names.asked == ["secure.example"]


def test_a_certificate_for_another_name_is_refused(serve: Serve, identity: Identity) -> None:
    server = serve(reply(), context=identity.server)
    one = Outbound(
        POLICY, resolver=Names({"other.example": [[PUBLIC]]}), ssl_context=identity.trusting
    )
    for host in ("other.example", PUBLIC):
        with pytest.raises(OutboundError, match="certificate"):
            one.post(server.url(host=host, scheme="https"), content=b"{}", headers={})
    assert server.requests == []


def test_a_certificate_that_nobody_vouches_for_is_refused(serve: Serve, identity: Identity) -> None:
    server = serve(reply(), context=identity.server)
    with pytest.raises(OutboundError, match="certificate"):
        client(secure_example=[PUBLIC]).post(
            server.url(host="secure.example", scheme="https"), content=b"{}", headers={}
        )
    assert server.requests == []


def test_a_server_without_tls_on_an_https_url_is_an_error(serve: Serve) -> None:
    server = serve(silent, greeting=b"220 mail.example ESMTP\r\n")
    with pytest.raises(OutboundError, match="TLS"):
        client().post(server.url(scheme="https"), content=b"{}", headers={}, limits=LIMITS)


def test_a_redirect_from_https_to_http_is_not_followed(
    serve: Serve, identity: Identity, tmp_path: Path
) -> None:
    plain = serve(reply())
    server = serve(redirect(plain.url()), context=identity.server)
    one = Outbound(
        POLICY, resolver=Names({"secure.example": [[PUBLIC]]}), ssl_context=identity.trusting
    )
    with pytest.raises(OutboundError, match="https to http"):
        one.download(
            server.url(host="secure.example", scheme="https"),
            to=tmp_path / "file",
            max_bytes=10,
            limits=LIMITS,
        )
    assert plain.connections == 0


# --- egress proxy ---


def forwarding(upstream: Server) -> Answer:
    """A real, small proxy: whatever name is asked for, the bytes go to `upstream`."""

    def answer(request: Request, connection: socket.socket) -> None:
        if request.headers.get("proxy-authorization") != "Basic bWU6aHVudGVyIDI=":
            reply(b"", status="407 Proxy Authentication Required")(request, connection)
            return
        with socket.create_connection((upstream.host, upstream.port)) as onward:
            if request.line.startswith("CONNECT "):
                connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            else:
                method, url, _ = request.line.split(" ")
                path = "/" + url.split("/", 3)[3]
                head = f"{method} {path} HTTP/1.1\r\nHost: {request.headers['host']}\r\n"
                length = f"Content-Length: {len(request.body)}\r\n\r\n"
                onward.sendall(head.encode() + length.encode() + request.body)
            relay(connection, onward)

    return answer


def relay(left: socket.socket, right: socket.socket) -> None:
    other = {left: right, right: left}
    while True:
        for ready in select.select([left, right], [], [], 5)[0]:
            data = ready.recv(65536)
            if not data:
                return
            other[ready].sendall(data)


def proxied(proxy: Server, *, ssl_context: ssl.SSLContext | None = None) -> Outbound:
    policy = Policy(egress_proxy=f"http://me:hunter%202@{proxy.host}:{proxy.port}")
    # A resolver without a single name: asking it would be a KeyError, not an OutboundError.
    return Outbound(policy, resolver=Names({}), ssl_context=ssl_context)


def test_plain_http_goes_through_the_egress_proxy_which_resolves(serve: Serve) -> None:
    server = serve(reply(b"through"))
    proxy = serve(forwarding(server))
    answer = proxied(proxy).post("http://hook.example/a?b", content=b"{}", headers={})
    assert answer.body_head == b"through"
    assert proxy.requests[0].line == "POST http://hook.example:80/a?b HTTP/1.1"
    assert server.requests[0].headers["host"] == "hook.example"
    assert server.requests[0].body == b"{}"


def test_https_goes_through_the_egress_proxy_as_a_tunnel(serve: Serve, identity: Identity) -> None:
    server = serve(reply(b"through"), context=identity.server)
    proxy = serve(forwarding(server))
    answer = proxied(proxy, ssl_context=identity.trusting).post(
        "https://secure.example/a", content=b"{}", headers={}
    )
    assert answer.body_head == b"through"
    assert proxy.requests[0].line == "CONNECT secure.example:443 HTTP/1.1"
    assert "proxy-authorization" not in server.requests[0].headers
    assert server.requests[0].headers["host"] == "secure.example"


def test_an_ipv6_target_is_bracketed_for_the_egress_proxy(serve: Serve) -> None:
    proxy = serve(reply(b"", status="403 Forbidden"))
    for scheme in ("https", "http"):
        try:
            proxied(proxy).post(f"{scheme}://[2606:4700::1111]/", content=b"", headers={})
        except OutboundError:
            assert scheme == "https"
    lines = [request.line for request in proxy.requests]
    assert lines[0] == "CONNECT [2606:4700::1111]:443 HTTP/1.1"
    assert lines[1].startswith("POST http://[2606:4700::1111]:80/ ")


def test_literal_private_addresses_do_not_even_reach_the_egress_proxy(serve: Serve) -> None:
    proxy = serve(reply())
    for url in ("http://127.0.0.2/", "http://169.254.169.254/", "http://localhost/"):
        with pytest.raises(BlockedAddressError):
            proxied(proxy).post(url, content=b"{}", headers={})
    assert proxy.connections == 0


def test_a_proxy_that_refuses_the_target_reads_like_an_unreachable_server(serve: Serve) -> None:
    proxy = serve(reply(b"", status="403 Forbidden"))
    with pytest.raises(OutboundError) as caught:
        proxied(proxy).post("https://hook.example/", content=b"{}", headers={})
    assert caught.value.message == OutboundError().message
