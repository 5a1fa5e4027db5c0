"""Who may not call Baidu's, and in which words: every code that access is refused with, through HTTP."""

from __future__ import annotations

import os
from typing import Any

import pytest

from gatekeeper import Contract, State, baidu, credentials
from gatekeeper.vault import Vault
from tests.contract import kit
from tests.contract.calls import ASK, platform


@pytest.mark.code("baidu", 110)
@pytest.mark.parametrize(
    "token",
    ["", "nonsense", "24." + "0" * 32 + ".2592000.1999999999.282335-10000000", "24." + "9" * 5000, "25"],
)
def test_no_such_token(bench: kit.Bench, token: str) -> None:
    response = bench.baidu(ASK, params={"access_token": token})
    platform(response, 110, "Access token invalid or no longer valid")
    assert bench.usage(Contract.BAIDU) == {}


@pytest.mark.code("baidu", 110)
def test_tokens_that_are_not_for_this(bench: kit.Bench) -> None:
    words = "Access token invalid or no longer valid"
    granted = bench.grant().json()
    platform(bench.baidu(ASK, params={"access_token": granted["refresh_token"]}), 110, words)
    platform(bench.baidu(ASK, params={"access_token": granted["access_token"][:-1] + "x"}), 110, words)
    two = [("access_token", granted["access_token"]), ("access_token", "other")]
    platform(bench.http.post("/rest/2.0/face/v3/faceverify", params=two, json=ASK), 110, words)
    client = bench.gate.ledger.client(bench.clients[Contract.BAIDU])
    assert client is not None
    forged = baidu.make(baidu.ACCESS, client, kit.START, Vault(os.urandom(32)))  # of another installation's key
    platform(bench.baidu(ASK, params={"access_token": forged}), 110, words)


@pytest.mark.code("baidu", 110)
def test_a_revoked_token(bench: kit.Bench) -> None:
    token = bench.token()
    credentials.revoke(bench.gate, bench.clients[Contract.BAIDU])
    response = bench.baidu(ASK, params={"access_token": token})
    platform(response, 110, "Access token invalid or no longer valid")
    assert bench.baidu(ASK).json()["error_code"] == 0


@pytest.mark.code("baidu", 111)
def test_an_expired_token(bench: kit.Bench) -> None:
    token = bench.token()
    bench.clock.at += 30 * 86_400
    platform(bench.baidu(ASK, params={"access_token": token}), 111, "Access token expired")


@pytest.mark.code("baidu", 6, 15)
@pytest.mark.parametrize(
    ("change", "code", "message"),
    [
        ({"state": State.DISABLED}, 15, "app not exsits or create failed"),
        ({"state": State.SUSPENDED}, 6, "No permission to access data"),
        ({"expires": kit.START}, 6, "No permission to access data"),
    ],
)
def test_a_client_that_may_not_call(bench: kit.Bench, change: dict[str, Any], code: int, message: str) -> None:
    params = {"access_token": bench.token()}
    bench.change(Contract.BAIDU, **change)
    platform(bench.http.post("/rest/2.0/face/v3/faceverify", params=params, json=ASK), code, message)


@pytest.mark.code("baidu", 17, 18, 19)
@pytest.mark.parametrize(
    ("limit", "code", "message"),
    [
        ("quota_day", 17, "Open api daily request limit reached"),
        ("rate", 18, "Open api qps request limit reached"),
        ("quota_total", 19, "Open api total request limit reached"),
    ],
)
def test_baidus_limits(bench: kit.Bench, limit: str, code: int, message: str) -> None:
    bench.change(Contract.BAIDU, **{limit: 1})
    assert bench.baidu(ASK).json()["error_code"] == 0
    platform(bench.baidu(ASK), code, message)
    assert bench.usage(Contract.BAIDU) == {("0", True): 1, (str(code), False): 1}


@pytest.mark.code("baidu", 14)
@pytest.mark.parametrize(
    "text", ["bce-auth-v1/", "bce-auth-v1/a/b/c/d/e", "bce-auth-v1/ak/2026-01-01T00:00:00Z/1800//0"]
)
def test_a_header_signature_that_is_none(bench: kit.Bench, text: str) -> None:
    response = bench.http.post(
        "/rest/2.0/face/v3/faceverify", headers={"Authorization": f"bce-auth-v1/{text}"}, json=ASK
    )
    platform(response, 14, "IAM Certification failed")


@pytest.mark.code("baidu", 13)
def test_a_secret_that_does_not_open(own_bench: kit.Bench) -> None:
    own_bench.gate.vault = Vault(os.urandom(32))
    key = own_bench.secrets[Contract.BAIDU]["api_key"]
    head = {"Authorization": f"bce-auth-v1/{key}/2026-09-21T14:13:20Z/1800/host/{'0' * 64}"}
    response = own_bench.http.post("/rest/2.0/face/v3/faceverify", headers=head, json=ASK)
    platform(response, 13, "Get service token failed")
