"""Lambda's end comes near: every function and authorizer answers in its vendor's words before it is cut off."""

from __future__ import annotations

import json
import threading
import time
from types import SimpleNamespace
from typing import Any

import pytest
from mangum import Mangum

import baidu.app
import market.app
import tencent.app
from gatekeeper import Contract, Gate, LedgerUnavailable, Settled, Verdict, doors
from serving.deadline import Deadline
from tests.contract import kit
from tests.faults.calls import FAILED, UNAVAILABLE, lambda_event
from tests.hostile.forgeries import JUDGES

APPS = {Contract.MARKET: market.app, Contract.TENCENT: tencent.app, Contract.BAIDU: baidu.app}


class Context:
    """Lambda's: so much time is left."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def get_remaining_time_in_millis(self) -> int:
        return int((self._end - time.monotonic()) * 1000)


def admitted(bench: kit.Bench, contract: Contract) -> dict[str, Any]:
    """The event of a call that its authorizer let in."""
    client = bench.gate.ledger.client(bench.clients[contract])
    assert client is not None
    request_id = f"late-{contract}-{time.monotonic_ns()}"
    bench.gate.ledger.admit(client, request_id, bench.gate.day(bench.clock()), bench.clock())
    return lambda_event(contract, Verdict(True, contract, request_id, client=client.id, account=client.account))


def code_of(answer: dict[str, Any]) -> str:
    if not answer["body"]:
        return str(next(value for name, value in answer["headers"].items() if name.lower() == "x-ca-error-code"))
    told = json.loads(answer["body"])
    return str(told["error_code"] if "error_code" in told else told["code"])


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half a second for the work and one for the booking, whatever is left: Lambda's own end is far then."""

    def of(scope: object) -> Deadline:
        now = time.monotonic()
        return Deadline(now + 0.5, now + 1.0)

    monkeypatch.setattr("serving.flow.Deadline.of", of)
    monkeypatch.setattr("baidu.app.Deadline.of", of)


@pytest.mark.usefixtures("short")
@pytest.mark.parametrize("contract", list(Contract))
def test_work_that_would_not_end_in_time(own_bench: kit.Bench, contract: Contract) -> None:
    go = threading.Event()

    def hold(image: bytes) -> None:
        go.wait(30)

    own_bench.analyzer.hook = hold
    handler = Mangum(APPS[contract].create_app(own_bench.service), lifespan="off")
    context = Context(20.0)
    answer = dict(handler(admitted(own_bench, contract), context))  # type: ignore[arg-type]  # as much of one as is used
    assert context.get_remaining_time_in_millis() > 0
    assert code_of(answer) == FAILED[contract]
    assert own_bench.taken(contract) == 0
    go.set()
    kit.wait_for(lambda: own_bench.service.work.inside == 0)
    assert own_bench.usage(contract) == {(FAILED[contract], False): 1}, "what ends too late is not billed"


@pytest.mark.usefixtures("short")
def test_a_booking_that_would_not_end_in_time(own_bench: kit.Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    contract = Contract.MARKET
    go = threading.Event()

    def settle(*given: Any) -> Settled:
        go.wait(30)
        raise LedgerUnavailable("gone")

    event = admitted(own_bench, contract)
    monkeypatch.setattr(own_bench.gate.ledger, "settle", settle)
    context = Context(20.0)
    handler = Mangum(APPS[contract].create_app(own_bench.service), lifespan="off")
    answer = dict(handler(event, context))  # type: ignore[arg-type]  # as much of one as is used
    assert context.get_remaining_time_in_millis() > 0
    go.set()
    assert code_of(answer) == FAILED[contract]
    assert own_bench.usage(contract) == {}


def test_an_authorizer_whose_ledger_does_not_answer_in_time() -> None:
    contract = Contract.TENCENT
    go = threading.Event()

    def gate() -> Gate:
        go.wait(30)
        raise LedgerUnavailable("gone")

    asked = lambda_event(contract)
    context = Context(4.0)
    told = doors.answer(asked, context, JUDGES[contract], contract, gate)
    assert context.get_remaining_time_in_millis() > 0
    go.set()
    assert told["policyDocument"]["Statement"][0]["Effect"] == "Allow"
    assert (told["context"]["allowed"], told["context"]["auth_error"]) == (False, UNAVAILABLE[contract])


def test_a_fault_within_an_authorizer_is_no_verdict() -> None:
    def gate() -> Gate:
        raise KeyError("bug")

    asked = lambda_event(Contract.MARKET)
    with pytest.raises(KeyError):
        doors.answer(asked, Context(5), JUDGES[Contract.MARKET], Contract.MARKET, gate)


def test_the_next_call_finds_the_process_well(own_bench: kit.Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    go = threading.Event()

    def hold(image: bytes) -> None:
        go.wait(30)

    own_bench.analyzer.hook = hold
    handler = Mangum(tencent.app.create_app(own_bench.service), lifespan="off")
    with monkeypatch.context() as patch:
        patch.setattr("serving.flow.Deadline.of", lambda scope: Deadline(time.monotonic() + 0.3, None))
        answer = dict(handler(admitted(own_bench, Contract.TENCENT), Context(20.0)))  # type: ignore[arg-type]  # see above
    assert code_of(answer) == "-5802"
    go.set()
    answer = dict(handler(admitted(own_bench, Contract.TENCENT), Context(60.0)))  # type: ignore[arg-type]  # see above
    assert code_of(answer) == "0"
    assert own_bench.usage(Contract.TENCENT) == {("-5802", False): 1, ("0", True): 1}


@pytest.mark.parametrize(("left", "work", "booking"), [(29.0, 26.0, 28.5), (10.0, 8.0, 9.5), (3.0, 2.4, 2.7)])
def test_the_time_is_shared_out(left: float, work: float, booking: float) -> None:
    now = time.monotonic()
    made = Deadline.of({"aws.context": SimpleNamespace(get_remaining_time_in_millis=lambda: left * 1000)})
    assert made.work is not None
    assert made.booking is not None
    assert made.work - now == pytest.approx(work, abs=0.3)
    assert made.booking - now == pytest.approx(booking, abs=0.3)
    assert Deadline.of({}) == Deadline()


@pytest.mark.usefixtures("short")
def test_a_token_that_would_not_come_in_time(own_bench: kit.Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    go = threading.Event()

    def find(lookup: str) -> None:
        go.wait(30)

    monkeypatch.setattr(own_bench.gate.ledger, "find", find)
    asked = lambda_event(Contract.BAIDU) | {"path": "/oauth/2.0/token", "body": None, "httpMethod": "GET"}
    given = {"grant_type": "client_credentials", "client_id": "a", "client_secret": "b"}
    asked |= {"queryStringParameters": given, "multiValueQueryStringParameters": {k: [v] for k, v in given.items()}}
    context = Context(20.0)
    handler = Mangum(baidu.app.create_app(own_bench.service), lifespan="off")
    answer = dict(handler(asked, context))  # type: ignore[arg-type]  # as much of one as is used
    assert context.get_remaining_time_in_millis() > 0
    go.set()
    assert (answer["statusCode"], json.loads(str(answer["body"]))["error"]) == (503, "temporarily_unavailable")
