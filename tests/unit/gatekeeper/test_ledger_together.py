"""What both ledgers promise when several ask at one moment."""

from __future__ import annotations

from collections import Counter

from gatekeeper import (
    Admission,
    Ledger,
)
from tests.unit.gatekeeper.ledgers import AT, DAY, client, settle, usage
from tests.unit.gatekeeper.together import together


class TestTogether:
    def test_a_quota_grants_exactly_so_many(self, ledger: Ledger) -> None:
        saved = ledger.save(client(quota_total=7))
        found = Counter(together(16, lambda i: ledger.admit(saved, f"r{i}", DAY, AT)))
        assert found == {Admission.GRANTED: 7, Admission.TOTAL_EXHAUSTED: 9}
        assert ledger.used("c1", DAY) == (7, 7)

    def test_a_rate_grants_exactly_so_many(self, ledger: Ledger) -> None:
        saved = ledger.save(client(rate=5))
        found = Counter(together(12, lambda i: ledger.admit(saved, f"r{i}", DAY, AT)))
        assert found == {Admission.GRANTED: 5, Admission.THROTTLED: 7}

    def test_one_request_id_is_granted_once(self, ledger: Ledger) -> None:
        saved = ledger.save(client())
        found = Counter(together(8, lambda _: ledger.admit(saved, "same", DAY, AT)))
        assert found == {Admission.GRANTED: 1, Admission.REPEATED: 7}
        assert ledger.used("c1", DAY) == (1, 1)

    def test_one_nonce_is_used_by_one(self, ledger: Ledger) -> None:
        found = together(8, lambda i: ledger.burn("n", f"r{i}", AT + 10, AT))
        assert found.count(True) == 1

    def test_one_call_is_counted_once(self, ledger: Ledger) -> None:
        saved = ledger.save(client())
        ledger.admit(saved, "r1", DAY, AT)

        together(8, lambda index: settle(ledger, "r1", "0" if index % 2 else "96", billable=bool(index % 2)))
        assert sum(usage(ledger).values()) == 1
        billed = ("0", True) in usage(ledger)
        assert ledger.used("c1", DAY) == ((1, 1) if billed else (0, 0))
