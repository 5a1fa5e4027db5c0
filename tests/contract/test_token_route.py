"""/oauth/2.0/token: every form of asking, and every refusal."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from gatekeeper import Contract, credentials
from tests.contract import kit

PATH = "/oauth/2.0/token"
KEYS = ["refresh_token", "expires_in", "scope", "session_key", "access_token", "session_secret"]


def params(bench: kit.Bench, **changes: str) -> dict[str, str]:
    secrets = bench.secrets[Contract.BAIDU]
    given = {
        "grant_type": "client_credentials",
        "client_id": secrets["api_key"],
        "client_secret": secrets["secret_key"],
    } | changes
    return {name: value for name, value in given.items() if value}


def refused(response: Any, status: int, error: str, description: str) -> None:
    body = response.json()
    assert (response.status_code, list(body)) == (status, ["error_description", "error"])
    assert (body["error"], body["error_description"]) == (error, description)


def works(bench: kit.Bench, token: str) -> bool:
    answer = bench.baidu([{"image": "AAAA", "image_type": "BASE64"}], params={"access_token": token})
    return bool(answer.json()["error_code"] == 222203)


def test_every_form_of_asking(bench: kit.Bench) -> None:
    asked = params(bench)
    split = [{"grant_type": asked.pop("grant_type")}, asked]
    asked = params(bench)
    for response in (
        bench.http.get(PATH, params=asked),
        bench.http.post(PATH, params=asked),
        bench.http.post(PATH, data=asked),
        bench.http.post(PATH, params=split[0], data=split[1]),
        bench.http.post(PATH, params=asked, headers={"Content-Type": "application/json"}),
    ):
        assert response.status_code == 200
        assert response.headers["cache-control"] == "no-store"
        body = response.json()
        assert list(body) == KEYS
        assert body["expires_in"] == 2_592_000
        assert "brain_all_scope" in body["scope"].split(" ")
        app = bench.secrets[Contract.BAIDU]["app_id"]
        expiry = int(kit.START) + 2_592_000
        assert re.fullmatch(rf"24\.[0-9a-f]{{32}}\.2592000\.{expiry}\.282335-{app}", body["access_token"])
        assert re.fullmatch(rf"25\.[0-9a-f]{{32}}\.315360000\.\d+\.282335-{app}", body["refresh_token"])
        assert works(bench, body["access_token"])


def test_a_refresh_token_gives_a_new_token(bench: kit.Bench) -> None:
    first = bench.grant().json()
    bench.clock.at += 29 * 86_400
    asked = params(bench, grant_type="refresh_token", refresh_token=first["refresh_token"])
    second = bench.http.post(PATH, data=asked).json()
    assert second["access_token"] != first["access_token"]
    bench.clock.at += 5 * 86_400
    assert not works(bench, first["access_token"])
    assert works(bench, second["access_token"])


@pytest.mark.code("token", "unknown client id")
def test_an_unknown_api_key(bench: kit.Bench) -> None:
    refused(bench.grant(client_id="unknown"), 401, "invalid_client", "unknown client id")


@pytest.mark.code("token", "Client authentication failed")
def test_a_wrong_secret(bench: kit.Bench) -> None:
    refused(bench.grant(client_secret="wrong"), 401, "invalid_client", "Client authentication failed")


@pytest.mark.code("token", "The authorization grant type is not supported")
def test_another_grant_type(bench: kit.Bench) -> None:
    response = bench.grant(grant_type="password")
    refused(response, 400, "unsupported_grant_type", "The authorization grant type is not supported")


@pytest.mark.code("token", "The request parameter {name} is missing")
@pytest.mark.parametrize("name", ["grant_type", "client_id", "client_secret"])
def test_something_is_missing(bench: kit.Bench, name: str) -> None:
    response = bench.http.get(PATH, params=params(bench, **{name: ""}))
    refused(response, 400, "invalid_request", f"The request parameter {name} is missing")


@pytest.mark.code("token", "The request parameter {name} is repeated")
def test_something_comes_twice(bench: kit.Bench) -> None:
    response = bench.http.post(PATH, params=params(bench), data={"client_id": "other"})
    refused(response, 400, "invalid_request", "The request parameter client_id is repeated")


@pytest.mark.code("token", "The request can not be read")
def test_a_body_that_can_not_be_read(bench: kit.Bench) -> None:
    words = "The request can not be read"
    refused(bench.http.post(PATH, content=bytes(65_537)), 400, "invalid_request", words)
    refused(bench.http.post(PATH, content=b"&" * 1000), 400, "invalid_request", words)


@pytest.mark.code("token", "Invalid refresh token")
def test_refresh_tokens_that_are_none(bench: kit.Bench) -> None:
    granted = bench.grant().json()
    for text in ("nonsense", granted["access_token"], granted["refresh_token"][:-1] + "x"):
        response = bench.grant(grant_type="refresh_token", refresh_token=text)
        refused(response, 400, "invalid_grant", "Invalid refresh token")
    credentials.revoke(bench.gate, bench.clients[Contract.BAIDU])
    response = bench.grant(grant_type="refresh_token", refresh_token=granted["refresh_token"])
    refused(response, 400, "invalid_grant", "Invalid refresh token")


@pytest.mark.code("token", "Service temporarily unavailable")
def test_the_ledger_is_away(own_bench: kit.Bench) -> None:
    from gatekeeper import LedgerUnavailable
    from tests.contract.calls import Away

    own_bench.gate.ledger = Away(LedgerUnavailable("gone"))
    refused(own_bench.grant(), 503, "temporarily_unavailable", "Service temporarily unavailable")


@pytest.mark.code("token", "Service temporarily unavailable")
@pytest.mark.parametrize("settings", ["{", '{"from_a_newer_release": true}'])
def test_a_client_whose_row_can_not_be_read(own_bench: kit.Bench, tmp_path: Path, settings: str) -> None:
    with sqlite3.connect(tmp_path / "ledger.sqlite") as rows:
        rows.execute("UPDATE clients SET settings = ? WHERE id = ?", (settings, own_bench.clients[Contract.BAIDU]))
    refused(own_bench.grant(), 503, "temporarily_unavailable", "Service temporarily unavailable")


@pytest.mark.code("token", "Service temporarily unavailable")
def test_an_error_that_nobody_foresaw(
    own_bench: kit.Bench, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It is written down."""

    def fail(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("baidu.app.baidu.grant", fail)
    refused(own_bench.grant(), 503, "temporarily_unavailable", "Service temporarily unavailable")
    assert any("ZeroDivisionError" in str(vars(record)) for record in caplog.records)
