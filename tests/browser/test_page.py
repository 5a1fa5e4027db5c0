"""The playground in use: photos in by every way, verdicts, errors, languages, keys, and nobody else asked."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image
from selenium.webdriver import Keys

from facecore.errors import ModelError
from gatekeeper import Contract, Gate, credentials
from gatekeeper.sqlite import SqliteLedger
from gatekeeper.vault import Vault
from serving.service import Service
from standalone.app import Server
from standalone.playground import Playground
from tests import photos
from tests.browser.page import PHONE, WIDE, Page
from tests.contract import kit
from tests.contract.web import Site

NO_FACE = photos.NO_FACE
SPOKEN = frozenset(
    ("button", "radio", "radiogroup", "checkbox", "textbox", "combobox", "tab", "tabpanel", "group", "link", "image")
)
"""The roles that need a name."""


def told(analyzer: kit.FakeAnalyzer, photo: Path, **changes: object) -> None:
    """Makes the analyzer find a good face in a photo, changed as said."""
    face = kit.face_of(b"", liveness=0.95)
    assert face.quality is not None
    calm = replace(face.quality, blur=0.1, illumination=120.0, occlusion=dict.fromkeys(face.quality.occlusion, 0.02))
    human = kit.choice(("human", "cartoon"), 0.9)
    analyzer.scripts[photo.read_bytes()] = replace(face, **{"quality": calm, "face_type": human} | changes)  # type: ignore[arg-type]


# ---- verdicts


def test_the_market(page: Page, portrait: Path, analyzer: kit.FakeAnalyzer) -> None:
    told(analyzer, portrait)
    page.give(portrait)
    page.send()
    assert page.text("#head") == "Live"
    assert "0.95 is above the threshold of 0.3" in page.text("#verdict .line")
    assert len(page.all(".checks tbody tr")) == 13
    assert not page.all(".checks .off")
    assert {"Age", "Gender", "Glasses"} <= set(page.texts("#facts dt"))
    assert page.response()["result"]["liveness"]["livemapscore"] == 0.95
    headers = page.headers()
    assert headers["x-ca-request-id"] == headers["x-request-id"]
    assert headers["x-request-id"] in page.text("#took")
    assert page.text("#panel-response .badge") == "HTTP 200"
    assert page.coloured() > 1000, "the photo is shown"
    assert page.journal.paths().count("/market/liveness") == 1
    assert not any(path.startswith(("/face/", "/rest/", "/oauth/")) for path in page.journal.paths())


def test_the_market_signed(page: Page, portrait: Path) -> None:
    page.contract("market", signing="appkey")
    page.give(portrait)
    page.send()
    assert page.response()["code"] == 0
    page.journal.read()
    request = next(request for request in page.journal.requests if request["url"].endswith("/market/liveness"))
    assert request["headers"]["X-Ca-Signature-Headers"] == "X-Ca-Key,X-Ca-Nonce,X-Ca-Timestamp"
    assert "Authorization" not in request["headers"]
    page.send()
    assert page.response()["code"] == 0, "every call has a nonce of its own"


@pytest.mark.parametrize("body", ["multipart", "json"])
def test_tencent(page: Page, portrait: Path, analyzer: kit.FakeAnalyzer, body: str) -> None:
    told(analyzer, portrait)
    page.contract("tencent", body=body)
    page.give(portrait)
    page.send()
    score = page.response()["data"]["score"]
    assert f"{score} is above the threshold of 87" in page.text("#verdict .line")
    assert page.text("#head") == "Live, with remarks"
    assert "Width to height" in page.text(".checks .off"), "the portrait is square, the contract asks for 3:4"
    assert "Outside the contract’s advice: Width to height." in page.text("#verdict .banner")
    assert not page.all("#layers label")


def test_tencent_drawn_with_baidu(page: Page, portrait: Path, analyzer: kit.FakeAnalyzer) -> None:
    told(analyzer, portrait)
    page.contract("tencent")
    page.give(portrait)
    page.send()
    assert "/rest/2.0/face/v3/faceverify" not in page.journal.paths(), "not unless it is asked for"
    before = page.run("return document.getElementById('canvas').toDataURL()")
    page.click("#draw-too")
    page.wait(lambda: page.all("#layer-box"))
    assert page.run("return document.getElementById('canvas').toDataURL()") != before
    assert "Baidu" in page.text("#caption")
    assert page.text("#head") == "Live, with remarks", "the verdict stays Tencent's"


def test_baidu(page: Page, portrait: Path, analyzer: kit.FakeAnalyzer) -> None:
    told(analyzer, portrait)
    page.contract("baidu")
    page.give(portrait)
    page.send()
    assert page.text("#head") == "Live"
    assert page.journal.paths()[-2:] == ["/oauth/2.0/token", "/rest/2.0/face/v3/faceverify"]
    assert len(page.response()["result"]["face_list"][0]["landmark72"]) == 72
    assert page.texts("#layers label") == ["Box", "72 points", "Pose", "Covered", "Zoom in"]
    for layer in ("box", "points", "axes", "occlusion", "zoom"):
        before = page.run("return document.getElementById('canvas').toDataURL()")
        page.click(f"#layer-{layer}")
        assert page.run("return document.getElementById('canvas').toDataURL()") != before, layer


def test_baidus_thresholds(page: Page, portrait: Path, analyzer: kit.FakeAnalyzer) -> None:
    told(analyzer, portrait, liveness=0.5)
    page.contract("baidu")
    page.give(portrait)
    page.send()
    for threshold, head in (("frr_1e-2", "Not live"), ("frr_1e-4", "Live")):
        page.click(f"#threshold option[value='{threshold}']")
        page.wait(lambda head=head: page.text("#head") == head)  # type: ignore[misc]
    assert page.focused(page.one("#threshold"))


def test_baidu_without_fields(page: Page, portrait: Path) -> None:
    page.contract("baidu")
    page.click("details summary")
    for box in page.all("#fields input"):
        box.click()
    page.give(portrait)
    page.send()
    assert set(page.response()["result"]["face_list"][0]) == {
        "face_token", "location", "face_probability", "angle", "liveness",
    }  # fmt: skip
    assert page.texts("#layers label") == ["Box", "Pose", "Zoom in"]


def test_three_photos(page: Page, portrait: Path, analyzer: kit.FakeAnalyzer, tmp_path: Path) -> None:
    shots = []
    for number, liveness in enumerate((0.2, 0.9, 0.6)):
        shots.append(tmp_path / f"shot {number}.jpg")
        shots[-1].write_bytes(portrait.read_bytes() + bytes([number]))
        told(analyzer, shots[-1], liveness=liveness)
    page.contract("baidu", count="3")
    page.give(*shots[:2])
    page.click("#send")
    assert page.text("#missing") == "This call takes 3 photos; 1 more, please."
    assert page.text("#filled") == "2 of 3"
    page.give(shots[2])
    page.wait(lambda: page.text("#filled") == "3 of 3")
    page.send()
    assert "0.9 is above" in page.text("#verdict .line"), "the best counts"
    assert page.texts("#strip button") == ["0.2", "0.9", "0.6"]
    page.click("#strip button:nth-child(3)")
    assert "0.6" in page.text("#facts")
    page.contract("market")
    assert len(page.all("#photos li")) == 1, "the market takes one"


def test_an_attack(page: Page, portrait: Path, analyzer: kit.FakeAnalyzer) -> None:
    told(analyzer, portrait, liveness=0.004)
    page.give(portrait)
    page.send()
    assert page.text("#head") == "Not live"
    assert "bad" in str(page.one("#verdict .banner").get_attribute("class"))


def test_a_synthetic_face(page: Page, portrait: Path, analyzer: kit.FakeAnalyzer) -> None:
    told(analyzer, portrait, synthetic=0.2)
    page.give(portrait)
    page.send()
    assert page.text("#head") == "Synthetic"


# ---- ways in


def test_a_dropped_photo(page: Page, portrait: Path) -> None:
    page.drop(portrait)
    assert page.text("#photos .title") == portrait.name
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
    page.click("#reduce")
    page.send()
    assert page.text("#what") == "The photo is larger than this contract takes."
    assert page.text("#code") == ("Code 5" if contract == "market" else "Code 222304")


def test_a_photo_is_taken_away_again(page: Page, portrait: Path) -> None:
    page.give(portrait)
    assert page.one(".remove").get_attribute("aria-label") == f"Remove {portrait.name}"
    page.click(".remove")
    page.wait(lambda: not page.all("#photos li"))
    page.click("#send")
    assert page.text("#missing") == "Choose a photo first."
    assert page.focused(page.one("#file"))


# ---- errors in words


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


# ---- languages, keys, screens


def test_the_language(page: Page, portrait: Path) -> None:
    page.give(portrait)
    page.send()
    page.click("#lang-zh")
    assert page.run("return document.documentElement.lang") == "zh-CN"
    assert page.text("#head").startswith("真人")
    assert page.text("#send") == "检测照片"
    assert page.text("#tab-response") == "响应"
    assert page.one("#contracts").is_displayed()
    assert "活体分数" in page.text(".checks")
    leftovers = page.run("""
        return [...document.querySelectorAll("[data-word]")].map((e) => e.textContent)
          .filter((text) => !/[\\u4e00-\\u9fff]/.test(text));
    """)
    assert leftovers == []
    page.open()
    assert page.text("#send") == "检测照片", "the choice is remembered"
    page.click("#lang-en")
    assert page.text("#send") == "Check the photo"


def test_the_browsers_language(page: Page) -> None:
    page.run("localStorage.clear()")
    agent = page.run("return navigator.userAgent")
    page.driver.execute_cdp_cmd("Emulation.setUserAgentOverride", {"userAgent": agent, "acceptLanguage": "zh-CN"})
    try:
        page.open()
        assert page.text("#send") == "检测照片"
    finally:
        page.driver.execute_cdp_cmd("Emulation.setUserAgentOverride", {"userAgent": agent, "acceptLanguage": "en-US"})


def test_by_keyboard_alone(page: Page, portrait: Path) -> None:
    page.keys(Keys.TAB)
    assert page.run("return document.activeElement.className") == "skip"
    page.tab_to("input[name=contract][value=market]")
    page.keys(Keys.ARROW_RIGHT)
    assert page.text("#route") == "POST /face/livedetectpicture"
    page.tab_to("#file")
    ring = page.run("return getComputedStyle(document.querySelector('.file')).outlineStyle")
    assert ring == "solid", "the focus is seen"
    page.give(portrait)
    page.tab_to("#send")
    assert page.run("return getComputedStyle(document.activeElement).outlineWidth") == "3px"
    page.keys(Keys.ENTER)
    page.settled()
    assert page.focused(page.one("#head")), "the verdict is where one goes on reading"
    page.tab_to("#tab-response")
    page.keys(Keys.ARROW_RIGHT)
    assert page.focused(page.one("#tab-curl"))
    assert page.one("#panel-curl").is_displayed()
    assert not page.one("#panel-response").is_displayed()
    page.keys(Keys.END)
    assert page.focused(page.one("#tab-javascript"))


def test_control_and_enter_send(page: Page, portrait: Path) -> None:
    page.give(portrait)
    page.one("#url").click()
    page.together(Keys.CONTROL, Keys.ENTER)
    page.settled()
    assert page.response()["code"] == 0


def test_everything_has_a_name(page: Page, portrait: Path) -> None:
    """Buttons, fields and groups, as the browser computes their names for those who listen."""
    page.contract("baidu")
    page.choose("who", "own")
    page.give(portrait)
    page.driver.execute_cdp_cmd("Accessibility.enable", {})
    nodes = page.driver.execute_cdp_cmd("Accessibility.getFullAXTree", {})["nodes"]
    page.driver.execute_cdp_cmd("Accessibility.disable", {})
    named = [node for node in nodes if not node["ignored"] and node["role"]["value"] in SPOKEN]
    assert len(named) > 20
    assert [node["role"]["value"] for node in named if not node.get("name", {}).get("value")] == []


@pytest.mark.parametrize("size", [WIDE, PHONE, (320, 640)], ids=["wide", "phone", "narrow"])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_nothing_runs_out_of_the_screen(page: Page, portrait: Path, size: tuple[int, int], language: str) -> None:
    page.open(language, size)
    for contract in ("market", "baidu"):
        page.contract(contract)
        page.give(portrait)
        page.send()
        for tab in ("curl", "python", "javascript", "response"):
            page.click(f"#tab-{tab}")
            assert page.run("return document.documentElement.scrollWidth <= document.documentElement.clientWidth")


def test_light_and_dark(page: Page) -> None:
    grounds = []
    for dark in (False, True):
        page.media(dark)
        grounds.append(page.run("return getComputedStyle(document.body).backgroundColor"))
    assert grounds == ["rgb(244, 246, 248)", "rgb(16, 21, 27)"]


def test_copying(page: Page) -> None:
    allowed = ["clipboardReadWrite", "clipboardSanitizedWrite"]
    page.driver.execute_cdp_cmd("Browser.grantPermissions", {"permissions": allowed, "origin": page.base})
    text = page.sample("curl")
    page.click("#panel-curl .copy")
    page.wait(lambda: page.text("#panel-curl .copy") == "Copied")
    assert page.later("return navigator.clipboard.readText()")["value"] == text


def test_a_server_without_demo(page: Page, portrait: Path, analyzer: kit.FakeAnalyzer, tmp_path: Path) -> None:
    service = Service(Gate(SqliteLedger(tmp_path / "ledger.sqlite"), Vault(kit.KEY)), analyzer)
    with kit.serving(Server(service, Playground(service, demo=False))) as (base, _):
        other = Page(page.driver, base)
        other.open("en")
        other.wait(lambda: other.one("input[name=who][value=own]").is_selected())
        other.choose("who", "demo")
        assert other.text("#demo-note").startswith("This server gives no demo credentials.")
        other.give(portrait)
        other.click("#send")
        assert other.text("#missing").startswith("This server gives no demo credentials.")
        assert other.journal.hosts() == {base}
