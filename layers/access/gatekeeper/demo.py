"""Demo clients: one per contract, so that a fresh installation answers at once.

Their credentials are derived from the master key: random, since that is, the same at every start, and nowhere stored in
plain text.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from gatekeeper.credentials import add
from gatekeeper.gate import Gate
from gatekeeper.types import Client, Conflict, Contract, Settings


@dataclass(frozen=True, slots=True)
class Demo:
    """The demo credentials of one contract.

    Attributes:
        client: The demo client.
        secrets: Named as in `gatekeeper.credentials.Issued`.
        live: Whether they still open the door; false once they were rotated or the client was disabled.
    """

    client: Client
    secrets: Mapping[str, str] = field(repr=False)
    live: bool


def credentials(gate: Gate, contract: Contract) -> dict[str, str]:
    """What the demo client of this contract was created with."""
    derived = gate.vault.derived
    if contract is Contract.MARKET:
        return {
            "appcode": derived("demo appcode"),
            "app_key": f"2{int(derived('demo app key'), 16) % 10**8:08d}",
            "app_secret": derived("demo app secret"),
        }
    if contract is Contract.TENCENT:
        return {
            "appid": f"125{int(derived('demo appid'), 16) % 10**7:07d}",
            "secret_id": "AKID" + derived("demo secret id"),
            "secret_key": derived("demo tencent secret key"),
        }
    return {
        "app_id": f"1{int(derived('demo app id'), 16) % 10**7:07d}",
        "api_key": derived("demo api key", 24),
        "secret_key": derived("demo baidu secret key"),
    }


def ensure_demo(gate: Gate) -> dict[Contract, Demo]:
    """Create the demo clients ``demo-market``, ``demo-tencent`` and ``demo-baidu`` where they are missing.

    What exists is left as it is: a demo client that was changed, disabled or rotated stays so. The market's takes its
    AppCode in the query, too.

    Args:
        gate: Where.
    """
    demos = {}
    for contract in Contract:
        texts = credentials(gate, contract)
        client_id = f"demo-{contract}"
        if gate.ledger.client(client_id) is None:
            settings = Settings(query_appcode=contract is Contract.MARKET)
            with contextlib.suppress(Conflict):  # another worker was faster
                add(gate, contract, "demo", client_id, settings=settings, given=texts)
        client = gate.ledger.client(client_id)
        if client is not None:
            demos[contract] = Demo(client, texts, _live(gate, client, texts))
    return demos


def _live(gate: Gate, client: Client, texts: Mapping[str, str]) -> bool:
    at = gate.now()
    names = {
        Contract.MARKET: [f"market:appcode:{name}" for name in gate.vault.code_hashes(texts.get("appcode", ""))],
        Contract.TENCENT: [f"tencent:secretid:{texts.get('secret_id')}"],
        Contract.BAIDU: [f"baidu:apikey:{texts.get('api_key')}"],
    }
    found = next(filter(None, map(gate.ledger.find, names[client.contract])), None)
    return found is not None and found[0].live(at) and client.state == "active" and not client.expired(at)
