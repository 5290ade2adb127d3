"""`voiceover`: an image and a sound become a video, here or on a server.

Options are the form fields that a client would send, and are read by the same code.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import httpx2

from telecine import outside, settings, shelves
from telecine.api.voiceover import fields as form
from telecine.cli import here
from telecine.cli.remote import Remote, remote_errors
from telecine.cli.sizes import size_text
from telecine.cli.target import deliver, require_file, require_place, workspace
from telecine.cli.terminal import progress_bar, say
from telecine.cli.typed import as_typed
from telecine.kit.errors import InvalidRequestError, ProcessingError
from telecine.operations.voiceover import VOICEOVER

_PATIENCE_SECONDS: Final = 300.0
_POLL_SECONDS: Final = 0.5
_PICTURES: Final = (".jpg", ".jpeg", ".png", ".webp")


def fields(
    *,
    mode: str,
    captions: bool,
    caption_style: str,
    language: str,
    aspect: str,
    width: int | None,
    height: int | None,
) -> Mapping[str, str]:
    """Return the options as the form fields that a client would send."""
    sent: dict[str, Any] = {
        "mode": mode,
        "captions": "true" if captions or caption_style else None,
        "caption_style": caption_style,
        "language": language,
        "aspect": aspect,
        "width": width,
        "height": height,
    }
    return {name: str(value) for name, value in sent.items() if value not in (None, "")}


def voiceover(
    image: Path, audio: Path, output: Path, *, wishes: Mapping[str, str], remote: Remote | None
) -> None:
    """Make the video, and say how long and how large it is."""
    for source in (image, audio):
        require_file(source)
        require_place(output, source=source)
    if output.suffix.lower() != ".mp4":
        raise InvalidRequestError(f"{output} must end in .mp4.", field="OUT")
    if audio.suffix.lower() in _PICTURES and image.suffix.lower() not in _PICTURES:
        raise InvalidRequestError(
            f"{image} and {audio} are the wrong way round: the image comes first."
        )
    with as_typed(image="IMAGE", audio="AUDIO"), progress_bar(image.name) as report:
        if remote is None:
            _make_here(image, audio, output, wishes, report)
        else:
            _make_there(image, audio, output, wishes, remote, report)
    say(f"{output}  {size_text(output.stat().st_size)}")


def _make_here(
    image: Path,
    audio: Path,
    output: Path,
    wishes: Mapping[str, str],
    report: Callable[[float], None],
) -> None:
    loaded = settings.load()
    senses = outside.senses(loaded)
    with (
        here.context(image, audio, settings=loaded, report=report) as context,
        shelves.renderer(loaded) as renderer,
    ):
        params, _ = form.measured(
            form.wish(wishes, loaded),
            image=image,
            audio=audio,
            pool=context.pool,
            settings=loaded,
            prices=settings.load_plans(loaded).prices,
            talking=senses.found_talking(),
        )
        result = VOICEOVER.run(params, replace(context, renderer=renderer, senses=senses))
        deliver(result.outputs[0].path, to=output)


def _make_there(
    image: Path,
    audio: Path,
    output: Path,
    wishes: Mapping[str, str],
    remote: Remote,
    report: Callable[[float], None],
) -> None:
    headers = {"X-API-Key": remote.key}
    with (
        remote_errors(),
        httpx2.Client(base_url=remote.url, headers=headers, timeout=_PATIENCE_SECONDS) as http,
    ):
        with image.open("rb") as picture, audio.open("rb") as sound:
            files = {"image": (image.name, picture), "audio": (audio.name, sound)}
            job = _answer(http, "POST", "/api/jobs", data=dict(wishes), files=files)
        while (state := _answer(http, "GET", f"/api/status/{job['jobId']}"))["status"] in (
            "PENDING",
            "PROCESSING",
        ):
            report((state["progress"] or 0) / 100)
            time.sleep(_POLL_SECONDS)
        if state["status"] != "COMPLETED":
            raise ProcessingError(state["errorMessage"] or f"The job is {state['status']}.")
        with workspace() as folder:
            made = folder / "video.mp4"
            # The link is a secret of its own, and may be another server's.
            with httpx2.stream("GET", state["outputVideo"], timeout=_PATIENCE_SECONDS) as answer:
                answer.raise_for_status()
                with made.open("wb") as file:
                    file.writelines(answer.iter_bytes())
            deliver(made, to=output)
        report(1.0)


def _answer(http: httpx2.Client, method: str, path: str, **sent: Any) -> Mapping[str, Any]:
    answer = http.request(method, path, **sent)
    try:
        body = answer.json()
    except ValueError:
        body = None
    if answer.is_error or not isinstance(body, dict):
        reason = body.get("error") if isinstance(body, dict) else None
        raise ProcessingError(
            str(reason or f"The server answers with status {answer.status_code}.")
        )
    return body
