"""The pages of the video family as they leave the server; a browser opens them in tests/e2e."""

from __future__ import annotations

import html
import re
import shlex
from typing import Any

import httpx2
import pytest
from tests import samples, steps
from tests.api.test_video import HOST, PREVIEW, VIDEO, begin, config, finish, make, upload
from tests.fakes import FixedClock

from telecine.api.answers import pages
from telecine.assembly import Telecine


def preview(client: httpx2.Client, shown: dict[str, Any] | None = None) -> str:
    return str(client.post(PREVIEW, json=shown or config()).json()["tempId"])


def page(client: httpx2.Client, path: str, *, status: int = 200) -> httpx2.Response:
    answer = client.get(path, headers={"Authorization": ""})
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    return answer


def text_of(answer: httpx2.Response) -> str:
    """What a page says, without its elements."""
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", answer.text)))


def meta(answer: httpx2.Response) -> dict[str, str]:
    found = re.findall(r'<meta property="([^"]+)" content="([^"]*)">', answer.text)
    return {name: html.unescape(value) for name, value in found}


def commands(answer: httpx2.Response) -> list[list[str]]:
    """The requests that a page shows, as a shell would read them."""
    shown = re.findall(r"<pre[^>]*><code>(.*?)</code>", answer.text, re.DOTALL)
    return [shlex.split(html.unescape(each).replace("\\\n", " ")) for each in shown]


@pytest.mark.parametrize("path", ["v", "watch"])
def test_a_task_has_its_pages_under_the_addresses_that_it_was_told(
    anybody: httpx2.Client, path: str
) -> None:
    told = anybody.post(VIDEO, json={"config": config(), "title": "Ada & I"}).json()
    assert f"{HOST}/{path}/{told['taskId']}" in (told["previewUrl"], told["viewerUrl"])
    answer = page(anybody, f"/{path}/{told['taskId']}")
    assert "<title>Ada &amp; I" in answer.text
    assert f'src="../v/{told["taskId"]}/index.m3u8"' in answer.text


@pytest.mark.parametrize("path", ["t", "preview"])
def test_a_preview_has_its_pages_too(anybody: httpx2.Client, path: str) -> None:
    temp_id = preview(anybody)
    assert f'src="../t/{temp_id}/index.m3u8"' in page(anybody, f"/{path}/{temp_id}").text


@pytest.mark.parametrize(("title", "shown"), [(" Ada ", "Ada"), (5, "Untitled video")])
def test_without_a_title_the_composition_s_own_is_taken(
    anybody: httpx2.Client, title: object, shown: str
) -> None:
    sent = config()
    sent["meta"]["title"] = title
    temp_id = anybody.post("/api/v1/preview", json=sent).json()["tempId"]
    for path in (f"/t/{temp_id}", f"/watch/{make(anybody, sent)}"):
        assert meta(page(anybody, path))["og:title"] == shown
    assert meta(page(anybody, f"/v/{make(anybody, sent, title='One')}"))["og:title"] == "One"


def test_the_clean_page_has_nothing_beside_the_player_and_may_be_framed(
    anybody: httpx2.Client,
) -> None:
    task_id = make(anybody)
    answer = page(anybody, f"/v/{task_id}")
    assert text_of(answer).split() == ["Untitled", "video", "Untitled", "video"]
    assert "frame-ancestors *" in answer.headers["content-security-policy"]
    viewer = page(anybody, f"/watch/{task_id}")
    assert "frame-ancestors 'self'" in viewer.headers["content-security-policy"]


def test_the_policy_allows_scripts_of_our_own_alone(anybody: httpx2.Client) -> None:
    answer = page(anybody, f"/watch/{make(anybody)}")
    policy = dict(
        part.strip().split(" ", 1) for part in answer.headers["content-security-policy"].split(";")
    )
    assert policy["script-src"] == "'self'"
    assert policy["default-src"] == "'none'"
    assert all(
        source.startswith("../static/")
        for source in re.findall(r'<script src="([^"]*)', answer.text)
    )
    assert re.findall(r"<script(?![^>]* src=)", answer.text) == []
    assert re.findall(r"\son\w+=", answer.text) == []


def test_a_title_is_text(anybody: httpx2.Client) -> None:
    told = anybody.post(
        VIDEO, json={"config": config(), "title": "</title><script>alert(1)</script>\" x='"}
    ).json()
    answer = page(anybody, f"/watch/{told['taskId']}")
    assert "<script>alert" not in answer.text
    assert meta(answer)["og:title"] == "</title><script>alert(1)</script>\" x='"


def test_link_previews_are_told_title_picture_and_size(anybody: httpx2.Client) -> None:
    task_id = make(anybody, title="Ada")
    told = meta(page(anybody, f"/watch/{task_id}"))
    assert told == {
        "og:type": "video.other",
        "og:title": "Ada",
        "og:site_name": "Telecine",
        "og:url": f"{HOST}/watch/{task_id}",
        "og:image": f"{HOST}/v/{task_id}/poster.png",
        "og:video": f"{HOST}/v/{task_id}/index.m3u8",
        "og:video:type": "application/vnd.apple.mpegurl",
        "og:video:width": "160",
        "og:video:height": "90",
    }


def test_the_viewer_page_says_size_duration_and_how_long_the_link_lives(
    anybody: httpx2.Client,
) -> None:
    said = text_of(page(anybody, f"/preview/{preview(anybody)}"))
    assert "Size 160 × 90 Duration 0:01 Frames per second 5" in said
    assert "this link works until 19 April 2026, 12:00 UTC" in said


def test_captions_are_offered_where_the_composition_has_some(anybody: httpx2.Client) -> None:
    spoken = config(type="subtitle", words=[{"word": "Hello", "start": 0, "end": 1}])
    del spoken["tracks"][0]["clips"][0]["text"]
    with_cues = page(anybody, f"/t/{preview(anybody, spoken)}").text
    assert "/captions.vtt" in with_cues
    assert "<media-captions-button>" in with_cues
    assert "captions" not in page(anybody, f"/t/{preview(anybody)}").text


# Rendering


def test_how_far_a_render_is_can_be_asked_without_a_key(
    anybody: httpx2.Client, telecine: Telecine, clock: FixedClock
) -> None:
    task_id = make(anybody)

    def state() -> dict[str, Any]:
        answer = anybody.get(f"/v/{task_id}/status.json", headers={"Authorization": ""})
        assert answer.headers["cache-control"] == "no-store"
        return dict(answer.json())

    nothing = {"progress": 0, "error": None, "downloadUrl": None, "size": None}
    assert state() == {"status": "created", **nothing}
    begun = begin(anybody, task_id)
    assert state() == {"status": "rendering", **nothing}
    assert 'data-status="rendering"' in page(anybody, f"/watch/{task_id}").text
    finish(telecine, clock, begun)
    told = state()
    film = anybody.get(told["downloadUrl"].removeprefix(HOST))
    assert (told["status"], told["progress"]) == ("completed", 100)
    assert told["size"] == pages.megabytes(len(film.content))
    assert f'href="{told["downloadUrl"]}"' in page(anybody, f"/watch/{task_id}").text
    clock.advance(days=400)
    assert state()["downloadUrl"] is None


def test_the_shown_requests_are_those_that_render_ask_and_download(
    anybody: httpx2.Client, telecine: Telecine, clock: FixedClock
) -> None:
    def send(words: list[str]) -> httpx2.Response:
        """Do what curl would."""
        method = words[words.index("-X") + 1] if "-X" in words else "GET"
        (url,) = [word for word in words if word.startswith("http")]
        header, _, value = words[words.index("-H") + 1].partition(": ")
        key = anybody.headers["authorization"].removeprefix("Bearer ")
        headers = {header: value.replace("sk-your-api-key", key)}
        return anybody.request(method, url.removeprefix(HOST), headers=headers)

    temp_id = preview(anybody)
    render, ask, download = commands(page(anybody, f"/preview/{temp_id}"))
    begun = send(render).json()
    assert (begun["tempId"], begun["status"]) == (temp_id, "rendering")
    finish(telecine, clock, begun)
    told = send([word.replace("TASK_ID", begun["taskId"]) for word in ask]).json()
    assert told["status"] == "completed"
    assert download == ["curl", "-o", f"{temp_id}.mp4", pages.DOWNLOAD_URL]

    render, ask, download = commands(page(anybody, f"/watch/{begun['taskId']}"))
    assert send(render).json()["alreadyRendered"]
    assert send(ask).json()["videoUrl"] == told["videoUrl"]
    assert download[-1] == told["videoUrl"]


def test_a_failed_render_says_why(anybody: httpx2.Client, telecine: Telecine) -> None:
    (asset,) = upload(anybody, samples.astronaut()).json()["assets"]
    task_id = make(anybody, config(type="image", src=asset["id"]))
    begun = begin(anybody, task_id)
    anybody.delete(f"/api/v1/files/{asset['id']}")
    steps.run(telecine, begun["renderTaskId"])
    told = anybody.get(f"/v/{task_id}/status.json").json()
    assert told["status"] == "failed"
    said = text_of(page(anybody, f"/watch/{task_id}"))
    assert f"This film could not be rendered {told['error']}" in said


# What is not there, or not whole


@pytest.mark.parametrize("path", ["v", "watch"])
def test_what_is_wrong_with_a_composition_stands_on_its_page(
    anybody: httpx2.Client, path: str
) -> None:
    (asset,) = upload(anybody, samples.astronaut()).json()["assets"]
    task_id = make(anybody, config(type="image", src=asset["id"]))
    anybody.delete(f"/api/v1/files/{asset['id']}")
    answer = page(anybody, f"/{path}/{task_id}")
    said = text_of(answer)
    assert "This composition cannot be shown: 1 fault" in said
    assert "tracks[0].clips[0].src" in said
    assert f"Found {asset['id']}" in said
    assert "Allowed" in said
    assert "<video" not in answer.text
    assert "og:image" not in meta(answer)


@pytest.mark.parametrize("path", ["v/abcdefgh2345", "watch/nothing", "t/temp_x", "preview/%3Cb%3E"])
def test_an_unknown_link_is_a_page_of_its_own(anybody: httpx2.Client, path: str) -> None:
    answer = page(anybody, f"/{path}", status=404)
    assert "There is nothing under this link" in text_of(answer)
    assert "<b>" not in answer.text


def test_a_task_is_no_preview_and_a_preview_is_no_task(anybody: httpx2.Client) -> None:
    page(anybody, f"/t/{make(anybody)}", status=404)
    page(anybody, f"/watch/{preview(anybody)}", status=404)


@pytest.mark.parametrize("path", ["t", "preview"])
def test_a_preview_whose_time_is_over_says_so(
    anybody: httpx2.Client, clock: FixedClock, path: str
) -> None:
    temp_id = preview(anybody)
    clock.advance(days=7)
    said = text_of(page(anybody, f"/{path}/{temp_id}", status=410))
    assert "410 This preview has expired: its link worked for 7 days." in said
    assert "deleted" not in said
    for answer in (
        anybody.get(f"/api/v1/preview/{temp_id}"),
        anybody.post(f"/api/v1/preview/{temp_id}/convert"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")
        assert "expired" in answer.json()["error"]


def test_the_id_in_a_link_is_not_logged(
    anybody: httpx2.Client, capsys: pytest.CaptureFixture[str]
) -> None:
    temp_id = preview(anybody)
    capsys.readouterr()
    page(anybody, f"/preview/{temp_id}")
    logged = "".join(capsys.readouterr())
    assert "/preview/{tempId}" in logged
    assert temp_id not in logged


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0.2, "0:00.2"), (5, "0:05"), (59.96, "1:00"), (65.04, "1:05"), (3600, "1:00:00")],
)
def test_durations_are_written_as_players_do(seconds: float, shown: str) -> None:
    assert pages.clock(seconds) == shown


@pytest.mark.parametrize(
    ("size_bytes", "shown"), [(1, "0.01 MB"), (123_456, "0.12 MB"), (4_812_345, "4.8 MB")]
)
def test_sizes_are_written_in_megabytes(size_bytes: int, shown: str) -> None:
    assert pages.megabytes(size_bytes) == shown
