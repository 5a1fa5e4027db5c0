"""A playground in a real browser, on a server whose analyzer says what it is told.

Without a browser the tests are skipped; where `CI` is set they fail instead, so that nobody takes them for passed.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium.webdriver import Chrome

from gatekeeper import Gate
from gatekeeper.sqlite import SqliteLedger
from gatekeeper.vault import Vault
from serving.service import Service, Settings
from standalone.app import Server
from standalone.playground import Playground
from tests.browser import chromium
from tests.browser.page import Page
from tests.contract import kit


@pytest.fixture(scope="session")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    lacking = chromium.missing()
    if lacking and os.environ.get("CI"):
        pytest.fail(f"the playground can not be tested: {lacking}")
    if lacking:
        pytest.skip(lacking)
    with chromium.browser(tmp_path_factory.mktemp("chromium")) as made:
        yield made


@pytest.fixture(scope="session")
def analyzer() -> kit.FakeAnalyzer:
    return kit.FakeAnalyzer()


@pytest.fixture(scope="session")
def names() -> dict[str, str]:
    """Names that the server's fetcher knows."""
    return {}


@pytest.fixture(scope="session")
def gate(tmp_path_factory: pytest.TempPathFactory) -> Gate:
    return Gate(SqliteLedger(tmp_path_factory.mktemp("playground") / "ledger.sqlite"), Vault(kit.KEY), time.time)


@pytest.fixture(scope="session")
def base(gate: Gate, analyzer: kit.FakeAnalyzer, names: dict[str, str]) -> Iterator[str]:
    """A server with the playground and its demo."""
    service = Service(gate, analyzer, Settings(fetcher=kit.local_fetcher(names)))
    with kit.serving(Server(service, Playground(service, demo=True))) as (address, _):
        yield address


@pytest.fixture
def page(driver: Chrome, base: str, analyzer: kit.FakeAnalyzer) -> Iterator[Page]:
    """The page as a newcomer finds it, in English, on a wide screen; it must not complain nor ask anybody else."""
    analyzer.__init__()  # type: ignore[misc]  # the apps hold on to this very object
    made = Page(driver, base)
    made.open(language="en")
    yield made
    assert made.journal.complaints() == []
    assert made.journal.hosts() <= {made.base}


@pytest.fixture
def portrait(root: Path) -> Path:
    return root / "tests" / "data" / "eileen_collins.jpg"
