"""The cache of files from the web: what is asked, what is spared, what is never mixed up."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from ipaddress import ip_network
from pathlib import Path

import pytest
from tests.websites import Site, site

from telecine.kit.errors import (
    BlockedAddressError,
    CancelledError,
    FileTooLargeError,
    OutboundError,
)
from telecine.kit.outbound import Cache, Outbound, Policy

LONG_AGO = "Thu, 19 Mar 2026 10:00:00 GMT"
SMALL = 64 * 2**10


@pytest.fixture
def web() -> Iterator[Site]:
    with site() as running:
        yield running


@pytest.fixture
def room(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def cache_in(room: Path, *, networks: str = "127.0.0.1/32", max_bytes: int = 2**30) -> Cache:
    policy = Policy(allow_networks=(ip_network(networks),))
    return Cache(room, outbound=Outbound(policy), max_bytes=max_bytes)


class Reader:
    """Fetches into files of its own, and reads them."""

    def __init__(self, cache: Cache, folder: Path) -> None:
        self.cache = cache
        self.folder = folder
        self.n_read = 0

    def path(self, url: str, *, max_bytes: int = 2**20) -> Path:
        self.n_read += 1
        path = self.folder / f"file{self.n_read}"
        assert self.cache.fetch(url, to=path, max_bytes=max_bytes) == path.stat().st_size
        return path

    def __call__(self, url: str, *, max_bytes: int = 2**20) -> bytes:
        return self.path(url, max_bytes=max_bytes).read_bytes()


@pytest.fixture
def read(room: Path, tmp_path: Path) -> Reader:
    return Reader(cache_in(room), tmp_path)


def kept(room: Path) -> list[Path]:
    return sorted((room / "bytes").iterdir())


@pytest.mark.parametrize("facts", [{"etag": '"1"'}, {"etag": 'W/"1"'}, {"modified": LONG_AGO}])
def test_what_has_not_changed_is_asked_for_but_not_sent_again(
    web: Site, read: Reader, facts: dict[str, str]
) -> None:
    url = web.put("/a", b"one", **facts)
    assert [read(url), read(url), read(url)] == [b"one"] * 3
    assert web.statuses("/a") == [200, 304, 304]


def test_another_process_finds_it_too(web: Site, read: Reader, room: Path, tmp_path: Path) -> None:
    url = web.put("/a", b"one", etag='"1"')
    read(url)
    (tmp_path / "other").mkdir()
    assert Reader(cache_in(room), tmp_path / "other")(url) == b"one"
    assert web.statuses("/a") == [200, 304]


def test_what_has_changed_is_fetched_again(web: Site, read: Reader) -> None:
    url = web.put("/a", b"one", etag='"1"')
    assert read(url) == b"one"
    web.put("/a", b"two", etag='"2"')
    assert [read(url), read(url)] == [b"two", b"two"]
    assert web.statuses("/a") == [200, 200, 304]


@pytest.mark.parametrize(
    "facts",
    [
        {},
        # No length: it may have broken off.
        {"etag": '"1"', "is_measured": False},
        # A second version may have the same second.
        {"modified": "Fri, 31 Dec 9999 23:59:59 GMT"},
        {"modified": "yesterday"},
        {"etag": '"' + "1" * 300 + '"'},
    ],
)
def test_what_has_no_name_to_ask_by_is_fetched_each_time_and_not_kept(
    web: Site, read: Reader, room: Path, facts: dict[str, str]
) -> None:
    url = web.put("/a", b"one", **facts)
    assert [read(url), read(url)] == [b"one", b"one"]
    assert web.statuses("/a") == [200, 200]
    assert not (room / "bytes").exists()


def test_the_same_bytes_at_two_addresses_are_kept_once(web: Site, read: Reader, room: Path) -> None:
    for path in ("/a", "/b"):
        read(web.put(path, b"one", etag='"1"'))
    assert len(kept(room)) == 1


def test_a_redirect_to_elsewhere_is_another_file_even_with_the_same_name(
    web: Site, read: Reader
) -> None:
    web.put("/one", b"one", etag='"same"')
    web.put("/two", b"two", etag='"same"')
    url = web.put("/a", location="/one")
    assert [read(url), read(url)] == [b"one", b"one"]
    assert web.statuses("/one") == [200, 304]
    web.put("/a", location="/two")
    assert read(url) == b"two"


def test_every_redirect_is_judged_again_however_well_the_file_is_known(
    web: Site, read: Reader
) -> None:
    web.put("/one", b"one", etag='"1"')
    url = web.put("/a", location="/one")
    read(url)
    web.put("/a", location=web.url.replace("127.0.0.1", "127.0.0.2") + "/one")
    with pytest.raises(BlockedAddressError):
        read(url)


def test_who_may_not_reach_the_address_does_not_get_it_from_the_cache(
    web: Site, read: Reader, room: Path, tmp_path: Path
) -> None:
    url = web.put("/a", b"one", etag='"1"')
    read(url)
    with pytest.raises(OutboundError):
        cache_in(room, networks="10.0.0.0/8").fetch(url, to=tmp_path / "x", max_bytes=100)
    assert not (tmp_path / "x").exists()


def test_a_file_that_is_gone_elsewhere_is_gone_here(web: Site, read: Reader) -> None:
    url = web.put("/a", b"one", etag='"1"')
    read(url)
    del web.pages["/a"]
    with pytest.raises(OutboundError, match="404"):
        read(url)
    assert [path.name for path in read.folder.glob("file*")] == ["file1"]


def test_the_limit_of_a_caller_counts_for_what_is_known_too(web: Site, read: Reader) -> None:
    url = web.put("/a", b"one", etag='"1"')
    read(url)
    with pytest.raises(FileTooLargeError):
        read(url, max_bytes=2)


def test_the_longest_unused_goes_first_and_nobody_loses_a_file_in_use(
    web: Site, room: Path, tmp_path: Path
) -> None:
    # A file and what is noted of its address: room for two of each.
    read = Reader(cache_in(room, max_bytes=4 * SMALL), tmp_path)
    urls = [web.put(f"/{name}", name.encode(), etag=f'"{name}"') for name in "abc"]
    first = read.path(urls[0])
    read(urls[1])
    read(urls[0])
    read(urls[2])
    assert len(kept(room)) == 2
    assert [read(url) for url in urls] == [b"a", b"b", b"c"]
    assert [web.statuses(f"/{name}") for name in "abc"] == [[200, 304, 304], [200, 200], [200, 200]]
    assert first.read_bytes() == b"a"


def test_what_does_not_fit_is_given_out_but_not_kept(web: Site, room: Path, tmp_path: Path) -> None:
    read = Reader(cache_in(room, max_bytes=0), tmp_path)
    assert read(web.put("/a", b"one", etag='"1"')) == b"one"
    assert not room.exists()


@pytest.mark.parametrize("folder", ["bytes", "pages"])
@pytest.mark.parametrize("content", [None, b"", b"torn"])
def test_a_damaged_cache_is_fetched_anew(
    web: Site, read: Reader, room: Path, folder: str, content: bytes | None
) -> None:
    url = web.put("/a", b"one", etag='"1"')
    read(url)
    for path in (room / folder).iterdir():
        path.unlink()
        if content is not None:
            path.write_bytes(content)
    assert [read(url), read(url)] == [b"one", b"one"]
    assert web.statuses("/a") == [200, 200, 304]


def test_many_at_once_all_get_whole_files(web: Site, room: Path, tmp_path: Path) -> None:
    urls = [web.put(f"/{index}", bytes([index]) * 50_000, etag='"1"') for index in range(4)]

    def work(index: int) -> bool:
        cache = cache_in(room, max_bytes=3 * SMALL)  # there is always something to clear
        path = tmp_path / f"mine{index}"
        cache.fetch(urls[index % 4], to=path, max_bytes=2**20)
        return path.read_bytes() == bytes([index % 4]) * 50_000

    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(work, range(64)))
    assert not [path for path in room.rglob(".*") if path.is_file()]


def test_what_comes_in_is_told_with_what_is_still_to_come(
    web: Site, room: Path, tmp_path: Path
) -> None:
    content = bytes(300_000)
    told: list[tuple[int, int | None]] = []

    def fetch(url: str, name: str) -> list[tuple[int, int | None]]:
        told.clear()
        cache_in(room).fetch(
            url, to=tmp_path / name, max_bytes=2**20, on_bytes=lambda *now: told.append(now)
        )
        return list(told)

    url = web.put("/a", content, etag='"1"')
    first = fetch(url, "one")
    assert first == sorted(first)
    assert len(first) > 1
    assert first[-1] == (300_000, 300_000)
    assert fetch(url, "two") == []
    assert fetch(web.put("/b", content, is_measured=False), "three")[-1] == (300_000, None)


def test_whoever_is_told_may_end_it_and_nothing_is_left(
    web: Site, room: Path, tmp_path: Path
) -> None:
    def stop(_n_bytes: int, _of: int | None) -> None:
        raise CancelledError

    url = web.put("/a", bytes(300_000), etag='"1"')
    with pytest.raises(CancelledError):
        cache_in(room).fetch(url, to=tmp_path / "file", max_bytes=2**20, on_bytes=stop)
    assert list(tmp_path.iterdir()) == []
