"""The thumbnail of a project: the first picture of its composition that a page may show."""

from __future__ import annotations

from typing import Any

import httpx2
import pyvips
from tests.conftest import customer_of
from tests.projects import EMAIL, URL, composition, make, patch, refused

from telecine.assembly import Telecine


def image(url: str) -> dict[str, str]:
    return {"id": url, "type": "image", "remoteUrl": f"https://x.example/{url}"}


def test_the_thumbnail_follows_the_first_image_unless_it_is_locked(anybody: httpx2.Client) -> None:
    project = make(anybody, composition=composition())["id"]
    assets: dict[str, Any] = {
        "v": {
            "type": "video",
            "remoteUrl": "https://x.example/v.mp4",
            "poster": "https://x.example/v.png",
        }
    }
    told = patch(anybody, project, "merge", composition={"assets": assets}).json()["data"]
    assert told["thumbnail_url"] == "https://x.example/v.png"
    assets |= {"b": image("b.png"), "a": image("a.png")}
    told = patch(anybody, project, "merge", composition={"assets": assets}).json()["data"]
    assert told["thumbnail_url"] == "https://x.example/b.png"
    told = patch(anybody, project, "merge", composition={"assets": {}}).json()["data"]
    assert told["thumbnail_url"] == "https://x.example/b.png"
    own = {"email": EMAIL, "thumbnail_url": "https://x.example/own.png"}
    anybody.put(f"{URL}/{project}", json={**own, "thumbnailLocked": True})
    told = patch(anybody, project, "merge", composition={"assets": assets}).json()["data"]
    assert told["thumbnail_url"] == own["thumbnail_url"]
    anybody.put(f"{URL}/{project}", json={"email": EMAIL, "thumbnailLocked": False})
    told = patch(anybody, project, "merge", composition={"assets": {}}).json()["data"]
    assert told["thumbnail_url"] == own["thumbnail_url"]
    told = patch(anybody, project, "merge", composition={"assets": assets}).json()["data"]
    assert told["thumbnail_url"] == "https://x.example/b.png"


def uploaded(client: httpx2.Client, **more: Any) -> dict[str, Any]:
    picture = pyvips.Image.black(64, 48).pngsave_buffer()
    answer = client.post("/api/v1/upload", files={"file": ("own.png", picture)}, **more)
    return dict(answer.json()["assets"][0])


def thumbnail(client: httpx2.Client, project: int, *listed: dict[str, str]) -> str | None:
    shown = {str(number): each for number, each in enumerate(listed)}
    told = patch(client, project, "merge", composition={"assets": shown}).json()["data"]
    return None if told["thumbnail_url"] is None else str(told["thumbnail_url"])


def test_the_thumbnail_of_an_uploaded_picture_is_found_under_any_of_its_names(
    anybody: httpx2.Client,
) -> None:
    asset = uploaded(anybody)
    for name in (asset["id"], f"file_id:{asset['id']}"):
        project = make(anybody)["id"]
        url = thumbnail(anybody, project, {"type": "image", "remoteUrl": name})
        assert url is not None
        assert url.startswith("http://testserver/storage/file_")
        assert anybody.get(url).headers["content-type"].startswith("image/")
        listed = anybody.get(URL, params={"email": EMAIL}, headers={"host": "elsewhere"}).json()
        assert listed["data"][0]["thumbnail_url"] == url.replace("testserver", "elsewhere")


def test_only_what_pages_may_show_becomes_a_thumbnail(
    anybody: httpx2.Client, telecine: Telecine
) -> None:
    project = make(anybody)["id"]
    other = customer_of(telecine, email="bob@example.com")
    foreign = uploaded(anybody, headers=other.headers)
    wrong = ("javascript:alert(1)", "data:image/png;base64,AA", "/storage/x", "asset_none", "a.png")
    unsafe = [{"type": "image", "remoteUrl": name} for name in (*wrong, foreign["id"])]
    films = [{"type": "video", "poster": name, "src": "https://x.example/v.mp4"} for name in wrong]
    assert thumbnail(anybody, project, *unsafe, *films) is None
    assert thumbnail(anybody, project, *unsafe, *films, image("ok")) == "https://x.example/ok"


def test_a_thumbnail_is_an_address_of_the_web(anybody: httpx2.Client) -> None:
    url = f"{URL}/{make(anybody)['id']}"
    for wrong in ("javascript:alert(1)", "data:text/html,x", "/etc/passwd"):
        answer = anybody.put(url, json={"email": EMAIL, "thumbnail_url": wrong})
        body = refused(answer, 400, "INVALID_REQUEST")
        assert body["data"] == {"field": "thumbnail_url"}
    for right in ("https://example.com/a.png", None):
        answer = anybody.put(url, json={"email": EMAIL, "thumbnail_url": right})
        assert answer.json()["data"]["thumbnail_url"] == right
