"""Projects over real sockets, on both databases: the document's examples, and two who edit at once."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import requests
from tests.databases import postgres

from telecine.cli.local_server import LocalServer, local_server
from telecine.cli.welcome import LOCAL_EMAIL

HOWTO = Path(__file__).parents[2] / "docs/howto/edit-projects.md"
#: By each of two clients. The race is the same in both databases, the cost is not.
N_EDITS = {"sqlite": 100, "postgres": 25}
SOLID = {
    "id": "item-1",
    "type": "solid",
    "color": "#c03020",
    "from": 0,
    "durationInFrames": 10,
    "top": 0,
    "left": 0,
    "width": 160,
    "height": 90,
}
SMALL = {
    "fps": 5,
    "compositionWidth": 160,
    "compositionHeight": 90,
    "assets": {},
    "tracks": [{"id": "track-1", "items": ["item-1"]}],
    "items": {"item-1": SOLID},
}

# The Python of the public document, word for word, in the order in which it stands there.
CREATE = """\
import requests
API_KEY = "YOUR_API_KEY"
EMAIL = "[email protected]"
resp = requests.post(
    "https://api.kvid.ai/api/video-project",
    headers={
        "api-key": API_KEY,
        "Content-Type": "application/json",
    },
    json={
        "email": EMAIL,
        "name": "Sunset Beach Promo",
        "templateId": "review-owl",
    },
)
resp.raise_for_status()
project = resp.json()["data"]
print(project["id"], project["status"])
"""
FETCH = """\
resp = requests.get(
    f"https://api.kvid.ai/api/video-project/{project_id}",
    headers={"api-key": API_KEY},
    params={"email": EMAIL},
)
project = resp.json()["data"]
print(len(project["composition"]["tracks"]), "tracks")
"""
PATCH = """\
new_composition = {
    "fps": 30,
    "compositionWidth": 1920,
    "compositionHeight": 1080,
    "tracks": [{ "id": "track-1", "trackType": "video", "name": "Main", "items": ["item-1"] }],
    "items": {
        "item-1": { "id": "item-1", "type": "video", "assetId": "asset-1", "from": 0, "durationInFrames": 150 },
    },
    "assets": {
        "asset-1": { "id": "asset-1", "type": "video", "remoteUrl": "https://cdn.kvid.ai/.../clip.mp4", "durationInSeconds": 5 },
    },
}
requests.patch(
    f"https://api.kvid.ai/api/video-project/{project_id}/composition",
    headers={"api-key": API_KEY, "Content-Type": "application/json"},
    json={"email": EMAIL, "operation": "replace", "data": {"composition": new_composition}},
)
"""
RENDER = """\
requests.post(
    f"https://api.kvid.ai/api/video-project/{project_id}/render",
    headers={"api-key": API_KEY, "Content-Type": "application/json"},
    json={"email": EMAIL},
)
# Poll until completed
import time
while True:
    project = requests.get(
        f"https://api.kvid.ai/api/video-project/{project_id}",
        headers={"api-key": API_KEY},
        params={"email": EMAIL},
    ).json()["data"]
    if project["status"] in ("completed", "failed"):
        break
    time.sleep(5)
print(project["render_url"])
"""
END_TO_END = """\
import requests
API_KEY = "YOUR_API_KEY"
EMAIL = "[email protected]"
# 1. Create a project (pick a template up front so the agent gets sensible defaults)
project = requests.post(
    "https://api.kvid.ai/api/video-project",
    headers={"api-key": API_KEY, "Content-Type": "application/json"},
    json={"email": EMAIL, "name": "Tech Review", "templateId": "sod"},
).json()["data"]
"""


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def n_edits(database: str) -> int:
    return N_EDITS[database]


@pytest.fixture(scope="module")
def server(database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalServer]:
    data: Path = tmp_path_factory.mktemp("projects") / "data"
    with ExitStack() as stack:
        environment = {}
        if database == "postgres":
            environment["TELECINE_DATABASE_URL"] = stack.enter_context(postgres())
        yield stack.enter_context(local_server(data, environment=environment))


class Client:
    """A client that reads, changes what it read, and sends it back."""

    def __init__(self, server: LocalServer, project_id: int | None = None) -> None:
        self.session = requests.Session()
        self.session.headers["api-key"] = server.key
        self.url = f"{server.url}/api/video-project"
        if project_id is not None:
            self.url += f"/{project_id}"

    def get(self) -> requests.Response:
        return self.session.get(self.url, params={"email": LOCAL_EMAIL}, timeout=180)

    def replace(self, composition: dict[str, Any], *, seen: str) -> requests.Response:
        body: Any = {
            "email": LOCAL_EMAIL,
            "operation": "replace",
            "data": {"composition": composition},
        }
        return self.session.patch(
            f"{self.url}/composition", json=body, headers={"If-Match": seen}, timeout=180
        )

    def append(self, words: list[str]) -> None:
        """Append words to a list, one by one, each to what was seen last."""
        answer = self.get()
        for word in words:
            while True:
                composition = answer.json()["data"]["composition"]
                composition["words"].append(word)
                answer = self.replace(composition, seen=answer.headers["etag"])
                if answer.status_code == 200:
                    break
                assert answer.status_code == 412, answer.text
                answer = self.get()


def create(server: LocalServer, composition: dict[str, Any]) -> int:
    client = Client(server)
    body: Any = {"email": LOCAL_EMAIL, "composition": composition}
    answer = client.session.post(client.url, json=body, timeout=180)
    assert answer.status_code == 201, answer.text
    return int(answer.json()["data"]["id"])


def run(code: str, server: LocalServer, names: dict[str, Any]) -> None:
    """Run an example with another host, key and address, and nothing else changed."""
    changed = (
        code.replace("https://api.kvid.ai", server.url)
        .replace("YOUR_API_KEY", server.key)
        .replace("[email protected]", LOCAL_EMAIL)
    )
    exec(compile(changed, "example", "exec"), names)


def test_the_examples_of_the_document_run_as_they_are(
    server: LocalServer, capsys: pytest.CaptureFixture[str]
) -> None:
    names: dict[str, Any] = {}
    run(CREATE, server, names)
    names["project_id"] = names["project"]["id"]
    assert capsys.readouterr().out == f"{names['project_id']} draft\n"
    run(PATCH, server, names)
    run(FETCH, server, names)
    assert capsys.readouterr().out == "1 tracks\n"
    assert names["project"]["composition"] == names["new_composition"]
    # The clip of the example is not there: something else is rendered.
    client = Client(server, names["project_id"])
    assert client.replace(SMALL, seen="*").status_code == 200
    run(RENDER, server, names)
    assert names["project"]["status"] == "completed", names["project"]["render_error"]
    url = capsys.readouterr().out.strip()
    assert requests.get(url, timeout=180).content[4:8] == b"ftyp"


def test_the_end_to_end_example_begins(server: LocalServer) -> None:
    names: dict[str, Any] = {}
    run(END_TO_END, server, names)
    assert (names["project"]["name"], names["project"]["template_id"]) == ("Tech Review", "sod")


def test_the_example_of_the_how_to_keeps_what_others_changed(server: LocalServer) -> None:
    project_id = create(server, {**SMALL, "words": ["first"]})
    client = Client(server, project_id)
    (code,) = re.findall(r"```python\n(.*?)```", HOWTO.read_text("utf-8"), re.DOTALL)
    names: dict[str, Any] = {"requests": requests, "url": client.url, "email": LOCAL_EMAIL}
    names["headers"] = {"api-key": server.key}
    exec(compile(code, HOWTO.name, "exec"), names)
    others = ["second"]

    def edit(composition: dict[str, Any]) -> None:
        if others:  # somebody is faster, once
            client.append([others.pop()])
        composition["words"].append("mine")

    answer = names["change"](edit)
    assert answer.json()["data"]["composition"]["words"] == ["first", "second", "mine"]


def test_a_session_is_the_same_on_both_databases(server: LocalServer) -> None:
    client = Client(server)
    ids = [create(server, SMALL) for _ in range(3)]
    names = ["Ärger 100%", "a_b", "axb"]
    body: Any = {"email": LOCAL_EMAIL}
    for project_id, name in zip(ids, names, strict=True):
        path = f"{client.url}/{project_id}"
        assert client.session.put(path, json={**body, "name": name}, timeout=180).ok

    def listed(**query: str) -> list[int]:
        answer = client.session.get(client.url, params={**body, **query}, timeout=180)
        assert answer.ok, answer.text
        return [each["id"] for each in answer.json()["data"] if each["id"] in ids]

    assert listed() == listed(sort="latest", status="draft") == ids[::-1]
    assert listed(search="äRGER") == listed(search="0%") == ids[:1]
    assert listed(search="a_b") == ids[1:2]
    assert listed(search="' OR 1=1 --") == listed(status="failed") == []
    one = f"{client.url}/{ids[0]}"
    for number in (1, 2):
        message = {"role": "user", "content": f"hello \x00 {number}"}
        said = client.session.post(f"{one}/chat", json={**body, "message": message}, timeout=180)
        assert said.json()["data"]["chat_history_length"] == number
    restored = client.session.post(f"{one}/revisions/1/restore", json=body, timeout=180)
    assert (restored.json()["data"]["revision"], restored.headers["etag"]) == (3, '"3"')
    begun = client.session.post(f"{one}/render", json={**body, "format": "gif"}, timeout=180)
    assert begun.ok, begun.text
    exports = client.session.get(f"{one}/exports", params=body, timeout=180).json()["data"]
    assert [each["format"] for each in exports] == ["gif"]
    assert {*listed(status="rendering"), *listed(status="completed")} == {ids[0]}
    assert client.session.delete(one, params=body, timeout=180).ok
    assert listed(sort="oldest") == ids[1:]


def test_two_who_edit_at_once_with_retries_lose_nothing(server: LocalServer, n_edits: int) -> None:
    project_id = create(server, {**SMALL, "words": []})
    wanted = {who: [f"{who}-{number}" for number in range(n_edits)] for who in ("ann", "bob")}
    start = threading.Barrier(2)

    def edit(who: str) -> None:
        client = Client(server, project_id)
        start.wait()
        client.append(wanted[who])

    with ThreadPoolExecutor(2) as threads:
        list(threads.map(edit, wanted))
    told = Client(server, project_id).get().json()["data"]
    assert sorted(told["composition"]["words"]) == sorted(wanted["ann"] + wanted["bob"])
    assert told["revision"] == 1 + 2 * n_edits


def test_many_who_patch_at_once_without_a_word_lose_nothing(server: LocalServer) -> None:
    project_id = create(server, {**SMALL, "words": {}})
    start = threading.Barrier(8)

    def edit(who: int) -> None:
        client = Client(server, project_id)
        start.wait()
        for number in range(5):
            body: Any = {
                "email": LOCAL_EMAIL,
                "operation": "deep-merge",
                "data": {"composition": {"words": {f"{who}-{number}": 1}}},
            }
            answer = client.session.patch(f"{client.url}/composition", json=body, timeout=180)
            assert answer.status_code == 200, answer.text

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(edit, range(8)))
    told = Client(server, project_id).get().json()["data"]
    assert (len(told["composition"]["words"]), told["revision"]) == (40, 41)
