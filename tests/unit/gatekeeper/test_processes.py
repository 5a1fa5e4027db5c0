"""Limits that hold over processes, and workers that are killed."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

from gatekeeper import Admission, Client, Contract, Settled
from gatekeeper.sqlite import SqliteLedger

AT, DAY = 1_700_000_000.0, "2023-11-15"
EIGHT = range(8)

ADMIT = f"""
import sys
from pathlib import Path
from gatekeeper.sqlite import SqliteLedger
ledger = SqliteLedger(Path(sys.argv[1]), timeout=30)
client = ledger.client("c1")
print("ready", flush=True)
sys.stdin.readline()
for number in range(25):
    print(ledger.admit(client, f"{{sys.argv[2]}}-{{number}}", "{DAY}", {AT}).value)
"""

WORK = f"""
import itertools, sys
from pathlib import Path
from gatekeeper import Contract
from gatekeeper.sqlite import SqliteLedger
ledger = SqliteLedger(Path(sys.argv[1]), timeout=30)
client = ledger.client("c1")
for number in itertools.count():
    name = f"{{sys.argv[2]}}-{{number}}"
    ledger.admit(client, name, "{DAY}", {AT}, 60)
    billable = number % 3 > 0
    settled = ledger.settle(name, "c1", Contract.MARKET, "0" if billable else "96", billable, "{DAY}", {AT})
    print(f"{{name}} {{settled.value}}", flush=True)
"""


def start(script: str, path: Path, name: object) -> subprocess.Popen[str]:
    words = [sys.executable, "-c", script, str(path), str(name)]
    return subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def race(path: Path) -> Counter[str]:
    """Eight processes, 25 calls each, started together; how they were answered."""
    workers = [start(ADMIT, path, number) for number in EIGHT]
    for worker in workers:
        assert worker.stdout is not None
        assert worker.stdout.readline() == "ready\n"
    answers: Counter[str] = Counter()
    for worker in workers:
        assert worker.stdin is not None
        worker.stdin.write("\n")
        worker.stdin.flush()
    for worker in workers:
        out, _ = worker.communicate()
        assert worker.returncode == 0
        answers.update(out.split())
    return answers


def test_a_quota_holds_over_eight_processes(tmp_path: Path) -> None:
    ledger = SqliteLedger(tmp_path / "ledger.db")
    ledger.save(Client("c1", Contract.MARKET, quota_total=77))
    assert race(tmp_path / "ledger.db") == {"granted": 77, "total_exhausted": 123}
    assert ledger.used("c1", DAY) == (77, 77)
    ledger.close()


def test_a_rate_holds_over_eight_processes(tmp_path: Path) -> None:
    ledger = SqliteLedger(tmp_path / "ledger.db")
    ledger.save(Client("c1", Contract.MARKET, rate=33))
    assert race(tmp_path / "ledger.db") == {"granted": 33, "throttled": 167}
    ledger.close()


def test_killed_workers_lose_and_double_nothing(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    ledger = SqliteLedger(path, timeout=30)
    ledger.save(Client("c1", Contract.MARKET))
    reported: dict[str, str] = {}
    for number in range(4):
        worker = start(WORK, path, number)
        assert worker.stdout is not None
        for _ in range(40 + 13 * number):
            name, settled = worker.stdout.readline().split()
            reported[name] = settled
        worker.send_signal(signal.SIGKILL)
        for line in worker.stdout:
            name, _, settled = line.partition(" ")
            if settled.endswith("ed\n"):  # the last line may be cut
                reported[name] = settled.strip()
        assert worker.wait() == -signal.SIGKILL
        worker.communicate()
    billed = {name for name, settled in reported.items() if settled == Settled.BILLED}
    before = {(row.outcome, row.billable): row.calls for row in ledger.usage(DAY, DAY)}
    assert len(billed) <= before["0", True] <= len(billed) + 4  # a worker may die between booking and reporting
    for name, settled in reported.items():  # every report was booked, and repeating it changes nothing
        again = ledger.settle(name, "c1", Contract.MARKET, "0", settled == Settled.BILLED, DAY, AT)
        assert again == settled
    assert {(row.outcome, row.billable): row.calls for row in ledger.usage(DAY, DAY)} == before
    ledger.sweep(AT + 60)
    assert ledger.used("c1", DAY) == (before["0", True], before["0", True])
    client = ledger.client("c1")
    assert client is not None
    assert ledger.admit(client, "next", DAY, AT) is Admission.GRANTED
    ledger.close()
