"""The program of one pool child: imports its tasks, builds its walls, then serves calls.

A task is a function `(params, source_fd, target_fd) -> dict` that must not close the two. The
imports come first, for afterwards there is no file system. The parent's end is noticed in
the middle of a computation too: a pipe that only the parent holds open sends SIGIO when it
closes, whichever thread started us and whatever holds the interpreter.
"""

from __future__ import annotations

import importlib
import os
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import msgspec

from telecine.media import confining, sandbox
from telecine.media import pool_wire as wire

Task = Callable[[dict[str, Any], int, int | None], dict[str, Any]]

#: Every task, as `module:function`.
TASKS = {
    "probe": "telecine.media.probe_child:probe_task",
    "convert_image": "telecine.media.images:convert_task",
    "identify_image": "telecine.media.images:identify_task",
    "describe": "telecine.media.describing_child:describe_task",
    "thumbnail": "telecine.media.describing_child:thumbnail_task",
    "voiceover_picture": "telecine.media.voiceover.intake_child:picture_task",
    "voiceover_sound": "telecine.media.voiceover.intake_child:sound_task",
    "voiceover_looks": "telecine.media.voiceover.studying_child:looks_task",
}


class Start(msgspec.Struct, frozen=True, kw_only=True):
    """The one argument of the program, as JSON. `memory_bytes` come on top of the imports'."""

    socket_fd: int
    lifeline_fd: int
    tasks: dict[str, str]
    mode: sandbox.SandboxMode
    memory_bytes: int
    output_bytes: int


def main(arguments: list[str]) -> int:
    """Serve calls until the parent closes the socket."""
    begin = msgspec.json.decode(arguments[0], type=Start)
    confining.end_with(begin.lifeline_fd)
    with socket.socket(fileno=begin.socket_fd) as parent:
        tasks, missing = _import_tasks(begin.tasks)
        try:
            _confine(begin)
        except sandbox.SandboxError as error:
            wire.send(parent, wire.Hello(failure=str(error)))
            return 1
        wire.send(parent, wire.Hello(missing=missing))
        while (incoming := wire.receive_request(parent)) is not None:
            request, fds = incoming
            reply = _answer(request, fds, tasks=tasks)
            try:
                wire.send(parent, reply)
            except TypeError as error:  # the task's answer is not JSON; nothing was sent yet
                wire.send(parent, wire.Reply(failure=wire.Failure.of(error)))
    return 0


def _import_tasks(names: dict[str, str]) -> tuple[dict[str, Task], dict[str, str]]:
    tasks: dict[str, Task] = {}
    missing: dict[str, str] = {}
    for name, place in names.items():
        module, _, function = place.partition(":")
        try:
            tasks[name] = getattr(importlib.import_module(module), function)
        except (ImportError, AttributeError, OSError) as error:  # OSError: a library is not there
            missing[name] = f"{type(error).__name__}: {error}"
    return tasks, missing


def _confine(begin: Start) -> None:
    confining.confine(
        sandbox.Policy(
            mode=begin.mode, memory_bytes=begin.memory_bytes, output_bytes=begin.output_bytes
        )
    )


def _answer(request: wire.Request, fds: list[int], *, tasks: dict[str, Task]) -> wire.Reply:
    source, target = fds[0], fds[1] if len(fds) > 1 else None
    try:
        return wire.Reply(value=tasks[request.task](request.params, source, target))
    except Exception as error:  # noqa: BLE001 (the other side of this socket raises it again)
        return wire.Reply(failure=wire.Failure.of(error))
    finally:
        for fd in fds:
            with suppress(OSError):  # a task that closed it in spite of the rule
                os.close(fd)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
