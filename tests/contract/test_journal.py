"""What is told of a call: an allow-list, and never a photo, a credential, a token or an address."""

from __future__ import annotations

import io
import json
import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from gatekeeper import Contract
from serving.journal import Entry, Journal, aside, describe, level, logger
from serving.meter import EmfMeter, Meter
from tests.contract import kit
from tests.contract.calls import signed
from tests.contract.web import Site

POWERTOOLS = {"level", "location", "message", "timestamp", "service"}
ALLOWED = POWERTOOLS | {field.name for field in fields(Entry)}


def lines(printed: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in printed.getvalue().splitlines()]


def test_one_line_for_every_call(bench: kit.Bench, printed: io.StringIO) -> None:
    bench.market({"image": kit.b64(kit.portrait())}, headers={"X-Request-Id": "mine"})
    (line,) = lines(printed)
    told = {name: line[name] for name in ("contract", "client", "caller_id", "code", "status", "billed", "images")}
    assert told == {
        "contract": "market",
        "client": bench.clients[Contract.MARKET],
        "caller_id": "mine",
        "code": "0",
        "status": 200,
        "billed": True,
        "images": 1,
    }
    assert line["bytes_in"] > 100_000
    assert 0 <= line["ms_work"] <= line["ms"]


def test_only_allowed_fields_and_nothing_secret(bench: kit.Bench, site: Site, printed: io.StringIO) -> None:
    photo = kit.b64(kit.portrait())
    bench.names[site.host] = "127.0.0.1"
    url = site.put("/private/path.jpg?token=hush", kit.portrait())
    token = bench.token()
    market, cloud, face = (bench.secrets[contract] for contract in Contract)
    bench.market({"image": photo})
    bench.market({"url": url})
    bench.market({"url": "http://unknown.example/hush"})
    bench.http.get("/market/liveness", params={"image": photo[:2000], "AppCode": market["appcode"]})
    signed(bench, {"image": photo})
    signed(bench, {"image": photo}, secret="wrong-hush")
    bench.tencent(files={"image": ("hush.jpg", kit.portrait())})
    bench.tencent(json={"url": url, "appid": cloud["appid"]})
    bench.http.post("/face/livedetectpicture", headers={"Authorization": "hush"})
    bench.baidu([{"image": photo, "image_type": "BASE64"}], params={"access_token": token})
    bench.baidu([{"image": url, "image_type": "URL"}], params={"access_token": token})
    bench.baidu([{"image": "hush", "image_type": "FACE_TOKEN"}], params={"access_token": "24.hush"})
    bench.grant(client_secret="hush")
    bench.http.get("/market/hush?hush=hush")
    bench.analyzer.broken = ValueError(f"hush {photo}")
    bench.market({"image": photo})
    bench.baidu([{"image": photo, "image_type": "BASE64"}])
    text = printed.getvalue()
    assert len(lines(printed)) >= 16
    for line in lines(printed):
        assert set(line) <= ALLOWED
    secret = [market["appcode"], market["app_key"], market["app_secret"], cloud["secret_id"], cloud["secret_key"]]
    secret += [face["api_key"], face["secret_key"], token, photo[:40], "hush", site.host, "private", "AppCode"]
    for word in secret:
        assert word not in text
    assert not re.search(r"[A-Za-z0-9+/=]{60,}", text.replace("_", " ")), "nothing that looks like base64"


def test_metrics(capsys: pytest.CaptureFixture[str]) -> None:
    journal = Journal(EmfMeter())
    capsys.readouterr()
    for _ in range(2):
        journal.write(Entry("market", "ID-1", client="c", code="0", status=200, billed=True, ms=12.345, ms_work=10.0))
    printed = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    emf = [line for line in printed if "_aws" in line]
    assert len(emf) == 2
    for line in emf:
        assert (line["contract"], line["request_id"], line["code"]) == ("market", "ID-1", "0")
        numbers = {name: line[name] for name in ("Calls", "Billed", "Faults", "Latency", "Work")}
        assert numbers == {"Calls": [1.0], "Billed": [1.0], "Faults": [0.0], "Latency": [12.35], "Work": [10.0]}
        metric = line["_aws"]["CloudWatchMetrics"][0]
        assert metric["Namespace"] == "facegate"
        assert "request_id" not in str(metric["Dimensions"])


def test_an_error_is_told_without_its_text() -> None:
    def inner() -> None:
        raise ValueError("hush")

    try:
        inner()
    except ValueError as error:
        told = describe(error)
    assert told.startswith("ValueError at ")
    assert f"{Path(__file__).name}:" in told
    assert told.endswith(":inner")
    assert "hush" not in told


# ---- a line or a number that can not be written


class NoNumbers(Meter):
    def call(self, entry: Entry) -> None:
        raise OSError(28, "No space left on device: hush")

    def stage(self, name: str, seconds: float) -> None:
        raise OSError(28, "No space left on device: hush")


def test_a_booked_call_is_answered_whatever_becomes_of_its_line(
    own_bench: kit.Bench, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*args: object, **more: object) -> None:
        raise ValueError("hush")

    monkeypatch.setattr(logger(), "info", fail)
    monkeypatch.setattr(own_bench.service.journal, "_meter", NoNumbers())
    monkeypatch.setattr(own_bench.service, "meter", NoNumbers())
    answers = [own_bench.market({"image": kit.b64(kit.portrait())}) for _ in range(2)]
    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [(200, 0)] * 2
    assert own_bench.usage(Contract.MARKET) == {("0", True): 2}
    told = capsys.readouterr().err.splitlines()
    assert {line.split(" at ")[0] for line in told} == {
        f"facegate: a line or a number of calls is lost: {name}" for name in ("ValueError", "OSError")
    }
    assert len(told) == len(set(told)), "each is told once"
    assert "hush" not in "".join(told)


def test_what_is_beside_a_call_fails_silently_where_stderr_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stderr", None)
    aside(NoNumbers().stage, "words", 1.0)


@pytest.mark.parametrize(
    ("given", "found"), [(None, "INFO"), ("", "INFO"), ("error", "ERROR"), (" DEBUG ", "DEBUG"), ("VERBOSE", "INFO")]
)
def test_levels(given: str | None, found: str) -> None:
    assert level({} if given is None else {"POWERTOOLS_LOG_LEVEL": given}) == found
