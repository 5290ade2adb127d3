"""What is seen of a project without a key: its player, its parts, its poster; and templates."""

from __future__ import annotations

import html
import json
from typing import Any

import httpx2
import pytest
import pyvips
from tests.fakes import FixedClock
from tests.projects import (
    EMAIL,
    EMPTY,
    URL,
    begin,
    composition,
    fetch,
    finish,
    make,
    patch,
    refused,
)

from telecine.assembly import Telecine

HOST = "http://testserver"


def stranger(client: httpx2.Client) -> httpx2.Client:
    """The same server, asked without a key."""
    client.headers.pop("authorization", None)
    return client


def test_a_project_has_a_player_a_page_and_a_playlist_of_its_newest_revision(
    anybody: httpx2.Client,
) -> None:
    told = make(anybody, name="<Sunset>", composition=composition())
    shared = told["preview_url"].removeprefix(f"{HOST}/p/")
    assert len(shared) == 22
    anybody.get(told["viewer_url"])
    client = stranger(anybody)
    page = client.get(told["preview_url"])
    assert page.status_code == 200
    assert f"../p/{shared}/1" in page.text
    assert "&lt;Sunset&gt;" in page.text
    page = client.get(told["viewer_url"])
    assert (page.status_code, EMAIL in page.text) == (200, False)
    playlist = client.get(f"/p/{shared}/1/index.m3u8")
    assert playlist.status_code == 200
    assert playlist.text.startswith("#EXTM3U")
    assert client.get(f"/p/{shared}/status.json").json()["status"] == "draft"


def test_the_poster_is_drawn_of_the_newest_revision(anybody: httpx2.Client) -> None:
    told = make(anybody, composition=composition())
    green = {"items": {"item-1": {"color": "#00ff00"}}}
    assert patch(anybody, told["id"], "deep-merge", composition=green).status_code == 200
    client = stranger(anybody)
    moved = client.get(told["poster_url"], follow_redirects=False)
    assert (moved.status_code, moved.headers["location"]) == (307, "2/poster.png")
    picture = client.get(told["poster_url"], follow_redirects=True)
    assert picture.headers["content-type"] == "image/png"
    image = pyvips.Image.new_from_buffer(picture.content, "")
    assert (image.width, image.height) == (160, 90)
    red, green_part = image.getpoint(80, 45)[:2]
    assert (red < 90, green_part > 200) == (True, True)


def test_a_film_that_was_rendered_can_be_had_on_the_page(
    anybody: httpx2.Client, telecine: Telecine, clock: FixedClock
) -> None:
    told = make(anybody, composition=composition())
    finish(telecine, clock, begin(anybody, told["id"]))
    url = fetch(anybody, told["id"])["render_url"]
    work = stranger(anybody).get(told["preview_url"] + "/status.json").json()
    assert (work["status"], work["downloadUrl"], work["progress"]) == ("completed", url, 100)


def test_what_cannot_be_shown_is_said(anybody: httpx2.Client) -> None:
    shown = composition(assets={"a": {"type": "video"}}, fps=0)
    told = make(anybody, composition=shown)
    client = stranger(anybody)
    page = client.get(told["preview_url"])
    assert (page.status_code, "fault" in page.text) == (200, True)
    part = told["preview_url"].removeprefix(HOST) + "/1/index.m3u8"
    refused(client.get(part), 422, "INVALID_COMPOSITION")
    assert client.get("/p/p_nobody").status_code == 404
    for path in ("/p/p_nobody/1/index.m3u8", "/p/p_nobody/poster.png", "/p/p_nobody/status.json"):
        refused(client.get(path), 404, "PROJECT_NOT_FOUND")
    gone = told["preview_url"].removeprefix(HOST)
    for number in ("2", "0", "x", "9" * 30):
        refused(client.get(f"{gone}/{number}/index.m3u8"), 404, "REVISION_NOT_FOUND")
    refused(client.get(f"{gone}/1/passwd"), 404, "PROJECT_NOT_FOUND")


def test_a_project_with_nothing_in_it_says_so_and_how_to_add_something(
    anybody: httpx2.Client,
) -> None:
    told = make(anybody, name="Soon")
    for address in (told["preview_url"], told["viewer_url"]):
        page = stranger(anybody).get(address)
        assert page.status_code == 200
        assert all(words in page.text for words in ("Soon", "Empty so far"))
        assert "<video" not in page.text
    page = stranger(anybody).get(told["viewer_url"])
    assert "you@example.com</code>" in page.text


def test_what_the_page_of_an_empty_project_adds_is_seen(anybody: httpx2.Client) -> None:
    told = make(anybody)
    page = html.unescape(anybody.get(told["viewer_url"]).text)
    sent = page.partition("PATCH")[2].partition("-d '")[2].partition("'")[0]
    change = {**json.loads(sent), "email": EMAIL}
    changed = anybody.patch(f"{URL}/{told['id']}/composition", json=change)
    assert (changed.status_code, changed.json()["data"]["warnings"]) == (200, [])
    assert "<video" in anybody.get(told["viewer_url"]).text


def test_the_poster_of_an_empty_project_is_a_plain_picture(anybody: httpx2.Client) -> None:
    told = make(anybody)
    picture = stranger(anybody).get(told["poster_url"], follow_redirects=True)
    assert (picture.status_code, picture.headers["content-type"]) == (200, "image/png")
    path = told["preview_url"].removeprefix(HOST)
    refused(anybody.get(f"{path}/1/index.m3u8"), 404, "PROJECT_NOT_FOUND")


def test_the_page_can_see_that_the_project_was_edited_since(anybody: httpx2.Client) -> None:
    told = make(anybody, composition=composition())
    assert 'data-revision="1"' in anybody.get(told["viewer_url"]).text
    assert patch(anybody, told["id"], "deep-merge", composition={"fps": 10}).status_code == 200
    assert anybody.get(told["preview_url"] + "/status.json").json()["revision"] == 2


def test_a_request_without_a_key_is_told_the_header_of_this_family(anybody: httpx2.Client) -> None:
    answer = stranger(anybody).get(URL, params={"email": EMAIL})
    refused(answer, 401, "UNAUTHORIZED")
    assert "'api-key: KEY'" in answer.json()["message"]


def test_a_deleted_project_cannot_be_seen_any_more(anybody: httpx2.Client) -> None:
    told = make(anybody, composition=composition())
    anybody.delete(f"{URL}/{told['id']}", params={"email": EMAIL})
    client = stranger(anybody)
    assert client.get(told["preview_url"]).status_code == 404
    path = told["preview_url"].removeprefix(HOST)
    refused(client.get(f"{path}/1/index.m3u8"), 404, "PROJECT_NOT_FOUND")


def test_links_that_open_a_project_stay_out_of_the_log(
    anybody: httpx2.Client, capsys: pytest.CaptureFixture[str]
) -> None:
    told = make(anybody, composition=composition())
    shared = told["preview_url"].rpartition("/")[2]
    capsys.readouterr()
    for path in (f"/p/{shared}", f"/project/{shared}", f"/p/{shared}/1/index.m3u8"):
        assert stranger(anybody).get(path).status_code == 200
    said = capsys.readouterr()
    assert "request_id" in said.out + said.err
    assert shared not in said.out + said.err


# Templates


@pytest.mark.parametrize(("aspect", "size"), [("16:9", (1920, 1080)), ("9:16", (1080, 1920))])
def test_a_project_begins_with_the_items_of_its_template(
    anybody: httpx2.Client, aspect: str, size: tuple[int, int]
) -> None:
    told = make(anybody, templateId="title-opener", aspect=aspect)
    assert (told["template_id"], told["warnings"]) == ("title-opener", [])
    shown: dict[str, Any] = told["composition"]
    assert (shown["compositionWidth"], shown["compositionHeight"]) == size
    assert shown["items"]


def test_a_composition_that_is_sent_comes_before_that_of_the_template(
    anybody: httpx2.Client,
) -> None:
    told = make(anybody, templateId="title-opener", composition=EMPTY)
    assert told["composition"] == EMPTY


def test_templates_are_listed_with_what_they_drive(anybody: httpx2.Client) -> None:
    listed = anybody.get("/api/video-template").json()["data"]
    assert listed[0]["templateId"] == "system_default"
    assert len(listed) >= 6
    for each in listed[1:]:
        assert all(each[part] for part in ("name", "description", "tone", "palette", "fonts"))


def test_a_link_shows_an_old_revision_only_to_players_that_may_still_be_open(
    anybody: httpx2.Client, clock: FixedClock
) -> None:
    told = make(anybody, composition=composition())
    for color in ("#00ff00", "#0000ff"):
        clock.advance(minutes=8)
        changed = {"items": {"item-1": {"color": color}}}
        assert patch(anybody, told["id"], "deep-merge", composition=changed).status_code == 200
    path = told["preview_url"].removeprefix(HOST)
    client = stranger(anybody)
    clock.advance(minutes=3)
    refused(client.get(f"{path}/1/poster.png"), 404, "REVISION_NOT_FOUND")
    assert client.get(f"{path}/2/index.m3u8").status_code == 200
    clock.advance(minutes=8)
    refused(client.get(f"{path}/2/poster.png"), 404, "REVISION_NOT_FOUND")
    assert client.get(f"{path}/3/index.m3u8").status_code == 200


def test_a_project_can_be_given_another_link(anybody: httpx2.Client) -> None:
    told = make(anybody, composition=composition())
    answer = anybody.post(f"{URL}/{told['id']}/link", json={"email": EMAIL})
    assert answer.status_code == 200, answer.text
    renewed = answer.json()["data"]
    assert (renewed["revision"], renewed["composition"]) == (1, told["composition"])
    client = stranger(anybody)
    for field in ("preview_url", "viewer_url", "poster_url"):
        assert renewed[field] != told[field]
        assert client.get(told[field], follow_redirects=False).status_code == 404
    assert client.get(renewed["preview_url"]).status_code == 200
    path = told["preview_url"].removeprefix(HOST)
    refused(client.get(f"{path}/1/index.m3u8"), 404, "PROJECT_NOT_FOUND")
