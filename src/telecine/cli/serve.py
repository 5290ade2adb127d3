"""`serve` and `worker`: from settings to running processes, and what the first start says."""

from __future__ import annotations

import os
import shlex
import socket
import sys
from collections.abc import Iterator
from typing import NoReturn

from rich.console import Console

from telecine import server
from telecine.assembly import Telecine, assemble, check_sandbox, prepare
from telecine.cli import trouble
from telecine.cli.calling import host, program
from telecine.core import accounts, credits, keys
from telecine.core.keys import KeyStyle
from telecine.db import Transaction
from telecine.db.migrate import start_alone
from telecine.kit.errors import ConflictError
from telecine.kit.lock import FileLock
from telecine.kit.log import configure
from telecine.settings import Settings, SettingsError

LOCAL_EMAIL = "local@telecine.localhost"
LOCAL_PLAN = "local"
_MOST_UNNAMED = 256


def serve(settings: Settings) -> None:
    """Prepare the database, then supervise the API and the workers until told to stop."""
    configure(level=settings.log_level, format=settings.log_format)
    check_sandbox(settings)
    trouble.check_data(settings)
    lock = FileLock(settings.locks_dir / "serve.lock")
    if not lock.take():
        raise ConflictError(
            f"`telecine serve` runs in {settings.data_dir} already (process {lock.read_note()}). "
            "Stop it first, or give this one a folder of its own: --data DIR."
        )
    lock.write_note(str(os.getpid()))
    with trouble.told(settings):
        telecine = _started(settings)
    try:
        listener = server.bind(settings.host, settings.port)
    except OSError as error:
        raise SettingsError(
            f"Port {settings.port} of {settings.host} cannot be opened ({error.strerror}). "
            "Another one: --port 8001, or --port 0 for any free one."
        ) from error
    url = settings.public_url or _address(listener)
    supervisor = server.Supervisor(
        ["--data", str(settings.data_dir)],
        listener=listener,
        worker_ids=[worker_id(number) for number in range(1, settings.workers + 1)],
    )
    supervisor.run(on_started=lambda: _welcome(url, telecine), on_interrupt=_say_stopping)
    lock.release()
    _leave()


def _say_stopping() -> None:
    print(  # noqa: T201 (no markup, no wrapping)
        "Stopping: jobs under way go back to the queue (Ctrl-C again: at once)",
        file=sys.stderr,
        flush=True,
    )


def _leave() -> NoReturn:
    """End this process as it stands: unloading its libraries takes seconds, and frees nothing."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def worker(settings: Settings, *, worker_id: str, lifeline_fd: int | None) -> None:
    """Run one worker in this process."""
    configure(level=settings.log_level, format=settings.log_format)
    check_sandbox(settings)
    trouble.check_data(settings)
    with trouble.told(settings):
        # Under `serve` that has prepared and tried everything already.
        telecine = _started(settings) if lifeline_fd is None else assemble(settings)
        ids = [worker_id] if worker_id else _own_ids()
        server.run_worker(telecine, ids, lifeline_fd=lifeline_fd)


def _started(settings: Settings) -> Telecine:
    """Assemble it, and try what it stands on."""
    telecine = assemble(settings)
    try:
        trouble.check_files(settings, telecine.db)
        prepare(telecine)
        telecine.blobs.check()
    except BaseException:
        telecine.close()
        raise
    return telecine


def worker_id(number: int) -> str:
    """Return the id of the n-th worker of this machine: the same at every start."""
    return f"{host()}-{number}"


def _own_ids() -> Iterator[str]:
    """Yield the ids of workers without a name: the lowest free one is the same at a restart."""
    yield f"{host()}-single"
    for number in range(2, _MOST_UNNAMED + 1):
        yield f"{host()}-single-{number}"


def first_key(tx: Transaction, telecine: Telecine) -> tuple[str, int] | None:
    """Make the local account where there is no account at all; returns its key, and its credits."""
    now = telecine.clock()
    plan = telecine.plans.plans.get(LOCAL_PLAN)
    if plan is None or accounts.count(tx) > 0:
        return None
    account = accounts.create(tx, email=LOCAL_EMAIL, plan=LOCAL_PLAN, now=now)
    if plan.included_credits:
        credits.grant(tx, account.id, plan.included_credits, now=now, note="first start")
    _, secret = keys.issue(tx, account, style=KeyStyle.TC, now=now)
    return secret, plan.included_credits


def _address(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    if host in {"0.0.0.0", "::"}:  # noqa: S104 (comparison: an address to show, not to bind)
        host = "localhost"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _welcome(url: str, telecine: Telecine) -> None:
    """Say where everything is, and at a first start the key.

    The key is shown before it is committed: whoever is killed in between finds no account at the
    next start, and gets another key. The address comes after, so that whoever reads this text
    can use the key at once.
    """
    console = Console(file=sys.stdout, highlight=False, soft_wrap=True)
    with telecine.db.transaction() as tx:
        start_alone(tx)
        made = first_key(tx, telecine)
        if made is None:
            note = _found(tx)
        else:
            note = "Lost it? Another one:"
            console.print(f"Your API key, shown this once ({made[1]:,} credits):\n")
            console.print(f"    [bold]{made[0]}[/bold]\n")
            console.print(f"Its account, which projects ask for as email: {LOCAL_EMAIL}\n")
            sys.stdout.flush()
    settings = telecine.settings
    telecine.close()
    console.print(f"[bold]Telecine[/bold] listens on {url}   reference: {url}/docs")
    console.print(f"Data: {settings.data_dir}   workers: {settings.workers}   stop: Ctrl-C\n")
    if made is not None:
        console.print("Try it:\n")
        _print_line(f"curl {url}/api/v1/usage -H 'Authorization: Bearer {made[0]}'")
        _print_line(
            f"curl {url}/api/v1/compress -H 'Authorization: Bearer {made[0]}' -F file=@video.mp4"
        )
        console.print()
    console.print(f"{note}\n")
    folder = shlex.quote(str(settings.data_dir))
    _print_line(f"{program()} keys create --email {LOCAL_EMAIL} --data {folder}")
    if settings.database_url:
        console.print(
            "\nwith the same TELECINE_DATABASE_URL: without it, the folder's own is taken."
        )
    sys.stdout.flush()


def _found(tx: Transaction) -> str:
    """Say why no key was made: somebody has an account already."""
    n_accounts = accounts.count(tx)
    n_keys = sum(1 for key in keys.list_keys(tx) if key.revoked_at is None)
    local = accounts.find_by_email(tx, LOCAL_EMAIL)
    named = f", one of them {local.email} (plan {local.plan})" if local is not None else ""
    return f"Accounts: {n_accounts}{named}; keys in use: {n_keys}. Another key:"


def _print_line(text: str) -> None:
    print(f"    {text}")  # noqa: T201 (a line to paste: no markup, no wrapping)
