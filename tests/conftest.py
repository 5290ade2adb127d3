"""Fixtures: a database at this version, a whole Telecine in a temporary folder, its API."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx2
import hypothesis
import pytest
import structlog
from hypothesis.internal.conjecture import providers
from starlette.testclient import TestClient
from tests import databases
from tests.fakes import FixedClock

from telecine import settings as settings_module
from telecine import shelves
from telecine.api.app import create_app
from telecine.api.services import looking
from telecine.assembly import Telecine, assemble
from telecine.core import accounts, credits, keys
from telecine.core.accounts import Account
from telecine.core.keys import KeyStyle
from telecine.db import Database
from telecine.media.pool import Pool

#: The same examples each time: what is handed in is judged, not the dice. `--hypothesis-profile=search`
#: looks for others. No deadlines: how fast an example is says how busy the machine is.
_UNTIMED: Any = {
    "deadline": None,
    "suppress_health_check": [hypothesis.HealthCheck.too_slow],
}
hypothesis.settings.register_profile("same", derandomize=True, **_UNTIMED)
hypothesis.settings.register_profile("search", **_UNTIMED)
hypothesis.settings.load_profile("same")
#: Strings and numbers out of our own modules would be tried as well: of those that happen to be
#: imported by then, which is another set on each worker of a test run. There is no setting for it.
providers._get_local_constants = lambda: providers._local_constants

#: Rooms whose files take longest come first, so that no worker is left with a long one at the end.
_LONGEST_FIRST = ("faults", "e2e", "hostile", "worker", "api", "media")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent

    def turn(item: pytest.Item) -> int:
        room = item.path.relative_to(here).parts[0]
        return _LONGEST_FIRST.index(room) if room in _LONGEST_FIRST else len(_LONGEST_FIRST)

    items.sort(key=turn)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Of `tests/faults`: how many processes are killed on each database, and the seed of that."""
    parser.addoption("--kills", type=int, default=26, metavar="N", help="processes to kill")
    parser.addoption("--seed", type=int, default=20261122, help="of the kills' order")


@pytest.fixture(scope="session", autouse=True)
def _unchanged_log() -> Iterator[None]:
    """A command sets up the log of its process; called from here, that would be ours for good."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(structlog, "configure", lambda **_: None)
        yield


@pytest.fixture(scope="session", autouse=True)
def _interruptible() -> None:
    """Who is run in the background by a shell ignores Ctrl-C, and so would every child."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session", autouse=True)
def _patient_looks() -> Iterator[None]:
    """What a look at a file on the web finds does not say how busy the machine is."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("MOST_SECONDS", "MOST_WAIT_SECONDS", "MOST_FILM_SECONDS"):
            patch.setattr(looking, name, 180.0)
        yield


@pytest.fixture(scope="session")
def shared_pool() -> Iterator[Pool]:
    """Processes that open media: they start slowly, and keep nothing of a call."""
    made = shelves.pool(settings_module.load({}))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(made, "close", lambda: None)  # what a worker does that ends
        yield made
    made.close()


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    """All tables, empty."""
    database = Database(f"sqlite:///{tmp_path / 'test.db'}")
    databases.prepare(database)
    yield database
    database.dispose()


@pytest.fixture
def account(db: Database, clock: FixedClock) -> Account:
    """An account with 100 credits."""
    with db.transaction() as tx:
        made = accounts.create(tx, email="ann@example.com", plan="pro", now=clock())
        credits.grant(tx, made.id, 100, now=clock())
    return made


@pytest.fixture
def telecine(tmp_path: Path, clock: FixedClock, shared_pool: Pool) -> Iterator[Telecine]:
    """Everything but the processes, in a temporary folder, under a clock that stands still."""
    settings = settings_module.load({}, data=str(tmp_path / "data"))
    made = assemble(settings, clock=clock)
    databases.prepare(made.db)
    yield replace(made, pool=shared_pool)
    made.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    """An account and a key of it."""

    account: Account
    key: str

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key}"}


def customer_of(
    telecine: Telecine, *, email: str = "ann@example.com", plan: str = "team", amount: int = 100
) -> Customer:
    """Open an account with credits and a key."""
    now = telecine.clock()
    with telecine.db.transaction() as tx:
        made = accounts.create(tx, email=email, plan=plan, now=now)
        if amount:
            credits.grant(tx, made.id, amount, now=now)
        _, secret = keys.issue(tx, made, style=KeyStyle.KVRT, now=now)
    return Customer(account=made, key=secret)


@pytest.fixture
def customer(telecine: Telecine) -> Customer:
    return customer_of(telecine)


@pytest.fixture
def api(telecine: Telecine) -> Iterator[TestClient]:
    """The ASGI app, called without a socket. Unexpected errors answer 500, as in service."""
    with TestClient(create_app(telecine.services()), raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def anybody(api: TestClient, customer: Customer) -> httpx2.Client:
    """The API, called with the customer's key."""
    api.headers.update(customer.headers)
    return api
