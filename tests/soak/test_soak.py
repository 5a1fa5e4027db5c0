"""A soak of seconds: load, attacks and kills against a started server; `make soak` goes on for half an hour."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gatekeeper import Client, Contract
from gatekeeper.sqlite import SqliteLedger
from tests.hostile.results import ROOT
from tests.soak.__main__ import soak, tell
from tests.soak.books import leaks, reconcile

AT, DAY = 1_700_000_000.0, "2023-11-15"


def test_a_short_soak(tmp_path: Path) -> None:
    registry = ROOT / "models" / "registry.json"
    if not registry.exists() or len(json.loads(registry.read_text())["models"]) < 4:
        pytest.skip("not all models are trained yet")
    report = soak(tmp_path, seconds=8, callers=4, workers=2, kill_every=3, say=lambda line: None)
    assert report.wrong == [], "\n".join(tell(report))
    assert report.kills >= 1
    assert report.deliveries > report.events > 0
    assert report.counts["good baidu", "0"] > 0


@pytest.fixture
def told(tmp_path: Path) -> tuple[SqliteLedger, Path, list[dict[str, object]]]:
    """A ledger with three calls of one client: two billed, one of them undelivered; one held."""
    path = tmp_path / "ledger.sqlite"
    ledger = SqliteLedger(path)
    client = ledger.save(Client("c", Contract.MARKET))
    for name in ("r1", "r2", "r3"):
        ledger.admit(client, name, DAY, AT, 10)
    for name in ("r1", "r2"):
        ledger.settle(name, "c", Contract.MARKET, "0", True, DAY, AT)
    return ledger, path, [{"caller_id": "a", "request_id": "r1", "billed": True, "message": "call"}]


def test_books_that_agree(told: tuple[SqliteLedger, Path, list[dict[str, object]]]) -> None:
    ledger, path, journal = told
    books = reconcile(ledger, path, journal, "c", ["a"], ["b"], AT + 11)
    assert (books.errors, books.billed, books.undelivered, books.lost, books.units) == ((), 2, 1, 1, 2)
    ledger.close()


@pytest.mark.parametrize(
    ("answered", "broken", "error"),
    [
        (["a", "x"], ["b"], "not billed"),
        (["a", "a"], ["b"], "answered twice"),
        (["a"], [], "were not answered"),
        ([], ["b", "c"], "without a caller"),
    ],
)
def test_books_that_do_not(
    told: tuple[SqliteLedger, Path, list[dict[str, object]]], answered: list[str], broken: list[str], error: str
) -> None:
    ledger, path, journal = told
    books = reconcile(ledger, path, journal, "c", answered, broken, AT + 11)
    assert error in " ".join(books.errors)
    ledger.close()


def test_a_unit_that_is_not_billed_shows(told: tuple[SqliteLedger, Path, list[dict[str, object]]]) -> None:
    ledger, path, journal = told
    with ledger._connection() as connection:
        connection.execute("UPDATE clients SET used=used+1")
    assert "units" in " ".join(reconcile(ledger, path, journal, "c", ["a"], ["b"], AT + 11).errors)
    ledger.close()


def test_leaks_are_found() -> None:
    photo = "/9j/" + "AbCd0123+/xyz" * 40
    assert leaks("line with " + photo[100:180] + " in it", [], [photo]) != []
    assert leaks("token=24.0123456789abcdef", ["24.0123456789abcdef"], [photo]) != []
    assert leaks("request_id 0F1E2D3C-4B5A-6978-8796-A5B4C3D2E1F0 took 12.5 ms", ["secret-secret"], [photo]) == []
