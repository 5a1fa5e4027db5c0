"""Makes a local ledger that answers the events: ``python -m events.prepare dynamodb://facegate?region=...&endpoint=...``.

It makes the tables and the demo clients where they are missing, and takes the units that the events' authorizers took,
so that a function that is handed an event on its own can book it. Meant for an emulator: the demo clients' key is known
to everybody.
"""

from __future__ import annotations

import sys
import time

from events.demo import KEY, install, scratch
from events.make import judged
from gatekeeper import Ledger, LedgerUnavailable
from gatekeeper.directory import Directory
from gatekeeper.store import open_ledger

LEASE = 365 * 86_400.0
"""Seconds for which the events' units stay taken."""


def prepare(ledger: Ledger, at: float) -> None:
    """Fills a ledger.

    Args:
        ledger: Its tables exist.
        at: Unix seconds, now.
    """
    clients = install(ledger, at)
    with scratch(at) as elsewhere:
        for case, verdict in judged(elsewhere):
            if verdict is not None and verdict.allowed:
                client = clients.demo[case.contract]
                ledger.admit(client, case.request_id, clients.gate.day(at), at, LEASE)


def main(url: str) -> None:
    """Makes the tables if there are none, then fills them."""
    ledger = open_ledger(url, {})
    try:
        ledger.ready()
    except LedgerUnavailable:
        if not isinstance(ledger, Directory):
            raise
        ledger.create()
    prepare(ledger, time.time())
    print(f"FACEGATE_LEDGER={url}\nFACEGATE_KEY={KEY.hex()}")


if __name__ == "__main__":
    main(sys.argv[1])
