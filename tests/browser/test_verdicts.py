"""The playground's verdicts, contract by contract, in a real browser."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.browser.page import Page
from tests.contract import kit


def told(analyzer: kit.FakeAnalyzer, photo: Path, **changes: object) -> None:
    """Makes the analyzer find a good face in a photo, changed as said."""
    face = kit.face_of(b"", liveness=0.95)
    assert face.quality is not None
    calm = replace(face.quality, blur=0.1, illumination=120.0, occlusion=dict.fromkeys(face.quality.occlusion, 0.02))
    human = kit.choice(("human", "cartoon"), 0.9)
    analyzer.scripts[photo.read_bytes()] = replace(face, **{"quality": calm, "face_type": human} | changes)  # type: ignore[arg-type]


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
