"""The playground in use: languages, keys, screens, by keyboard alone, and nobody else asked."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image
from selenium.webdriver import Keys

from gatekeeper import Gate
from gatekeeper.sqlite import SqliteLedger
from gatekeeper.vault import Vault
from serving.service import Service
from standalone.app import Server
from standalone.playground import Playground
from tests.browser.page import PHONE, WIDE, Page
from tests.contract import kit

SPOKEN = frozenset(
    ("button", "radio", "radiogroup", "checkbox", "textbox", "combobox", "tab", "tabpanel", "group", "link", "image")
)
"""The roles that need a name."""


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


def fits(page: Page) -> bool:
    """Whether nothing is wider than the screen."""
    shown: bool = page.run("return document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    return shown


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
            assert fits(page)


def test_a_long_name_stays_on_a_phones_screen(page: Page, tmp_path: Path) -> None:
    large = tmp_path / f"{'0123456789abcdef' * 4}.png"
    Image.effect_noise((1400, 1400), 80).save(large)
    page.open("en", PHONE)
    page.give(large)
    page.send()
    assert large.name in page.text("#photo-note")
    assert fits(page)


def test_light_and_dark(page: Page) -> None:
    grounds = []
    for dark in (False, True):
        page.media(dark)
        grounds.append(page.run("return getComputedStyle(document.body).backgroundColor"))
    assert grounds == ["rgb(244, 246, 248)", "rgb(16, 21, 27)"]


def brightness(colour: str) -> float:
    """The relative luminance of WCAG, 0 .. 1, of `rgb(r, g, b)`."""
    parts = [int(part) / 255 for part in colour.removeprefix("rgb(").removesuffix(")").split(",")]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_where_a_field_ends_is_seen(page: Page, dark: bool) -> None:
    """WCAG 2.1, 1.4.11: 3 to 1 against what lies beside."""
    page.media(dark)
    page.choose("who", "own")
    for field in ("#url", "#own-appcode"):
        script = (
            "const s = getComputedStyle(document.querySelector(arguments[0])); return s.getPropertyValue(arguments[1])"
        )
        edge, ground = (brightness(page.run(script, field, name)) for name in ("border-top-color", "background-color"))
        assert (max(edge, ground) + 0.05) / (min(edge, ground) + 0.05) >= 3, field


def test_colours_that_the_system_chooses(page: Page, portrait: Path) -> None:
    """As Windows' contrast themes do: all grounds are one colour, unless the page says otherwise."""
    forced = {"features": [{"name": "forced-colors", "value": "active"}]}
    page.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", forced)
    page.contract("baidu", count="3")
    page.give(portrait, portrait, portrait)
    page.wait(lambda: page.text("#filled") == "3 of 3")
    page.send()
    for chosen, other in (
        ("#lang-en", "#lang-zh"),
        ("#contracts input:checked + span", "#contracts span"),
        ("#strip [aria-pressed=true]", "#strip [aria-pressed=false]"),
        (".fill", ".meter"),
        (".tick.chosen", ".fill"),
    ):
        script = "return arguments[0].map((s) => getComputedStyle(document.querySelector(s)).backgroundColor)"
        grounds = page.run(script, [chosen, other])
        assert grounds[0] != grounds[1], chosen


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
