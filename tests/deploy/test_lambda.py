"""Every event through Lambda's own runtime client and emulator, with the files that the images and zips hold.

What is compared is what a client sees: the authorizer's verdict put into the function's event by the gateway, the
function's answer, and the standalone server's answer to the same request.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from events import demo, make
from events.cases import Case, cases
from events.gateway import authorizer_event, proxy_event
from gatekeeper import Contract, refusals
from tests.deploy import template
from tests.deploy.conftest import NAMES, Stack, read_event
from tests.deploy.emulator import body_of

EVENTS = Path(make.__file__).parent
VARYING = re.compile(
    rb'(?P<name>"(?:log_id|timestamp|access_token|refresh_token|session_key|session_secret)": ?)(?:\d+|"[^"]*")'
)
HEADERS = ("content-type", "cache-control", "x-ca-error-code", "x-ca-error-message")
CODES = {
    "market": {
        "form": "0", "json": "0", "get": "1", "no-image": "1", "two-images": "1", "broken-base64": "1", "gif": "1",
        "no-face": "2", "wrong-appcode": "A400AC", "no-credential": "A400MA", "used-up": "B403MQ", "signed-json": "0",
        "signed-form": "0", "signed-long-ago": "A400TE", "signed-used-up": "B403MQ", "wrong-method": "I405UM",
    },
    "tencent": {
        "multipart": "0", "json": "0", "no-image": "-5805", "gif": "-4016", "no-face": "-4015", "wrong-appid": "6",
        "wrong-type": "21", "no-signature": "4", "broken-signature": "5", "signed-long-ago": "9",
        "unknown-appid": "10", "unknown-secret-id": "11", "another-appid": "12", "forged": "14", "used-up": "3",
        "wrong-method": "3",
    },
    "baidu": {
        "one-photo": "0", "three-photos": "0", "two-photos": "222208", "no-photo": "222208", "no-face": "222202",
        "gif": "222203", "unknown-field": "222017", "unknown-face-token": "222209", "no-token": "110",
        "forged-token": "110", "expired-token": "111", "used-up": "19", "signed": "222202", "signed-long-ago": "14",
        "token-get": "token", "token-post": "token", "token-unknown-key": "invalid_client",
        "token-wrong-secret": "invalid_client", "wrong-method": "3",
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def clients() -> Iterator[demo.Clients]:
    """The demo clients, signing now."""
    with demo.scratch(time.time()) as found:
        yield found


@pytest.mark.parametrize(("contract", "name"), [(c, name) for c, codes in CODES.items() for name in codes])
def test_a_call_gets_the_same_answer_on_lambda_and_standalone(
    contract: str, name: str, clients: demo.Clients, stack: Stack, standalone: httpx.Client
) -> None:
    case = next(case for case in cases(clients) if (case.contract, case.name) == (contract, name))
    context = None
    if case.guarded:
        said = stack.authorizer(case.contract).invoke(authorizer_event(case))
        assert said["policyDocument"]["Statement"][0]["Effect"] == "Allow"
        context = said["context"]
    answer = stack.function(case.contract).invoke(proxy_event(case, context))
    expected = call(standalone, case)
    assert answer["statusCode"] == expected.status_code
    assert masked(body_of(answer)) == masked(expected.content)
    told = {key: value for key, value in headers_of(answer).items() if key in HEADERS}
    assert told == {key: expected.headers[key] for key in HEADERS if key in expected.headers}
    assert code_of(answer) == CODES[contract][name]


def test_every_case_has_a_code_to_expect(clients: demo.Clients) -> None:
    made = {(case.contract.value, case.name) for case in cases(clients)}
    assert made == {(contract, name) for contract, codes in CODES.items() for name in codes}


@pytest.mark.parametrize(
    "name", sorted(str(path.relative_to(EVENTS)) for c in Contract for path in (EVENTS / c).glob("*.json"))
)
def test_a_committed_event_works_on_its_own(name: str, stack: Stack) -> None:
    contract = Contract(name.split("/")[0])
    short = name.split("/")[1].removesuffix(".json")
    event = read_event(name)
    if short.endswith(".authorizer"):
        said = stack.authorizer(contract).invoke(event)["context"]
        own = read_event(name.replace(".authorizer", ""))["requestContext"]["authorizer"]
        assert (said["allowed"], said["auth_error"]) == (own["allowed"] == "true", own["auth_error"])
        return
    answer = stack.function(contract).invoke(event)
    if short == "no-verdict":
        assert code_of(answer) == refusals.unavailable(contract, "").code
    else:
        assert code_of(answer) == CODES[contract][short]


def test_the_functions_use_the_rights_that_they_have_and_no_others(stack: Stack) -> None:
    """Runs after the events, which take every way through the ledger."""
    used = stack.cloud.asked
    assert {who for who, _, _ in used} >= set(stack.functions), "the tests above come first"
    unused = {}
    for name in stack.functions:
        taken = {(action, resource) for who, action, resource in used if who == name}
        given = {
            (action, "key" if action == "kms:Decrypt" else resource)
            for action, resource in template.allowed(name)
            if action.split(":")[0] in ("dynamodb", "kms")
        }
        assert taken <= given, name
        unused[name] = given - taken
    for contract in Contract:
        assert unused[f"{NAMES[contract]}Function"] == set()
    # What a dead call holds is given back by the authorizer that comes first.
    assert set.intersection(*(unused[f"{NAMES[contract]}Authorizer"] for contract in Contract)) == set()


def test_nothing_secret_is_in_the_logs(stack: Stack, clients: demo.Clients) -> None:
    secrets = [
        text for given in (clients.secrets, clients.used_up) for part in given.values() for text in part.values()
    ]
    secrets += [*clients.tokens.values(), demo.KEY.hex()]
    for name, function in stack.functions.items():
        log = function.log.read_text()
        if name.endswith("Function"):
            assert '"message":"call"' in log.replace(" ", "")
        assert [text for text in secrets if len(text) > 12 and text in log] == []
        assert "/9j/" not in log, "a JPEG in base64"


def call(http: httpx.Client, case: Case) -> httpx.Response:
    """Sends a case over HTTP."""
    return http.request(case.method, case.path, params=list(case.query), headers=case.all_headers, content=case.body)


def headers_of(answer: dict[str, Any]) -> dict[str, str]:
    """A proxy answer's headers, their names in lower case."""
    found = dict(answer.get("headers") or {})
    found |= {name: values[-1] for name, values in (answer.get("multiValueHeaders") or {}).items()}
    return {name.lower(): value for name, value in found.items()}


def code_of(answer: dict[str, Any]) -> str:
    """The vendor's code of an answer."""
    headers = headers_of(answer)
    if "x-ca-error-code" in headers:
        assert body_of(answer) == b""
        return headers["x-ca-error-code"]
    body = json.loads(body_of(answer))
    if "access_token" in body:
        return "token"
    return str(next(body[name] for name in ("error_code", "code", "error") if name in body))


def masked(body: bytes) -> bytes:
    """A body without what differs from call to call."""
    return VARYING.sub(rb"\g<name>_", body)
