"""Good requests of the demo clients."""

from __future__ import annotations

from gatekeeper import (
    Contract,
    Gate,
    Request,
    baidu,
    market,
    tencent,
)
from gatekeeper.demo import credentials
from tests.unit.gatekeeper.nobody import NOON

JUDGES = {Contract.MARKET: market.verdict, Contract.TENCENT: tencent.verdict, Contract.BAIDU: baidu.verdict}


def call(gate: Gate, contract: Contract, request_id: str = "R1") -> Request:
    """A good request of the demo client."""
    texts = credentials(gate, contract)
    if contract is Contract.MARKET:
        return Request("GET", "/x", (), (("Authorization", f"APPCODE {texts['appcode']}"),), request_id)
    if contract is Contract.TENCENT:
        secret = texts["secret_key"].encode()
        value = tencent.sign(texts["appid"], texts["secret_id"], secret, int(NOON), int(NOON) + 60, 1)
        return Request("POST", "/x", (), (("Authorization", value),), request_id)
    client = gate.ledger.client("demo-baidu")
    assert client is not None
    token = baidu.make(baidu.ACCESS, client, NOON, gate.vault)
    return Request("POST", "/x", (("access_token", token),), (), request_id)
