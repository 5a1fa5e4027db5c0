"""The SQLite ledger's counters: rates, quotas and usage. Each step runs inside the caller's transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import TypeAlias

from gatekeeper.ledger import KEEP, LOST, SKEW_SECONDS
from gatekeeper.types import Admission, Client, Contract

Run: TypeAlias = Callable[..., sqlite3.Cursor]


def within_rate(run: Run, client_id: str, rate: int, at: float) -> bool:
    """Count one call in the rate's window; False when it is full."""
    second = int(at // 1)
    row = run("SELECT second,calls FROM rates WHERE client=?", (client_id,)).fetchone()
    if row is not None and second <= row[0] <= second + SKEW_SECONDS:
        if row[1] >= rate:
            return False
        run("UPDATE rates SET calls=calls+1 WHERE client=?", (client_id,))
    else:
        run("INSERT OR REPLACE INTO rates (client,second,calls) VALUES (?,?,1)", (client_id, second))
    return True


def over(limit: int | None, used: int) -> bool:
    """Whether nothing of this limit is left."""
    return limit is not None and used >= limit


def full(client: Client, used: int, today: int) -> Admission | None:
    """Which quota refuses the client, the total one first."""
    if over(client.quota_total, used):
        return Admission.TOTAL_EXHAUSTED
    return Admission.DAY_EXHAUSTED if over(client.quota_day, today) else None


def taken_on(run: Run, client_id: str, day: str) -> int:
    """Units that the client has taken on this day."""
    row = run("SELECT used FROM days WHERE client=? AND day=?", (client_id, day)).fetchone()
    return row[0] if row else 0


def count(run: Run, client_id: str, day: str, units: int) -> None:
    """Take units of the client's quotas; negative: give them back."""
    run("UPDATE clients SET used=used+? WHERE id=?", (units, client_id))
    run(
        "INSERT INTO days (client,day,used) VALUES (?,?,?) ON CONFLICT DO UPDATE SET used=used+excluded.used",
        (client_id, day, units),
    )


def tally(
    run: Run,
    day: str,
    client_id: str,
    contract: Contract | str,
    outcome: str,
    billable: bool,
    calls: int,
) -> None:
    """Count calls in the usage table."""
    run(
        "INSERT INTO usage (day,client,contract,outcome,billable,calls) VALUES (?,?,?,?,?,?)"
        " ON CONFLICT DO UPDATE SET calls=calls+excluded.calls",
        (day, client_id, contract, outcome, billable, calls),
    )


def give_back(run: Run, request_id: str, at: float) -> None:
    """Give back what a dead call holds."""
    client_id, contract, day = run("SELECT client,contract,day FROM calls WHERE id=?", (request_id,)).fetchone()
    count(run, client_id, day, -1)
    tally(run, day, client_id, contract, LOST, False, 1)
    run("UPDATE calls SET state='lost',outcome=?,until=? WHERE id=?", (LOST, at + KEEP, request_id))
