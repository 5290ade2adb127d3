"""Several machines on one: each has a network of its own, and its cable can be pulled.

Where the kernel lets us (root has the right), a machine is a network namespace, joined to the
others by a bridge in a namespace of its own: nothing of this machine's network is touched, and all
of it is gone with the last descriptor, however the test ends. Elsewhere all live on loopback, and
what one says to another goes through a relay that can be closed.
"""

from __future__ import annotations

import asyncio
import ctypes
import os
import subprocess
import threading
from collections.abc import Coroutine, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from typing import Any, Protocol

_CLONE_NEWNET = 0x40000000
_OWN = "/proc/thread-self/ns/net"
#: Of no network that a machine is likely to be in; it is seen by nobody but ours.
_NETWORK = "10.177.0"


class Machine(Protocol):
    """One machine. `address` is where its servers listen."""

    address: str

    def inside(self) -> AbstractContextManager[None]:
        """Have this thread, and the processes and threads that it starts, live on the machine."""

    def way_to(self, other: Machine, port: int) -> str:
        """Return `host:port` at which this machine reaches a port of another."""

    def cut(self) -> None:
        """Pull the cable."""

    def mend(self) -> None:
        """Put it back."""


@contextmanager
def network(*names: str) -> Iterator[dict[str, Machine]]:
    """Give machines of these names for as long as the block lasts."""
    with namespaces(*names) if can_have_namespaces() else relays(*names) as made:
        yield made


def can_have_namespaces() -> bool:
    """Say whether this process may make a network."""
    try:
        os.close(_new_namespace())
    except OSError:
        return False
    return True


# Namespaces


class _Namespace:
    def __init__(self, fd: int, *, hub: int, number: int) -> None:
        self._fd = fd
        self._hub = hub
        self._cable = f"cable{number}"
        self.address = f"{_NETWORK}.{number}"

    @contextmanager
    def inside(self) -> Iterator[None]:
        with _entered(self._fd):
            yield

    def way_to(self, other: Machine, port: int) -> str:
        return f"{other.address}:{port}"

    def cut(self) -> None:
        _ip(self._hub, f"link set {self._cable} down")

    def mend(self) -> None:
        _ip(self._hub, f"link set {self._cable} up")

    def connect(self) -> None:
        end = f"/proc/{os.getpid()}/fd/{self._fd}"
        _ip(
            self._hub,
            f"link add {self._cable} type veth peer name eth0 netns {end}",
            f"link set {self._cable} master bridge0 up",
        )
        _ip(
            self._fd,
            "link set lo up",
            f"address add {self.address}/24 dev eth0",
            "link set eth0 up",
        )


@contextmanager
def namespaces(*names: str) -> Iterator[dict[str, Machine]]:
    """Give machines that are network namespaces."""
    with ExitStack() as stack:

        def new() -> int:
            fd = _new_namespace()
            stack.callback(os.close, fd)
            return fd

        hub = new()
        _ip(hub, "link add bridge0 type bridge", "link set bridge0 up")
        made = {
            name: _Namespace(new(), hub=hub, number=number)
            for number, name in enumerate(names, start=1)
        }
        for machine in made.values():
            machine.connect()
        yield dict(made)


def _new_namespace() -> int:
    """Make one in a thread that ends with it; the descriptor keeps it."""
    found: list[int | OSError] = []

    def make() -> None:
        try:
            _call("unshare", _CLONE_NEWNET)
            found.append(os.open(_OWN, os.O_RDONLY))
        except OSError as error:
            found.append(error)

    thread = threading.Thread(target=make)
    thread.start()
    thread.join()
    if isinstance(found[0], OSError):
        raise found[0]
    return found[0]


@contextmanager
def _entered(fd: int) -> Iterator[None]:
    before = os.open(_OWN, os.O_RDONLY)
    try:
        _call("setns", fd, _CLONE_NEWNET)
        yield
    finally:
        _call("setns", before, _CLONE_NEWNET)
        os.close(before)


def _call(name: str, *arguments: int) -> None:
    if getattr(ctypes.CDLL(None, use_errno=True), name)(*arguments):
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")


def _ip(fd: int, *commands: str) -> None:
    with _entered(fd):
        done = subprocess.run(
            ("ip", "-batch", "-"),
            input="\n".join(commands),
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 0, f"{commands}: {done.stderr}"


# Relays


class _Relayed:
    address = "127.0.0.1"

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._relays: dict[tuple[str, int], _Relay] = {}

    @contextmanager
    def inside(self) -> Iterator[None]:
        yield

    def way_to(self, other: Machine, port: int) -> str:
        target = (other.address, port)
        if target not in self._relays:
            self._relays[target] = _Relay(target)
            self._wait(self._relays[target].open())
        return f"{self.address}:{self._relays[target].port}"

    def cut(self) -> None:
        for relay in self._relays.values():
            self._wait(relay.close())

    def mend(self) -> None:
        for relay in self._relays.values():
            self._wait(relay.open())

    def _wait(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(180)


class _Relay:
    """Carries bytes from a port of its own to another."""

    def __init__(self, target: tuple[str, int]) -> None:
        self._target = target
        self._carrying: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self.port = 0

    async def open(self) -> None:
        self._server = await asyncio.start_server(self._carry, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        assert self._server is not None
        self._server.close()
        for task in tuple(self._carrying):
            task.cancel()
        await asyncio.gather(*self._carrying, return_exceptions=True)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._carrying.add(task)
        try:
            there, back = await asyncio.open_connection(*self._target)
            try:
                await asyncio.gather(_pump(reader, back), _pump(there, writer))
            finally:
                back.transport.abort()
        except (OSError, asyncio.CancelledError):
            pass  # that is what a cut is
        finally:
            writer.transport.abort()
            self._carrying.discard(task)


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while chunk := await reader.read(2**16):
        writer.write(chunk)
        await writer.drain()
    with suppress(OSError):
        writer.write_eof()


@contextmanager
def relays(*names: str) -> Iterator[dict[str, Machine]]:
    """Give machines that share loopback and speak through relays."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="relays")
    thread.start()
    made = {name: _Relayed(loop) for name in names}
    try:
        yield dict(made)
    finally:
        for machine in made.values():
            machine.cut()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
