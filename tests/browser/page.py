"""The playground as a person uses it."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from selenium.webdriver import Chrome, Keys
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

from tests.browser.chromium import Journal

Found = TypeVar("Found")

WIDE, PHONE = (1280, 1000), (390, 844)


class Page:
    """One browser window that shows the playground.

    Args:
        driver: The browser.
        base: The server's address.
    """

    def __init__(self, driver: Chrome, base: str) -> None:
        self.driver, self.base = driver, base
        self.journal = Journal(driver)

    def open(self, language: str | None = None, size: tuple[int, int] = WIDE, dark: bool = False) -> None:
        """Opens the page anew; a language of None leaves what was chosen before."""
        self.resize(size)
        self.media(dark)
        self.driver.get(f"{self.base}/playground/mark.svg")
        if language is not None:
            self.run("localStorage.clear(); localStorage.setItem('facegate.language', arguments[0])", language)
        self.journal.forget()
        self.driver.get(f"{self.base}/")
        self.wait(lambda: self.text("#demo-note") != "")

    def resize(self, size: tuple[int, int], scale: float = 1) -> None:
        """A screen of this width and height in CSS pixels; narrow ones are phones'."""
        width, height = size
        shape = {"width": width, "height": height, "deviceScaleFactor": scale, "mobile": width < 600}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", shape)

    def media(self, dark: bool) -> None:
        wanted = [
            {"name": "prefers-color-scheme", "value": "dark" if dark else "light"},
            {"name": "prefers-reduced-motion", "value": "reduce"},
        ]
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": wanted})

    def run(self, script: str, *arguments: Any) -> Any:
        return self.driver.execute_script(script, *arguments)

    def later(self, script: str, *arguments: Any) -> Any:
        """What a script's promise gives; the script is the body of an async function."""
        wrapped = f"const done = arguments[arguments.length - 1]; (async (...given) => {{ {script} }})(...arguments)"
        return self.driver.execute_async_script(
            f"{wrapped}.then((value) => done({{value}}), (error) => done({{error: String(error)}}))", *arguments
        )

    def one(self, selector: str) -> WebElement:
        return self.driver.find_element("css selector", selector)

    def all(self, selector: str) -> list[WebElement]:
        return self.driver.find_elements("css selector", selector)

    def text(self, selector: str) -> str:
        return self.one(selector).text

    def texts(self, selector: str) -> list[str]:
        return [element.text for element in self.all(selector)]

    def click(self, selector: str) -> None:
        element = self.one(selector)
        self.run("arguments[0].scrollIntoView({block: 'center'})", element)
        element.click()

    def wait(self, condition: Callable[[], Found], seconds: float = 60) -> Found:
        """What the condition gives once it is true; an element that the page replaced meanwhile is looked for again."""
        waiting = WebDriverWait(self.driver, seconds, poll_frequency=0.1, ignored_exceptions=(Exception,))
        return waiting.until(lambda _: condition())

    # ---- what a person does

    def contract(self, name: str, **choices: str) -> None:
        """Chooses a contract, and how: signing, body, count."""
        self.choose("contract", name)
        for choice, value in choices.items():
            self.choose(choice, value)

    def choose(self, name: str, value: str) -> None:
        self.click(f"input[name={name}][value='{value}']")

    def give(self, *photos: Path) -> None:
        """Picks files, as the file chooser does."""
        before = len(self.all("#photos li"))
        self.one("#file").send_keys("\n".join(str(photo) for photo in photos))
        self.wait(lambda: len(self.all("#photos li")) >= min(len(photos), max(1, before)))

    def drop(self, photo: Path) -> None:
        """Drops a file on the page."""
        script = """
            const bytes = Uint8Array.from(atob(arguments[0]), (sign) => sign.charCodeAt(0));
            const carried = new DataTransfer();
            carried.items.add(new File([bytes], arguments[1], {type: "image/jpeg"}));
            for (const name of ["dragenter", "dragover", "drop"]) {
              document.getElementById("drop").dispatchEvent(
                new DragEvent(name, {dataTransfer: carried, bubbles: true, cancelable: true}));
            }
        """
        self.run(script, base64.b64encode(photo.read_bytes()).decode(), photo.name)
        self.wait(lambda: self.all("#photos li"))

    def fill(self, selector: str, text: str) -> None:
        field = self.one(selector)
        field.clear()
        field.send_keys(text)

    def send(self) -> None:
        """Sends, and waits for the answer."""
        self.run("document.getElementById('head')?.remove()")
        self.click("#send")
        self.settled()

    def settled(self) -> None:
        self.wait(lambda: self.all("#head") and self.one("#send").get_attribute("aria-disabled") == "false")

    def keys(self, *keys: str) -> None:
        ActionChains(self.driver).send_keys(*keys).perform()

    def together(self, held: str, key: str) -> None:
        ActionChains(self.driver).key_down(held).send_keys(key).key_up(held).perform()

    def tab_to(self, selector: str, most: int = 60) -> None:
        """Presses Tab until the focus is there."""
        target = self.one(selector)
        for _ in range(most):
            if self.focused(target):
                return
            self.keys(Keys.TAB)
        raise AssertionError(f"{selector} is not reached by Tab")

    def focused(self, element: WebElement) -> bool:
        return bool(self.run("return document.activeElement === arguments[0]", element))

    # ---- what a person sees

    def response(self) -> Any:
        """The body that the last call came back with, as it is shown."""
        return json.loads(self.all("#panel-response .exchange")[-1].find_element("css selector", "pre").text)

    def headers(self) -> Mapping[str, str]:
        """The headers that the last call came back with, as they are shown."""
        last = self.all("#panel-response .exchange")[-1]
        rows = last.find_elements("css selector", ".headers tr")
        return {row.find_element("tag name", "th").text: row.find_element("tag name", "td").text for row in rows}

    def sample(self, name: str) -> str:
        """A request's code: curl, python or javascript."""
        self.click(f"#tab-{name}")
        return str(self.run("return arguments[0].textContent", self.one(f"#panel-{name} pre")))

    def coloured(self) -> int:
        """How many different colours the canvas shows."""
        return int(
            self.run("""
                const canvas = document.getElementById("canvas");
                const {data} = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
                return new Set(new Uint32Array(data.buffer)).size;
            """)
        )

    def picture(self, height: int | None = None) -> bytes:
        """The page as a PNG: all of it, or down to a height in CSS pixels."""
        size = self.driver.execute_cdp_cmd("Page.getLayoutMetrics", {})["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": size["width"], "height": min(size["height"], height or 10_000), "scale": 1}
        taken = self.driver.execute_cdp_cmd("Page.captureScreenshot", {"captureBeyondViewport": True, "clip": clip})
        return base64.b64decode(taken["data"])
