"""A running server for the vendors' own clients."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from tests.contract import kit
from tests.contract.web import Site


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[kit.Bench]:
    with kit.bench(tmp_path_factory.mktemp("clients")) as made:
        yield made


@pytest.fixture
def bench(running: kit.Bench) -> kit.Bench:
    """The server, with clients of the test's own and the time of day, by which the vendors' clients sign."""
    running.renew()
    running.clock.at = time.time()
    return running


@pytest.fixture
def base(bench: kit.Bench) -> str:
    """The server's address, without a slash at its end."""
    return str(bench.http.base_url).rstrip("/")


@pytest.fixture
def site() -> Iterator[Site]:
    made = Site()
    yield made
    made.close()
