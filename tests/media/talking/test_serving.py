"""A lip-sync server of the operator's: the documented one, and some that do not behave."""

from __future__ import annotations

import io
import re
import threading
import wave
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from fractions import Fraction
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest
from tests import samples
from tests.media.talking import portraits
from typing_extensions import override

from telecine import settings
from telecine.kit.errors import CancelledError, OutboundError
from telecine.kit.outbound import ANYWHERE, LipSync, Outbound
from telecine.media.talking.talking import Talking
from telecine.outside import lip_sync, senses
from telecine.settings import SettingsError

_PAGE = Path(__file__).resolve().parents[3] / "docs" / "howto" / "talking-portraits.md"
RATE = Fraction(10)

Answer = tuple[int, bytes] | None


@contextmanager
def _served(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/talk"
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def _answering(answer: Callable[[bytes], Answer]) -> Iterator[str]:
    """Serve what `answer` makes of a body; None: nothing is said until the test is over."""
    over = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            found = answer(self.rfile.read(int(self.headers["Content-Length"])))
            if found is None:
                over.wait(timeout=30)
                return
            self.send_response(found[0])
            self.send_header("Content-Length", str(len(found[1])))
            self.end_headers()
            try:
                self.wfile.write(found[1])
            except (BrokenPipeError, ConnectionResetError):
                return

        @override
        def log_message(self, format: str, *args: object) -> None:
            return

    with _served(Handler) as url:
        try:
            yield url
        finally:
            over.set()


def _talking(url: str, **more: Any) -> Talking:
    server = LipSync(Outbound(ANYWHERE), url=url, **more)
    return replace(portraits.talking(), weights=None, server=server)


def _portrait(folder: Path) -> Path:
    # No face is needed: what can talk is the server's business. An odd size is made even.
    shown = np.full((91, 121, 3), (200, 120, 40), np.uint8)
    return portraits.write(folder / "drawing.png", shown)


def _sound(folder: Path, *, seconds: float = 1.25) -> Path:
    path = folder / "sound.wav"
    samples.run_ffmpeg("-f", "lavfi", "-i", f"sine=440:duration={seconds}", path)
    return path


def _film(folder: Path, *, seconds: float) -> bytes:
    path = folder / "answer.mp4"
    samples.make_video(path, seconds=seconds, size=(64, 48), fps=10)
    return path.read_bytes()


def _make(talking: Talking, folder: Path, **more: Any) -> Path:
    workspace = folder / "workspace"
    workspace.mkdir()
    return talking.film(
        _portrait(folder), _sound(folder), workspace=workspace, frame_rate=RATE, **more
    )


def test_the_documented_server_makes_a_film(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = re.search(r"```python\n(.*?)```", _PAGE.read_text("utf-8"), re.DOTALL)
    assert found is not None
    example: dict[str, Any] = {"__name__": "example"}
    exec(compile(found[1], str(_PAGE), "exec"), example)
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "ffmpeg").symlink_to(samples.ffmpeg_program())
    monkeypatch.setenv("PATH", str(programs))
    with _served(example["Handler"]) as url:
        made = _make(_talking(url), tmp_path)
    with av.open(str(made)) as container:
        assert "synthetic" in container.metadata["comment"]
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    assert len(frames) == 13  # 1.25 s
    assert frames[0].shape == (90, 120, 3)
    assert frames[5].mean(axis=(0, 1)) == pytest.approx((200, 120, 40), abs=6)
    assert [each.name for each in made.parent.iterdir()] == ["talking.mp4"]


def test_it_is_sent_a_picture_and_a_sound(tmp_path: Path) -> None:
    bodies: list[bytes] = []

    def answer(body: bytes) -> Answer:
        bodies.append(body)
        return 200, _film(tmp_path, seconds=2)

    with _answering(answer) as url:
        _make(_talking(url), tmp_path)
    png = bodies[0][bodies[0].index(b"\x89PNG") :]
    shown = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR)
    assert shown is not None
    assert shown.shape == (90, 120, 3)
    with wave.open(io.BytesIO(bodies[0][bodies[0].index(b"RIFF") :])) as heard:
        assert (heard.getframerate(), heard.getnchannels()) == (16_000, 1)
        assert heard.getnframes() == 20_000


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ((500, b"out of memory"), "status 500"),
        ((302, b""), "status 302"),
        ((200, b""), "no video"),
        ((200, b'{"error": "no face"}'), "no video"),
        ((200, b"\0\0\0\x18ftypmp42" + bytes(3000)), "no video"),
        ((200, b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n"), "no video"),
        ((200, bytes(300_000)), "larger than"),
    ],
)
def test_an_answer_that_is_no_film_fails_with_the_reason(
    answer: tuple[int, bytes], reason: str, tmp_path: Path
) -> None:
    with (
        _answering(lambda _: answer) as url,
        pytest.raises(OutboundError, match=f"lip-sync server.*{reason}"),
    ):
        _make(_talking(url, max_bytes=200_000), tmp_path)
    assert not list((tmp_path / "workspace").iterdir())


def test_a_film_that_is_much_shorter_than_the_sound_is_refused(tmp_path: Path) -> None:
    with (
        _answering(lambda _: (200, _film(tmp_path, seconds=0.5))) as url,
        pytest.raises(OutboundError, match=r"lasts 0\.5 s, and the sound 1\.3 s"),
    ):
        _make(_talking(url), tmp_path)


def test_a_server_that_is_not_there_fails_the_film(tmp_path: Path) -> None:
    with _answering(lambda _: None) as url:
        pass
    with pytest.raises(OutboundError):
        _make(_talking(url), tmp_path)


def test_nobody_waits_for_a_server_when_the_job_is_cancelled(tmp_path: Path) -> None:
    asked = threading.Event()

    def answer(_: bytes) -> Answer:
        asked.set()
        return None

    with _answering(answer) as url, pytest.raises(CancelledError):
        _make(_talking(url), tmp_path, is_cancelled=asked.is_set)


def test_the_setting_makes_a_client_and_no_weights_are_needed(tmp_path: Path) -> None:
    told = settings.load(
        {
            "TELECINE_TALKING_ENGINE_URL": "http://127.0.0.1:9000/talk",
            "TELECINE_MODELS": str(tmp_path),
        }
    )
    talking = senses(told).talking()
    assert talking.server is not None
    assert talking.weights is None
    assert not list(tmp_path.iterdir())


def test_a_setting_that_is_no_address_is_refused() -> None:
    with pytest.raises(SettingsError, match="TELECINE_TALKING_ENGINE_URL"):
        lip_sync(settings.load({"TELECINE_TALKING_ENGINE_URL": "ftp://engine/talk"}))
