"""A handler's own time for 200 KB of base64, without facecore: event in, body out, verdict and booking included."""

from __future__ import annotations

import base64
import json
import logging
import os
import statistics
import tempfile
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from mangum import Mangum

import baidu.app
import market.app
import tencent.app
from facecore.report import ALL, Report
from gatekeeper import Contract, Gate, credentials
from gatekeeper.sqlite import SqliteLedger
from gatekeeper.vault import Vault
from serving.journal import logger
from serving.routes import bare
from serving.service import Service, Settings
from tests.bench import calls
from tests.contract import kit

BYTES = 150 * 1024
"""A photo that is 200 KB of base64."""
CALLS = 300


class Instant:
    """An analyzer that takes no time."""

    def __init__(self) -> None:
        self.report = Report(640, 480, (kit.face_of(b"any"),))
        self.registry = kit.FakeAnalyzer().registry

    def warm_up(self, want: Any = ALL) -> None:
        """Nothing to load."""

    def analyse(self, image: bytes, want: Any = ALL, faces: int | None = None) -> Report:
        """The same report for every photo."""
        assert len(image) == BYTES
        return self.report

    def analyse_batch(self, images: Any, want: Any = ALL, faces: int | None = None) -> list[Any]:
        """The same report for every photo."""
        return [self.analyse(image) for image in images]


def measure(quick: bool) -> dict[str, float]:
    """Medians in milliseconds over the calls: by the clock, and of processor time alone."""
    count = 5 if quick else CALLS
    logger().setLevel(logging.CRITICAL)
    photo = os.urandom(BYTES)
    text = base64.b64encode(photo).decode()
    form = "image=" + text.replace("+", "%2B").replace("/", "%2F").replace("=", "%3D")
    fields = "age,beauty,expression,face_shape,gender,glasses,landmark,race,quality,face_type"
    ask = json.dumps([{"image": text, "image_type": "BASE64", "face_field": fields}])
    part = b'--x\r\nContent-Disposition: form-data; name="image"; filename="a"\r\n\r\n' + photo + b"\r\n--x--\r\n"
    urlencoded, plain = "application/x-www-form-urlencoded", "application/json"
    multipart = "multipart/form-data; boundary=x"
    image = json.dumps({"image": text})
    cases: dict[str, tuple[Contract, Any, str, str | bytes]] = {
        "market_form": (Contract.MARKET, market.app, urlencoded, form),
        "market_json": (Contract.MARKET, market.app, plain, image),
        "tencent_json": (Contract.TENCENT, tencent.app, plain, image),
        "tencent_multipart": (Contract.TENCENT, tencent.app, multipart, part),
        "baidu_json": (Contract.BAIDU, baidu.app, plain, ask),
    }
    with tempfile.TemporaryDirectory() as folder:
        gate = Gate(SqliteLedger(Path(folder) / "ledger.sqlite"), Vault(bytes(32)))
        service = Service(gate, Instant(), Settings(threads=0))
        clients = {contract: credentials.add(gate, contract).client for contract in Contract}
        found = {}
        for name, (contract, module, kind, body) in cases.items():
            handler = Mangum(bare(module.routes(service)), lifespan="off")
            events = [calls.admitted(gate, clients[contract].id, contract, kind, body) for _ in range(count + 20)]
            times, spent = [], []
            for event in events:
                started, begun = time.perf_counter(), time.thread_time()
                answer = handler(event, SimpleNamespace())
                times.append((time.perf_counter() - started) * 1e3)
                spent.append((time.thread_time() - begun) * 1e3)
                assert answer["statusCode"] == 200, answer
                assert any(mark in answer["body"] for mark in ("livemapscore", "score"))
            found[f"overhead_ms_{name}"] = statistics.median(times[20:])
            found[f"overhead_cpu_ms_{name}"] = statistics.median(spent[20:])
        gate.ledger.close()
    return found
