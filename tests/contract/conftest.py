"""Fixtures of the contract tests."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pytest

from serving.journal import logger
from tests.contract import kit
from tests.contract.web import Site


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "code(table, *codes): the codes of a vendor's table that the test provokes")


@pytest.fixture(scope="session")
def shared_bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[kit.Bench]:
    with kit.bench(tmp_path_factory.mktemp("bench")) as made:
        yield made


@pytest.fixture
def bench(shared_bench: kit.Bench) -> kit.Bench:
    """The one server of the session, with clients of the test's own."""
    shared_bench.renew()
    return shared_bench


@pytest.fixture
def own_bench(tmp_path: Path) -> Iterator[kit.Bench]:
    """A server of the test's own, that it may break."""
    with kit.bench(tmp_path) as made:
        yield made


@pytest.fixture
def site() -> Iterator[Site]:
    made = Site()
    yield made
    made.close()


@pytest.fixture
def printed() -> Iterator[io.StringIO]:
    """What the journal prints."""
    handler = logger().logger_handler
    told = io.StringIO()
    before = handler.setStream(told)  # type: ignore[attr-defined]  # a StreamHandler
    yield told
    handler.setStream(before)  # type: ignore[attr-defined]
