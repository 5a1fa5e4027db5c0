"""What both ledgers promise when several ask at one moment."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable

from gatekeeper import (
    Admission,
    Ledger,
)
from tests.unit.gatekeeper.ledgers import AT, DAY, client, settle, usage


def _together(count: int, work: Callable[[int], Admission]) -> Counter[Admission]:
    """Run the work in so many threads that start at one moment."""
    barrier = threading.Barrier(count)
    answers: list[Admission] = []

    def run(index: int) -> None:
        barrier.wait()
        answers.append(work(index))

    threads = [threading.Thread(target=run, args=(i,)) for i in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return Counter(answers)


class TestTogether:
    def test_a_quota_grants_exactly_so_many(self, ledger: Ledger) -> None:
        saved = ledger.save(client(quota_total=7))
        found = _together(16, lambda i: ledger.admit(saved, f"r{i}", DAY, AT))
        assert found == {Admission.GRANTED: 7, Admission.TOTAL_EXHAUSTED: 9}
        assert ledger.used("c1", DAY) == (7, 7)

    def test_a_rate_grants_exactly_so_many(self, ledger: Ledger) -> None:
        saved = ledger.save(client(rate=5))
        found = _together(12, lambda i: ledger.admit(saved, f"r{i}", DAY, AT))
        assert found == {Admission.GRANTED: 5, Admission.THROTTLED: 7}

    def test_one_request_id_is_granted_once(self, ledger: Ledger) -> None:
        saved = ledger.save(client())
        found = _together(8, lambda _: ledger.admit(saved, "same", DAY, AT))
        assert found == {Admission.GRANTED: 1, Admission.REPEATED: 7}
        assert ledger.used("c1", DAY) == (1, 1)

    def test_one_nonce_is_used_by_one(self, ledger: Ledger) -> None:
        found = _together(
            8, lambda i: Admission.GRANTED if ledger.burn("n", f"r{i}", AT + 10, AT) else Admission.THROTTLED
        )
        assert found[Admission.GRANTED] == 1

    def test_one_call_is_counted_once(self, ledger: Ledger) -> None:
        saved = ledger.save(client())
        ledger.admit(saved, "r1", DAY, AT)

        def end(index: int) -> Admission:
            settle(ledger, "r1", "0" if index % 2 else "96", billable=bool(index % 2))
            return Admission.GRANTED

        _together(8, end)
        assert sum(usage(ledger).values()) == 1
        billed = ("0", True) in usage(ledger)
        assert ledger.used("c1", DAY) == ((1, 1) if billed else (0, 0))
