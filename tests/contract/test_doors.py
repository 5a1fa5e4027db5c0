"""Behind a Lambda authorizer and behind the standalone server, a request meets the same verdict and the same answer."""

from __future__ import annotations

import base64
import json
import re
import uuid
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest
from mangum import Mangum

import baidu.app
import market.app
import tencent.app
from gatekeeper import Contract, Settings, State, doors
from gatekeeper import baidu as baidu_gate
from gatekeeper import market as market_gate
from gatekeeper import tencent as tencent_gate
from serving.routes import bare
from tests.contract import kit
from tests.contract.calls import signed

APPS = {
    Contract.MARKET: (market.app.routes, market_gate.verdict, "/market/liveness"),
    Contract.TENCENT: (tencent.app.routes, tencent_gate.verdict, "/face/livedetectpicture"),
    Contract.BAIDU: (baidu.app.routes, baidu_gate.verdict, "/rest/2.0/face/v3/faceverify"),
}


def rest_event(request: httpx.Request, request_id: str = "") -> dict[str, Any]:
    """An API Gateway REST API proxy event (payload 1.0) for a request."""
    request.read()
    parts = urlsplit(str(request.url))
    query = parse_qsl(parts.query, keep_blank_values=True)
    headers = [(name.decode(), value.decode()) for name, value in request.headers.raw]
    text = "multipart" not in request.headers.get("content-type", "")
    return {
        "resource": parts.path,
        "path": parts.path,
        "httpMethod": request.method,
        "headers": dict(headers),
        "multiValueHeaders": {name: [v for n, v in headers if n == name] for name, _ in headers},
        "queryStringParameters": dict(query) or None,
        "multiValueQueryStringParameters": {name: [v for n, v in query if n == name] for name, _ in query} or None,
        "pathParameters": None,
        "stageVariables": None,
        "requestContext": {
            "requestId": request_id or str(uuid.uuid4()),
            "stage": "prod",
            "path": parts.path,
            "httpMethod": request.method,
            "identity": {"sourceIp": "192.0.2.1"},
        },
        "body": (request.content.decode() if text else base64.b64encode(request.content).decode()) or None,
        "isBase64Encoded": not text,
    }


def through_lambda(
    bench: kit.Bench, contract: Contract, request: httpx.Request, request_id: str = ""
) -> tuple[dict[str, Any], str]:
    """The function's answer behind its authorizer, and the verdict's code."""
    routes, judge, _ = APPS[contract]
    event = rest_event(request, request_id)
    asked = {**event, "type": "REQUEST", "methodArn": "arn:aws:execute-api:eu-west-1:1:api/prod/POST/x"}
    del asked["body"], asked["isBase64Encoded"]
    allowed = doors.authorize(json.loads(json.dumps(asked)), judge, bench.gate)
    assert allowed["policyDocument"]["Statement"][0]["Effect"] == "Allow"
    context = {}  # the gateway hands every value on as a string
    for name, value in allowed["context"].items():
        context[name] = json.dumps(value) if isinstance(value, bool) else str(value)
    event["requestContext"]["authorizer"] = {"principalId": allowed["principalId"], **context}
    answer = Mangum(bare(routes(bench.service)), lifespan="off")(event, SimpleNamespace())
    return dict(answer), context["auth_error"]


def plain(status: int, headers: Any, body: bytes) -> tuple[Any, ...]:
    """What must be the same at both doors: everything but ids and times."""
    kept = {name.lower(): value for name, value in dict(headers).items()}
    told = {name: value for name, value in kept.items() if name in ("content-type", "x-ca-error-code")}
    told["words"] = re.sub("X-Ca-Nonce:[^#]*", "", kept.get("x-ca-error-message", ""))
    if body:
        parsed = json.loads(body)
        for name in ("log_id", "timestamp"):
            parsed.pop(name, None)
        return status, told, parsed
    return status, told, None


Make = Callable[[kit.Bench], httpx.Request]


def build(bench: kit.Bench, contract: Contract, **more: Any) -> httpx.Request:
    return bench.http.build_request("POST", APPS[contract][2], **more)


def market_call(**changes: Any) -> Make:
    def make(bench: kit.Bench) -> httpx.Request:
        sent = {"headers": bench.appcode(), "data": {"image": kit.b64(kit.portrait())}} | changes
        return build(bench, Contract.MARKET, **sent)

    return make


def signed_call(**changes: Any) -> Make:
    def make(bench: kit.Bench) -> httpx.Request:
        caught: list[httpx.Request] = []

        def post(path: str, **sent: Any) -> None:
            caught.append(build(bench, Contract.MARKET, **sent))

        stub = SimpleNamespace(base_url=bench.http.base_url, post=post)
        bench_stub: Any = SimpleNamespace(http=stub, secrets=bench.secrets, clock=bench.clock)
        signed(bench_stub, **changes)
        return caught[0]

    return make


def tencent_call(signature: dict[str, Any] | None = None, **changes: Any) -> Make:
    def make(bench: kit.Bench) -> httpx.Request:
        head = {"Authorization": bench.signature(**(signature or {}))}
        sent = {"headers": head, "files": {"image": ("a.jpg", kit.portrait())}} | changes
        return build(bench, Contract.TENCENT, **sent)

    return make


def baidu_call(token: str | None = None, **changes: Any) -> Make:
    def make(bench: kit.Bench) -> httpx.Request:
        ask = [{"image": kit.b64(kit.portrait()), "image_type": "BASE64", "face_field": "age,landmark,quality"}]
        params = {"access_token": bench.token() if token is None else token}
        return build(bench, Contract.BAIDU, **({"params": params, "json": ask} | changes))

    return make


CASES: list[tuple[Contract, str, Make]] = [
    (Contract.MARKET, "", market_call()),
    (Contract.MARKET, "", market_call(data={"image": "AAAA"})),
    (Contract.MARKET, "A400AC", market_call(headers={"Authorization": "APPCODE x"})),
    (Contract.MARKET, "A400MA", market_call(headers={})),
    (Contract.MARKET, "", signed_call(form={"image": kit.b64(kit.portrait())})),
    (Contract.MARKET, "", signed_call(body=b'{"image":"AAAA"}', content=b'{"image":"AAAB"}')),
    (Contract.MARKET, "A400IK", signed_call(form={"image": "AAAA"}, key="200000000")),
    (Contract.MARKET, "", signed_call(form={"image": "AAAA"}, secret="wrong")),
    (Contract.TENCENT, "", tencent_call()),
    (Contract.TENCENT, "", tencent_call(files={"appid": ("appid", "1"), "image": ("a", b"1")})),
    (Contract.TENCENT, "4", tencent_call(headers={})),
    (Contract.TENCENT, "9", tencent_call({"start": 1, "end": 2})),
    (Contract.TENCENT, "14", tencent_call({"secret": b"wrong"})),
    (Contract.BAIDU, "", baidu_call()),
    (Contract.BAIDU, "", baidu_call(json=[])),
    (Contract.BAIDU, "110", baidu_call("nonsense")),
]


@pytest.mark.parametrize(("contract", "code", "make"), CASES)
def test_both_doors_say_the_same(bench: kit.Bench, contract: Contract, code: str, make: Make) -> None:
    request = make(bench)
    served = bench.http.send(request)
    if "x-ca-nonce" in request.headers:
        request = make(bench)
    answer, found = through_lambda(bench, contract, request)
    assert found == code
    body = base64.b64decode(answer["body"]) if answer["isBase64Encoded"] else answer["body"].encode()
    headers = answer.get("headers") or {name: values[0] for name, values in answer["multiValueHeaders"].items()}
    assert plain(answer["statusCode"], headers, body) == plain(served.status_code, served.headers, served.content)


def test_both_doors_count_alike(bench: kit.Bench) -> None:
    bench.change(Contract.MARKET, quota_total=2)
    request = market_call()(bench)
    assert bench.http.send(request).json()["code"] == 0
    request_id = str(uuid.uuid4())
    for _ in range(2):  # the gateway delivers an event twice: one id, one call
        answer, _ = through_lambda(bench, Contract.MARKET, request, request_id)
        assert json.loads(answer["body"])["code"] == 0
    assert bench.usage(Contract.MARKET) == {("0", True): 2}
    assert bench.http.send(request).headers["x-ca-error-code"] == "B403MQ"
    assert through_lambda(bench, Contract.MARKET, request)[1] == "B403MQ"


@pytest.mark.parametrize("contract", list(Contract))
@pytest.mark.parametrize(
    "context",
    [
        None,
        {},
        {"allowed": "true"},
        {"verdict": "1", "allowed": "true", "pending": "false", "contract": "other"},
        {"principalId": "x", "auth_error": ""},
    ],
)
@pytest.mark.code("market", "X503BZ")
@pytest.mark.code("tencent", 107)
@pytest.mark.code("baidu", 2)
def test_a_function_without_a_verdict_refuses(bench: kit.Bench, contract: Contract, context: Any) -> None:
    routes, _, path = APPS[contract]
    event = rest_event(bench.http.build_request("POST", path, content=b"{}"))
    if context is not None:
        event["requestContext"]["authorizer"] = context
    answer = Mangum(bare(routes(bench.service)), lifespan="off")(event, SimpleNamespace())
    if contract is Contract.MARKET:
        assert answer["statusCode"] == 503
        assert "X503BZ" in json.dumps(answer)
    else:
        assert json.loads(answer["body"])[{"tencent": "code", "baidu": "error_code"}[contract]] in (107, 2)
    assert bench.analyzer.asked == []


@pytest.mark.parametrize("contract", list(Contract))
def test_a_verdict_of_another_request_or_contract_is_none(bench: kit.Bench, contract: Contract) -> None:
    makers = {Contract.MARKET: market_call(), Contract.TENCENT: tencent_call(), Contract.BAIDU: baidu_call()}
    request = makers[contract](bench)
    event = rest_event(request)
    asked = {**event, "methodArn": "arn"}
    routes, judge, _ = APPS[contract]
    context = doors.authorize(asked, judge, bench.gate)["context"]
    for spoiled in (
        {**context, "request_id": "other"},
        {**context, "contract": "market2"},
        {**context, "allowed": "maybe"},
    ):
        event["requestContext"]["authorizer"] = spoiled
        answer = Mangum(bare(routes(bench.service)), lifespan="off")(event, SimpleNamespace())
        assert answer["statusCode"] in (200, 503)
        assert "score" not in answer["body"]
        assert "face_list" not in answer["body"]
        assert "livemapscore" not in answer["body"]
    assert bench.analyzer.asked == []


def test_settings_reach_the_function(bench: kit.Bench) -> None:
    bench.change(Contract.BAIDU, settings=Settings(bare_body=True))
    answer, _ = through_lambda(bench, Contract.BAIDU, baidu_call()(bench))
    assert list(json.loads(answer["body"])) == ["thresholds", "face_liveness", "face_list"]


def test_a_stopped_client_is_told_so_at_both_doors(bench: kit.Bench) -> None:
    bench.change(Contract.TENCENT, state=State.SUSPENDED)
    answer, code = through_lambda(bench, Contract.TENCENT, tencent_call()(bench))
    assert code == "3"
    assert json.loads(answer["body"]) == bench.http.send(tencent_call()(bench)).json()


def test_the_token_route_needs_no_authorizer(bench: kit.Bench) -> None:
    secrets = bench.secrets[Contract.BAIDU]
    params = {
        "grant_type": "client_credentials",
        "client_id": secrets["api_key"],
        "client_secret": secrets["secret_key"],
    }
    event = rest_event(bench.http.build_request("GET", "/oauth/2.0/token", params=params))
    answer = Mangum(bare(baidu.app.routes(bench.service)), lifespan="off")(event, SimpleNamespace())
    assert json.loads(answer["body"]) == bench.http.get("/oauth/2.0/token", params=params).json()
