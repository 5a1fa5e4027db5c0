"""Who may not call, and in which words: every code that access is refused with, through HTTP."""

from __future__ import annotations

import base64
import os
import time
from typing import Any

import pytest
from aliyun_api_gateway import ApiGatewayClient, ApiGatewayRequest

from gatekeeper import Contract, LedgerBusy, LedgerUnavailable, Settings, State, baidu, credentials
from gatekeeper.vault import Vault
from tests.contract import kit

FORM = {"image": kit.b64(kit.portrait())}


# ---- market


def gateway(response: Any, code: str, status: int, message: str) -> None:
    """An error of the market's gateway: no body, three headers."""
    assert response.content == b""
    assert (response.headers["x-ca-error-code"], response.status_code) == (code, status)
    assert response.headers["x-ca-error-message"] == message
    request_id = response.headers["x-ca-request-id"]
    assert (len(request_id), request_id) == (36, request_id.upper())


def signed(bench: kit.Bench, form: Any = None, body: Any = None, **changes: Any) -> Any:
    """A market call signed by the gateway's client, changed before it is sent."""
    secrets = bench.secrets[Contract.MARKET]
    key, secret = changes.pop("key", secrets["app_key"]), changes.pop("secret", secrets["app_secret"])
    method = changes.pop("method", "HmacSHA256")
    client = ApiGatewayClient(str(bench.http.base_url), key, secret, signature_method=method, clock=bench.clock)
    more = {"form": form} if form is not None else {"body": body, "content_type": "application/json"}
    asked = ApiGatewayRequest("POST", "/market/liveness", **more)
    made = client.sign(asked, timestamp=changes.pop("timestamp", None), nonce=changes.pop("nonce", None))
    headers = dict(made.headers) | changes.pop("headers", {})
    content = changes.pop("content", made.body)
    return bench.http.post("/market/liveness", content=content, headers={k: v for k, v in headers.items() if v})


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


# ---- tencent


def refused(response: Any, code: int, status: int, message: str) -> None:
    assert (response.status_code, response.json()) == (status, {"code": code, "message": message})


def photo() -> dict[str, Any]:
    return {"files": {"image": ("a.jpg", kit.portrait())}}


@pytest.mark.code("tencent", 4)
@pytest.mark.parametrize("headers", [{}, {"Authorization": ""}, {"Authorization": "Basic"}])
def test_no_signature(bench: kit.Bench, headers: dict[str, str]) -> None:
    refused(bench.http.post("/face/livedetectpicture", headers=headers, **photo()), 4, 401, "签名为空")


@pytest.mark.code("tencent", 5)
@pytest.mark.parametrize(
    "text",
    [
        "!",
        "AAAA",
        "A" * 100,
        "A" * 60_000,
        "Bearer " + "A" * 40,
        base64.b64encode(bytes(20) + b"a=1&b=&k=x&e=1&t=1&r=1&f=").decode()[:-5],
        base64.b64encode(bytes(20) + b"a=one&k=x&e=2&t=1").decode(),
        base64.b64encode(bytes(20) + b"a=1&a=2&k=x&e=2&t=1").decode(),
        base64.b64encode(bytes(20) + b"a=1&k=x&e=nan&t=1").decode(),
        base64.b64encode(bytes(20) + b"a=1&k=x&e=2&t=\xff").decode(),
        base64.urlsafe_b64encode(b"\xfb\xff" * 30).decode(),
    ],
)
def test_an_absurd_signature(bench: kit.Bench, text: str) -> None:
    response = bench.http.post("/face/livedetectpicture", headers={"Authorization": text}, **photo())
    refused(response, 5, 401, "签名串错误")
    assert bench.usage(Contract.TENCENT) == {}


@pytest.mark.code("tencent", 6)
def test_another_clients_appid_in_the_body(bench: kit.Bench) -> None:
    response = bench.tencent(files={"appid": (None, "1250000001"), "image": ("a", kit.portrait())})
    refused(response, 6, 403, "签名中的 APPID/Bucket 与操作目标不匹配")
    assert bench.usage(Contract.TENCENT) == {("6", False): 1}
    assert bench.taken(Contract.TENCENT) == 0


@pytest.mark.code("tencent", 6, 16)
def test_buckets(bench: kit.Bench) -> None:
    other = credentials.add(bench.gate, Contract.TENCENT, settings=Settings(buckets=(f"theirs-{time.time_ns()}",)))
    theirs = other.client.settings.buckets[0]
    bench.change(Contract.TENCENT, settings=Settings(buckets=("ours",)))
    assert bench.tencent(headers={"Authorization": bench.signature(bucket="ours")}, **photo()).json()["code"] == 0
    response = bench.tencent(headers={"Authorization": bench.signature(bucket="none")}, **photo())
    refused(response, 16, 404, "Bucket 不存在")
    response = bench.tencent(headers={"Authorization": bench.signature(bucket=theirs)}, **photo())
    refused(response, 6, 403, "签名中的 APPID/Bucket 与操作目标不匹配")


@pytest.mark.code("tencent", 9)
@pytest.mark.parametrize(("start", "end"), [(-1000, -301), (301, 900), (-7_000_000, -400)])
def test_a_signature_out_of_its_time(bench: kit.Bench, start: int, end: int) -> None:
    now = int(kit.START)
    response = bench.tencent(headers={"Authorization": bench.signature(start=now + start, end=now + end)}, **photo())
    refused(response, 9, 401, "签名过期")


def test_the_clock_may_be_off_by_what_the_client_is_granted(bench: kit.Bench) -> None:
    late = {"Authorization": bench.signature(start=int(kit.START) - 1000, end=int(kit.START) - 299)}
    assert bench.tencent(headers=late, **photo()).json()["code"] == 0
    bench.change(Contract.TENCENT, settings=Settings(clock_skew=0))
    refused(bench.tencent(headers=late, **photo()), 9, 401, "签名过期")


@pytest.mark.code("tencent", 10)
def test_an_unknown_appid(bench: kit.Bench) -> None:
    response = bench.tencent(headers={"Authorization": bench.signature(appid="1259999998")}, **photo())
    refused(response, 10, 404, "APPID 不存在")


@pytest.mark.code("tencent", 11)
def test_an_unknown_secret_id(bench: kit.Bench) -> None:
    response = bench.tencent(headers={"Authorization": bench.signature(secret_id="AKIDnone")}, **photo())
    refused(response, 11, 401, "SecretId 不存在")


@pytest.mark.code("tencent", 12)
def test_anothers_appid(bench: kit.Bench) -> None:
    other = credentials.add(bench.gate, Contract.TENCENT).secrets
    response = bench.tencent(headers={"Authorization": bench.signature(appid=other["appid"])}, **photo())
    refused(response, 12, 401, "APPID 和 SecretId 不匹配")


@pytest.mark.code("tencent", 13)
def test_a_one_time_signature_comes_again(bench: kit.Bench) -> None:
    once = {"Authorization": bench.signature(end=0, file_id="photo-1")}
    assert bench.tencent(headers=once, **photo()).json()["code"] == 0
    refused(bench.tencent(headers=once, **photo()), 13, 403, "重放攻击")
    assert bench.usage(Contract.TENCENT) == {("0", True): 1, ("13", False): 1}


@pytest.mark.code("tencent", 14)
def test_a_wrong_digest(bench: kit.Bench) -> None:
    response = bench.tencent(headers={"Authorization": bench.signature(secret=b"wrong")}, **photo())
    refused(response, 14, 401, "签名校验失败")


@pytest.mark.code("tencent", 15)
@pytest.mark.parametrize("limit", ["rate", "quota_day"])
def test_too_many_calls(bench: kit.Bench, limit: str) -> None:
    bench.change(Contract.TENCENT, **{limit: 1})
    assert bench.tencent(**photo()).json()["code"] == 0
    refused(bench.tencent(**photo()), 15, 403, "操作太频繁，触发频控")


@pytest.mark.code("tencent", 3)
@pytest.mark.parametrize("change", [{"state": State.SUSPENDED}, {"quota_total": 0}, {"expires": kit.START}])
def test_an_account_in_arrears(bench: kit.Bench, change: dict[str, Any]) -> None:
    bench.change(Contract.TENCENT, **change)
    refused(bench.tencent(**photo()), 3, 403, "account abnormal,errorno is:2")


# ---- baidu


def platform(response: Any, code: int, message: str) -> None:
    assert (response.status_code, response.json()) == (200, {"error_code": code, "error_msg": message})


ASK = [{"image": kit.b64(kit.portrait()), "image_type": "BASE64"}]


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


# ---- the ledger is away


class Away:
    """A ledger that does not answer."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def __getattr__(self, name: str) -> Any:
        def refuse(*args: Any, **more: Any) -> Any:
            raise self.error

        return refuse


@pytest.mark.code("market", "X503BZ")
@pytest.mark.code("tencent", 107, 108)
@pytest.mark.code("baidu", 2, 4)
@pytest.mark.parametrize(
    ("error", "tencent", "words"),
    [
        (LedgerUnavailable("gone"), 107, (2, "Service temporarily unavailable")),
        (LedgerBusy("slow"), 108, (4, "Open api request limit reached")),
    ],
)
def test_nobody_comes_in_without_the_ledger(
    own_bench: kit.Bench, error: Exception, tencent: int, words: tuple[int, str]
) -> None:
    token = own_bench.token()
    assert own_bench.market(FORM).json()["code"] == 0
    assert own_bench.tencent(**photo()).json()["code"] == 0
    assert own_bench.baidu(ASK).json()["error_code"] == 0
    ledger = own_bench.gate.ledger
    own_bench.gate.ledger = Away(error)
    try:
        market = own_bench.market(FORM)
        assert (market.status_code, market.headers["x-ca-error-code"], market.content) == (503, "X503BZ", b"")
        refused(own_bench.tencent(**photo()), tencent, 503, "鉴权服务不可用")
        params = {"access_token": token}
        platform(own_bench.http.post("/rest/2.0/face/v3/faceverify", params=params, json=ASK), *words)
        granted = own_bench.grant()
        assert (granted.status_code, granted.json()["error"]) == (503, "temporarily_unavailable")
        assert own_bench.http.get("/healthz").json() == {"status": "not ready", "problem": "ledger"}
        assert own_bench.http.get("/livez").status_code == 200
    finally:
        own_bench.gate.ledger = ledger
    assert own_bench.http.get("/healthz").status_code == 200


@pytest.mark.code("market", "X503BZ")
def test_an_answer_that_can_not_be_booked_is_not_given(own_bench: kit.Bench) -> None:
    ledger = own_bench.gate.ledger

    def leave(image: bytes) -> None:
        own_bench.gate.ledger = Away(LedgerUnavailable("gone"))

    own_bench.analyzer.hook = leave
    response = own_bench.market(FORM)
    own_bench.gate.ledger = ledger
    assert (response.status_code, response.content) == (503, b"")
    assert own_bench.usage(Contract.MARKET) == {}
    assert own_bench.taken(Contract.MARKET) == 1, "the unit is held until its lease ends"
    own_bench.clock.at += own_bench.gate.options.lease + 1
    ledger.sweep(own_bench.clock.at)
    assert own_bench.taken(Contract.MARKET) == 0
    assert own_bench.usage(Contract.MARKET) == {("lost", False): 1}


def test_a_bug_in_the_gate_lets_nobody_in(own_bench: kit.Bench) -> None:
    own_bench.gate.ledger = Away(KeyError("bug"))
    assert own_bench.market(FORM).headers["x-ca-error-code"] == "X503BZ"
    assert own_bench.tencent(**photo()).json()["code"] == 107
