"""The page with the committed models: a live face is called live, and what is drawn lies on it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium.webdriver import Chrome

from facecore import Analyzer
from gatekeeper import Gate
from gatekeeper.sqlite import SqliteLedger
from gatekeeper.vault import Vault
from serving.service import Service
from standalone.app import Server
from standalone.playground import Playground
from tests import photos
from tests.browser.page import Page
from tests.contract import kit


@pytest.fixture
def page(driver: Chrome, tmp_path: Path) -> Iterator[Page]:
    service = Service(Gate(SqliteLedger(tmp_path / "ledger.sqlite"), Vault(kit.KEY)), Analyzer())
    with kit.serving(Server(service, Playground(service, demo=True))) as (base, _):
        made = Page(driver, base)
        made.open("en")
        yield made


def test_the_portrait(page: Page, portrait: Path) -> None:
    page.contract("baidu")
    page.give(portrait)
    page.send()
    assert page.text("#head") in ("Live", "Live, with remarks")
    face = page.response()["result"]["face_list"][0]
    place = face["location"]
    for point in (*photos.EYES, photos.NOSE, *photos.MOUTH):
        assert place["left"] < point[0] < place["left"] + place["width"]
        assert place["top"] < point[1] < place["top"] + place["height"]
    assert page.one("#layer-zoom").is_selected(), "the face is small in its photo, so it is shown from nearer"
    assert page.journal.complaints() == []
    assert page.journal.hosts() == {page.base}
