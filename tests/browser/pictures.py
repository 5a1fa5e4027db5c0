"""Takes the pictures of the playground that the documents show, with the committed models and the sample portrait.

``python -m tests.browser.pictures FOLDER``
"""

from __future__ import annotations

import io
import sys
import tempfile
import time
from pathlib import Path

from PIL import Image

from facecore import Analyzer
from facecore.report import ALL
from gatekeeper import Gate
from gatekeeper.sqlite import SqliteLedger
from gatekeeper.vault import Vault
from serving.service import Service
from standalone.app import Server
from standalone.playground import Playground
from tests import photos
from tests.browser import chromium
from tests.browser.page import PHONE, WIDE, Page
from tests.contract import kit

DARK = True
QUALITY = 86  # of WebP: about 90 kB where a PNG of the same takes 400


def take(page: Page, folder: Path) -> None:
    """Every picture, as playground-NAME.webp."""

    def shot(name: str, height: int | None = None) -> None:
        page.run("document.activeElement.blur(); scrollTo(0, 0)")
        with Image.open(io.BytesIO(page.picture(height))) as taken:
            taken.convert("RGB").save(folder / f"playground-{name}.webp", quality=QUALITY, method=6)

    page.open("en", WIDE)
    page.give(photos.PORTRAIT)
    page.contract("baidu")
    page.send()
    page.send()  # the times shown are those of a browser and a server that have run a while
    shot("baidu", 1000)
    page.click("#layer-occlusion")
    page.contract("market")
    page.send()
    page.click("#lang-zh")
    shot("market-zh", 1000)
    page.open("zh", WIDE, DARK)
    page.give(photos.PORTRAIT)
    page.contract("tencent")
    page.send()
    page.click("#draw-too")
    page.wait(lambda: page.all("#layer-box"))
    page.click("#tab-python")
    shot("tencent-zh-dark", 1000)
    page.open("en", PHONE)
    page.give(photos.PORTRAIT)
    page.contract("baidu")
    page.send()
    shot("phone", 1900)
    page.open("zh", PHONE, DARK)
    page.give(photos.NO_FACE)
    page.send()
    if page.text("#head") != "没有结论":
        raise SystemExit(f"the models find a face in {photos.NO_FACE.name}: there is no picture of an error")
    shot("phone-error-zh-dark")


def main(folder: Path) -> None:
    """Serves the models and takes the pictures."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as made:
        gate = Gate(SqliteLedger(Path(made) / "ledger.sqlite"), Vault(kit.KEY), time.time)
        analyzer = Analyzer()
        analyzer.warm_up(ALL)
        service = Service(gate, analyzer)
        with (
            kit.serving(Server(service, Playground(service, demo=True))) as (base, _),
            chromium.browser(Path(made) / "profile") as driver,
        ):
            take(Page(driver, base), folder)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
