"""Files and a server that nobody may touch, and which notice when somebody does.

Files are watched by inotify: the kernel tells of each that was opened, by whatever process and
however short; one that Landlock refused was not opened. The server notes connections, not
requests: a single one is too many.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests import samples

_OPENED, _IS_FOLDER = 0x20, 0x40000000
_EVENT = struct.Struct("iIII")


@dataclass(slots=True)
class Canaries:
    """`folder` has what another client owns; the film is noticed under every name it has.

    `url` is a server that answers with the film, `datagrams` a UDP address as `host:port`.
    """

    folder: Path
    film: Path
    picture: Path
    text: Path
    url: str
    datagrams: str
    _notes: int
    _mail: socket.socket
    _connected: list[str] = field(default_factory=list)

    def forget(self) -> None:
        """Begin anew: what was touched until now was touched by the test itself."""
        self.touched()

    def touched(self) -> list[str]:
        """What was opened, and who connected, since the last time that somebody asked."""
        found = list(self._opened())
        found += [self._connected.pop() for _ in range(len(self._connected))]
        with suppress(BlockingIOError):
            while True:
                found.append(f"udp from {self._mail.recvfrom(2**16)[1]}")
        return found

    def _opened(self) -> Iterator[str]:
        while True:
            try:
                told = os.read(self._notes, 2**16)
            except BlockingIOError:
                return
            place = 0
            while place < len(told):
                _, mask, _, length = _EVENT.unpack_from(told, place)
                name = told[place + _EVENT.size : place + _EVENT.size + length].rstrip(b"\0")
                place += _EVENT.size + length
                yield f"{'listed' if mask & _IS_FOLDER else 'opened'} {name.decode() or '.'}"


@contextmanager
def canaries(folder: Path) -> Iterator[Canaries]:
    """Put them into `folder`, and watch for as long as the block lasts."""
    folder.mkdir(parents=True, exist_ok=True)
    film = samples.make_video(folder / "canary.mp4", seconds=0.4, size=(64, 48))
    samples.run_ffmpeg("-i", film, "-c", "copy", folder / "canary.ts")
    picture = Path(shutil.copyfile(samples.astronaut(), folder / "canary.png"))
    text = folder / "canary.txt"
    text.write_text("another client's words\n")
    notes = _watching(folder, film)
    with (
        socket.socket(type=socket.SOCK_DGRAM) as mail,
        socket.create_server(("127.0.0.1", 0)) as server,
    ):
        mail.bind(("127.0.0.1", 0))
        mail.setblocking(False)
        made = Canaries(
            folder=folder,
            film=film,
            picture=picture,
            text=text,
            url=f"http://127.0.0.1:{server.getsockname()[1]}",
            datagrams=f"127.0.0.1:{mail.getsockname()[1]}",
            _notes=notes,
            _mail=mail,
        )
        content = film.read_bytes()
        made.forget()
        thread = threading.Thread(target=_serve, args=(server, content, made._connected))
        thread.start()
        try:
            yield made
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join()
            os.close(notes)


def _watching(*paths: Path) -> int:
    libc = ctypes.CDLL(None, use_errno=True)
    notes = int(libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC))
    assert notes >= 0, os.strerror(ctypes.get_errno())
    for path in paths:
        added = libc.inotify_add_watch(notes, os.fsencode(path), _OPENED)
        assert added >= 0, os.strerror(ctypes.get_errno())
    return notes


def _serve(server: socket.socket, content: bytes, connected: list[str]) -> None:
    head = b"HTTP/1.0 200 OK\r\nContent-Type: video/mp4\r\nContent-Length: %d\r\n\r\n"
    while True:
        try:
            peer, address = server.accept()
        except OSError:  # it was shut down: the test is over
            return
        connected.append(f"tcp from {address}")
        with peer, suppress(OSError):
            peer.settimeout(5)
            peer.recv(2**16)
            peer.sendall(head % len(content) + content)
