"""The commands about accounts: their keys, credits and webhooks. Bodies import as those of `cli` do."""

from __future__ import annotations

from typing import Annotated

import typer

from telecine import settings

keys = typer.Typer(help="API keys: create, list, revoke.", no_args_is_help=True)
credits = typer.Typer(help="Credits of accounts.", no_args_is_help=True)
jobs = typer.Typer(help="Jobs of all accounts.", no_args_is_help=True)
webhooks = typer.Typer(help="Webhooks of accounts.", no_args_is_help=True)

Data = Annotated[
    str | None,
    typer.Option("--data", help="Folder for database and files. [TELECINE_DATA, ./telecine-data]"),
]


@keys.command("create")
def keys_create(
    email: Annotated[str, typer.Option(help="Whose key; the account is made if there is none.")],
    plan: Annotated[str, typer.Option(help="Plan of a new account.")] = "pro",
    credits: Annotated[
        int | None, typer.Option(help="Credits to grant. Default for a new account: the plan's.")
    ] = None,
    style: Annotated[str, typer.Option(help="Prefix of the key: tc, sk, kvrt or kf.")] = "tc",
    data: Data = None,
) -> None:
    """Make an API key and print it, alone, on stdout."""
    from telecine.cli import admin

    admin.create_key(settings.load(data=data), email=email, plan=plan, amount=credits, style=style)


@keys.command("list")
def keys_list(data: Data = None) -> None:
    """Show all keys, without their secret part."""
    from telecine.cli import admin

    admin.list_keys(settings.load(data=data))


@keys.command("revoke")
def keys_revoke(
    key_id: Annotated[str, typer.Argument(help="The key's id, as `keys list` shows it.")],
    data: Data = None,
) -> None:
    """Switch a key off, at once and for good."""
    from telecine.cli import admin

    admin.revoke_key(settings.load(data=data), key_id)


@credits.command("grant")
def credits_grant(
    email: Annotated[str, typer.Option(help="Whose account.")],
    amount: Annotated[int, typer.Argument(help="How many credits.")],
    data: Data = None,
) -> None:
    """Give an account credits."""
    from telecine.cli import admin

    admin.grant(settings.load(data=data), email=email, amount=amount)


@credits.command("show")
def credits_show(
    email: Annotated[str, typer.Option(help="Whose account.")],
    limit: Annotated[int, typer.Option(min=1, help="How many entries, newest first.")] = 20,
    data: Data = None,
) -> None:
    """Show an account's credits, and the last entries of its ledger."""
    from telecine.cli import admin

    admin.show_credits(settings.load(data=data), email=email, limit=limit)


@jobs.command("cancel")
def jobs_cancel(
    job_id: Annotated[str, typer.Argument(help="The job's id, as its API told it.")],
    data: Data = None,
) -> None:
    """Stop a job of any account, also one that a worker has; nothing is charged for it."""
    from telecine.cli import admin

    admin.cancel_job(settings.load(data=data), job_id)


@webhooks.command("secret")
def webhooks_secret(
    email: Annotated[str, typer.Option(help="Whose account.")],
    data: Data = None,
) -> None:
    """Print the secret that signs an account's webhooks, alone, on stdout."""
    from telecine.cli import admin

    admin.show_webhook_secret(settings.load(data=data), email=email)


@webhooks.command("deliveries")
def webhooks_deliveries(
    email: Annotated[str, typer.Option(help="Whose account.")],
    state: Annotated[
        str | None,
        typer.Option(help="Only those that are pending, delivered, failed or withheld."),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many, newest first.")] = 20,
    data: Data = None,
) -> None:
    """Show what was sent to an account's receivers, how it went, and why not."""
    from telecine.cli import admin

    admin.list_deliveries(settings.load(data=data), email=email, state=state, limit=limit)


@webhooks.command("replay")
def webhooks_replay(
    delivery_id: Annotated[str, typer.Argument(help="The delivery's id: msg_…")],
    data: Data = None,
) -> None:
    """Send a delivery of any account again, at once."""
    from telecine.cli import admin

    admin.replay_delivery(settings.load(data=data), delivery_id)
