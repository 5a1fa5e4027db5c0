"""Who may not call the market's API, and in which words: every code that access is refused with, through HTTP."""

from __future__ import annotations

import base64
import os

import pytest

from gatekeeper import Contract, Settings, State, credentials
from tests.contract import kit
from tests.contract.calls import FORM, gateway, signed


@pytest.mark.parametrize("method", ["HmacSHA256", "HmacSHA1"])
def test_signed_calls_are_served(bench: kit.Bench, method: str) -> None:
    assert signed(bench, FORM, method=method).json()["code"] == 0
    assert signed(bench, body=b'{"image":"AAAA"}', method=method).json()["code"] == 1
    assert bench.usage(Contract.MARKET) == {("0", True): 1, ("1", False): 1}


@pytest.mark.code("market", "A400AC")
@pytest.mark.parametrize("sent", ["APPCODE wrong", "APPCODE", "Bearer x", "APPCODE " + "9" * 4000])
def test_a_wrong_appcode(bench: kit.Bench, sent: str) -> None:
    response = bench.http.post("/market/liveness", data=FORM, headers={"Authorization": sent})
    gateway(response, "A400AC", 400, "Invalid AppCode `not exists`")
    assert bench.usage(Contract.MARKET) == {}


@pytest.mark.code("market", "A400AC")
def test_an_appcode_in_the_query_where_it_is_not_enabled(bench: kit.Bench) -> None:
    params = {"AppCode": bench.secrets[Contract.MARKET]["appcode"]}
    gateway(
        bench.http.post("/market/liveness", data=FORM, params=params), "A400AC", 400, "Invalid AppCode `not exists`"
    )
    bench.change(Contract.MARKET, settings=Settings(query_appcode=True))
    assert bench.http.post("/market/liveness", data=FORM, params=params).json()["code"] == 0


@pytest.mark.code("market", "A400MA")
def test_no_credential(bench: kit.Bench) -> None:
    response = bench.http.post("/market/liveness", data=FORM)
    assert response.headers["x-ca-error-code"] == "A400MA"
    assert (response.status_code, response.content) == (400, b"")


@pytest.mark.code("market", "A400IK")
def test_an_unknown_appkey(bench: kit.Bench) -> None:
    gateway(signed(bench, FORM, key="200000000"), "A400IK", 400, "Invalid AppKey")


@pytest.mark.code("market", "A400IS")
def test_a_wrong_signature(bench: kit.Bench) -> None:
    response = signed(bench, FORM, secret="wrong")
    message = response.headers["x-ca-error-message"]
    assert message.startswith("Invalid Signature, Server StringToSign:POST#application/json##")
    assert (response.headers["x-ca-error-code"], response.status_code, response.content) == ("A400IS", 400, b"")
    changed = signed(bench, FORM, content=b"image=AAAA")  # the form is part of what was signed
    assert changed.headers["x-ca-error-code"] == "A400IS"


@pytest.mark.code("market", "A404ES")
def test_an_empty_signature(bench: kit.Bench) -> None:
    gateway(signed(bench, FORM, headers={"X-Ca-Signature": ""}), "A404ES", 404, "Empty Signature")


@pytest.mark.code("market", "A400IT")
def test_an_unreadable_timestamp(bench: kit.Bench) -> None:
    gateway(signed(bench, FORM, headers={"X-Ca-Timestamp": "noon"}), "A400IT", 400, "Invalid Timestamp")


@pytest.mark.code("market", "A400TE")
@pytest.mark.parametrize("minutes", [-15.1, 15.1])
def test_a_timestamp_too_far_away(bench: kit.Bench, minutes: float) -> None:
    stamp = int((kit.START + minutes * 60) * 1000)
    gateway(signed(bench, FORM, timestamp=stamp), "A400TE", 400, "Timestamp Expired")


@pytest.mark.code("market", "A400NU")
def test_a_nonce_that_comes_again(bench: kit.Bench) -> None:
    nonce = base64.b32encode(os.urandom(10)).decode()
    assert signed(bench, FORM, nonce=nonce).json()["code"] == 0
    gateway(signed(bench, FORM, nonce=nonce), "A400NU", 400, "Nonce Used")
    assert bench.taken(Contract.MARKET) == 1


@pytest.mark.code("market", "A403EP")
def test_an_appkey_whose_time_is_over(bench: kit.Bench) -> None:
    old = bench.secrets[Contract.MARKET]
    credentials.rotate(bench.gate, bench.clients[Contract.MARKET], grace=60)
    assert signed(bench, FORM).json()["code"] == 0
    bench.clock.at += 61
    response = signed(bench, FORM, key=old["app_key"], secret=old["app_secret"])
    gateway(response, "A403EP", 403, "App authorization expired")


@pytest.mark.code("market", "I400MH")
def test_a_header_that_was_signed_and_is_missing(bench: kit.Bench) -> None:
    gateway(signed(bench, FORM, headers={"X-Ca-Nonce": ""}), "I400MH", 400, "Header `X-Ca-Nonce` is Required")


@pytest.mark.code("market", "I400HD")
def test_a_header_that_can_not_be_read(bench: kit.Bench) -> None:
    response = signed(bench, FORM, headers={"X-Ca-Signature-Method": "HmacMD5"})
    gateway(response, "I400HD", 400, "Invalid Header `X-Ca-Signature-Method` unsupported")
    twice = [("Authorization", "APPCODE one"), ("Authorization", "APPCODE two")]
    response = bench.http.post("/market/liveness", data=FORM, headers=twice)
    assert response.headers["x-ca-error-code"] == "I400HD"


@pytest.mark.code("market", "I400I5")
def test_a_content_md5_of_another_body(bench: kit.Bench) -> None:
    response = signed(bench, body=b'{"image":"AAAA"}', content=b'{"image":"AAAB"}')
    gateway(response, "I400I5", 400, "Invalid Content-MD5")


@pytest.mark.code("market", "I403AA", "B403MI")
@pytest.mark.parametrize(
    ("state", "code", "message"),
    [(State.DISABLED, "I403AA", "Unauthorized"), (State.SUSPENDED, "B403MI", "Api Market Subscription invalid")],
)
def test_a_client_that_was_stopped(bench: kit.Bench, state: State, code: str, message: str) -> None:
    bench.change(Contract.MARKET, state=state)
    gateway(bench.market(FORM), code, 403, message)
    gateway(signed(bench, FORM), code, 403, message)
    assert bench.usage(Contract.MARKET) == {(code, False): 2}


@pytest.mark.code("market", "B403ME")
def test_a_subscription_that_has_ended(bench: kit.Bench) -> None:
    bench.change(Contract.MARKET, expires=kit.START)
    gateway(bench.market(FORM), "B403ME", 403, "Api Market Subscription expired")


@pytest.mark.code("market", "B403MQ", "T429ID", "T429MR")
@pytest.mark.parametrize(
    ("limit", "code", "status", "message"),
    [
        ("quota_total", "B403MQ", 403, "Api Market Subscription quota exhausted"),
        ("rate", "T429ID", 429, "Throttled by APP Flow Control"),
        ("quota_day", "T429MR", 429, "Too Many Requests, throttle by day quota"),
    ],
)
def test_the_markets_limits(bench: kit.Bench, limit: str, code: str, status: int, message: str) -> None:
    bench.change(Contract.MARKET, **{limit: 1})
    assert bench.market(FORM).json()["code"] == 0
    gateway(bench.market(FORM), code, status, message)
    assert bench.usage(Contract.MARKET) == {("0", True): 1, (code, False): 1}


def test_a_call_that_is_not_answered_costs_nothing(bench: kit.Bench) -> None:
    bench.change(Contract.MARKET, quota_total=1)
    for _ in range(3):
        assert bench.market({"image": "AAAA"}).json()["code"] == 1
    assert bench.market(FORM).json()["code"] == 0
    assert bench.market(FORM).headers["x-ca-error-code"] == "B403MQ"


@pytest.mark.code("market", "I405UM")
@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"])
def test_another_method(bench: kit.Bench, method: str) -> None:
    response = bench.http.request(method, "/market/liveness", headers=bench.appcode())
    gateway(response, "I405UM", 405, f"Unsupported Method `{method}`")


@pytest.mark.code("market", "I404NF")
def test_another_path(bench: kit.Bench) -> None:
    gateway(bench.http.get("/market/x%0d%0aSet-Cookie:a"), "I404NF", 404, "API not found `/market/xSet-Cookie:a`")


@pytest.mark.code("market", "I413RL")
def test_a_body_too_large(bench: kit.Bench) -> None:
    response = bench.market(content=bytes(8 * 1024 * 1024 + 1))
    gateway(response, "I413RL", 413, "Request body too Large")
    assert bench.usage(Contract.MARKET) == {("I413RL", False): 1}
