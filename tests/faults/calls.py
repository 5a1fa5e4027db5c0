"""One honest call of each contract, and the code that it is answered with."""

from __future__ import annotations

import json
from typing import Any

from gatekeeper import Contract, Verdict
from tests.contract import kit
from tests.hostile.forgeries import PATHS

UNAVAILABLE = {Contract.MARKET: "X503BZ", Contract.TENCENT: "107", Contract.BAIDU: "2"}
"""What access is refused with while the ledger, or what keeps the key, is not there."""
BUSY = {Contract.MARKET: "X503BZ", Contract.TENCENT: "108", Contract.BAIDU: "4"}
"""What access is refused with while the ledger is over its limits."""
FAILED = {Contract.MARKET: "96", Contract.TENCENT: "-5802", Contract.BAIDU: "222361"}
"""What a call ends with when the work can not be done."""
ANSWERED = dict.fromkeys(Contract, "0")


def code_of(answer: Any) -> str:
    """The vendor's code of an answer, wherever the vendor puts it."""
    if not answer.content:
        return str(answer.headers["x-ca-error-code"])
    told = answer.json()
    return str(told["error_code"] if "error_code" in told else told["code"])


def call(bench: kit.Bench, contract: Contract, token: str = "") -> str:
    """Sends the portrait; the code.

    Args:
        bench: Where.
        contract: Which.
        token: Baidu's, where the token route is not to be asked.
    """
    if contract is Contract.MARKET:
        return code_of(bench.market({"image": kit.b64(kit.portrait())}))
    if contract is Contract.TENCENT:
        return code_of(bench.tencent(files={"image": ("a.jpg", kit.portrait())}))
    ask = [{"image": kit.b64(kit.portrait()), "image_type": "BASE64"}]
    params = {"access_token": token or bench.token()}
    return code_of(bench.http.post("/rest/2.0/face/v3/faceverify", params=params, json=ask))


def all_codes(bench: kit.Bench, token: str = "") -> dict[Contract, str]:
    """The codes of a call of each contract."""
    return {contract: call(bench, contract, token) for contract in Contract}


def lambda_event(contract: Contract, verdict: Verdict | None = None) -> dict[str, Any]:
    """A REST API's event with the portrait, for the authorizer, or with the authorizer's verdict for the function."""
    ask: Any = {"image": kit.b64(kit.portrait()), "image_type": "BASE64"}
    told = {} if verdict is None else {"authorizer": verdict.to_context()}
    return {
        "resource": PATHS[contract],
        "path": PATHS[contract],
        "httpMethod": "POST",
        "methodArn": "arn",
        "headers": {"Content-Type": "application/json", "Host": "a"},
        "multiValueHeaders": {"Content-Type": ["application/json"], "Host": ["a"]},
        "queryStringParameters": None,
        "multiValueQueryStringParameters": None,
        "requestContext": {"requestId": "request-1" if verdict is None else verdict.request_id, **told},
        "body": json.dumps([ask] if contract is Contract.BAIDU else ask),
        "isBase64Encoded": False,
    }
