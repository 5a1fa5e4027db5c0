"""A gateway that delivers every event at least once, as Lambda's may: what comes again is billed once."""

from __future__ import annotations

import json
import random
import threading
import uuid
from typing import Any

from mangum import Mangum

import baidu.app
import market.app
import tencent.app
from gatekeeper import Contract, Gate, credentials, doors
from gatekeeper import baidu as baidu_gate
from gatekeeper.tencent import sign
from serving.fetch import Fetcher
from serving.service import Service, Settings
from tests.contract.kit import FakeAnalyzer
from tests.faults.calls import lambda_event
from tests.hostile.forgeries import JUDGES

APPS = {Contract.MARKET: market.app, Contract.TENCENT: tencent.app, Contract.BAIDU: baidu.app}


class Gateway(threading.Thread):
    """Sends events to the functions in this process, on the server's own ledger.

    Attributes:
        events: Different calls, by client.
        deliveries: How often a function was called in all.
        wrong: What should not have been answered so.
    """

    def __init__(self, gate: Gate, stop: threading.Event) -> None:
        super().__init__(name="gateway", daemon=True)
        self._gate, self._stop_event, self._random = gate, stop, random.Random(1)
        self._clients = {each: credentials.add(gate, each, client_id=f"gateway-{each}") for each in Contract}
        service = Service(gate, FakeAnalyzer(), Settings(threads=0, fetcher=Fetcher()))
        self._handlers = {each: Mangum(app.create_app(service), lifespan="off") for each, app in APPS.items()}
        self.events: dict[str, int] = {f"gateway-{each}": 0 for each in Contract}
        self.deliveries = 0
        self.wrong: list[str] = []

    def secrets(self) -> list[str]:
        """Every text that must be in no log."""
        return [text for each in self._clients.values() for name, text in each.secrets.items() if "id" not in name]

    def run(self) -> None:
        """Sends until told to stop."""
        import asyncio

        asyncio.set_event_loop(asyncio.new_event_loop())
        try:
            while not self._stop_event.wait(0.05):
                self.one(self._random.choice(list(Contract)))
        finally:
            asyncio.get_event_loop().close()

    def one(self, contract: Contract) -> None:
        """One call, delivered one to three times to the authorizer and to the function."""
        event = lambda_event(contract)
        request_id = str(uuid.UUID(int=self._random.getrandbits(128)))
        event["requestContext"] = {"requestId": request_id}
        event["headers"] |= self._credentials(contract, event)
        event["multiValueHeaders"] = {name: [value] for name, value in event["headers"].items()}
        codes = set()
        for _ in range(self._random.randint(1, 3)):
            told = doors.answer(event, None, JUDGES[contract], contract, lambda: self._gate)
            asked = {**event, "requestContext": {"requestId": request_id, "authorizer": told["context"]}}
            for _ in range(self._random.randint(1, 2)):
                answer: Any = self._handlers[contract](asked, None)  # type: ignore[arg-type]  # no context is needed
                body = json.loads(answer["body"] or "{}")
                codes.add(body.get("error_code", body.get("code", "none")))
                self.deliveries += 1
        if codes != {0}:
            self.wrong.append(f"gateway {contract}: {codes}")
        self.events[f"gateway-{contract}"] += 1

    def _credentials(self, contract: Contract, event: dict[str, Any]) -> dict[str, str]:
        issued, now = self._clients[contract], self._gate.now()
        if contract is Contract.MARKET:
            return {"Authorization": f"APPCODE {issued.secrets['appcode']}"}
        if contract is Contract.TENCENT:
            secrets = issued.secrets
            secret, start = secrets["secret_key"].encode(), int(now)
            return {"Authorization": sign(secrets["appid"], secrets["secret_id"], secret, start, start + 600, 1)}
        token = baidu_gate.make(baidu_gate.ACCESS, issued.client, now, self._gate.vault)
        event["queryStringParameters"] = {"access_token": token}
        event["multiValueQueryStringParameters"] = {"access_token": [token]}
        return {}
