"""The functions as Lambda runs them, over an SQLite ledger, and the events that a gateway hands them."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any
from urllib.parse import quote_plus

from mangum import Mangum

import baidu.app
import market.app
import tencent.app
from facecore.analyzer import Analyzer
from gatekeeper import Contract, Gate, Verdict, credentials
from gatekeeper.sqlite import SqliteLedger
from gatekeeper.vault import Vault
from serving.meter import EmfMeter
from serving.routes import bare
from serving.service import Service, Settings

Event = dict[str, Any]
APPS: Mapping[Contract, Any] = {Contract.MARKET: market.app, Contract.TENCENT: tencent.app, Contract.BAIDU: baidu.app}
FORM, JSON = "application/x-www-form-urlencoded", "application/json"
FIELDS = "age,beauty,expression,face_shape,gender,glasses,landmark,race,quality,face_type"


@dataclass(frozen=True, slots=True)
class Functions:
    """The three functions in one process.

    Attributes:
        gate: Their ledger and keys.
        clients: The id of each contract's client.
        handlers: By contract.
    """

    gate: Gate
    clients: Mapping[Contract, str]
    handlers: Mapping[Contract, Callable[[Event, Any], Event]]

    def admitted(self, contract: Contract, kind: str, body: str) -> Event:
        """An event whose caller the authorizer has let in."""
        return admitted(self.gate, self.clients[contract], contract, kind, body)

    def call(self, contract: Contract, event: Event) -> Event:
        """A function's answer."""
        return self.handlers[contract](event, SimpleNamespace())


@contextmanager
def functions(analyzer: Any | None = None) -> Iterator[Functions]:
    """The functions with the committed models, or another analyzer; what they print is thrown away."""
    with TemporaryDirectory() as folder, open(os.devnull, "w") as nowhere, redirect_stdout(nowhere):
        gate = Gate(SqliteLedger(Path(folder) / "ledger.sqlite"), Vault(bytes(32)))
        meter = EmfMeter()
        made = analyzer or Analyzer(observe=meter.stage)
        service = Service(gate, made, Settings(threads=0, metrics=True), meter)
        clients = {contract: credentials.add(gate, contract).client.id for contract in Contract}
        loop = asyncio.new_event_loop()  # Mangum takes the thread's, and closes none
        asyncio.set_event_loop(loop)
        handlers = {contract: Mangum(bare(app.routes(service)), lifespan="off") for contract, app in APPS.items()}
        try:
            yield Functions(gate, clients, handlers)
        finally:
            asyncio.set_event_loop(None)
            loop.close()
            service.close()


def admitted(gate: Gate, client_id: str, contract: Contract, kind: str, body: str | bytes) -> Event:
    """An API Gateway event (payload 1.0) with an authorizer's verdict in its context, and the call admitted.

    A body of bytes is put into base64, as the gateway does.
    """
    request_id = str(uuid.uuid4())
    client = gate.ledger.client(client_id)
    assert client is not None
    at = gate.now()
    gate.ledger.admit(client, request_id, gate.day(at), at)
    path = APPS[contract].PATH
    return {
        "resource": path,
        "path": path,
        "httpMethod": "POST",
        "headers": {"Content-Type": kind, "Host": "a"},
        "multiValueHeaders": {"Content-Type": [kind], "Host": ["a"]},
        "queryStringParameters": None,
        "multiValueQueryStringParameters": None,
        "requestContext": {
            "requestId": request_id,
            "path": path,
            "authorizer": Verdict(True, contract, request_id, client=client_id).to_context(),
        },
        "body": base64.b64encode(body).decode() if isinstance(body, bytes) else body,
        "isBase64Encoded": isinstance(body, bytes),
    }


def market_body(photo: bytes) -> tuple[str, str]:
    """Content type and body of a market request, a form as most clients send it."""
    return FORM, "image=" + quote_plus(base64.b64encode(photo))


def tencent_body(photo: bytes) -> tuple[str, str]:
    """Content type and body of a livedetectpicture request."""
    return JSON, json.dumps({"image": base64.b64encode(photo).decode()})


def baidu_body(photos: Sequence[bytes]) -> tuple[str, str]:
    """Content type and body of a faceverify request that asks for every field."""
    asks = [
        {"image": base64.b64encode(photo).decode(), "image_type": "BASE64", "face_field": FIELDS} for photo in photos
    ]
    return JSON, json.dumps(asks)
