"""Whether client's and ledger's counts agree to the unit, and whether a log holds what it must not."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gatekeeper.sqlite import SqliteLedger


@dataclass(frozen=True, slots=True)
class Books:
    """One client's reconciliation.

    Attributes:
        client: Its id.
        answered: Calls that its callers got an answer of code 0 for.
        billed: Calls that the ledger bills.
        undelivered: Of them, calls whose answer did not arrive: their worker was killed after the booking.
        broken: Calls that got no answer at all.
        lost: Calls whose unit was given back after their worker was killed.
        units: Units of quota that are taken.
        errors: What does not add up; empty when everything does.
    """

    client: str
    answered: int
    billed: int
    undelivered: int
    broken: int
    lost: int
    units: int
    errors: tuple[str, ...]


def lines(log: Path) -> list[dict[str, Any]]:
    """The journal's lines of a server's log."""
    found = []
    for line in log.read_text(encoding="utf-8", errors="replace").splitlines():
        if line.startswith("{"):
            try:
                found.append(json.loads(line))
            except ValueError:
                continue
    return [line for line in found if line.get("message") == "call"]


def reconcile(
    ledger: SqliteLedger, path: Path, told: list[dict[str, Any]], client: str,
    answered: list[str], broken: list[str], at: float,
) -> Books:  # fmt: skip
    """Compares what a client's callers saw with what the ledger holds.

    Args:
        ledger: The ledger, its server stopped.
        path: Its file.
        told: The server's journal.
        client: Whose calls.
        answered: The callers' own ids of the calls that were answered with 0.
        broken: Those of the calls that got no answer.
        at: Unix seconds, after the last lease has ended.
    """
    while ledger.sweep(at):
        pass
    with sqlite3.connect(path) as connection:
        rows = connection.execute("SELECT id,state FROM calls WHERE client=?", (client,)).fetchall()
    connection.close()
    billed = {request_id for request_id, state in rows if state == "billed"}
    usage = [row for row in ledger.usage("0000-00-00", "9999-99-99") if row.client == client]
    counted = sum(row.calls for row in usage if row.billable)
    lost = sum(row.calls for row in usage if row.outcome == "lost")
    units = ledger.used(client, "")[0]
    own = {line["caller_id"]: line["request_id"] for line in told if line.get("caller_id") and line.get("billed")}
    errors = []
    missing = [caller_id for caller_id in answered if own.get(caller_id) not in billed]
    if missing:
        errors.append(f"{len(missing)} answers are not billed: {missing[:3]}")
    if len(set(answered)) != len(answered):
        errors.append("an id was answered twice")
    delivered = {own[caller_id] for caller_id in answered if caller_id in own}
    undelivered = billed - delivered
    if len(undelivered) > len(broken):
        errors.append(f"{len(undelivered)} billed calls were not answered, but only {len(broken)} broke off")
    named = {own[caller_id] for caller_id in broken if caller_id in own}
    strangers = {line["request_id"] for line in told} & undelivered - named
    if strangers:
        errors.append(f"billed without a caller: {sorted(strangers)[:3]}")
    if counted != len(billed):
        errors.append(f"the usage bills {counted} calls, the calls themselves are {len(billed)}")
    if units != counted:
        errors.append(f"{units} units are taken for {counted} billed calls")
    return Books(client, len(answered), counted, len(undelivered), len(broken), lost, units, tuple(errors))


_RUN = re.compile(r"[A-Za-z0-9+/=_.%-]{16,}")
WINDOW = 24


def leaks(text: str, secrets: Iterable[str], photos: Iterable[str]) -> list[str]:
    """What a log holds of secrets, or of photos in base64.

    Args:
        text: Everything that was printed.
        secrets: Keys, codes, tokens, signatures.
        photos: The base64 texts that were sent.
    """
    found = [f"a secret of {len(secret)} signs" for secret in secrets if len(secret) >= 8 and secret in text]
    runs = {run[at : at + WINDOW] for run in _RUN.findall(text) if len(run) >= WINDOW for at in (0, len(run) - WINDOW)}
    for photo in photos:
        found += [f"{WINDOW} signs of a photo" for run in runs if run in photo]
    return found
