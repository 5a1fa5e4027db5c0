"""The functions as Lambda loads them: made while the instance starts, and never without the vendor's words."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from gatekeeper import Contract, Verdict
from tests.contract.test_doors import APPS

NOWHERE = "http://127.0.0.1:9"


def run(program: str, **environ: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "FACEGATE_"))}
    base = {
        "AWS_LAMBDA_FUNCTION_NAME": "facegate",
        "AWS_ACCESS_KEY_ID": "none",
        "AWS_SECRET_ACCESS_KEY": "none",
        "FACEGATE_KEY": "00" * 32,
        "FACEGATE_LEDGER": f"dynamodb://facegate?region=eu-west-1&endpoint={NOWHERE}",
        "FACEGATE_MODELS": "/nonexistent",
    }
    command = [sys.executable, "-c", program]
    return subprocess.run(command, env=kept | base | environ, capture_output=True, text=True, timeout=120, check=False)


def event(contract: Contract) -> dict[str, Any]:
    verdict = Verdict(True, contract, "request-1", client="someone")
    body = {"image": "/9j/4AAQ", "image_type": "BASE64"}
    return {
        "resource": "/x",
        "path": APPS[contract][2],
        "httpMethod": "POST",
        "headers": {"Content-Type": "application/json", "Host": "a"},
        "multiValueHeaders": {"Content-Type": ["application/json"], "Host": ["a"]},
        "queryStringParameters": None,
        "multiValueQueryStringParameters": None,
        "requestContext": {"requestId": "request-1", "authorizer": verdict.to_context()},
        "body": json.dumps([body] if contract is Contract.BAIDU else body),
        "isBase64Encoded": False,
    }


@pytest.mark.parametrize(("contract", "code"), [("market", 96), ("tencent", -5802), ("baidu", 222361)])
def test_a_function_without_models_says_so_in_the_vendors_words(contract: str, code: int) -> None:
    program = f"""
import json, sys
from {contract}.function import handler
answer = handler(json.loads({json.dumps(json.dumps(event(Contract(contract))))}), None)
sys.stderr.write(answer["body"])
"""
    done = run(program)
    assert done.returncode == 0, done.stderr
    body = json.loads(done.stderr)
    assert body.get("error_code", body.get("code")) == code
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert lines[0]["message"] == "start", "the models were looked for before the first call"
    assert "ModelError" in lines[0]["fault"]
    assert any("_aws" in line for line in lines), "metrics are printed on Lambda"
    assert {line["contract"] for line in lines[1:]} == {contract}


@pytest.mark.parametrize(("contract", "count"), [("market", 4), ("tencent", 2), ("baidu", 3)])
def test_a_function_loads_what_its_contract_needs_and_tells_it_with_the_first_call(contract: str, count: int) -> None:
    call = f"handler(json.loads({json.dumps(json.dumps(event(Contract(contract))))}), None)"
    done = run(f"import json\nfrom {contract}.function import handler\n{call}\n{call}", FACEGATE_MODELS="models")
    assert done.returncode == 0, done.stderr
    first, second = [line for line in map(json.loads, done.stdout.splitlines()) if "_aws" in line]
    assert sum(first["ModelLoads"]) == len(first["ModelLoad"]) == count
    assert "ModelLoads" not in second


@pytest.mark.parametrize(("given", "kept"), [({}, "1"), ({"OPENBLAS_NUM_THREADS": "2"}, "2")])
def test_models_may_load_before_opencv_and_with_one_thread_for_matrices(given: dict[str, str], kept: str) -> None:
    program = """
import os, sys
from serving.vision import new_models
assert "numpy" not in sys.modules, "numpy reads the variable when it is imported"
models = new_models(lambda *_: None)
models["detector"]
assert "cv2" not in sys.modules
print(os.environ["OPENBLAS_NUM_THREADS"])
"""
    done = run(program, FACEGATE_MODELS="models", **given)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == kept


@pytest.mark.parametrize("module", ["market.function", "tencent.authorizer"])
def test_a_configuration_that_can_not_work_ends_the_start(module: str) -> None:
    done = run(f"import {module}", FACEGATE_LEDGER="sqlite:///ledger.sqlite")
    assert done.returncode == 1
    assert "SQLite cannot hold a ledger on Lambda" in done.stderr


@pytest.mark.parametrize("contract", list(Contract))
def test_an_authorizer_allows_and_tells_the_refusal(contract: Contract) -> None:
    asked = event(contract) | {"type": "REQUEST", "methodArn": "arn"}
    asked["headers"] = asked["multiValueHeaders"] = {}
    asked["requestContext"] = {"requestId": "request-1"}
    program = f"""
import json, sys
from {contract}.authorizer import handler
sys.stderr.write(json.dumps(handler(json.loads({json.dumps(json.dumps(asked))}), None)))
"""
    done = run(program)
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stderr)
    assert answer["policyDocument"]["Statement"][0]["Effect"] == "Allow"
    assert answer["context"]["allowed"] is False
    assert answer["context"]["auth_error"] == {"market": "A400MA", "tencent": "4", "baidu": "110"}[contract]
