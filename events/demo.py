"""The demo clients of the events: their key is known to everybody and must never guard anything.

Beside the demo clients that a fresh installation has, each contract has one whose calls are used up. Everything here is
the same at every run; what a signature says of the time is made for the moment that it is asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from gatekeeper import Client, Contract, Gate, Ledger, baidu, credentials
from gatekeeper.demo import ensure_demo
from gatekeeper.sqlite import SqliteLedger
from gatekeeper.vault import Vault

KEY = bytes(range(32))
"""The master key of the demo clients' ledger."""

MOMENT = 1_790_000_000.0
"""Unix seconds: when the committed events were sent."""

FAR = 4_000_000_000
"""Unix seconds, in the year 2096: until then the demo tokens can be used."""


@dataclass(frozen=True, slots=True)
class Clients:
    """The demo clients of one ledger.

    Attributes:
        gate: Where they are.
        demo: The clients with calls left.
        secrets: Their credentials, named as in `gatekeeper.credentials.Issued`.
        used_up: The secrets of the clients without.
        tokens: Access tokens by Baidu client: ``demo``, ``used up``.
    """

    gate: Gate
    demo: Mapping[Contract, Client]
    secrets: Mapping[Contract, Mapping[str, str]]
    used_up: Mapping[Contract, Mapping[str, str]]
    tokens: Mapping[str, str]


def install(ledger: Ledger, at: float) -> Clients:
    """Makes the demo clients in a ledger, where they are missing.

    Args:
        ledger: Where; its key must be `KEY`.
        at: Unix seconds, the moment that all verdicts are made for.
    """
    gate = Gate(ledger, Vault(KEY), lambda: at)
    found = ensure_demo(gate)
    used_up = {contract: _used_up(gate, contract) for contract in Contract}
    idle = gate.ledger.client("demo-baidu-used-up")
    assert idle is not None
    tokens = {
        "demo": baidu.make(baidu.ACCESS, found[Contract.BAIDU].client, FAR, gate.vault),
        "used up": baidu.make(baidu.ACCESS, idle, FAR, gate.vault),
    }
    return Clients(
        gate,
        {contract: demo.client for contract, demo in found.items()},
        {contract: demo.secrets for contract, demo in found.items()},
        used_up,
        tokens,
    )


@contextmanager
def scratch(at: float) -> Iterator[Clients]:
    """The demo clients in a ledger of their own, gone afterwards."""
    with TemporaryDirectory() as folder:
        ledger = SqliteLedger(Path(folder) / "ledger.sqlite")
        try:
            yield install(ledger, at)
        finally:
            ledger.close()


def _used_up(gate: Gate, contract: Contract) -> Mapping[str, str]:
    def made(name: str, length: int = 32) -> str:
        return gate.vault.derived(f"events {contract} {name}", length)

    number = f"{int(made('number'), 16) % 10**7:07d}"
    secrets = {
        Contract.MARKET: {"appcode": made("code"), "app_key": f"29{number}", "app_secret": made("secret")},
        Contract.TENCENT: {"appid": f"126{number}", "secret_id": f"AKID{made('id')}", "secret_key": made("secret")},
        Contract.BAIDU: {"app_id": f"2{number}", "api_key": made("id", 24), "secret_key": made("secret")},
    }[contract]
    client_id = f"demo-{contract}-used-up"
    if gate.ledger.client(client_id) is None:
        credentials.add(gate, contract, "demo", client_id, quota_total=0, given=secrets)
    return secrets
