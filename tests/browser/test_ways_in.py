"""Photos into the playground by every way: dropped, taken, named by an address; turned and too large ones."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image
from selenium.webdriver import Keys

from tests import photos
from tests.browser.page import Page
from tests.contract.web import Site


def test_a_dropped_photo(page: Page, portrait: Path) -> None:
    page.drop(portrait)
    assert page.text("#photos .title") == portrait.name
    assert page.text("#said") == "Chosen photos 1 of 1", "those who do not see the list hear of it"
    page.send()
    assert page.response()["code"] == 0


def test_the_camera(page: Page) -> None:
    page.click("#camera-open")
    page.wait(lambda: page.one("#video").is_displayed())
    page.wait(lambda: page.run("return document.getElementById('video').videoWidth") > 0)
    page.click("#shoot")
    page.wait(lambda: page.all("#photos li"))
    assert page.text("#photos .title") == "camera.jpg"
    assert not page.one("#camera").is_displayed()
    page.send()
    assert page.response()["code"] == 0


def test_the_camera_takes_all_that_are_missing(page: Page) -> None:
    page.contract("baidu", count="3")
    page.click("#camera-open")
    page.wait(lambda: page.run("return document.getElementById('video').videoWidth") > 0)
    page.click("#shoot")
    page.wait(lambda: page.text("#filled") == "3 of 3")
    page.send()
    assert len(page.response()["result"]["face_list"]) == 3


@pytest.mark.parametrize(
    ("button", "taken"), [("shoot", [f"camera-{at}.jpg" for at in range(1, 9)]), ("camera-close", [])]
)
def test_a_button_that_is_pressed_while_the_camera_takes_photos(page: Page, button: str, taken: list[str]) -> None:
    page.contract("baidu", count="8")
    page.click("#camera-open")
    page.wait(lambda: page.run("return document.getElementById('video').videoWidth") > 0)
    page.click("#shoot")
    page.click(f"#{button}")
    page.wait(lambda: not page.one("#camera").is_displayed())
    page.later("await new Promise((resolve) => { setTimeout(resolve, 3000); });")
    assert page.texts("#photos .title") == taken
    assert not [text for text in page.texts("#photos .muted") if "×" not in text], "all of them are pictures"
    assert page.focused(page.one("#send" if taken else "#camera-open"))


def test_a_camera_that_is_opened_twice_is_off_once_it_is_closed(page: Page) -> None:
    page.run("""
        const {mediaDevices} = navigator;
        const get = mediaDevices.getUserMedia.bind(mediaDevices);
        window.streams = [];
        mediaDevices.getUserMedia = async (wanted) => { streams.push(await get(wanted)); return streams.at(-1); };
    """)
    for _ in range(2):
        page.click("#camera-open")
        page.wait(lambda: page.focused(page.one("#shoot")))
    page.click("#camera-close")
    assert set(page.run("return streams.flatMap((s) => s.getTracks()).map((t) => t.readyState)")) == {"ended"}


@pytest.mark.parametrize("contract", ["market", "tencent", "baidu"])
def test_an_address(page: Page, portrait: Path, names: dict[str, str], contract: str) -> None:
    site = Site()
    try:
        names[site.host] = "127.0.0.1"
        page.contract(contract)
        page.fill("#url", site.put("/face.jpg", portrait.read_bytes()))
        page.keys(Keys.ENTER)
        page.send()
        assert page.all("#verdict .meter")
        assert len(site.seen) == 1, "the server fetched it, and the page did not"
        assert page.one("#canvas").is_displayed() == (contract == "baidu")
        assert page.text("#empty") == ("" if contract == "baidu" else "fetched by the server, not shown here")
    finally:
        site.close()


def test_what_is_no_address(page: Page) -> None:
    page.fill("#url", "photo.jpg")
    page.click("#url-add")
    assert page.text("#photo-note") == "Give an address that starts with http:// or https://."
    assert page.one("#url").get_attribute("aria-invalid") == "true"


def test_a_turned_photo_is_shown_upright(page: Page, tmp_path: Path) -> None:
    turned = tmp_path / "turned.jpg"
    turned.write_bytes(photos.with_orientation(photos.wide(), 6))
    with Image.open(turned) as stored:
        assert stored.width < stored.height
    page.give(turned)
    page.send()
    assert page.text("#photos .muted").startswith("1280 × 720")
    assert page.run("const {width, height} = document.getElementById('canvas'); return width / height") > 1.7


@pytest.mark.parametrize("contract", ["market", "baidu"])
def test_a_large_photo_is_made_smaller(page: Page, tmp_path: Path, contract: str) -> None:
    large = tmp_path / "large.png"
    noise = Image.effect_noise((1400, 1400), 80)
    noise.save(large)
    page.contract(contract)
    page.give(large)
    page.send()
    assert "large.png: 2" in page.text("#photo-note")
    assert page.all("#verdict .meter")
    page.click("#lang-zh")
    assert "large.png：2" in page.text("#photo-note")
    page.click(".remove")
    assert page.text("#photo-note") == "", "it was said of a photo that is gone"
    page.click("#lang-en")
    page.give(large)
    page.click("#reduce")
    page.send()
    assert page.text("#what") == "The photo is larger than this contract takes."
    assert page.text("#code") == ("Code 5" if contract == "market" else "Code 222304")


def test_a_large_photo_that_is_made_smaller_shows_white_where_it_is_transparent(page: Page, tmp_path: Path) -> None:
    """As the server shows it where it is sent as it is."""
    large = tmp_path / "large.png"
    noise = Image.effect_noise((1400, 1400), 80).convert("RGB")
    noise.putalpha(Image.new("L", noise.size, 255))
    noise.paste((0, 0, 0, 0), (0, 0, 1400, 300))
    noise.save(large)
    page.contract("baidu")
    page.give(large)
    page.send()
    assert "large.png: " in page.text("#photo-note")
    pixel = "return [...document.getElementById('canvas').getContext('2d').getImageData(9, 9, 1, 1).data]"
    assert page.run(pixel) == [255, 255, 255, 255]


@pytest.mark.parametrize(
    ("second", "left"), [("d", ["a", "b", "d"]), ("de", ["a", "d", "e"]), ("def", ["d", "e", "f"])]
)
def test_new_photos_replace_as_many(page: Page, portrait: Path, tmp_path: Path, second: str, left: list[str]) -> None:
    shots = {name: tmp_path / f"{name}.jpg" for name in "abcdef"}
    for shot in shots.values():
        shot.write_bytes(portrait.read_bytes())
    page.contract("baidu", count="3")
    for names in ("abc", second):
        page.give(*(shots[name] for name in names))
        page.wait(lambda names=names: page.texts("#photos .title")[-1] == f"{names[-1]}.jpg")  # type: ignore[misc]
    assert page.texts("#photos .title") == [f"{name}.jpg" for name in left]


def test_a_photo_is_taken_away_again(page: Page, portrait: Path) -> None:
    page.give(portrait)
    assert page.one(".remove").get_attribute("aria-label") == f"Remove {portrait.name}"
    page.click(".remove")
    page.wait(lambda: not page.all("#photos li"))
    assert page.text("#said") == "Chosen photos 0 of 1"
    page.click("#send")
    assert page.text("#missing") == "Choose a photo first."
    assert page.focused(page.one("#file"))
