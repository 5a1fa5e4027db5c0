"""Cold starts: fresh processes from their start to their first answer."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory

from gatekeeper import Contract, Gate, credentials
from gatekeeper.sqlite import SqliteLedger
from gatekeeper.vault import Vault
from tests.bench import calls, scenes
from tests.bench.timing import processes

ROUNDS, QUICK = 24, 1
KEY = "00" * 32
LIBRARIES = """
import cv2, numpy, onnxruntime as ort, json
from pathlib import Path
models = Path("models")
made = []
for entry in json.loads((models / "registry.json").read_bytes())["models"].values():
    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    made.append(ort.InferenceSession((models / entry["file"]).read_bytes(), options, ["CPUExecutionProvider"]))
"""
ANSWER = """
import json
from pathlib import Path
from {contract}.function import handler
answer = handler(json.loads(Path({event!r}).read_text()), None)
assert answer["statusCode"] == 200 and "score" in answer["body"], answer
"""
AUTHORIZE = """
import json, os
from pathlib import Path
from market.authorizer import handler
event = json.loads(Path({event!r}).read_text())
event["requestContext"]["requestId"] = os.urandom(8).hex()
answer = handler(event, None)
assert answer["context"]["allowed"] is True, answer
"""
CLIENT = "from market.authorizer import gate; gate()"


def measure(quick: bool) -> dict[str, float]:
    """Milliseconds by the clock, the least of the rounds, and ratios; `_cpu` of processor time."""
    rounds = QUICK if quick else ROUNDS
    with TemporaryDirectory() as name:
        folder = Path(name)
        events = _events(folder)
        env = {"FACEGATE_LEDGER": f"sqlite:///{folder}/ledger.sqlite", "FACEGATE_KEY": KEY}
        programs = {"libraries": LIBRARIES} | {
            str(contract): ANSWER.format(contract=contract, event=str(events[contract])) for contract in Contract
        }
        found = processes(programs, rounds, "cold", env)
        found |= processes({"sqlite": AUTHORIZE.format(event=str(folder / "asked.json"))}, rounds, "authorizer", env)
    dynamo = {"FACEGATE_LEDGER": "dynamodb://bench?region=eu-west-1", "FACEGATE_KEY": KEY}
    dynamo |= {"AWS_ACCESS_KEY_ID": "none", "AWS_SECRET_ACCESS_KEY": "none"}
    found |= processes({"dynamodb": CLIENT}, rounds, "authorizer", dynamo)
    base = found["libraries"]
    told = {f"cold_{name}_ms": found[name].least_ms for name in ("libraries", *map(str, Contract))}
    market = found[str(Contract.MARKET)]
    return told | {
        "cold_ratio": market.least_ms / base.least_ms,
        "cold_ratio_cpu": market.least_cpu_ms / base.least_cpu_ms,
        "authorizer_sqlite_ms": found["sqlite"].least_ms,
        "authorizer_sqlite_cpu_ms": found["sqlite"].least_cpu_ms,
        "authorizer_dynamodb_ms": found["dynamodb"].least_ms,
        "authorizer_dynamodb_cpu_ms": found["dynamodb"].least_cpu_ms,
    }


def _events(folder: Path) -> dict[Contract, Path]:
    """Files with an event for each function, and one for the authorizer, over the ledger in the folder.

    An answer that was booked is booked again without another unit, so that one event serves every round.
    """
    gate = Gate(SqliteLedger(folder / "ledger.sqlite"), Vault(bytes.fromhex(KEY)))
    photo = scenes.frame()
    bodies = {
        Contract.MARKET: calls.market_body(photo),
        Contract.TENCENT: calls.tencent_body(photo),
        Contract.BAIDU: calls.baidu_body([photo]),
    }
    files = {}
    for contract, body in bodies.items():
        issued = credentials.add(gate, contract)
        files[contract] = folder / f"{contract}.json"
        files[contract].write_text(json.dumps(calls.admitted(gate, issued.client.id, contract, *body)))
        if contract is Contract.MARKET:
            asked = {
                "type": "REQUEST", "methodArn": "arn:aws:execute-api:eu-west-1:1:api/prod/POST/x",
                "path": "/market/liveness", "httpMethod": "POST",
                "headers": {"Authorization": f"APPCODE {issued.secrets['appcode']}"},
                "requestContext": {"requestId": "bench", "path": "/market/liveness"},
            }  # fmt: skip
            (folder / "asked.json").write_text(json.dumps(asked))
    gate.ledger.close()
    return files
