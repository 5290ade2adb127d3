"""Tasks that behave as hostile media makes libraries behave; run in pool children by test_pool."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from telecine.kit import errors


def echo(params: dict[str, Any], source: int, target: int | None) -> dict[str, Any]:
    """Answer what came in, and who answered; copy the source to the target."""
    content = os.read(source, 100)
    if target is not None:
        os.write(target, content)
    return {"params": params, "content": content.decode(), "pid": os.getpid()}


def attempt(params: dict[str, Any], source: int, target: int | None) -> dict[str, Any]:
    """Try to get out; answer what came of each way."""
    ways: dict[str, Callable[[], object]] = {
        "read_file": lambda: Path(params["path"]).read_bytes(),
        "write_file": lambda: Path(params["path"]).write_bytes(b"x"),
        "list_folder": lambda: list(Path("/").iterdir()),
        "udp_socket": lambda: socket.socket(type=socket.SOCK_DGRAM),
        "tcp_socket": lambda: socket.socket(),
        "fork": os.fork,
        "execute": lambda: os.execv("/bin/true", ["true"]),
        "signal_parent": lambda: os.kill(os.getppid(), 0),
        "reopen_source": lambda: os.open(f"/proc/self/fd/{source}", os.O_RDWR),
    }
    found: dict[str, Any] = {}
    for name, way in ways.items():
        try:
            way()
        except OSError as error:
            found[name] = type(error).__name__
        else:
            found[name] = "done"
    thread = threading.Thread(target=found.update, args=({"thread": "done"},))
    thread.start()
    thread.join()
    found["environment"] = sorted(os.environ)
    return found


def fail(params: dict[str, Any], source: int, target: int | None) -> dict[str, Any]:
    """Raise the error named by the params, after having written something."""
    if target is not None:
        os.write(target, b"half")
    raise getattr(errors, params["error"])(params["message"], field=params.get("field"))


def bug(params: dict[str, Any], source: int, target: int | None) -> dict[str, Any]:
    """Fail as a mistake of ours would."""
    raise ZeroDivisionError("a secret detail")


def unspeakable(params: dict[str, Any], source: int, target: int | None) -> dict[str, Any]:
    """Answer what has no JSON."""
    return {"answer": object()}


def crash(params: dict[str, Any], source: int, target: int | None) -> dict[str, Any]:
    """Die as a library does that finds its heap damaged."""
    os.abort()


def spin(params: dict[str, Any], source: int, target: int | None) -> dict[str, Any]:
    """Compute without end and without letting go of the interpreter."""
    if target is not None:
        os.write(target, b"spinning")
    return {"sum": sum(range(10**15))}


def devour(params: dict[str, Any], source: int, target: int | None) -> dict[str, Any]:
    """Take memory."""
    return {"size": len(bytearray(params["bytes"]))}


def fill(params: dict[str, Any], source: int, target: int | None) -> dict[str, Any]:
    """Write zeros."""
    assert target is not None
    block, left = bytes(2**20), params["bytes"]
    while left > 0:
        left -= os.write(target, block[:left])
    return {}


def lie(params: dict[str, Any], source: int, target: int | None) -> dict[str, Any]:
    """Answer more than the parent is willing to read."""
    return {"answer": "x" * params["bytes"]}


def pretend(params: dict[str, Any], source: int, target: int | None) -> dict[str, Any]:
    """Say that an image was written, and write half of one."""
    assert target is not None
    os.write(target, b"RIFF\x10\0\0\0WEBPVP8L")
    return {"format": params["format"], "width": 64, "height": 48, "pages": 1, "size_bytes": 16}
