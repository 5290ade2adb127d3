"""`preview`: a composition as its page in the browser, drawn by a server while somebody watches.

Files beside the composition are uploaded, so that it is sent as it will be rendered there. A
server of its own lives until Ctrl-C, with everything that it was given.
"""

from __future__ import annotations

import json
import webbrowser
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import httpx2
import msgspec
from rich.console import Console
from rich.text import Text

from telecine import settings
from telecine.cli import render
from telecine.cli.local_server import local_server
from telecine.cli.remote import Remote, remote_errors
from telecine.cli.target import workspace
from telecine.cli.terminal import say
from telecine.kit.errors import InvalidRequestError, ProcessingError
from telecine.media.timeline.dialects import parse
from telecine.media.timeline.reader import Problem

#: Uploads are large, and a composition may name files that the server looks at on the web.
_PATIENCE_SECONDS: Final = 300.0
#: What a server of one's own takes over of the caller's settings.
_PASSED_ON: Final = ("allow_networks", "egress_proxy", "sandbox", "ffmpeg")
#: Strings under these are never files.
_TEXTS: Final = frozenset({"text", "id"})


def preview(composition: Path, *, remote: Remote | None, opens: bool) -> None:
    """Make a preview, print its page and open it; without a `remote`, serve until Ctrl-C."""
    if remote is not None:  # it may have files that are not here: what is wrong is for it to say
        made = _made(render.read(composition), composition.parent, remote)
        warnings = [msgspec.convert(each, Problem) for each in made.get("warnings", ())]
        render.show(warnings, is_warning=True)
        _show(made, opens=opens)
        return
    document = render.checked(composition).document
    with workspace() as folder, _own_server(folder) as (own, wait):
        _show(_made(document, composition.parent, own), opens=opens)
        say("Ctrl-C ends it.")
        wait()


@contextmanager
def _own_server(folder: Path) -> Iterator[tuple[Remote, Any]]:
    loaded = settings.load()
    passed = {f"TELECINE_{name.upper()}": str(getattr(loaded, name)) for name in _PASSED_ON}
    environment = {name: text for name, text in passed.items() if text}
    # Previews are drawn by the API process: there is nothing for a worker to do.
    with local_server(folder / "data", workers=0, environment=environment) as running:

        def wait() -> None:
            try:
                running.process.wait()
            except KeyboardInterrupt:
                return
            raise ProcessingError("The server has ended by itself.")

        yield Remote(url=running.url, key=running.key), wait


def _made(document: object, folder: Path, remote: Remote) -> Mapping[str, Any]:
    """Upload what the document names and is here, make the preview; return what was answered."""
    headers = {"Authorization": f"Bearer {remote.key}"}
    with (
        httpx2.Client(base_url=remote.url, headers=headers, timeout=_PATIENCE_SECONDS) as client,
        remote_errors(),
    ):
        ids = {
            source.src: _uploaded(client, folder / source.src, field=source.path)
            for source in parse(document).sources
            if not render.is_remote(source.src) and (folder / source.src).is_file()
        }
        # Here, since whatever can be read may be in it: halves of characters, NaN.
        sent = json.dumps(_renamed(document, ids) if ids else document)
        kind = {"Content-Type": "application/json"}
        answer = client.post("/api/v1/preview", content=sent, headers=kind)
    return _told(answer)


def _uploaded(client: httpx2.Client, path: Path, *, field: str) -> str:
    with path.open("rb") as file:
        answer = client.post("/api/v1/upload", files={"file": (path.name, file)})
    return str(_told(answer, field=field)["assets"][0]["id"])


def _told(answer: httpx2.Response, *, field: str | None = None) -> Mapping[str, Any]:
    """Return what a server answered. Raises `InvalidRequestError` in its words."""
    try:
        told = answer.json()
    except ValueError as error:
        raise ProcessingError("There is no Telecine at this address.") from error
    if answer.is_success and isinstance(told, dict):
        return told
    if not isinstance(told, dict) or "error" not in told:
        raise ProcessingError(f"The server answered with status {answer.status_code}.")
    faults = (told.get("details") or {}).get("errors", ())
    render.show([msgspec.convert(each, Problem) for each in faults])
    raise InvalidRequestError(str(told["error"]), field=field)


def _renamed(value: object, names: Mapping[str, str]) -> object:
    """Return a document that calls its files by other names; what it says stays as it is."""
    if isinstance(value, Mapping):
        return {
            key: inner if key in _TEXTS else _renamed(inner, names) for key, inner in value.items()
        }
    if isinstance(value, list):
        return [_renamed(inner, names) for inner in value]
    return names.get(value, value) if isinstance(value, str) else value


def _show(made: Mapping[str, Any], *, opens: bool) -> None:
    address = str(made["viewerUrl"])
    Console(highlight=False).print(Text(address), soft_wrap=True)
    if opens and not webbrowser.open(address):
        say("There is no browser to open; the address is above.")
