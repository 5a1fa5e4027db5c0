"""The verdict in the authorizer's context, and the two doors that it comes through."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from gatekeeper import (
    Contract,
    Gate,
    Request,
    Settings,
    Verdict,
    doors,
    market,
)
from gatekeeper.demo import credentials, ensure_demo
from tests.unit.gatekeeper.calls import JUDGES, call

CONTEXTS = [
    Verdict(True, Contract.MARKET, "R1", client="c", consumed=("rate", "quota"), settings=Settings(bare_body=True)),
    Verdict(True, Contract.TENCENT, "R1", client="c", account="12", consumed=("nonce", "quota")),
    Verdict(False, Contract.TENCENT, "R1", client="c", account="12", code="13", message="重放攻击", status=403),
    Verdict(False, Contract.BAIDU, "R1", code="110", message="Access token invalid or no longer valid"),
    Verdict(False, Contract.MARKET, "R1", pending=True),
]


class TestContext:
    @pytest.mark.parametrize("verdict", CONTEXTS)
    @pytest.mark.parametrize("spelled", [lambda v: v, lambda v: str(v).lower() if isinstance(v, bool) else str(v)])
    def test_round_trip(self, verdict: Verdict, spelled: Callable[[object], object]) -> None:
        context = verdict.to_context()
        assert all(isinstance(value, str | int | float | bool) for value in context.values())
        context = json.loads(json.dumps({name: spelled(value) for name, value in context.items()}))
        assert Verdict.from_context({**context, "principalId": "c"}, verdict.contract, "R1") == verdict

    @pytest.mark.parametrize("context", [None, {}, [], "allowed", {"allowed": True}, 7])
    @pytest.mark.parametrize(
        ("contract", "code"), [(Contract.MARKET, "X503BZ"), (Contract.TENCENT, "107"), (Contract.BAIDU, "2")]
    )
    def test_missing(self, context: object, contract: Contract, code: str) -> None:
        found = Verdict.from_context(context, contract, "R1")
        assert (found.allowed, found.code, found.request_id) == (False, code, "R1")

    @pytest.mark.parametrize("name", list(CONTEXTS[0].to_context()))
    @pytest.mark.parametrize("value", [None, "", "nonsense", -1, [], {}, 2.5])
    def test_any_damage(self, name: str, value: object) -> None:
        context: dict[str, object] = dict(CONTEXTS[0].to_context())
        missing = {key: kept for key, kept in context.items() if key != name}
        assert not Verdict.from_context(missing, Contract.MARKET, "R1").allowed
        found = Verdict.from_context({**context, name: value}, Contract.MARKET, "R1")
        whole = name == "auth_message" and isinstance(value, str)
        empty = name in ("account", "auth_error", "consumed") and value == ""
        client = name == "client" and value == "nonsense"  # the one thing that cannot be seen here
        assert found.allowed is (whole or empty or client)

    def test_another_contract_or_request(self) -> None:
        context = CONTEXTS[0].to_context()
        assert Verdict.from_context(context, Contract.BAIDU, "R1").code == "2"
        assert Verdict.from_context(context, Contract.MARKET, "R2").code == "X503BZ"
        assert Verdict.from_context(context, Contract.MARKET).allowed

    def test_a_negative_that_says_allowed(self) -> None:
        context = {**CONTEXTS[2].to_context(), "allowed": True}
        assert Verdict.from_context(context, Contract.TENCENT, "R1").code == "107"

    @pytest.mark.parametrize(
        "wrong", [{"allowed": True, "client": ""}, {"allowed": True, "code": "1"}, {"allowed": True, "pending": True},
                  {"allowed": False, "code": ""}]
    )  # fmt: skip
    def test_a_verdict_that_contradicts_itself_cannot_be_made(self, wrong: dict[str, Any]) -> None:
        with pytest.raises(ValueError, match=r"verdict|refusal"):
            Verdict(**{"contract": Contract.MARKET, "request_id": "R1", "client": "c", **wrong})


def event(request: Request) -> dict[str, Any]:
    """The REST API event of a request."""
    headers: dict[str, list[str]] = {}
    for name, value in request.headers:
        headers.setdefault(name, []).append(value)
    query: dict[str, list[str]] = {}
    for name, value in request.query:
        query.setdefault(name, []).append(value)
    return {
        "type": "REQUEST",
        "methodArn": "arn:aws:execute-api:eu-central-1:123456789012:api/Prod/GET/x",
        "httpMethod": request.method,
        "path": "/x",
        "headers": {name: values[-1] for name, values in headers.items()},
        "multiValueHeaders": headers,
        "queryStringParameters": {name: values[-1] for name, values in query.items()} or None,
        "multiValueQueryStringParameters": query or None,
        "requestContext": {"requestId": request.request_id, "path": request.path},
    }


class TestDoors:
    @pytest.mark.parametrize("contract", list(Contract))
    @pytest.mark.parametrize("good", [True, False])
    def test_both_say_the_same(self, gate: Gate, contract: Contract, good: bool) -> None:
        ensure_demo(gate)
        request = call(gate, contract) if good else Request("POST", "/x", request_id="R1")
        judge = JUDGES[contract]
        answer = doors.authorize(event(request), judge, gate)
        assert answer["policyDocument"]["Statement"][0]["Effect"] == "Allow"
        assert answer["principalId"] == (f"demo-{contract}" if good else "unknown")
        delivered = {name: str(value) if not isinstance(value, bool) else str(value).lower()
                     for name, value in answer["context"].items()}  # fmt: skip
        function = event(request)
        function["requestContext"]["authorizer"] = delivered
        scope = {"type": "http", "aws.event": function}
        there = doors.verdict(scope, doors.request(scope), judge, contract, gate)
        assert doors.request(scope) == request
        assert there == replace(judge(request, gate), params=())
        assert there.allowed is good

    @pytest.mark.parametrize("context", [None, {}, {"allowed": "true"}])
    def test_a_lambda_without_a_verdict_is_closed(self, gate: Gate, context: object) -> None:
        ensure_demo(gate)
        request = call(gate, Contract.MARKET)
        function = event(request)
        function["requestContext"]["authorizer"] = context
        scope = {"type": "http", "aws.event": function}
        assert doors.verdict(scope, request, market.verdict, Contract.MARKET, gate).code == "X503BZ"
        assert doors.verdict({"aws.event": None}, request, market.verdict, Contract.MARKET, gate).code == "X503BZ"

    def test_a_server_decides_itself(self, gate: Gate) -> None:
        ensure_demo(gate)
        texts = credentials(gate, Contract.MARKET)
        scope = {
            "type": "http", "method": "get", "path": "/照/x", "raw_path": b"/%E7%85%A7/x",
            "query_string": b"a=1&b=%20&c", "headers": [(b"authorization", f" APPCODE {texts['appcode']}".encode())],
        }  # fmt: skip
        request = doors.request(scope, "R5")
        assert (request.method, request.path, request.request_id) == ("GET", "/照/x", "R5")
        assert request.query == (("a", "1"), ("b", " "), ("c", ""))
        assert doors.verdict(scope, request, market.verdict, Contract.MARKET, gate).allowed

    @pytest.mark.parametrize(
        ("raw", "path"),
        [(b"http://host/a/b?x=1", "/a/b"), (b"/a?b=://c", "/a"), (b"https://host", "/"), (b"*", "*"), (b"/%ff", "/�")],
    )
    def test_targets(self, raw: bytes, path: str) -> None:
        scope = {"method": "POST", "path": "/", "raw_path": raw, "headers": []}
        assert Request.from_asgi(scope).path == path

    def test_request_ids_are_made_here(self) -> None:
        scope = {"method": "GET", "path": "/", "headers": [(b"x-request-id", b"mine")]}
        first, second = Request.from_asgi(scope), Request.from_asgi(scope)
        assert first.request_id != second.request_id
        assert first.request_id == first.request_id.upper()
        assert len(first.request_id) == 36

    def test_single_values_of_an_event(self) -> None:
        made = event(Request("GET", "/x", (("a", "1"),), (("A", "b"),), "R"))
        made["multiValueHeaders"] = made["multiValueQueryStringParameters"] = None
        found = Request.from_rest_event(made)
        assert (found.query, found.headers) == ((("a", "1"),), (("A", "b"),))
