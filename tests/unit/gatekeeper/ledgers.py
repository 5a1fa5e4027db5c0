"""Clients, keys and ends of calls for the ledgers' tests."""

from __future__ import annotations

from dataclasses import replace

from gatekeeper import (
    Client,
    Contract,
    Key,
    KeyKind,
    Ledger,
    Settled,
)
from gatekeeper.dynamodb import DynamoLedger
from gatekeeper.sqlite import SqliteLedger

AT = 1_700_000_000.0
DAY, NEXT = "2023-11-15", "2023-11-16"


def client(**changes: object) -> Client:
    base = Client(id="c1", contract=Contract.MARKET, name="Ada", created=AT)
    return replace(base, **changes)  # type: ignore[arg-type]


def key(lookup: str, **changes: object) -> Key:
    base = Key(lookup=lookup, client="c1", kind=KeyKind.APPKEY, public="pub", sealed=b"\0\xff", created=AT)
    return replace(base, **changes)  # type: ignore[arg-type]


def settle(ledger: Ledger, request_id: str, outcome: str = "0", billable: bool = True, at: float = AT) -> Settled:
    return ledger.settle(request_id, "c1", Contract.MARKET, outcome, billable, DAY, at)


def kept(ledger: Ledger) -> dict[str, float]:
    """The calls that are remembered, and until when."""
    if isinstance(ledger, SqliteLedger):
        return {row[0]: row[1] for row in ledger._read("SELECT id,until FROM calls")}
    assert isinstance(ledger, DynamoLedger)
    found = ledger._scan(ledger._calls, "sk = :call", {":call": {"S": "call"}})
    return {item["pk"]["S"].removeprefix("R#"): float(item["until"]["N"]) for item in found}


def usage(ledger: Ledger) -> dict[tuple[str, bool], int]:
    return {(row.outcome, row.billable): row.calls for row in ledger.usage(DAY, NEXT)}
