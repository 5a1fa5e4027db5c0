"""The access layer: who calls, may he, and what it costs him. It knows no image and no web framework.

For a contract's function::

    gate = Gate.from_env()                                  # once per process
    verdict = doors.verdict(scope, market.verdict, Contract.MARKET, gate)
    ...read the body...
    verdict = market.complete(verdict, request, body, gate)     # the market only: signatures over a form
    verdict = tencent.target(verdict, appid)                    # Tencent only: the body's appid
    if not verdict.allowed:
        gate.settle(verdict, outcome=verdict.code, billable=False)
        ...answer verdict.code in the vendor's words...
    ...make the answer...
    verdict = gate.settle(verdict, outcome="0", billable=True)
    if not verdict.allowed: ...answer verdict.code instead...   # never deliver what could not be booked

For a Lambda authorizer: ``doors.authorize(event, market.verdict, gate)`` is its whole answer. The two doors of a
contract call the same pure function ``verdict(request, gate)`` of `gatekeeper.market`, `gatekeeper.tencent` or
`gatekeeper.baidu`.
"""

from gatekeeper.gate import Gate, Options
from gatekeeper.ledger import Ledger
from gatekeeper.request import Ambiguous, Request
from gatekeeper.types import (
    Admission,
    Client,
    ConfigError,
    Conflict,
    Contract,
    GatekeeperError,
    Key,
    KeyKind,
    LedgerBusy,
    LedgerUnavailable,
    Settings,
    Settled,
    State,
    UsageRow,
)
from gatekeeper.verdict import Verdict

__all__ = [
    "Admission",
    "Ambiguous",
    "Client",
    "ConfigError",
    "Conflict",
    "Contract",
    "Gate",
    "GatekeeperError",
    "Key",
    "KeyKind",
    "Ledger",
    "LedgerBusy",
    "LedgerUnavailable",
    "Options",
    "Request",
    "Settings",
    "Settled",
    "State",
    "UsageRow",
    "Verdict",
]
