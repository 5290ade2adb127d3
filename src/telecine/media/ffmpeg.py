"""Runs FFmpeg on one untrusted file.

The input is only ever an open descriptor (`fd:`) and the demuxers are self-contained ones, so
no byte of a client can name a file or an address; either alone stops every playlist attack we
know. Strings of a client never become part of a filter graph: no input option would stop those.
"""

from __future__ import annotations

import re
import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from telecine.kit.errors import (
    InternalError,
    ProcessingError,
    ResourceLimitError,
    StorageFullError,
)
from telecine.media import process
from telecine.media.launcher import EXIT_NO_PROGRAM, EXIT_NO_SANDBOX
from telecine.media.process import Limits
from telecine.media.sandbox import Policy, SandboxMode
from telecine.settings import SettingsError

#: The demuxers that may open untrusted bytes: containers that carry their media in themselves,
#: as FFmpeg 9 spells them (one name of a demuxer's list is enough). Left out on purpose: hls,
#: dash, concat, imf, sdp, rtsp, image2 and lavfi (they open what their bytes name), avisynth
#: and the module players (scripts), *_pipe (pictures are libvips's), raw PCM (fits any bytes).
DEMUXERS: tuple[str, ...] = (
    *("mov", "mp4", "m4a", "3gp", "3g2", "mj2", "matroska", "webm"),
    *("avi", "mpegts", "mpeg", "mpegvideo", "flv", "asf", "ogg", "mxf", "dv", "gif"),
    *("wav", "mp3", "flac", "aac", "ac3", "eac3", "aiff", "amr", "caf"),
)

#: How media is read: an open descriptor, never a name.
PROTOCOLS: tuple[str, ...] = ("fd",)

#: Lines that say that it failed, after the line that said why.
_EMPTY_LINES = re.compile(
    r"Error opening (in|out)put files?\b|Conversion failed|Nothing was written|Could not open encoder before"
    r"|Task finished with error|Error sending frames|Terminating thread|.*Error closing file"
)
_LINE_ORIGIN = re.compile(r"^(\[[^\]]*\] ?)+")
_PATH = re.compile(r"/[^\s:'\"]+")
#: Signals that a limit sends, or that an encoder dies of when an allocation fails (x265 does).
_LIMIT_SIGNALS = {
    # Nobody can tell who sent it: the kernel, out of memory or at a limit of CPU time, or a person.
    signal.SIGKILL: "it was killed, most likely for want of memory or at its limit of CPU time",
    signal.SIGXFSZ: "its output became larger than one file may be",
    signal.SIGSEGV: "it crashed, as encoders do when they are out of memory",
    signal.SIGABRT: "it crashed, as encoders do when they are out of memory",
    signal.SIGBUS: "it crashed, as encoders do when they are out of memory",
}
_LINES_OF_LIMITS = {
    "Cannot allocate memory": "it needed more memory than one job may use",
    # A thread's stack is memory, too.
    "pthread_create() failed": "it needed more memory than one job may use",
    "malloc of size": "it needed more memory than one job may use",
    "File too large": "its output became larger than one file may be",
}
#: FFmpeg's own exit status for AVERROR(ENOMEM).
_EXIT_NO_MEMORY = 256 - 12

LogLevel = Literal["error", "warning", "info"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """One report of a running encode. `speed` is media seconds per second, None at the start.

    `out_time_seconds` is 0 until something was written, and in the first of two passes.
    """

    out_time_seconds: float
    frame: int
    speed: float | None
    size_bytes: int


def never() -> bool:
    """Answer that nobody cancelled."""
    return False


def find_ffmpeg(configured: str) -> Path:
    """Return the configured program, or the one installed with Telecine when it is empty.

    Raises `SettingsError` when there is none.
    """
    # Not above: children that open files by libav know this module, and wait for what it imports.
    import imageio_ffmpeg  # noqa: PLC0415

    try:
        found = Path(configured or imageio_ffmpeg.get_ffmpeg_exe()).expanduser().resolve()
    except RuntimeError as error:
        raise SettingsError("No ffmpeg is installed. Set TELECINE_FFMPEG to one.") from error
    if not found.is_file():
        raise SettingsError(f"There is no ffmpeg at {found}. Set TELECINE_FFMPEG to one.")
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class FFmpeg:
    """How FFmpeg is run here.

    `max_pixels` is of one decoded frame; `max_alloc_bytes` of one allocation, so that a header
    that lies about its sizes fails at once.
    """

    executable: Path
    sandbox: SandboxMode
    limits: Limits
    max_pixels: int = 100_000_000
    max_alloc_bytes: int = 2**30

    def run(
        self,
        output_args: Sequence[str],
        *,
        input_path: Path,
        workspace: Path,
        input_args: Sequence[str] = (),
        on_progress: Callable[[Progress], None] | None = None,
        is_cancelled: Callable[[], bool] = never,
        log_level: LogLevel = "error",
    ) -> str:
        """Run one conversion and return the end of what FFmpeg wrote to stderr (64 KiB).

        File names in `output_args` are relative to `workspace`, the only folder FFmpeg can see.
        Progress comes about four times a second. Stays in the calling thread to the end.

        Raises `CancelledError`, `ProcessTimeoutError` (wall clock or no progress),
        `ResourceLimitError`, `StorageFullError`, and `ProcessingError` for every other failure.
        """
        guards = (
            *("-max_alloc", str(self.max_alloc_bytes)),
            *("-protocol_whitelist", ",".join(PROTOCOLS)),
            *("-format_whitelist", ",".join(DEMUXERS)),
            *("-max_pixels", str(self.max_pixels)),
        )
        with input_path.open("rb") as source:
            return self._run(
                (*guards, *input_args, "-fd", "0", "-i", "fd:", *output_args),
                workspace=workspace,
                stdin=source.fileno(),
                log_level=log_level,
                on_output=_ProgressReader(on_progress).feed,
                is_cancelled=is_cancelled,
            )

    def version(self) -> str:
        """Ask the program for its version. Raises `SettingsError` where it cannot be used, and why."""
        try:
            said = self._printed("-version")
            protocols = self._printed("-protocols").split()
        except InternalError as error:
            why = getattr(error, "__notes__", [error.message])[0].rpartition(": ")[2]
            raise SettingsError(
                f"{self.executable} cannot be started in its sandbox: {why}. Set TELECINE_FFMPEG to "
                "the program itself, not to a script."
            ) from error
        except ProcessingError as error:
            raise SettingsError(
                f"{self.executable} does not run: {error.message.removesuffix('.')}. Set "
                "TELECINE_FFMPEG to an ffmpeg."
            ) from error
        if not said.startswith("ffmpeg version "):
            raise SettingsError(f"{self.executable} is no ffmpeg. Set TELECINE_FFMPEG to one.")
        version = said.split()[2]
        if not set(PROTOCOLS) <= set(protocols):
            raise SettingsError(
                f"{self.executable}, version {version}, is too old: it has no fd: protocol. Set "
                "TELECINE_FFMPEG to version 7 or later, or leave it empty: one comes with Telecine."
            )
        return version

    def try_encoder(self, name: str) -> str | None:
        """Encode a few frames for real; None when it works, else one line of why not."""
        kind = self._encoder_kinds().get(name)
        if kind is None:
            return "not compiled in"
        source = "sine=duration=0.2" if kind == "A" else "testsrc2=size=256x256:duration=0.2"
        codec = ("-c:a", name) if kind == "A" else ("-c:v", name)
        arguments = ("-f", "lavfi", "-i", source, *codec, "-f", "null", "-")
        try:
            self._run(arguments, workspace=None, on_output=_ProgressReader(None).feed)
        except ProcessingError as error:
            return error.message
        return None

    def _encoder_kinds(self) -> dict[str, str]:
        """Return V, A or S by encoder."""
        _legend, _, rows = self._printed("-encoders").partition("------")
        return {row.split()[1]: row.split()[0][0] for row in rows.splitlines() if row.strip()}

    def _printed(self, question: str) -> str:
        printed = bytearray()

        def collect(chunk: bytes) -> bool:
            printed.extend(chunk)
            return True

        self._run((question,), workspace=None, on_output=collect)
        return printed.decode("utf-8", "replace")

    def _run(
        self,
        arguments: Sequence[str],
        *,
        workspace: Path | None,
        on_output: Callable[[bytes], bool],
        stdin: int = process.NO_INPUT,
        log_level: LogLevel = "error",
        is_cancelled: Callable[[], bool] = never,
    ) -> str:
        command = (
            *(str(self.executable), "-nostdin", "-hide_banner", "-y", "-loglevel", log_level),
            *("-nostats", "-progress", "pipe:1", "-stats_period", "0.25"),
        )
        policy = Policy(
            mode=self.sandbox,
            write_paths=(str(workspace),) if workspace else (),
            memory_bytes=self.limits.memory_bytes,
            output_bytes=self.limits.output_bytes,
            cpu_seconds=self.limits.cpu_seconds,
        )
        with process.start(
            (*command, *arguments),
            policy=policy,
            cwd=workspace or Path("/"),
            stdin=stdin,
            environment={"SVT_LOG": "1"},  # SVT-AV1 does not ask -loglevel; 1 is errors only
        ) as program:
            ended = process.supervise(
                program, limits=self.limits, on_output=on_output, is_cancelled=is_cancelled
            )
        if ended.status != 0:
            raise _failure(ended)
        return ended.stderr_tail


class _ProgressReader:
    """Reads `-progress` blocks (key=value lines, `progress=` is the last) from a stream."""

    def __init__(self, report: Callable[[Progress], None] | None) -> None:
        self._report = report
        self._rest = b""
        self._values: dict[str, str] = {}
        self._furthest: tuple[float, int, int] = (-1.0, -1, -1)

    def feed(self, chunk: bytes) -> bool:
        """Take in some bytes; True when anything moved since the last block."""
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        moved = False
        for line in lines:
            key, _, value = line.decode("utf-8", "replace").partition("=")
            self._values[key.strip()] = value.strip()
            if key == "progress":
                moved |= self._finish_block()
        return moved

    def _finish_block(self) -> bool:
        now = Progress(
            out_time_seconds=max(0.0, _number(self._values.get("out_time_us")) / 1e6),
            frame=int(_number(self._values.get("frame"))),
            speed=_number(self._values.get("speed")) or None,
            size_bytes=int(_number(self._values.get("total_size"))),
        )
        self._values.clear()
        if self._report is not None:
            self._report(now)
        place = (now.out_time_seconds, now.frame, now.size_bytes)
        moved = place != self._furthest
        self._furthest = place
        return moved


def _number(text: str | None) -> float:
    """Read `12`, `1.5x` or `N/A` (which is 0)."""
    try:
        return float((text or "").removesuffix("x"))
    except ValueError:
        return 0.0


def _failure(ended: process.Ended) -> Exception:
    """Say what an exit status and the end of stderr mean; no path of the server is repeated."""
    tail = ended.stderr_tail
    if ended.status in {EXIT_NO_SANDBOX, EXIT_NO_PROGRAM}:
        error = InternalError("FFmpeg could not be started in its sandbox.")
        error.add_note(tail.strip())
        return error
    if "No space left on device" in tail:
        return StorageFullError()
    if "Unrecognized option 'fd'" in tail:
        return InternalError("This ffmpeg is too old: it has no fd: protocol. Take 7 or later.")
    reason = _limit_reached(ended)
    if reason is not None:
        return ResourceLimitError(f"FFmpeg was stopped: {reason}.")
    if ended.status < 0:
        return ProcessingError(f"FFmpeg was ended by {signal.Signals(-ended.status).name}.")
    return ProcessingError(f"FFmpeg exited with code {ended.status}: {_reason(tail)}")


def _limit_reached(ended: process.Ended) -> str | None:
    if ended.status < 0:
        return _LIMIT_SIGNALS.get(signal.Signals(-ended.status))
    if ended.status == _EXIT_NO_MEMORY:
        return _LINES_OF_LIMITS["Cannot allocate memory"]
    found = (reason for line, reason in _LINES_OF_LIMITS.items() if line in ended.stderr_tail)
    return next(found, None)


def _reason(tail: str) -> str:
    """Return the last line that says why."""
    lines = [_LINE_ORIGIN.sub("", line).strip() for line in tail.splitlines()]
    telling = [line for line in lines if line and not _EMPTY_LINES.match(line)]
    if not telling:
        return "it did not say why"
    return _PATH.sub("…", telling[-1])[:300]
