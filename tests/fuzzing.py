"""Requests that schemathesis makes up from our own OpenAPI document, to a real server.

Every endpoint is asked, with what the document allows and with what it does not, partly about things
that are really there, with files that are really media. What must hold: no answer is a 500; every
status, type and body is one that the document has. The suite runs a few requests of each kind, the
same each time; `python -m tests.fuzzing --examples 500` runs more, of another seed each time.
"""

from __future__ import annotations

import argparse
import itertools
import json
import random
import socket
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeAlias

import httpx2
import hypothesis
import pytest
import requests
import schemathesis
import structlog
import uvicorn
from hypothesis import strategies
from schemathesis import Case, GenerationMode
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.core.failures import FailureGroup
from schemathesis.core.result import Ok
from schemathesis.schemas import APIOperation
from tests import databases, furnishing, projects, steps
from tests.conftest import customer_of
from tests.furnishing import Stock

from telecine import settings
from telecine.api.app import create_app
from telecine.api.transport.connections import BoundedProtocol
from telecine.api.webhooks import handlers as webhook_handlers
from telecine.assembly import Telecine
from telecine.kit.clock import system_clock

#: What must hold of every answer.
CHECKED: Final = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
)
_PATIENCE_SECONDS: Final = 120
_MUCH: Final = 1_000_000_000
Described: TypeAlias = APIOperation[Any, Any, Any, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """What was asked and answered: statuses by operation, and what must not be."""

    statuses: dict[str, dict[int, int]] = field(default_factory=dict)
    faults: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One of the document, and the same about things that are really there."""

    name: str
    plain: Described
    furnished: Described
    #: Makes what a request is about and uses up; None where that stays.
    anew: Callable[[], dict[str, str | int]] | None

    def made_up(self) -> Iterator[strategies.SearchStrategy[Case[Any]]]:
        """Yield what the document allows, and what it does not."""
        yield self.plain.as_strategy(generation_mode=GenerationMode.POSITIVE)
        allowed = self.furnished.as_strategy(generation_mode=GenerationMode.POSITIVE)
        yield allowed if self.anew is None else allowed.map(self._of_another)
        yield self.plain.as_strategy(generation_mode=GenerationMode.NEGATIVE)
        named = {
            each["name"]: each["schema"]["enum"][0]
            for each in self.furnished.definition.raw.get("parameters", ())
            if each["in"] == "path" and "enum" in each["schema"]
        }
        yield self.furnished.as_strategy(
            generation_mode=GenerationMode.NEGATIVE, path_parameters=named or None
        )

    def _of_another(self, case: Case[Any]) -> Case[Any]:
        assert self.anew is not None
        case.path_parameters.update(self.anew())
        return case


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A server, a key, and all its operations that come to an end by themselves."""

    url: str
    key: str
    operations: tuple[Operation, ...]

    def operation(self, name: str) -> Operation:
        """Return the operation that the document calls so."""
        return next(each for each in self.operations if each.name == name)

    def ask(
        self,
        operation: Operation,
        *,
        examples: int,
        seed: int | None,
        note: Callable[[int], None] = lambda _status: None,
    ) -> None:
        """Make up requests to one operation and send them; without a seed always the same ones.

        Raises what the checks raise, of the smallest request that was found.
        """
        checks = _checks()
        headers = {"Authorization": f"Bearer {self.key}"}
        with requests.Session() as session:

            def once(case: Case[Any]) -> None:
                response = case.call(
                    base_url=self.url, session=session, headers=headers, timeout=_PATIENCE_SECONDS
                )
                note(response.status_code)
                case.validate_response(response, checks=checks)
                if response.status_code == 201 and (job_id := response.json().get("jobId")):
                    # One voiceover at a time: the next request is to get as far.
                    session.post(f"{self.url}/api/cancel/{job_id}", headers=headers)

            for made_up in operation.made_up():
                asked = hypothesis.settings(
                    max_examples=examples,
                    derandomize=seed is None,
                    database=None,
                    deadline=None,
                    suppress_health_check=list(hypothesis.HealthCheck),
                    phases=[hypothesis.Phase.generate, hypothesis.Phase.shrink],
                )(hypothesis.given(case=made_up)(once))
                # Of a request without any part nothing can be wrong.
                with suppress(hypothesis.errors.Unsatisfiable):
                    (asked if seed is None else hypothesis.seed(seed)(asked))()


@contextmanager
def target(folder: Path, *, database_url: str = "") -> Iterator[Target]:
    """Serve an account with credits, and something of everything."""
    plans = folder / "plans.toml"
    plans.write_text(_generous(), "utf-8")
    with ExitStack() as stack:
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        # No courier is at work, and nothing is to be waited for.
        patch.setattr(webhook_handlers, "_MOST_LOOKS", 1)
        telecine = stack.enter_context(
            steps.opened(
                folder / "data",
                clock=system_clock,
                plans_file=str(plans),
                database_url=database_url,
                allow_networks="127.0.0.1/32",
            )
        )
        customer = customer_of(telecine, email=projects.EMAIL, plan="local", amount=_MUCH)
        url = stack.enter_context(_serving(telecine))
        with httpx2.Client(base_url=url, headers=customer.headers, timeout=180) as client:
            stock = furnishing.stock(telecine, customer, client, folder)
            document = client.get("/openapi.json").json()
            yield Target(url=url, key=customer.key, operations=_operations(document, stock))


def _by_label(document: dict[str, Any]) -> dict[str, Described]:
    found: dict[str, Described] = {}
    for each in schemathesis.openapi.from_dict(document).get_all_operations():
        assert isinstance(each, Ok)
        found[each.ok().label] = each.ok()
    return found


def is_endless(described: Mapping[str, Any]) -> bool:
    """Say whether an operation's answer goes on for as long as a job lasts."""
    return "text/event-stream" in json.dumps(described)


def _operations(document: dict[str, Any], stock: Stock) -> tuple[Operation, ...]:
    plain = _by_label(furnishing.typed(document))
    furnished = _by_label(furnishing.furnished(document, stock.things))
    names = {label: each.definition.raw["operationId"] for label, each in plain.items()}
    found = [
        Operation(
            name=names[label],
            plain=each,
            furnished=furnished[label],
            anew=stock.anew.get(names[label]),
        )
        for label, each in plain.items()
        if not is_endless(each.definition.raw)
    ]
    # What deletes comes last, or there is nothing left to ask about.
    return tuple(sorted(found, key=lambda each: each.plain.method.upper() == "DELETE"))


def _checks() -> list[Any]:
    load_all_checks()
    return CHECKS.get_by_names(list(CHECKED))


def _generous() -> str:
    """Plans that stop nobody."""
    text = Path(settings.__file__).with_name("plans.toml").read_text("utf-8")
    for limit in ("requests_per_minute = 6_000", "requests_per_minute = 600"):
        text = text.replace(limit + "\n", f"requests_per_minute = {_MUCH}\n")
    text = text.replace("submissions_per_minute = 30", f"submissions_per_minute = {_MUCH}")
    return text.replace("active_renders = 1\n", "active_renders = 10_000\n")


@contextmanager
def _serving(telecine: Telecine) -> Iterator[str]:
    """Serve on loopback with the server's own protocol, in a thread."""
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(
        create_app(telecine.services()),
        log_config=None,
        access_log=False,
        http=BoundedProtocol,
        ws="none",
        lifespan="off",
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
        listener.close()


def _report(tally: Tally, seconds: float) -> None:
    n = sum(sum(counts.values()) for counts in tally.statuses.values())
    for name, fault in tally.faults.items():
        print(f"\n{name}\n{fault}")
    print(f"{n} requests, {len(tally.faults)} operations at fault, {seconds:.0f} s")


def _ask_all(
    found: Target, wanted: Sequence[Operation], tally: Tally, *, examples: int, seed: int
) -> None:
    """Ask of every operation once, and tell at once what it answered."""
    for operation in wanted:
        counts = tally.statuses.setdefault(operation.name, {})

        def note(status: int, counts: dict[int, int] = counts) -> None:
            counts[status] = counts.get(status, 0) + 1

        try:
            found.ask(operation, examples=examples, seed=seed, note=note)
        except (Exception, FailureGroup) as error:  # noqa: BLE001 (every operation is told of)
            tally.faults[operation.name] = f"seed {seed}\n{error}"[:4000]
            print(tally.faults[operation.name])
        told = ", ".join(f"{status}: {n}" for status, n in sorted(counts.items()))
        is_fault = operation.name in tally.faults
        print(f"{operation.name:32} {told}{'  FAULT' if is_fault else ''}", flush=True)


def main() -> int:
    """Ask much, tell what was answered."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--examples", type=int, default=200, help="of each operation and kind")
    parser.add_argument("--minutes", type=float, default=0, help="begin anew until they are over")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**32))
    parser.add_argument("--postgres", action="store_true", help="on Postgres, not SQLite")
    parser.add_argument("--only", default="", help="operations whose name begins so")
    options = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    warnings.simplefilter("ignore")
    print(f"seed {options.seed}")
    tally, began = Tally(), time.monotonic()
    last = began + 60 * options.minutes
    for number in itertools.count():
        # What was deleted is there again.
        with ExitStack() as stack:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="telecine-fuzz-"))
            url = stack.enter_context(databases.postgres()) if options.postgres else ""
            found = stack.enter_context(target(Path(folder), database_url=url))
            wanted = [each for each in found.operations if each.name.startswith(options.only)]
            _ask_all(found, wanted, tally, examples=options.examples, seed=options.seed + number)
        if time.monotonic() >= last:
            break
    _report(tally, time.monotonic() - began)
    return int(bool(tally.faults))


if __name__ == "__main__":
    sys.exit(main())
