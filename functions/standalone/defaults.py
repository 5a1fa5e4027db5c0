"""What the command line takes for granted when the environment says nothing."""

from __future__ import annotations

import os

LEDGER = "sqlite:///facegate.sqlite"
"""In the folder where the command runs; its key lies beside it."""


def apply() -> None:
    """Puts the defaults into the environment, for this process and the ones that it starts."""
    os.environ.setdefault("FACEGATE_LEDGER", LEDGER)
