"""A gate that nobody can pass, for tests of what callers may send."""

from __future__ import annotations

from typing import cast

from gatekeeper import Gate, Ledger
from gatekeeper.vault import Vault

NOON = 1_700_000_000.0


class Empty:
    """A ledger without a client."""

    sweep_rows = 1

    def find(self, lookup: str) -> None:
        return

    def sweep(self, at: float, limit: int = 200) -> int:
        return 0


NOBODY = Gate(cast(Ledger, Empty()), Vault(bytes(32)), lambda: NOON)
