"""What both ledgers promise."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gatekeeper import (
    Admission,
    Client,
    Conflict,
    Contract,
    Ledger,
    Settings,
    Settled,
    State,
    UsageRow,
)
from gatekeeper.ledger import KEEP, KEEP_REFUSED
from gatekeeper.sqlite import SqliteLedger
from tests.unit.gatekeeper.ledgers import AT, DAY, NEXT, client, kept, key, settle, usage


class TestClients:
    def test_round_trip_of_every_field(self, ledger: Ledger) -> None:
        full = client(
            account="1250000001", state=State.SUSPENDED, expires=AT + 0.1, rate=3, quota_total=10, quota_day=2,
            settings=Settings(bare_body=True, clock_skew=1.5, buckets=("a", "b")), generation=7,
        )  # fmt: skip
        assert ledger.save(full) == replace(full, version=1)
        assert ledger.client("c1") == replace(full, version=1)
        assert ledger.client("c2") is None

    def test_unset_fields_and_clearing_them(self, ledger: Ledger) -> None:
        saved = ledger.save(client(rate=3, expires=AT))
        assert ledger.save(replace(saved, rate=None, expires=None)) == ledger.client("c1") == client(version=2)

    def test_a_taken_id_is_a_conflict(self, ledger: Ledger) -> None:
        ledger.save(client())
        with pytest.raises(Conflict):
            ledger.save(client(name="Eve"))
        assert ledger.client("c1") == client(version=1)

    def test_an_old_version_is_a_conflict_and_changes_nothing(self, ledger: Ledger) -> None:
        first = ledger.save(client())
        ledger.save(replace(first, name="new"))
        with pytest.raises(Conflict):
            ledger.save(replace(first, name="old"), [key("k")])
        found = ledger.client("c1")
        assert found is not None
        assert found.name == "new"
        assert ledger.keys("c1") == []

    def test_changing_a_client_that_is_missing_is_a_conflict(self, ledger: Ledger) -> None:
        with pytest.raises(Conflict):
            ledger.save(client(version=3))

    def test_saving_keeps_the_counters(self, ledger: Ledger) -> None:
        saved = ledger.save(client())
        ledger.admit(saved, "r1", DAY, AT)
        ledger.save(replace(saved, name="new"))
        assert ledger.used("c1", DAY) == (1, 1)

    def test_listing_by_contract(self, ledger: Ledger) -> None:
        for name, contract in (("a", Contract.BAIDU), ("b", Contract.MARKET), ("c", Contract.BAIDU)):
            ledger.save(Client(name, contract))
        assert sorted(found.id for found in ledger.clients()) == ["a", "b", "c"]
        assert sorted(found.id for found in ledger.clients(Contract.BAIDU)) == ["a", "c"]


class TestKeys:
    def test_found_with_its_client(self, ledger: Ledger) -> None:
        saved = ledger.save(client(), [key("market:k1"), key("market:k2", expires=AT + 5.25)])
        assert ledger.find("market:k1") == (key("market:k1"), saved)
        assert ledger.find("market:k2") == (key("market:k2", expires=AT + 5.25), saved)
        assert ledger.find("market:k3") is None

    @pytest.mark.parametrize("lookup", ["", "x" * 5000, "é" * 2000, "a\0b", "☃", "a'; --", "\ud800"])
    def test_absurd_names_find_nothing(self, ledger: Ledger, lookup: str) -> None:
        assert ledger.find(f"market:{lookup}") is None

    def test_a_taken_name_is_a_conflict_and_saves_nothing(self, ledger: Ledger) -> None:
        ledger.save(client(), [key("k")])
        with pytest.raises(Conflict):
            ledger.save(client(id="c2"), [key("other", client="c2"), key("k", client="c2")])
        assert ledger.client("c2") is None
        assert ledger.find("other") is None

    def test_rotation_ends_old_and_adds_new_at_once(self, ledger: Ledger) -> None:
        saved = ledger.save(client(), [key("old")])
        later = ledger.save(saved, [key("new", created=AT + 1)], {"old": AT + 60})
        assert later.version == 2
        assert ledger.keys("c1") == [key("old", expires=AT + 60), key("new", created=AT + 1)]

    def test_another_clients_key_cannot_be_ended(self, ledger: Ledger) -> None:
        ledger.save(client(), [key("k")])
        other = ledger.save(client(id="c2"))
        with pytest.raises(Conflict):
            ledger.save(other, end={"k": AT})
        found = ledger.find("k")
        assert found is not None
        assert found[0].live(AT + 1)
        assert ledger.client("c2") == other


class TestAdmission:
    def test_a_unit_is_taken_once_per_request(self, ledger: Ledger) -> None:
        saved = ledger.save(client(quota_total=2))
        assert ledger.admit(saved, "r1", DAY, AT) is Admission.GRANTED
        assert ledger.admit(saved, "r1", DAY, AT + 1) is Admission.REPEATED
        assert ledger.used("c1", DAY) == (1, 1)

    def test_a_billed_request_repeated_is_let_in_and_takes_nothing(self, ledger: Ledger) -> None:
        saved = ledger.save(client(quota_total=1))
        ledger.admit(saved, "r1", DAY, AT)
        assert settle(ledger, "r1") is Settled.BILLED
        assert ledger.admit(saved, "r1", DAY, AT) is Admission.REPEATED
        assert settle(ledger, "r1") is Settled.BILLED
        assert ledger.used("c1", DAY) == (1, 1)
        assert usage(ledger) == {("0", True): 1}

    def test_an_unbilled_request_repeated_takes_a_unit_again(self, ledger: Ledger) -> None:
        saved = ledger.save(client(quota_total=1))
        ledger.admit(saved, "r1", DAY, AT)
        assert settle(ledger, "r1", "96", billable=False) is Settled.UNBILLED
        assert ledger.used("c1", DAY) == (0, 0)
        assert ledger.admit(saved, "r1", DAY, AT) is Admission.GRANTED
        assert settle(ledger, "r1") is Settled.BILLED
        assert ledger.used("c1", DAY) == (1, 1)
        assert usage(ledger) == {("96", False): 1, ("0", True): 1}

    def test_total_quota(self, ledger: Ledger) -> None:
        saved = ledger.save(client(quota_total=2))
        answers = [ledger.admit(saved, f"r{i}", DAY, AT) for i in range(3)]
        assert answers == [Admission.GRANTED, Admission.GRANTED, Admission.TOTAL_EXHAUSTED]
        assert ledger.admit(saved, "r9", NEXT, AT) is Admission.TOTAL_EXHAUSTED
        settle(ledger, "r0", "96", billable=False)
        assert ledger.admit(saved, "r3", DAY, AT) is Admission.GRANTED

    def test_day_quota_starts_anew_with_the_day(self, ledger: Ledger) -> None:
        saved = ledger.save(client(quota_day=1))
        assert ledger.admit(saved, "r1", DAY, AT) is Admission.GRANTED
        assert ledger.admit(saved, "r2", DAY, AT) is Admission.DAY_EXHAUSTED
        assert ledger.admit(saved, "r3", NEXT, AT) is Admission.GRANTED
        assert ledger.used("c1", DAY) == (2, 1)

    def test_the_total_quota_is_told_before_the_days(self, ledger: Ledger) -> None:
        saved = ledger.save(client(quota_total=1, quota_day=1))
        ledger.admit(saved, "r1", DAY, AT)
        assert ledger.admit(saved, "r2", DAY, AT) is Admission.TOTAL_EXHAUSTED

    def test_a_refund_goes_to_the_day_of_the_admission(self, ledger: Ledger) -> None:
        saved = ledger.save(client())
        ledger.admit(saved, "r1", DAY, AT)
        ledger.admit(saved, "r2", NEXT, AT)
        ledger.settle("r1", "c1", Contract.MARKET, "96", False, NEXT, AT)
        assert ledger.used("c1", DAY) == (1, 0)
        assert ledger.used("c1", NEXT) == (1, 1)
        assert [row.day for row in ledger.usage(DAY, NEXT)] == [DAY]

    @pytest.mark.parametrize("quota", ["quota_total", "quota_day"])
    def test_a_quota_of_nothing_grants_nothing(self, ledger: Ledger, quota: str) -> None:
        saved = ledger.save(client(**{quota: 0}))
        assert ledger.admit(saved, "r1", DAY, AT) in (Admission.TOTAL_EXHAUSTED, Admission.DAY_EXHAUSTED)
        assert ledger.used("c1", DAY) == (0, 0)

    def test_a_changed_client_is_stale(self, ledger: Ledger) -> None:
        first = ledger.save(client(quota_total=5))
        ledger.save(replace(first, quota_total=0))
        assert ledger.admit(first, "r1", DAY, AT) is Admission.STALE
        assert ledger.admit(client(id="gone", version=1), "r1", DAY, AT) is Admission.STALE
        assert ledger.used("c1", DAY) == (0, 0)

    def test_another_clients_request_id_is_foreign(self, ledger: Ledger) -> None:
        saved, other = ledger.save(client()), ledger.save(client(id="c2"))
        ledger.admit(saved, "r1", DAY, AT)
        assert ledger.admit(other, "r1", DAY, AT) is Admission.FOREIGN
        assert ledger.used("c2", DAY) == (0, 0)
        assert ledger.settle("r1", "c2", Contract.MARKET, "0", True, DAY, AT) is Settled.UNKNOWN
        assert settle(ledger, "r1") is Settled.BILLED


class TestRate:
    def test_so_many_a_second(self, ledger: Ledger) -> None:
        saved = ledger.save(client(rate=2))
        answers = [ledger.admit(saved, f"r{i}", DAY, AT + i / 10) for i in range(4)]
        assert answers == [Admission.GRANTED] * 2 + [Admission.THROTTLED] * 2
        assert ledger.admit(saved, "r9", DAY, AT + 1) is Admission.GRANTED
        assert ledger.used("c1", DAY) == (3, 3)

    def test_a_repeated_request_is_not_throttled(self, ledger: Ledger) -> None:
        saved = ledger.save(client(rate=1))
        ledger.admit(saved, "r1", DAY, AT)
        assert ledger.admit(saved, "r1", DAY, AT) is Admission.REPEATED
        assert ledger.admit(saved, "r2", DAY, AT) is Admission.THROTTLED

    def test_a_stale_client_is_told_before_it_is_throttled(self, ledger: Ledger) -> None:
        first = ledger.save(client(rate=1))
        ledger.admit(first, "r1", DAY, AT)
        ledger.save(replace(first, rate=100))
        assert ledger.admit(first, "r2", DAY, AT) is Admission.STALE

    def test_a_stale_client_counts_for_nothing(self, ledger: Ledger) -> None:
        first = ledger.save(client(rate=2))
        later = ledger.save(first)
        for _ in range(5):
            assert ledger.admit(first, "r1", DAY, AT) is Admission.STALE
        answers = [ledger.admit(later, f"r{i}", DAY, AT) for i in range(3)]
        assert answers == [Admission.GRANTED, Admission.GRANTED, Admission.THROTTLED]

    def test_another_clients_request_id_is_foreign_even_when_throttled(self, ledger: Ledger) -> None:
        saved, other = ledger.save(client(rate=1)), ledger.save(client(id="c2", rate=1))
        ledger.admit(saved, "r1", DAY, AT)
        ledger.admit(other, "r2", DAY, AT)
        assert ledger.admit(other, "r1", DAY, AT) is Admission.FOREIGN

    def test_clocks_that_differ_a_little_share_a_window(self, ledger: Ledger) -> None:
        saved = ledger.save(client(rate=2))
        answers = [ledger.admit(saved, f"r{i}", DAY, AT + (i % 2)) for i in range(8)]
        assert answers.count(Admission.GRANTED) == 3  # one in the second AT, two in AT + 1

    def test_a_late_clock_counts_in_the_second_that_another_has_begun(self, ledger: Ledger) -> None:
        saved = ledger.save(client(rate=2))
        late, ahead = AT, AT + 1.5
        answers = []
        for later in (0, 0.6):  # one second of the late clock, two of the one that is ahead
            ledger.admit(saved, f"ahead {later}", DAY, ahead + later)
            answers += [ledger.admit(saved, f"late {later} {i}", DAY, late + later) for i in range(2)]
        assert answers == [Admission.GRANTED, Admission.THROTTLED] * 2

    def test_a_clock_that_jumps_back_does_not_lock_out(self, ledger: Ledger) -> None:
        saved = ledger.save(client(rate=1))
        assert ledger.admit(saved, "r1", DAY, AT + 3600) is Admission.GRANTED
        assert ledger.admit(saved, "r2", DAY, AT) is Admission.GRANTED
        assert ledger.admit(saved, "r3", DAY, AT) is Admission.THROTTLED


class TestSettling:
    def test_refusals_are_counted_once(self, ledger: Ledger) -> None:
        ledger.save(client())
        for _ in range(3):
            assert settle(ledger, "r1", "B403MQ", billable=False) is Settled.UNBILLED
        assert usage(ledger) == {("B403MQ", False): 1}
        assert ledger.used("c1", DAY) == (0, 0)

    def test_a_refusal_is_remembered_for_some_minutes_only(self, ledger: Ledger) -> None:
        saved = ledger.save(client())
        ledger.admit(saved, "r1", DAY, AT)
        for name in ("r1", "r2"):
            settle(ledger, name, "96", billable=False)
        assert kept(ledger) == {"r1": AT + KEEP, "r2": AT + KEEP_REFUSED}
        ledger.sweep(AT + KEEP_REFUSED - 1)
        assert settle(ledger, "r2", "96", billable=False, at=AT + KEEP_REFUSED - 1) is Settled.UNBILLED
        assert usage(ledger) == {("96", False): 2}

    def test_refusals_do_not_fill_the_disk(self, sqlite: SqliteLedger) -> None:
        sqlite.save(client())
        for number in range(50):
            settle(sqlite, str(number), "T429ID", billable=False)
        sqlite.sweep(AT + KEEP_REFUSED)
        assert kept(sqlite) == {}
        assert usage(sqlite) == {("T429ID", False): 50}

    def test_a_billed_end_needs_an_admission(self, ledger: Ledger) -> None:
        ledger.save(client())
        assert settle(ledger, "r1") is Settled.UNKNOWN
        assert usage(ledger) == {}

    def test_the_first_end_stands(self, ledger: Ledger) -> None:
        saved = ledger.save(client())
        for name, first in (("r1", True), ("r2", False)):
            ledger.admit(saved, name, DAY, AT)
            settle(ledger, name, "a", billable=first)
            assert settle(ledger, name, "b", billable=not first) is (Settled.BILLED if first else Settled.UNBILLED)
        assert usage(ledger) == {("a", True): 1, ("a", False): 1}
        assert ledger.used("c1", DAY) == (1, 1)

    def test_usage_rows(self, ledger: Ledger) -> None:
        saved = ledger.save(client())
        other = ledger.save(Client("c2", Contract.BAIDU))
        for name, who, day in (("a", saved, DAY), ("b", saved, DAY), ("c", other, NEXT)):
            ledger.admit(who, name, day, AT)
            ledger.settle(name, who.id, who.contract, "0", True, day, AT)
        assert list(ledger.usage(DAY, NEXT)) == [
            UsageRow(DAY, "c1", Contract.MARKET, "0", True, 2),
            UsageRow(NEXT, "c2", Contract.BAIDU, "0", True, 1),
        ]
        assert [row.day for row in ledger.usage(NEXT, NEXT)] == [NEXT]


class TestDeadCalls:
    def test_swept_after_their_lease(self, ledger: Ledger) -> None:
        saved = ledger.save(client())
        ledger.admit(saved, "r1", DAY, AT, lease=60)
        assert ledger.sweep(AT + 59) == 0
        assert ledger.sweep(AT + 60) == 1
        assert ledger.sweep(AT + 61) == 0
        assert ledger.used("c1", DAY) == (0, 0)
        assert usage(ledger) == {("lost", False): 1}

    @pytest.mark.parametrize("quota", ["quota_total", "quota_day"])
    def test_given_back_before_anyone_is_refused(self, ledger: Ledger, quota: str) -> None:
        saved = ledger.save(client(**{quota: 1}))
        ledger.admit(saved, "dead", DAY, AT, lease=60)
        assert ledger.admit(saved, "r2", DAY, AT + 30) is not Admission.GRANTED
        assert ledger.admit(saved, "r2", DAY, AT + 60) is Admission.GRANTED
        assert ledger.used("c1", DAY) == (1, 1)

    def test_a_late_end_is_booked_again_if_there_is_room(self, ledger: Ledger) -> None:
        saved = ledger.save(client(quota_total=2))
        for name in ("r1", "dead"):
            ledger.admit(saved, name, DAY, AT, lease=60)
        ledger.sweep(AT + 100)
        assert settle(ledger, "r1", at=AT + 101) is Settled.BILLED
        assert usage(ledger) == {("0", True): 1, ("lost", False): 1}
        assert ledger.used("c1", DAY) == (1, 1)

    @pytest.mark.parametrize("quota", ["quota_total", "quota_day"])
    def test_a_late_end_without_room_is_exhausted(self, ledger: Ledger, quota: str) -> None:
        saved = ledger.save(client(**{quota: 1}))
        ledger.admit(saved, "late", DAY, AT, lease=60)
        ledger.admit(saved, "r2", DAY, AT + 60)
        assert settle(ledger, "late", at=AT + 61) is Settled.EXHAUSTED
        assert settle(ledger, "r2") is Settled.BILLED
        assert ledger.used("c1", DAY) == (1, 1)

    def test_a_late_unbilled_end_keeps_its_outcome(self, ledger: Ledger) -> None:
        saved = ledger.save(client())
        ledger.admit(saved, "r1", DAY, AT, lease=60)
        ledger.sweep(AT + 100)
        assert settle(ledger, "r1", "96", billable=False, at=AT + 101) is Settled.UNBILLED
        assert usage(ledger) == {("96", False): 1}
        assert ledger.used("c1", DAY) == (0, 0)

    def test_a_lost_call_repeated_takes_a_unit_again(self, ledger: Ledger) -> None:
        saved = ledger.save(client(quota_total=1))
        ledger.admit(saved, "r1", DAY, AT, lease=60)
        ledger.sweep(AT + 60)
        assert ledger.admit(saved, "r1", DAY, AT + 61) is Admission.GRANTED
        assert ledger.used("c1", DAY) == (1, 1)


class TestNonces:
    def test_used_once(self, ledger: Ledger) -> None:
        assert ledger.burn("n", "r1", AT + 10, AT)
        assert ledger.burn("n", "r1", AT + 10, AT + 1)  # the same request asks again
        assert not ledger.burn("n", "r2", AT + 10, AT + 9.9)
        assert ledger.burn("m", "r2", AT + 10, AT)

    def test_not_free_again_after_a_clock_jumped_forward_and_back(self, ledger: Ledger) -> None:
        ledger.burn("n", "r1", AT + 10, AT)
        ledger.sweep(AT + 7000)
        assert not ledger.burn("n", "r2", AT + 10, AT + 5)

    def test_free_again_after_its_time(self, ledger: Ledger) -> None:
        ledger.burn("n", "r1", AT + 10, AT)
        assert ledger.burn("n", "r2", AT + 30, AT + 10)
        assert not ledger.burn("n", "r1", AT + 30, AT + 11)


class TestFaces:
    def test_kept_per_client_until_they_expire(self, ledger: Ledger) -> None:
        ledger.put_face("c1", "f" * 32, b"\0report", AT + 10)
        assert ledger.face("c1", "f" * 32, AT + 9.9) == b"\0report"
        assert ledger.face("c1", "f" * 32, AT + 10) is None
        assert ledger.face("c2", "f" * 32, AT) is None
        ledger.put_face("c1", "f" * 32, b"newer", AT + 20)
        assert ledger.face("c1", "f" * 32, AT + 15) == b"newer"


def test_ready(ledger: Ledger) -> None:
    ledger.ready()
