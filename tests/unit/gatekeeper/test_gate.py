"""Booking, caching and faults."""

from __future__ import annotations

from dataclasses import astuple, replace
from typing import Any, cast

import pytest

from gatekeeper import (
    Contract,
    Gate,
    Ledger,
    LedgerBusy,
    LedgerUnavailable,
    Options,
    Request,
    Settings,
    Settled,
    UsageRow,
    Verdict,
    baidu,
    market,
    tencent,
)
from gatekeeper.credentials import Issued, add, change
from gatekeeper.demo import credentials, ensure_demo
from gatekeeper.dynamodb import DynamoLedger
from gatekeeper.refusals import unavailable
from gatekeeper.sqlite import SqliteLedger
from gatekeeper.types import ConfigError
from tests.unit.gatekeeper.calls import JUDGES, call
from tests.unit.gatekeeper.conftest import LOST_ANSWER, Clock, Cloud
from tests.unit.gatekeeper.nobody import NOBODY, NOON


def used(gate: Gate, client_id: str) -> int:
    return gate.ledger.used(client_id, gate.day(NOON))[0]


def rows(gate: Gate) -> list[UsageRow]:
    return list(gate.ledger.usage(gate.day(NOON), gate.day(NOON)))


class Broken:
    """A ledger whose named method fails."""

    def __init__(self, ledger: Ledger, name: str, error: type[Exception]) -> None:
        self._ledger, self._name, self._error = ledger, name, error

    def __getattr__(self, name: str) -> Any:
        if name == self._name:
            raise self._error("down")
        return getattr(self._ledger, name)


class TestBothLedgers:
    @pytest.mark.parametrize("contract", list(Contract))
    def test_a_call_from_end_to_end(self, both: Gate, contract: Contract) -> None:
        ensure_demo(both)
        judge, name = JUDGES[contract], f"demo-{contract}"
        good = judge(call(both, contract), both)
        assert good.allowed
        assert both.settle(good, "0", billable=True) is good
        bad = judge(call(both, contract, "R2"), both)
        both.settle(bad, "9", billable=False)
        assert used(both, name) == 1
        day = both.day(NOON)
        assert rows(both) == [UsageRow(day, name, contract, "0", True, 1), UsageRow(day, name, contract, "9", False, 1)]

    def test_a_revoked_client_is_refused_although_it_is_cached(self, both: Gate) -> None:
        ensure_demo(both)
        other = Gate(both.ledger, both.vault, both.now)
        assert baidu.verdict(call(both, Contract.BAIDU), both).allowed
        old = call(both, Contract.BAIDU, "R2")
        change(other, "demo-baidu", lambda client: replace(client, generation=2))
        assert baidu.verdict(old, both).code == "110"

    def test_one_time_signature_in_two_processes(self, both: Gate) -> None:
        ensure_demo(both)
        texts = credentials(both, Contract.TENCENT)
        value = tencent.sign(
            texts["appid"], texts["secret_id"], texts["secret_key"].encode(), int(NOON), 0, 1, file_id="f"
        )
        answers = [
            tencent.verdict(Request("POST", "/x", (), (("Authorization", value),), f"R{i}"), gate).code
            for i, gate in enumerate([both, Gate(both.ledger, both.vault, both.now)])
        ]
        assert answers == ["", "13"]

    def test_faces(self, both: Gate, clock: Clock) -> None:
        ensure_demo(both)
        verdict = baidu.verdict(call(both, Contract.BAIDU), both)
        other = replace(verdict, client="other")
        token = both.remember_face(verdict, b"image", '{"age": 34}')
        assert len(token) == 32
        assert both.remember_face(verdict, b"image", '{"age": 34}') == token
        assert both.recall_face(verdict, token) == '{"age": 34}'
        assert both.recall_face(other, token) is None
        assert both.vault.face_token("other", b"image") != token
        assert both.recall_face(verdict, "0" * 32) is None
        assert Gate(both.ledger, NOBODY.vault, clock).recall_face(verdict, token) is None
        clock.at += both.options.face_seconds
        assert both.recall_face(verdict, token) is None


class TestClocks:
    @pytest.mark.parametrize("days", [1, 8, 14, 31, 40, 365])
    def test_one_that_jumps_forward_and_back_gives_no_days_quota_again(
        self, both: Gate, clock: Clock, days: int
    ) -> None:
        ensure_demo(both)
        change(both, "demo-market", lambda client: replace(client, quota_day=1))
        requests = [call(both, Contract.MARKET, f"R{number}") for number in range(4)]
        assert both.settle(market.verdict(requests[0], both), "0", billable=True).allowed
        for moved in range(3):
            clock.at = NOON + (days + moved) * 86_400
            fresh = Gate(both.ledger, both.vault, clock)
            assert market.verdict(requests[1 + moved], fresh).allowed
        clock.at = NOON
        for gate in (both, Gate(both.ledger, both.vault, clock)):
            assert market.verdict(replace(requests[0], request_id="again"), gate).code == "T429MR"


class Forgetful:
    """A ledger that carries its first settlements out and loses the answers."""

    def __init__(self, ledger: Ledger, losses: int) -> None:
        self._ledger, self._losses = ledger, losses

    def __getattr__(self, name: str) -> Any:
        return getattr(self._ledger, name)

    def settle(self, *call: Any) -> Settled:
        settled = self._ledger.settle(*call)
        self._losses -= 1
        if self._losses >= 0:
            raise LedgerUnavailable("no answer")
        return settled


class TestBookingsThatAreNotConfirmed:
    def test_once_is_asked_for_again_and_delivered(self, both: Gate) -> None:
        ensure_demo(both)
        good = market.verdict(call(both, Contract.MARKET), both)
        forgetful = Gate(cast(Ledger, Forgetful(both.ledger, 1)), both.vault, both.now)
        assert forgetful.settle(good, "0", billable=True) is good
        assert [(row.outcome, row.calls) for row in rows(both)] == [("0", 1)]
        assert used(both, "demo-market") == 1

    def test_twice_is_refused(self, both: Gate) -> None:
        ensure_demo(both)
        good = market.verdict(call(both, Contract.MARKET), both)
        forgetful = Gate(cast(Ledger, Forgetful(both.ledger, 2)), both.vault, both.now)
        assert forgetful.settle(good, "0", billable=True).code == "X503BZ"
        assert used(both, "demo-market") == 1

    def test_over_the_wire(self, dynamo: DynamoLedger, cloud: Cloud, clock: Clock) -> None:
        gate = Gate(dynamo, NOBODY.vault, clock)
        ensure_demo(gate)
        good = market.verdict(call(gate, Contract.MARKET), gate)
        left = iter([LOST_ANSWER] * 3)  # as often as the client sends a request
        cloud.answers = lambda operation: next(left, None) if operation == "TransactWriteItems" else None
        assert gate.settle(good, "0", billable=True) is good
        assert [(row.outcome, row.calls) for row in rows(gate)] == [("0", 1)]

    def test_a_refund_and_a_busy_ledger_are_asked_once(self, gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
        ensure_demo(gate)
        good = market.verdict(call(gate, Contract.MARKET), gate)
        asked: list[bool] = []
        for error, billable in ((LedgerUnavailable, False), (LedgerBusy, True)):

            def settle(*call: Any, error: type[Exception] = error) -> Settled:
                asked.append(call[4])
                raise error("down")

            monkeypatch.setattr(gate.ledger, "settle", settle)
            gate.settle(good, "0", billable)
        assert asked == [False, True]


class TestCache:
    def test_a_client_is_read_once(self, gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
        ensure_demo(gate)
        reads: list[str] = []
        find = gate.ledger.find

        def counted(lookup: str) -> Any:
            reads.append(lookup)
            return find(lookup)

        monkeypatch.setattr(gate.ledger, "find", counted)
        request = call(gate, Contract.MARKET)
        for number in range(5):
            assert market.verdict(replace(request, request_id=f"R{number}"), gate).allowed
        assert len(reads) == 1

    def test_changed_limits_hold_at_once(self, gate: Gate) -> None:
        ensure_demo(gate)
        assert market.verdict(call(gate, Contract.MARKET), gate).allowed
        other = Gate(gate.ledger, gate.vault, gate.now)
        change(other, "demo-market", lambda client: replace(client, quota_total=1))
        assert market.verdict(call(gate, Contract.MARKET, "R2"), gate).code == "B403MQ"

    def test_a_change_costs_no_unit_of_rate(self, both: Gate, clock: Clock) -> None:
        ensure_demo(both)
        change(both, "demo-market", lambda client: replace(client, rate=1))
        assert market.verdict(call(both, Contract.MARKET), both).allowed
        clock.at += 10
        change(Gate(both.ledger, both.vault, clock), "demo-market", lambda client: replace(client, name="new"))
        assert market.verdict(call(both, Contract.MARKET, "R2"), both).allowed
        assert market.verdict(call(both, Contract.MARKET, "R3"), both).code == "T429ID"

    def test_changed_settings_arrive_at_once(self, gate: Gate) -> None:
        ensure_demo(gate)
        baidu.verdict(call(gate, Contract.BAIDU), gate)
        other = Gate(gate.ledger, gate.vault, gate.now)
        change(other, "demo-baidu", lambda client: replace(client, settings=Settings(bare_body=True)))
        assert baidu.verdict(call(gate, Contract.BAIDU, "R2"), gate).settings.bare_body

    def test_a_client_that_never_stands_still_is_busy(self, gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
        ensure_demo(gate)
        admit = gate.ledger.admit

        def moving(client: Any, *rest: Any) -> Any:
            change(gate, client.id, lambda found: found)
            return admit(client, *rest)

        monkeypatch.setattr(gate.ledger, "admit", moving)
        assert tencent.verdict(call(gate, Contract.TENCENT), gate).code == "108"

    def test_many_keys(self, gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("gatekeeper.gate.CACHE_ENTRIES", 2)
        ensure_demo(gate)
        for number, contract in enumerate([*Contract, *Contract]):
            assert JUDGES[contract](call(gate, contract, f"R{number}"), gate).allowed


class TestFaults:
    @pytest.mark.parametrize("method", ["find", "admit"])
    @pytest.mark.parametrize(
        ("contract", "error", "code", "status"),
        [
            (Contract.MARKET, LedgerUnavailable, "X503BZ", 503),
            (Contract.MARKET, LedgerBusy, "X503BZ", 503),
            (Contract.TENCENT, LedgerUnavailable, "107", 503),
            (Contract.TENCENT, LedgerBusy, "108", 503),
            (Contract.BAIDU, LedgerUnavailable, "2", 200),
            (Contract.BAIDU, LedgerBusy, "4", 200),
        ],
    )
    def test_closed(
        self, gate: Gate, contract: Contract, method: str, error: type[Exception], code: str, status: int
    ) -> None:
        ensure_demo(gate)
        request = call(gate, contract)
        broken = Gate(cast(Ledger, Broken(gate.ledger, method, error)), gate.vault, gate.now)
        found = JUDGES[contract](request, broken)
        assert (found.allowed, found.code, found.status) == (False, code, status)

    def test_nonces_cannot_be_burned(self, gate: Gate) -> None:
        ensure_demo(gate)
        texts = credentials(gate, Contract.TENCENT)
        value = tencent.sign(texts["appid"], texts["secret_id"], texts["secret_key"].encode(), int(NOON), 0, 1, "", "f")
        broken = Gate(cast(Ledger, Broken(gate.ledger, "burn", LedgerUnavailable)), gate.vault, gate.now)
        assert tencent.verdict(Request("POST", "/x", (), (("Authorization", value),)), broken).code == "107"

    def test_token_route(self, gate: Gate) -> None:
        broken = Gate(cast(Ledger, Broken(gate.ledger, "find", LedgerUnavailable)), gate.vault, gate.now)
        made = baidu.grant([("grant_type", "client_credentials"), ("client_id", "a"), ("client_secret", "b")], broken)
        assert (made.status, made.body["error"]) == (503, "temporarily_unavailable")

    def test_a_wrong_key_is_closed(self, gate: Gate) -> None:
        ensure_demo(gate)
        other = Gate(gate.ledger, NOBODY.vault, gate.now)
        assert tencent.verdict(call(gate, Contract.TENCENT), other).code == "107"

    def test_a_damaged_row_is_closed(self, gate: Gate, sqlite: SqliteLedger) -> None:
        ensure_demo(gate)
        request = call(gate, Contract.MARKET)
        with sqlite._write() as run:
            run("UPDATE clients SET settings='{'")
        assert market.verdict(request, gate).code == "X503BZ"

    @pytest.mark.parametrize("contract", list(Contract))
    def test_an_id_of_another_clients_call_is_closed(self, gate: Gate, contract: Contract) -> None:
        ensure_demo(gate)
        other = Contract.TENCENT if contract is Contract.MARKET else Contract.MARKET
        assert JUDGES[other](call(gate, other), gate).allowed
        assert JUDGES[contract](call(gate, contract), gate) == unavailable(contract, "R1")
        assert used(gate, f"demo-{contract}") == 0

    def test_an_end_that_cannot_be_booked_is_not_delivered(self, gate: Gate) -> None:
        ensure_demo(gate)
        verdict = tencent.verdict(call(gate, Contract.TENCENT), gate)
        for error, code in ((LedgerUnavailable, "107"), (LedgerBusy, "108")):
            broken = Gate(cast(Ledger, Broken(gate.ledger, "settle", error)), gate.vault, gate.now)
            found = broken.settle(verdict, "0", billable=True)
            assert (found.allowed, found.code, found.client) == (False, code, "demo-tencent")
            assert broken.settle(verdict, "9", billable=False) is verdict

    def test_a_sweep_that_fails_changes_nothing(self, gate: Gate) -> None:
        ensure_demo(gate)
        broken = Gate(cast(Ledger, Broken(gate.ledger, "sweep", LedgerUnavailable)), gate.vault, gate.now)
        assert market.verdict(call(gate, Contract.MARKET), broken).allowed


class TestSettling:
    def test_a_call_that_outlived_its_lease(self, gate: Gate, clock: Clock) -> None:
        ensure_demo(gate)
        change(gate, "demo-baidu", lambda client: replace(client, quota_total=1))
        slow = baidu.verdict(call(gate, Contract.BAIDU), gate)
        clock.at += gate.options.lease + 1
        quick = baidu.verdict(call(gate, Contract.BAIDU, "R2"), gate)
        assert gate.settle(quick, "0", billable=True).allowed
        found = gate.settle(slow, "0", billable=True)
        assert (found.allowed, found.code, found.client) == (False, "19", "demo-baidu")

    def test_dead_calls_are_swept_by_the_next_verdict(self, gate: Gate, clock: Clock) -> None:
        ensure_demo(gate)
        assert market.verdict(call(gate, Contract.MARKET), gate).allowed
        clock.at += gate.options.lease + 1
        baidu.verdict(call(gate, Contract.BAIDU, "R2"), gate)
        assert used(gate, "demo-market") == 0
        assert [row.outcome for row in rows(gate)] == ["lost"]

    def test_many_dead_calls_come_back_within_a_few_verdicts(self, both: Gate, clock: Clock) -> None:
        ensure_demo(both)
        dead = 2 * both.ledger.sweep_rows + 1
        for number in range(dead):
            market.verdict(call(both, Contract.MARKET, f"dead {number}"), both)
        clock.at += both.options.lease + 1
        for number in range(3):
            assert used(both, "demo-market") == dead - number * both.ledger.sweep_rows
            baidu.verdict(call(both, Contract.BAIDU, f"R{number}"), both)
        assert used(both, "demo-market") == 0

    @pytest.mark.parametrize("quota", [None, 30])
    def test_no_verdict_waits_for_many_dead_calls(
        self, dynamo: DynamoLedger, cloud: Cloud, clock: Clock, quota: int | None
    ) -> None:
        gate = Gate(dynamo, NOBODY.vault, clock)
        ensure_demo(gate)
        change(gate, "demo-market", lambda client: replace(client, quota_total=quota))
        for number in range(30):
            market.verdict(call(gate, Contract.MARKET, f"dead {number}"), gate)
        clock.at += gate.options.lease + 1
        asked: list[str] = []
        cloud.answers = asked.append
        assert market.verdict(call(gate, Contract.MARKET), Gate(dynamo, gate.vault, clock)).allowed
        assert len(asked) < 30

    def test_sweeping_keeps_up(self, gate: Gate, clock: Clock) -> None:
        ensure_demo(gate)
        for number in range(450):
            gate.ledger.put_face("c1", str(number), b"", NOON + 1)
        clock.at += 2
        for number in range(4):
            market.verdict(call(gate, Contract.MARKET, f"R{number}"), gate)
        assert gate.ledger.sweep(clock.at) == 0

    def test_a_refusal_is_never_billed(self, gate: Gate) -> None:
        ensure_demo(gate)
        change(gate, "demo-market", lambda client: replace(client, quota_total=0))
        refused = market.verdict(call(gate, Contract.MARKET), gate)
        assert gate.settle(refused, refused.code, billable=True) is refused
        assert [(row.outcome, row.billable, row.calls) for row in rows(gate)] == [("B403MQ", False, 1)]

    def test_an_unknown_caller_leaves_no_row(self, gate: Gate) -> None:
        refused = market.verdict(Request("GET", "/"), gate)
        assert gate.settle(refused, refused.code, billable=False) is refused
        assert rows(gate) == []

    def test_a_verdict_that_was_made_up_is_not_billed(self, gate: Gate) -> None:
        ensure_demo(gate)
        found = gate.settle(Verdict(True, Contract.MARKET, "R7", client="demo-market"), "0", billable=True)
        assert (found.allowed, found.code) == (False, "X503BZ")

    @pytest.mark.parametrize(
        ("hours", "at", "day"),
        [
            (8, NOON, "2023-11-15"),
            (0, NOON, "2023-11-14"),
            (8, 1_700_063_999.9, "2023-11-15"),
            (8, 1_700_064_000.0, "2023-11-16"),
        ],
    )
    def test_the_ledgers_day(self, sqlite: SqliteLedger, gate: Gate, hours: float, at: float, day: str) -> None:
        assert Gate(sqlite, gate.vault, options=Options(day_offset=hours)).day(at) == day


class TestOptions:
    def test_from_the_environment(self) -> None:
        made = Options.from_env({"FACEGATE_APPCODE_TEXT": "Invalid AppCode", "FACEGATE_LEASE": "60"})
        assert made == Options(appcode_text="Invalid AppCode", lease=60)
        assert Options.from_env({}) == Options("Invalid AppCode `not exists`", 8.0, 3600.0, 300.0)

    @pytest.mark.parametrize(
        ("name", "least", "most"),
        [("FACEGATE_DAY_OFFSET", -12, 14), ("FACEGATE_FACE_SECONDS", 0, 2_592_000), ("FACEGATE_LEASE", 1, 3600)],
    )
    def test_ranges(self, name: str, least: int, most: int) -> None:
        for value in (least, most):
            assert float(value) in astuple(Options.from_env({name: str(value)}))
        for value in (least - 1, most + 1):
            with pytest.raises(ConfigError, match=f"{name}: a number from {least} to "):
                Options.from_env({name: str(value)})

    @pytest.mark.parametrize(
        ("name", "value"),
        [("FACEGATE_LEASE", "soon"), ("FACEGATE_FACE_SECONDS", "nan")],
    )
    def test_nonsense_names_the_variable(self, name: str, value: str) -> None:
        with pytest.raises(ConfigError, match=name):
            Options.from_env({name: value})


def test_a_secret_is_in_no_repr(gate: Gate) -> None:
    issued: Issued = add(gate, Contract.MARKET)
    demos = ensure_demo(gate)
    shown = repr(issued) + repr(demos) + repr(gate.ledger.keys(issued.client.id)) + repr(gate)
    for secret in (
        issued.secrets["appcode"],
        issued.secrets["app_secret"],
        demos[Contract.BAIDU].secrets["secret_key"],
    ):
        assert secret not in shown
