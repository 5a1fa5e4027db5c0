"""Requests that schemathesis makes from each app's own OpenAPI page, right and wrong ones, with a caller's rights."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.core.result import Ok
from schemathesis.generation import GenerationMode

from baidu.schema import Envelope, PlatformError, TokenAnswer, TokenRefusal
from gatekeeper import Contract
from market import errors as market_errors
from market import schema as market
from tencent import schema as tencent
from tests.contract import kit

PAGES = {
    Contract.MARKET: "/market/openapi.json",
    Contract.TENCENT: "/face/openapi.json",
    Contract.BAIDU: "/rest/2.0/face/v3/openapi.json",
}


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Any:
    with kit.bench(tmp_path_factory.mktemp("schemas")) as made:
        yield made


def rights(bench: kit.Bench, contract: Contract) -> dict[str, Any]:
    """What lets a caller in."""
    if contract is Contract.MARKET:
        return {"headers": bench.appcode()}
    if contract is Contract.TENCENT:
        return {"headers": {"Authorization": bench.signature()}}
    return {"params": {"access_token": bench.token()}}


def check(contract: Contract, path: str, status: int, headers: Mapping[str, Any], content: bytes) -> None:
    """The answer is in the vendor's words, whatever was asked."""
    assert status not in (500, 502), content
    if contract is Contract.MARKET:
        if not content:
            code = headers.get("x-ca-error-code")
            assert (code[0] if isinstance(code, list) else code) in market_errors.GATEWAY_CODES
        elif json.loads(content)["code"] == 0:
            market.Answer.model_validate_json(content)
        else:
            assert market.Refusal.model_validate_json(content).code in market_errors.CODES
    elif contract is Contract.TENCENT:
        kind: Any = tencent.Answer if json.loads(content)["code"] == 0 else tencent.Refusal
        kind.model_validate_json(content)
    elif path.endswith("/token"):
        (TokenRefusal if "error" in json.loads(content) else TokenAnswer).model_validate_json(content)
    elif "log_id" in json.loads(content):
        Envelope.model_validate_json(content)
    else:
        PlatformError.model_validate_json(content)


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
@pytest.mark.parametrize("contract", list(Contract))
def test_generated_requests(bench: kit.Bench, contract: Contract, mode: GenerationMode) -> None:
    schema = schemathesis.openapi.from_dict(bench.http.get(PAGES[contract]).json())
    base, tried = str(bench.http.base_url), 0
    for found in schema.get_all_operations():
        assert isinstance(found, Ok)
        operation = found.ok()

        @settings(max_examples=8, deadline=None, database=None, suppress_health_check=list(HealthCheck))
        @given(case=operation.as_strategy(generation_mode=mode))
        def send(case: Any) -> None:
            nonlocal tried
            answer = case.call(base_url=base, **rights(bench, contract))
            check(contract, case.path, answer.status_code, answer.headers, answer.content)
            tried += 1

        send()
    assert tried >= 5
    for each in Contract:
        assert bench.taken(each) == bench.usage(each).get(("0", True), 0), "no unit is left behind"
