"""Who may not call Tencent's, and in which words: every code that access is refused with, through HTTP."""

from __future__ import annotations

import base64
import time
from typing import Any

import pytest

from gatekeeper import Contract, Settings, State, credentials
from gatekeeper.tencent import LONGEST
from tests.contract import kit
from tests.contract.calls import photo, refused


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


@pytest.mark.code("tencent", 5)
@pytest.mark.parametrize("lasting", [int(LONGEST) + 1, 0, -10])
def test_a_signature_for_too_long_or_for_no_time(bench: kit.Bench, lasting: int) -> None:
    start = int(kit.START)
    given = {"Authorization": bench.signature(start=start, end=start + lasting)}
    refused(bench.tencent(headers=given, **photo()), 5, 401, "签名串错误")


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
