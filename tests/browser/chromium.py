"""A headless Chromium, driven through its own driver; what stands in its console, whom it asked on the network."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
DRIVERS = ("chromedriver", "chromium.chromedriver")
ARGUMENTS = (
    "--headless=new",
    "--no-sandbox",  # containers run the tests as root
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-sync",
    "--disable-extensions",
    "--disable-features=Translate,OptimizationHints,MediaRouter,AutofillServerCommunication",
    "--no-first-run",
    "--no-proxy-server",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--hide-scrollbars",
    "--force-color-profile=srgb",
)


def missing() -> str:
    """What is not installed of browser and driver; empty when both are there."""
    lacking = [names[0] for names in (BROWSERS, DRIVERS) if _found(names) is None]
    return (
        f"{' and '.join(lacking)} not installed (Debian: apt-get install chromium chromium-driver)" if lacking else ""
    )


def _found(names: tuple[str, ...]) -> str | None:
    return next((path for name in names if (path := shutil.which(name))), None)


@contextmanager
def browser(profile: Path) -> Iterator[webdriver.Chrome]:
    """A browser with an empty profile.

    Args:
        profile: A folder of its own.
    """
    options = Options()
    options.binary_location = _found(BROWSERS) or ""
    for argument in (*ARGUMENTS, f"--user-data-dir={profile}"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(_found(DRIVERS)))
    try:
        driver.set_page_load_timeout(120)
        driver.set_script_timeout(120)
        yield driver
    finally:
        driver.quit()


class Journal:
    """What a browser's page did, since the last look."""

    def __init__(self, driver: webdriver.Chrome) -> None:
        self._driver = driver
        self.requests: list[dict[str, Any]] = []
        self.console: list[str] = []

    def read(self) -> None:
        """Takes in what is new."""
        for entry in self._driver.get_log("performance"):  # type: ignore[no-untyped-call]
            message = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                self.requests.append(message["params"]["request"])
        for entry in self._driver.get_log("browser"):  # type: ignore[no-untyped-call]
            self.console.append(f"{entry['level']} {entry['source']} {entry['message']}")

    def forget(self) -> None:
        """Drops what was taken in and what is new."""
        self.read()
        self.requests.clear()
        self.console.clear()

    def hosts(self) -> set[str]:
        """Whom the page asked: scheme, host and port; the scheme alone for what needs no network."""
        self.read()
        addresses = [urlsplit(request["url"]) for request in self.requests]
        return {
            f"{address.scheme}://{address.netloc}" if address.netloc else f"{address.scheme}:" for address in addresses
        }

    def paths(self) -> list[str]:
        """What the page asked for, in order."""
        self.read()
        return [urlsplit(request["url"]).path for request in self.requests]

    def complaints(self) -> list[str]:
        """What stands in the console, but for the browser's own line about an answer's status."""
        self.read()
        return [line for line in self.console if "Failed to load resource: the server responded with" not in line]
