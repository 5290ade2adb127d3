"""Telecine on several machines: two that answer, three that work, one with the database and bucket.

They share nothing but those two. Every clock is wrong but one worker's and the database's.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import sqlalchemy as sa
from moto.server import ThreadedMotoServer
from tests import databases
from tests.machines import Machine, network

APIS = ("api1", "api2")
WORKERS = ("worker1", "worker2", "worker3")
#: How wrong, in seconds. Whoever believes these clocks takes living workers for dead.
_CLOCKS = {"api1": -150, "api2": 300, "worker1": 420, "worker2": -420}
_CLOCK = str(Path(__file__).with_name("wrongclock"))
#: No other test's: those that the library serves in one process are the same.
_BUCKET = "telecine-cluster"
_STOP_SECONDS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """All of it, running. `urls` are the APIs' as the client reaches them; `data` their folders."""

    machines: dict[str, Machine]
    processes: dict[str, subprocess.Popen[str]]
    data: dict[str, Path]
    urls: dict[str, str]
    key: str
    database_url: str
    bucket_url: str

    def stored(self) -> set[str]:
        """Return the keys of all blobs."""
        listed = httpx2.get(f"{self.bucket_url}?list-type=2", timeout=60).raise_for_status()
        return set(re.findall(r"<Key>([^<]+)</Key>", listed.text))

    def logs(self) -> str:
        """Return what every worker has said lately."""
        return "\n".join(
            f"{name}: {line}"
            for name in WORKERS
            for line in self.data[name].with_suffix(".log").read_text().splitlines()[-60:]
        )

    def stop(self, *names: str) -> None:
        """Stop machines' processes in good order, and wait for that."""
        for name in names:
            self.processes[name].send_signal(signal.SIGTERM)
        for name in names:
            assert self.processes[name].wait(_STOP_SECONDS) == 0


@contextmanager
def cluster(folder: Path) -> Iterator[Cluster]:
    """Start everything. Within the block this thread lives on a machine of its own, `client`."""
    with ExitStack() as stack:
        machines = stack.enter_context(network("client", "stores", *APIS, *WORKERS))
        client, stores = machines["client"], machines["stores"]
        with stores.inside():
            database = stack.enter_context(databases.postgres(stores.address))
            database_port = sa.make_url(database).port or 0
            bucket_port = stack.enter_context(_bucket(stores.address))
        data = {name: folder / name for name in (*APIS, *WORKERS)}
        processes: dict[str, subprocess.Popen[str]] = {}
        stack.callback(_end, processes)
        for name, its_data in data.items():
            machine = machines[name]
            environment = {
                "TELECINE_DATABASE_URL": _at(database, machine.way_to(stores, database_port)),
                "TELECINE_STORAGE_URL": f"s3://{_BUCKET}?endpoint=http://"
                + machine.way_to(stores, bucket_port),
                "TELECINE_ALLOW_NETWORKS": f"{client.address}/32",
                "CLOCK_IS_OFF_SECONDS": str(_CLOCKS.get(name, 0)),
            }
            with machine.inside():
                processes[name] = _start(name, machine.address, its_data, environment)
        welcomes = {name: _welcome(processes[name]) for name in APIS}
        stack.enter_context(client.inside())
        yield Cluster(
            machines=machines,
            processes=processes,
            data=data,
            urls={
                name: f"http://{client.way_to(machines[name], _port(text))}"
                for name, text in welcomes.items()
            },
            key=_only_key(welcomes.values()),
            database_url=_at(database, client.way_to(stores, database_port)),
            bucket_url=f"http://{client.way_to(stores, bucket_port)}/{_BUCKET}",
        )


def _at(url: str, host_and_port: str) -> str:
    """Return the URL of a server for somebody who reaches it in another way."""
    return urlsplit(url)._replace(netloc=f"telecine@{host_and_port}").geturl()


@contextmanager
def _bucket(address: str) -> Iterator[int]:
    server = ThreadedMotoServer(ip_address=address, port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    httpx2.put(f"http://{host}:{port}/{_BUCKET}").raise_for_status()
    try:
        yield port
    finally:
        server.stop()


def _start(
    name: str, address: str, data: Path, environment: Mapping[str, str]
) -> subprocess.Popen[str]:
    arguments = (
        ("serve", "--workers", "0", "--host", address, "--port", "0")
        if name in APIS
        else ("worker", "--id", name)
    )
    inherited = {
        name: text for name, text in os.environ.items() if not name.startswith("TELECINE_")
    }
    data.mkdir()
    with (data.parent / f"{name}.log").open("w") as log:
        return subprocess.Popen(
            (sys.executable, "-m", "telecine", *arguments, "--data", str(data)),
            stdout=subprocess.PIPE if name in APIS else log,
            stderr=log,
            text=True,
            env={
                **inherited,
                "AWS_ACCESS_KEY_ID": "test",
                "AWS_SECRET_ACCESS_KEY": "test",
                "PYTHONPATH": os.pathsep.join((_CLOCK, inherited.get("PYTHONPATH", ""))),
                **environment,
            },
        )


def _welcome(process: subprocess.Popen[str]) -> str:
    """Return what `serve` says, once it has said how to get a key: that comes last."""
    assert process.stdout is not None
    said = ""
    for line in process.stdout:
        said += line
        if "keys create" in line:
            return said
    raise AssertionError(f"A server did not start:\n{said}")


def _port(welcome: str) -> int:
    found = re.search(r"listens on http://\S+:(\d+)", welcome)
    assert found, welcome
    return int(found[1])


def _only_key(welcomes: Iterable[str]) -> str:
    """Two servers have started for the first time; one of them has made an account."""
    (found,) = {key for text in welcomes for key in re.findall(r"Bearer (tc_\w+)", text)}
    return str(found)


def _end(processes: Mapping[str, subprocess.Popen[str]]) -> None:
    for process in processes.values():
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
    for process in processes.values():
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout is not None:
            process.stdout.close()
