"""The ledger fails under a running server: every contract says so in its words, lets nobody in and bills nothing."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from gatekeeper import Contract
from gatekeeper.sqlite import SqliteLedger
from tests.contract import kit
from tests.faults.calls import ANSWERED, BUSY, UNAVAILABLE, all_codes
from tests.hostile.results import ROOT


def ledger_of(bench: kit.Bench) -> SqliteLedger:
    ledger = bench.gate.ledger
    assert isinstance(ledger, SqliteLedger)
    return ledger


def nothing_lost(bench: kit.Bench, billed: int) -> None:
    """So many calls of each contract are billed, and no unit is held."""
    for contract in Contract:
        assert bench.taken(contract) == billed
        assert bench.usage(contract).get(("0", True), 0) == billed


def test_locked_by_somebody_else(own_bench: kit.Bench) -> None:
    """A backup or a shell that holds the write lock: busy, after the time to wait for it."""
    ledger, token = ledger_of(own_bench), own_bench.token()
    ledger._timeout = 0.05
    while ledger._idle:
        ledger._idle.pop().close()
    other = sqlite3.connect(ledger._path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    assert all_codes(own_bench, token) == BUSY
    other.execute("ROLLBACK")
    other.close()
    assert all_codes(own_bench, token) == ANSWERED
    nothing_lost(own_bench, 1)


def test_read_only(own_bench: kit.Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file system that was mounted again for reading."""
    ledger, token, connect = ledger_of(own_bench), own_bench.token(), sqlite3.connect

    def reading(*given: Any, **options: Any) -> sqlite3.Connection:
        made: sqlite3.Connection = connect(*given, **options)
        made.execute("PRAGMA query_only=ON")
        return made

    with monkeypatch.context() as patch:
        patch.setattr("gatekeeper.sqlite.sqlite3.connect", reading)
        while ledger._idle:
            ledger._idle.pop().close()
        assert all_codes(own_bench, token) == UNAVAILABLE
        while ledger._idle:
            ledger._idle.pop().close()
    assert all_codes(own_bench, token) == ANSWERED
    nothing_lost(own_bench, 1)


def test_the_table_is_gone(own_bench: kit.Bench) -> None:
    """Somebody put a wrong file in its place."""
    ledger, token = ledger_of(own_bench), own_bench.token()
    with sqlite3.connect(ledger._path) as other:
        other.execute("ALTER TABLE calls RENAME TO away")
    assert all_codes(own_bench, token) == UNAVAILABLE
    with sqlite3.connect(ledger._path) as other:
        other.execute("ALTER TABLE away RENAME TO calls")
    other.close()
    assert all_codes(own_bench, token) == ANSWERED
    nothing_lost(own_bench, 1)


FULL = """
import json, resource, sys
from pathlib import Path
from serving.journal import logger
from tests.contract import kit
from tests.faults.calls import all_codes
logger().setLevel("CRITICAL")
folder = Path(sys.argv[1])
with kit.bench(folder) as bench:
    token = bench.token()
    first = all_codes(bench, token)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))
    second = all_codes(bench, token)
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    third = all_codes(bench, token)
    taken = {contract: bench.taken(contract) for contract in first}
print(json.dumps([first, second, third, taken]))
"""


def test_a_disk_that_is_full(tmp_path: Path) -> None:
    """The system itself takes no write beyond the first page of any file."""
    command = [sys.executable, "-c", FULL, str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    first, second, third, taken = json.loads(done.stdout.splitlines()[-1])
    assert (first, second, third) == (ANSWERED, UNAVAILABLE, ANSWERED)
    assert set(taken.values()) == {2}


@pytest.mark.parametrize("jump", [-400 * 86_400.0, -3600.0, 3600.0, 400 * 86_400.0])
def test_a_clock_that_jumps(own_bench: kit.Bench, jump: float) -> None:
    """Whatever the clock does, a total quota is not exceeded and no call is billed twice."""
    for contract in Contract:
        own_bench.change(contract, quota_total=3)
    for at in range(8):
        own_bench.clock.at = kit.START + (jump if at % 2 else 0.0)
        all_codes(own_bench)
    for contract in Contract:
        rows = own_bench.gate.ledger.usage("0000-00-00", "9999-99-99")
        assert sum(row.calls for row in rows if row.client == own_bench.clients[contract] and row.billable) == 3
        assert own_bench.taken(contract) == 3
