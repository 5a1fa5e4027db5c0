"""Fixtures shared by all tests."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from tests.loops import returned_to

if TYPE_CHECKING:
    from facecore import Analyzer

ROOT = Path(__file__).parent.parent

settings.register_profile("here", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "here")


@pytest.fixture(scope="session")
def main_loop() -> Iterator[asyncio.AbstractEventLoop]:
    """The main thread's event loop."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    yield loop
    asyncio.set_event_loop(None)
    loop.close()


@pytest.fixture(autouse=True)
def one_loop(main_loop: asyncio.AbstractEventLoop) -> Iterator[None]:
    """Every test begins and ends with it."""
    with returned_to(main_loop):
        yield


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository's top folder."""
    return ROOT


@pytest.fixture(scope="session")
def labelled() -> Path:
    """The labelled photos, which lie beside the repository and never in it."""
    folder = ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("the labelled photos (../shared/data) are not on this machine")
    return folder


@pytest.fixture(scope="session")
def analyzer() -> Analyzer:
    """The committed models."""
    from facecore import Analyzer

    return Analyzer()
