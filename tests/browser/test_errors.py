"""The playground's errors in words: no face, no photo, wrong keys, a server that is gone."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image

from facecore.errors import ModelError
from gatekeeper import Contract, Gate, credentials
from tests import photos
from tests.browser.page import Page
from tests.contract import kit

NO_FACE = photos.NO_FACE


@pytest.mark.parametrize(
    ("contract", "code", "words"),
    [
        ("market", "2", "图片中没有人脸"),
        ("tencent", "-4015", "自拍照人脸检测失败"),
        ("baidu", "222202", "pic not has face"),
    ],
)
def test_no_face(page: Page, analyzer: kit.FakeAnalyzer, contract: str, code: str, words: str) -> None:
    analyzer.scripts[NO_FACE.read_bytes()] = kit.no_face()
    page.contract(contract)
    page.give(NO_FACE)
    page.send()
    assert page.text("#head") == "No verdict"
    assert page.text("#what") == "No face was found in the photo."
    assert page.text("#todo").startswith("Choose a photo that shows a face")
    assert page.text("#code") == f"Code {code}"
    assert words in page.text(".vendor"), "the vendor's own words stand there, too"
    assert page.coloured() > 1000, "the photo is shown nevertheless"


def test_what_is_no_photo(page: Page, tmp_path: Path) -> None:
    picture = tmp_path / "moving.gif"
    buffer = io.BytesIO()
    Image.new("RGB", (90, 120)).save(buffer, "GIF")
    picture.write_bytes(buffer.getvalue())
    page.give(picture)
    page.send()
    assert page.text("#code") == "Code 1"
    assert "GIF" in page.text("#todo")


def test_what_the_browser_can_not_show(page: Page, tmp_path: Path) -> None:
    assert page.text("#empty") == "The verdict will stand here."
    picture = tmp_path / "photo.heic"
    picture.write_bytes(b"\0\0\0\x18ftypheic")
    page.give(picture)
    page.send()
    assert page.text("#empty") == "This browser can not show the photo."
    page.click("#lang-zh")
    assert page.text("#empty") == "浏览器无法显示这张照片。"


def test_a_failing_model(page: Page, portrait: Path, analyzer: kit.FakeAnalyzer) -> None:
    analyzer.broken = ModelError("gone")
    for contract in ("market", "tencent", "baidu"):
        page.contract(contract)
        page.give(portrait)
        page.send()
        assert page.text("#what") == "The service can not answer right now."


@pytest.mark.parametrize(
    ("contract", "fields", "code", "what"),
    [
        ("market", {"appcode": "wrong"}, "A400AC", "does not know this key"),
        ("tencent", {"appid": "1", "secret_id": "a", "secret_key": "b"}, "10", "does not know this key"),
        ("baidu", {"api_key": "wrong", "secret_key": "wrong"}, "invalid_client", "does not know this key"),
    ],
)
def test_wrong_keys(page: Page, portrait: Path, contract: str, fields: dict[str, str], code: str, what: str) -> None:
    page.contract(contract)
    page.choose("who", "own")
    page.give(portrait)
    for name, value in fields.items():
        page.fill(f"#own-{name}", value)
    page.send()
    assert page.text("#code") == f"Code {code}"
    assert what in page.text("#what")
    if contract == "market":
        assert page.headers()["x-ca-error-code"] == "A400AC"
        assert page.text("#panel-response .exchange").endswith("The body is empty.")


def test_a_wrong_secret(page: Page, portrait: Path, gate: Gate) -> None:
    own = credentials.add(gate, Contract.TENCENT, "own").secrets
    page.contract("tencent")
    page.choose("who", "own")
    page.give(portrait)
    for name, value in own.items():
        if page.all(f"#own-{name}"):
            page.fill(f"#own-{name}", value)
    page.send()
    assert page.response()["code"] == 0
    page.fill("#own-secret_key", "wrong")
    page.send()
    assert page.text("#code") == "Code 14"
    assert "signature" in page.text("#what")


def test_other_keys_are_for_the_next_call(page: Page, portrait: Path) -> None:
    page.give(portrait)
    page.run("""
        document.getElementById("send").click();
        document.querySelector("input[name=who][value=own]").click();
    """)
    page.settled()
    assert page.response()["code"] == 0, "the call that was under way is signed as it was asked for"


def test_keys_that_are_missing(page: Page, portrait: Path) -> None:
    page.choose("who", "own")
    page.give(portrait)
    page.click("#send")
    assert page.text("#missing") == "Fill in AppCode."
    assert page.focused(page.one("#own-appcode"))
    assert page.one("#own-appcode").get_attribute("type") == "password"


def test_own_keys_stay_in_the_page(page: Page, portrait: Path) -> None:
    page.choose("who", "own")
    page.fill("#own-appcode", "kept-to-itself")
    for name in ("curl", "python", "javascript"):
        assert "kept-to-itself" not in page.sample(name)
        assert "APPCODE" in page.sample(name)
    stored = page.run("return JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie])")
    assert "kept-to-itself" not in stored
    page.open()
    page.choose("who", "own")
    assert page.one("#own-appcode").get_attribute("value") == ""


def test_a_server_that_is_gone(page: Page, portrait: Path) -> None:
    page.give(portrait)
    page.driver.execute_cdp_cmd("Network.enable", {})
    try:
        page.driver.execute_cdp_cmd("Network.setBlockedURLs", {"urls": ["*/market/liveness"]})
        page.send()
    finally:
        page.driver.execute_cdp_cmd("Network.setBlockedURLs", {"urls": []})
    assert page.text("#what") == "The server can not be reached."
    assert page.text("#panel-response") == "No answer came."
    assert not [line for line in page.journal.complaints() if "/market/liveness" not in line]
    page.journal.forget()
    page.send()
    assert page.response()["code"] == 0, "and it goes on"
