"""What the first start says, and the key that it makes."""

from __future__ import annotations

import shlex
import sys

from rich.console import Console

from telecine.assembly import Telecine
from telecine.core import accounts, credits, keys
from telecine.core.keys import KeyStyle
from telecine.db import Transaction
from telecine.db.migrate import start_alone

LOCAL_EMAIL = "local@telecine.localhost"
LOCAL_PLAN = "local"


def welcome(telecine: Telecine, *, url: str, called: str) -> None:
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
    _print_line(f"{called} keys create --email {LOCAL_EMAIL} --data {folder}")
    if settings.database_url:
        console.print(
            "\nwith the same TELECINE_DATABASE_URL: without it, the folder's own is taken."
        )
    sys.stdout.flush()


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


def _found(tx: Transaction) -> str:
    """Say why no key was made: somebody has an account already."""
    n_accounts = accounts.count(tx)
    n_keys = sum(1 for key in keys.list_keys(tx) if key.revoked_at is None)
    local = accounts.find_by_email(tx, LOCAL_EMAIL)
    named = f", one of them {local.email} (plan {local.plan})" if local is not None else ""
    return f"Accounts: {n_accounts}{named}; keys in use: {n_keys}. Another key:"


def _print_line(text: str) -> None:
    print(f"    {text}")  # noqa: T201 (a line to paste: no markup, no wrapping)
