"""The pages of the video family in a real browser: what plays in them comes from the renderer."""

from __future__ import annotations

import io
import json
import re
import subprocess
from base64 import b64decode
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import Browser, FloatRect, Page, Route, expect
from skimage.metrics import structural_similarity
from tests import samples, steps
from tests.browsing import PATIENCE_MS, Visit, until

from telecine.cli.local_server import LocalServer, local_server

WIDTH, HEIGHT, RATE = 320, 180, 10
#: A square in the corner has another colour in each second.
COLOURS = ("#ff0000", "#00ff00", "#0000ff", "#ffff00", "#ff00ff", "#00ffff")
VIDEO = "document.querySelector('video')"
Picture = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, kw_only=True)
class Studio:
    """A server, a client with a key, and a task that shows a picture, a square and captions."""

    server: LocalServer
    client: httpx2.Client
    task_id: str

    def address(self, path: str) -> str:
        return f"{self.server.url}/{path}"

    def upload(self, path: Path) -> str:
        parts = {"file": (path.name, path.read_bytes())}
        return str(self.client.post("/api/v1/upload", files=parts).json()["assets"][0]["id"])


def composition(picture: str, sound: str) -> dict[str, Any]:
    squares = [
        {
            "type": "rect",
            "start": second,
            "duration": 1,
            "transform": {"x": -110, "y": -40, "width": 60, "height": 60},
            "style": {"fill": colour},
        }
        for second, colour in enumerate(COLOURS)
    ]
    words = {"type": "subtitle", "start": 0, "duration": 6}
    words["words"] = [{"word": "Lift-off", "start": 1, "end": 2}]
    back = {"type": "image", "src": picture, "start": 0, "duration": 6}
    back |= {"transform": {"width": WIDTH, "height": HEIGHT}, "style": {"objectFit": "cover"}}
    heard = {"type": "audio", "src": sound, "start": 0, "duration": 6}
    return {
        "meta": {"version": "2.0.0", "width": WIDTH, "height": HEIGHT, "fps": RATE},
        "tracks": [{"clips": [back]}, {"clips": squares}, {"clips": [words]}, {"clips": [heard]}],
    }


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    folder = tmp_path_factory.mktemp("preview-pages")
    with (
        local_server(folder / "data") as server,
        httpx2.Client(
            base_url=server.url, headers={"Authorization": f"Bearer {server.key}"}, timeout=180
        ) as client,
    ):
        bare = Studio(server=server, client=client, task_id="")
        tone = samples.make_audio(folder / "tone.wav", seconds=6)
        config = composition(bare.upload(samples.astronaut()), bare.upload(tone))
        body = {"config": config, "title": "<script>alert(1)</script> & Ada"}
        told = client.post("/api/v1/video", json=body)
        assert told.status_code == 200, told.text
        yield Studio(server=server, client=client, task_id=told.json()["taskId"])


@pytest.fixture(scope="module")
def clean(studio: Studio, browser: Browser) -> Iterator[Visit]:
    """The clean page of the task, as soon as its first picture is there."""
    yield from opened(browser, studio.address(f"v/{studio.task_id}"))


@pytest.fixture(scope="module")
def viewer(studio: Studio, browser: Browser) -> Iterator[Visit]:
    yield from opened(browser, studio.address(f"watch/{studio.task_id}"))


def opened(browser: Browser, url: str) -> Iterator[Visit]:
    with browser.new_context(viewport={"width": 1280, "height": 800}) as context:
        context.grant_permissions(["clipboard-read", "clipboard-write"])
        made = Visit(context.new_page())
        made.page.goto(url)
        until(made.page, f"{VIDEO}.readyState >= 2")
        yield made


def seek(page: Page, seconds: float) -> None:
    page.evaluate(f"{VIDEO}.pause(); {VIDEO}.currentTime = {seconds}")
    until(page, f"!{VIDEO}.seeking && {VIDEO}.readyState >= 2")


def box(page: Page, selector: str) -> FloatRect:
    found = page.locator(selector).bounding_box()
    assert found is not None
    return found


def picture(page: Page) -> Picture:
    """What the player shows, pixel for pixel of the film."""
    data = page.evaluate(
        f"""() => {{
            const canvas = document.createElement("canvas");
            canvas.width = {VIDEO}.videoWidth;
            canvas.height = {VIDEO}.videoHeight;
            canvas.getContext("2d").drawImage({VIDEO}, 0, 0);
            return canvas.toDataURL("image/png");
        }}"""
    )
    with Image.open(io.BytesIO(b64decode(data.partition(",")[2]))) as image:
        return np.asarray(image.convert("RGB"))


def until_square_is(page: Page, colour: str) -> None:
    """Wait for a colour of the square: what is decoded is not painted yet."""
    steps.until(lambda: square(picture(page)) == colour)


def square(shown: Picture) -> str:
    """The colour of the square, each channel full or empty."""
    y, x = HEIGHT // 2 - 40, WIDTH // 2 - 110
    return "#" + "".join("ff" if value > 127 else "00" for value in shown[y, x])


# The player


def test_the_clean_page_is_filled_by_its_player(clean: Visit) -> None:
    box = clean.page.locator("media-controller").bounding_box()
    assert box == {"x": 0, "y": 0, "width": 1280, "height": 800}
    assert clean.page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(0, 0, 0)"
    assert clean.page.evaluate(f"[{VIDEO}.videoWidth, {VIDEO}.videoHeight]") == [WIDTH, HEIGHT]


def test_the_player_knows_how_long_the_film_is(clean: Visit) -> None:
    assert clean.page.evaluate(f"{VIDEO}.duration") == pytest.approx(6, abs=0.05)


def test_space_plays_and_pauses_from_anywhere_on_the_page(clean: Visit) -> None:
    seek(clean.page, 0)
    clean.page.keyboard.press(" ")
    until(clean.page, f"{VIDEO}.currentTime > 0.5")
    clean.page.keyboard.press(" ")
    until(clean.page, f"{VIDEO}.paused")


def test_arrows_go_back_and_forth(clean: Visit) -> None:
    seek(clean.page, 0)
    clean.page.keyboard.press("ArrowRight")
    until(clean.page, f"{VIDEO}.currentTime > 4.9")
    clean.page.keyboard.press("ArrowLeft")
    until(clean.page, f"{VIDEO}.currentTime < 0.1")


@pytest.mark.parametrize("second", [3, 0, 5, 1])
def test_the_frame_that_is_sought_is_shown(clean: Visit, second: int) -> None:
    seek(clean.page, second + 0.55)
    until_square_is(clean.page, COLOURS[second])


def test_captions_are_off_until_they_are_asked_for(clean: Visit) -> None:
    track = f"{VIDEO}.textTracks[0]"
    assert clean.page.evaluate(f"{track}.mode") != "showing"
    seek(clean.page, 1.5)
    clean.page.get_by_role("button", name="closed captions").click()
    until(clean.page, f"{track}.activeCues?.length === 1")
    assert clean.page.evaluate(f"{track}.activeCues[0].text") == "Lift-off"
    clean.page.get_by_role("button", name="closed captions").click()
    until(clean.page, f"{track}.mode !== 'showing'")


def test_the_browser_has_nothing_to_complain_of(studio: Studio, clean: Visit) -> None:
    assert clean.complaints == []
    assert clean.elsewhere(studio.server.url) == []


def interrupted(route: Route, *, status: int, reason: str) -> None:
    route.fulfill(
        status=status, content_type="application/json", body=json.dumps({"error": reason})
    )


def test_a_segment_that_does_not_come_is_tried_again(studio: Studio, browser: Browser) -> None:
    page = browser.new_page()
    reason = "All renderers of previews are busy."
    page.route("**/0.m4s", lambda route: interrupted(route, status=503, reason=reason))
    page.goto(studio.address(f"v/{studio.task_id}"))
    trouble = page.locator(".trouble")
    expect(trouble).to_have_text(f"{reason} Trying again…", timeout=PATIENCE_MS)
    page.unroute("**/0.m4s")
    until(page, f"{VIDEO}.readyState >= 2")
    expect(trouble).to_be_hidden()
    page.close()


def test_a_segment_that_cannot_be_made_says_why(studio: Studio, browser: Browser) -> None:
    page = browser.new_page()
    reason = "The picture of clip 2 cannot be read."
    page.route("**/0.m4s", lambda route: interrupted(route, status=422, reason=reason))
    page.goto(studio.address(f"v/{studio.task_id}"))
    expect(page.locator(".faults li")).to_have_text(reason, timeout=PATIENCE_MS)
    expect(page.locator("media-controller")).to_have_count(0)
    page.close()


def test_a_playlist_is_tried_again_only_where_that_may_help(
    studio: Studio, browser: Browser
) -> None:
    page = browser.new_page()
    page.route("**/index.m3u8", lambda route: interrupted(route, status=503, reason="Busy."))
    page.goto(studio.address(f"watch/{studio.task_id}"))
    expect(page.locator(".trouble")).to_have_text("Busy. Trying again…", timeout=PATIENCE_MS)
    page.unroute("**/index.m3u8")
    until(page, f"{VIDEO}.readyState >= 2")
    page.close()


def test_a_source_that_cannot_be_fetched_is_named_in_the_players_place(
    studio: Studio, browser: Browser
) -> None:
    page = browser.new_page()
    reason = "The other server could not be reached (https://away.example/a.png)."
    fault = {"path": "tracks[0].clips[0].src", "code": "SOURCE", "message": reason}
    body = {"error": reason, "code": "REMOTE_ERROR", "details": {"errors": [fault]}}
    page.route("**/index.m3u8", lambda route: route.fulfill(status=502, json=body))
    page.goto(studio.address(f"watch/{studio.task_id}"))
    expect(page.locator("[role=alert] li p")).to_have_text(reason, timeout=PATIENCE_MS)
    expect(page.locator("[role=alert] .where")).to_have_text(fault["path"])
    expect(page.locator("media-controller")).to_have_count(0)
    page.close()


def test_without_the_fetched_libraries_the_browser_plays_by_itself(
    studio: Studio, browser: Browser
) -> None:
    page = browser.new_page()
    page.route("**/vendor/**", lambda route: route.abort())
    page.goto(studio.address(f"v/{studio.task_id}"))
    until(page, f"{VIDEO}.controls && {VIDEO}.readyState >= 2")
    seek(page, 4.55)
    until_square_is(page, COLOURS[4])
    page.close()


# The viewer page


def test_the_title_is_text(viewer: Visit) -> None:
    expect(viewer.page.get_by_role("heading", level=1)).to_have_text(
        "<script>alert(1)</script> & Ada"
    )


def test_everything_that_can_be_used_has_a_name(viewer: Visit) -> None:
    tree = viewer.page.locator("body").aria_snapshot()
    assert (
        re.findall(r"^\s*- (?:button|link|slider|progressbar|textbox):?$", tree, re.MULTILINE) == []
    )
    for name in ("play", "mute", "closed captions", "Playback rate 1", "enter fullscreen mode"):
        assert f'button "{name}"' in tree
    for name in ("seek", "volume"):
        assert f'slider "{name}"' in tree


def test_the_keyboard_reaches_every_part_and_shows_where_it_is(viewer: Visit) -> None:
    page = viewer.page

    def go_on_to_the_end() -> list[str]:
        reached: list[str] = []
        while not reached or reached[-1] != "BODY":
            page.keyboard.press("Tab")
            reached.append(page.evaluate("document.activeElement.tagName"))
            assert len(reached) < 40, reached
        return reached

    go_on_to_the_end()  # from wherever somebody has clicked
    reached = go_on_to_the_end()
    assert reached.count("BUTTON") == 3
    assert {"MEDIA-TIME-RANGE", "MEDIA-VOLUME-RANGE", "MEDIA-PLAYBACK-RATE-BUTTON"} <= set(reached)


@pytest.mark.parametrize("width", [390, 1280])
def test_the_button_that_begins_leaves_the_picture_free(
    studio: Studio, browser: Browser, width: int
) -> None:
    page = browser.new_page(viewport={"width": width, "height": 800})
    page.goto(studio.address(f"watch/{studio.task_id}"))
    expect(page.locator("media-play-button")).to_be_visible()
    expect(page.locator("media-play-button")).to_have_count(1)
    button = page.locator("media-play-button").bounding_box()
    film = page.locator("media-controller").bounding_box()
    assert button is not None
    assert film is not None
    assert button["width"] >= 44
    assert button["x"] + button["width"] < film["x"] + film["width"] / 4
    assert button["y"] > film["y"] + film["height"] / 2
    page.close()


@pytest.mark.parametrize("size", [(390, 844), (320, 568)])
def test_a_small_window_needs_no_scrolling_to_the_side(
    viewer: Visit, size: tuple[int, int]
) -> None:
    viewer.page.set_viewport_size({"width": size[0], "height": size[1]})
    assert viewer.page.evaluate("document.documentElement.scrollWidth") == size[0]
    player = box(viewer.page, "media-controller")
    for button in viewer.page.locator("media-control-bar > :visible").all():
        area = button.bounding_box()
        assert area is not None
        assert player["x"] <= area["x"]
        assert area["x"] + area["width"] <= player["x"] + player["width"]
    expect(viewer.page.locator("media-fullscreen-button")).to_be_visible()
    bars = box(viewer.page, "media-time-range")["height"]
    bars += box(viewer.page, "media-control-bar")["height"]
    assert bars < player["height"] / 3
    viewer.page.set_viewport_size({"width": 1280, "height": 800})


def test_the_first_frame_is_that_of_the_file_which_the_copied_requests_make(
    studio: Studio, viewer: Visit, tmp_path: Path
) -> None:
    page = viewer.page
    seek(page, 0)
    until_square_is(page, COLOURS[0])
    shown = picture(page)
    expect(page.locator(".badge")).to_have_text("Not rendered yet", use_inner_text=True)

    # What is said aloud is said for a moment only.
    page.evaluate(
        """() => {
            const told = document.querySelector("#copied");
            window.heard = [];
            const listen = () => window.heard.push(told.textContent);
            new MutationObserver(listen).observe(told, {childList: true});
        }"""
    )

    def copied(number: int) -> str:
        command = page.locator(".request code").nth(number).inner_text()
        page.locator("button.copy").nth(number).click()
        steps.until(lambda: page.evaluate("navigator.clipboard.readText()") == command)
        return command

    def run(command: str) -> dict[str, Any]:
        command = command.replace("sk-your-api-key", studio.server.key)
        done = subprocess.run(
            ["sh", "-c", command], cwd=tmp_path, capture_output=True, text=True, check=True
        )
        return dict(json.loads(done.stdout or "{}"))

    assert run(copied(0))["status"] == "rendering"
    link = page.get_by_role("link", name=re.compile("Download"))
    expect(link).to_be_visible(timeout=PATIENCE_MS)
    expect(page.locator(".badge")).to_have_text("Rendered", use_inner_text=True)
    assert run(copied(1))["videoUrl"] == link.get_attribute("href")
    run(copied(2))
    with page.expect_download() as downloading:
        link.click()
    film = tmp_path / f"{studio.task_id}.mp4"
    assert Path(downloading.value.path()).read_bytes() == film.read_bytes()
    assert "Copied" in page.evaluate("window.heard")

    rendered = samples.picture_at(film)
    assert shown.shape == rendered.shape
    likeness = structural_similarity(shown, rendered, channel_axis=2)
    assert likeness >= 0.95, likeness


def test_the_viewer_page_has_nothing_to_complain_of(studio: Studio, viewer: Visit) -> None:
    assert viewer.complaints == []
    assert viewer.elsewhere(studio.server.url) == []


def test_what_is_wrong_is_shown_in_the_players_place(studio: Studio, browser: Browser) -> None:
    asset_id = studio.upload(samples.bikes())
    clip = {"type": "video", "src": asset_id, "start": 0, "duration": 1}
    shown = {"meta": {"width": 64, "height": 64, "fps": 5}, "tracks": [{"clips": [clip]}]}
    temp_id = studio.client.post("/api/v1/preview", json=shown).json()["tempId"]
    studio.client.delete(f"/api/v1/files/{asset_id}")
    visit = Visit(browser.new_page())
    visit.page.goto(studio.address(f"preview/{temp_id}"))
    expect(visit.page.get_by_text("tracks[0].clips[0].src")).to_be_visible()
    expect(visit.page.get_by_text(asset_id)).to_be_visible()
    expect(visit.page.locator("video")).to_have_count(0)
    assert visit.complaints == []
    visit.page.close()


def test_the_viewer_page_of_a_task_that_is_deleted_meanwhile_says_so(
    studio: Studio, browser: Browser
) -> None:
    clip = {"type": "text", "text": "Soon gone", "start": 0, "duration": 1}
    shown = {"meta": {"width": 64, "height": 64, "fps": 5}, "tracks": [{"clips": [clip]}]}
    task_id = studio.client.post("/api/v1/video", json={"config": shown}).json()["taskId"]
    page = browser.new_page()
    page.clock.install()
    page.goto(studio.address(f"watch/{task_id}"))
    expect(page.locator(".badge")).to_have_text("Not rendered yet", use_inner_text=True)
    studio.client.delete(f"/api/v1/video/{task_id}")
    page.clock.run_for(10_000)
    expect(page.get_by_role("heading", level=1)).to_have_text("There is nothing under this link.")
    page.close()


def test_an_unknown_link_is_a_page_that_says_so(studio: Studio, browser: Browser) -> None:
    page = browser.new_page()
    answer = page.goto(studio.address("watch/nothing"))
    assert answer is not None
    assert answer.status == 404
    expect(page.get_by_role("heading", level=1)).to_have_text("There is nothing under this link.")
    page.close()
