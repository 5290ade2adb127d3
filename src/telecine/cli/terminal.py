"""What a command tells people while it works and after: on stderr, since stdout is for results."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.text import Text

console: Final = Console(stderr=True, highlight=False)


def say(line: str, *, style: str = "") -> None:
    """Print a line as it is: nothing in it is markup, and it is not folded."""
    console.print(Text(line, style=style), soft_wrap=True)


@contextmanager
def progress_bar(name: str) -> Iterator[Callable[[float], None]]:
    """Show a bar for the time of the work; what it gives takes the fraction done."""
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console) as progress:
        task = progress.add_task(name, total=1.0)
        yield lambda fraction: progress.update(task, completed=fraction)
