"""What hears and sees on the command line: its models are fetched when first wanted, with a bar."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn

from telecine.cli.terminal import console
from telecine.media.senses import Senses
from telecine.media.speech.transcribe import Speech


def speech(senses: Senses) -> Speech:
    """Return what hears here."""
    with _download(f"speech model {senses.whisper_model}, once") as told:
        return senses.speech(on_fetch=told)


def fetch(senses: Senses) -> None:
    """Bring what clips need, where it is not here yet: what hears, and what finds faces."""
    speech(senses)
    with _download("face model, once") as told:
        senses.eyes(on_fetch=told)


@contextmanager
def _download(name: str) -> Iterator[Callable[[int, int], None]]:
    """Give what a download tells how far it is; the bar comes with its first word."""
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), DownloadColumn())
    with Progress(*columns, console=console) as progress:
        task = progress.add_task(name, total=None, visible=False)
        yield lambda done, total: progress.update(task, completed=done, total=total, visible=True)
