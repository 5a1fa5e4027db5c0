"""Nobody comes in while the ledger is away, and nothing is given that can not be booked, through HTTP."""

from __future__ import annotations

import pytest

from gatekeeper import Contract, LedgerBusy, LedgerUnavailable
from tests.contract import kit
from tests.contract.calls import ASK, FORM, Away, photo, platform, refused


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
