"""Whatever id an answer tells its caller stands in that call's log line."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from serving.journal import logger
from tests.contract import kit

Send = Callable[[kit.Bench, dict[str, str]], httpx.Response]
PHOTO = kit.portrait()


def market(bench: kit.Bench, headers: dict[str, str]) -> Any:
    return bench.market({"image": kit.b64(PHOTO)}, headers=headers)


def market_refused(bench: kit.Bench, headers: dict[str, str]) -> Any:
    return bench.http.post("/market/liveness", headers={"Authorization": "APPCODE none", **headers})


def market_unrouted(bench: kit.Bench, headers: dict[str, str]) -> Any:
    return bench.http.get("/market/nothing", headers=headers)


def tencent(bench: kit.Bench, headers: dict[str, str]) -> Any:
    return bench.tencent(files={"image": ("a.jpg", PHOTO)}, headers=headers)


def tencent_failed(bench: kit.Bench, headers: dict[str, str]) -> Any:
    return bench.tencent(files={"image": ("a.gif", b"GIF89a")}, headers=headers)


def baidu(bench: kit.Bench, headers: dict[str, str]) -> Any:
    return bench.baidu([{"image": kit.b64(PHOTO), "image_type": "BASE64"}], headers=headers)


def baidu_failed(bench: kit.Bench, headers: dict[str, str]) -> Any:
    return bench.baidu([{"image": "!", "image_type": "BASE64"}], headers=headers)


def baidu_refused(bench: kit.Bench, headers: dict[str, str]) -> Any:
    return bench.http.post("/rest/2.0/face/v3/faceverify?access_token=none", json=[], headers=headers)


def token(bench: kit.Bench, headers: dict[str, str]) -> Any:
    return bench.http.get("/oauth/2.0/token", headers=headers)


SENDERS: tuple[Send, ...] = (
    market, market_refused, market_unrouted, tencent, tencent_failed, baidu, baidu_failed, baidu_refused, token,
)  # fmt: skip


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[kit.Bench]:
    with kit.bench(Path(tmp_path_factory.mktemp("bench"))) as made:
        yield made


@pytest.fixture
def printed() -> Iterator[io.StringIO]:
    handler = logger().logger_handler
    told = io.StringIO()
    before = handler.setStream(told)  # type: ignore[attr-defined]  # a StreamHandler
    yield told
    handler.setStream(before)  # type: ignore[attr-defined]


def last(printed: io.StringIO) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(printed.getvalue().splitlines()[-1])
    return found


@pytest.mark.parametrize("send", SENDERS)
def test_our_own_id(bench: kit.Bench, printed: io.StringIO, send: Send) -> None:
    answer = send(bench, {})
    line = last(printed)
    assert answer.headers["X-Request-Id"] == line["request_id"]
    assert "caller_id" not in line
    if "X-Ca-Request-Id" in answer.headers:
        assert answer.headers["X-Ca-Request-Id"] == line["request_id"]


@pytest.mark.parametrize("send", SENDERS)
@pytest.mark.parametrize("name", ["X-Request-Id", "x-bce-request-id"])
def test_the_callers_id(bench: kit.Bench, printed: io.StringIO, send: Send, name: str) -> None:
    answer = send(bench, {name: "order-4711.a"})
    line = last(printed)
    assert answer.headers["X-Request-Id"] == line["caller_id"] == "order-4711.a"
    assert line["request_id"] != "order-4711.a", "it decides nothing"


@pytest.mark.parametrize("send", SENDERS)
def test_an_id_that_is_none(bench: kit.Bench, printed: io.StringIO, send: Send) -> None:
    answer = send(bench, {"X-Request-Id": "<b>" + "x" * 100})
    line = last(printed)
    assert answer.headers["X-Request-Id"] == line["request_id"]
    assert "<b>" not in printed.getvalue()


@pytest.mark.parametrize("send", [baidu, baidu_failed])
def test_baidus_log_id(bench: kit.Bench, printed: io.StringIO, send: Send) -> None:
    """What Baidu's clients quote when they complain is found as well."""
    answer = send(bench, {})
    line = last(printed)
    assert str(answer.json()["log_id"]) == line["told_id"]


def test_every_id_is_another(bench: kit.Bench, printed: io.StringIO) -> None:
    for _ in range(5):
        for send in (market_refused, token):
            send(bench, {"X-Request-Id": "the-same"})
    ids = [json.loads(line)["request_id"] for line in printed.getvalue().splitlines()]
    assert len(set(ids)) == 10
