"""``make soak``: load, attacks and kills against a really started server, and its books afterwards.

Prints the load that was held, faults and codes by kind, a curve of the memory, and for every client whether what its
callers saw agrees with the ledger to the unit; exits with 1 when something does not.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gatekeeper import Contract, Gate
from gatekeeper.sqlite import SqliteLedger
from gatekeeper.vault import Vault
from serving.journal import logger
from tests.contract.kit import b64
from tests.hostile import results
from tests.soak.books import Books, leaks, lines, reconcile
from tests.soak.gateway import Gateway
from tests.soak.server import Server
from tests.soak.traffic import BROKEN, QUOTA, Caller, Clients, shots

LEASE = 60
RECOVERED = 10
"""Calls that end between two kills at least."""


@dataclass
class Report:
    """What a soak found.

    Attributes:
        seconds: How long it was under load.
        counts: Calls by kind and code.
        books: One for each client.
        memory: (seconds since the start, MB) samples.
        wrong: Everything that was not as promised; empty when all was.
        kills: Workers killed.
        faults: Log lines with an error inside.
        deliveries: How often the gateway's events were delivered; more than there were.
        events: How many there were.
        drained: Calls in progress at SIGTERM that were answered.
        slowest: Seconds of the slowest answer.
    """

    seconds: float = 0.0
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    books: list[Books] = field(default_factory=list)
    memory: list[tuple[float, float]] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    kills: int = 0
    faults: int = 0
    deliveries: int = 0
    events: int = 0
    drained: int = 0
    slowest: float = 0.0


def soak(
    folder: Path, seconds: float, callers: int, workers: int, kill_every: float, say: Callable[[str], None]
) -> Report:
    """Runs one.

    Args:
        folder: An empty one, for ledger and log.
        seconds: How long the load is kept up.
        callers: How many at once.
        workers: Processes of the server.
        kill_every: Seconds between kills.
        say: Told how it goes.
    """
    report, path, master = Report(), folder / "ledger.sqlite", os.urandom(32)
    ledger = SqliteLedger(path, timeout=30)
    gate = Gate(ledger, Vault(master))
    clients = Clients(gate)
    models = folder / "models"  # of its own: workers that start later must judge like those that started first
    shutil.copytree(results.ROOT / "models", models, ignore=shutil.ignore_patterns("training", "cards", "__pycache__"))
    environ = {
        "FACEGATE_MODELS": str(models),
        "FACEGATE_LEDGER": f"sqlite:///{path}?timeout=20", "FACEGATE_KEY": master.hex(), "FACEGATE_LEASE": str(LEASE),
    }  # fmt: skip
    server, stop, known = Server(folder, environ, workers), threading.Event(), dict[str, Any]()
    gateway_log = (folder / "gateway.log").open("w")
    before = logger().logger_handler.setStream(gateway_log)  # type: ignore[attr-defined]  # a StreamHandler
    try:
        server.wait_until_ready(300)
        first = Caller(0, server.base, clients, known, stop)
        for contract in Contract:
            for which in range(len(shots())):
                first.counts[first.good(contract, which)[:2]] += 1
        gateway = Gateway(gate, stop)
        every = [Caller(number, server.base, clients, known, stop) for number in range(1, callers + 1)]
        started = time.monotonic()
        for thread in (*every, gateway):
            thread.start()
        due, sampled, ended = kill_every, 0.0, 0
        while (at := time.monotonic() - started) < seconds or (not server.killed and at < 10 * seconds):
            done = sum(sum(caller.counts.values()) for caller in every)
            if at >= due and done >= ended + RECOVERED:  # it has recovered from the last one
                server.kill_one(int(at))
                due, ended = at + kill_every, done
            if at >= sampled:
                report.memory.append((round(at, 1), round(server.megabytes(), 1)))
                say(f"{at:6.0f} s {done:7} calls {server.killed:4} kills {report.memory[-1][1]:8.0f} MB")
                sampled = at + max(2.0, seconds / 30)
            time.sleep(0.1)
        stop.set()
        for thread in (*every, gateway):
            thread.join(120)
        report.seconds = time.monotonic() - started
        server.wait_until_ready(300)
        report.drained = _drain(server, first, workers)
        if report.drained != workers:
            report.wrong.append(f"{workers - report.drained} calls in progress were not answered at SIGTERM")
        first.close()
    finally:
        server.stop()
        logger().logger_handler.setStream(before)  # type: ignore[attr-defined]  # see above
        gateway_log.close()
    _account(report, ledger, path, server, [first, *every], gateway)
    _grep(report, server, master, clients, gateway, [first, *every])
    ledger.close()
    return report


def _drain(server: Server, caller: Caller, calls: int) -> int:
    """SIGTERM while calls are at work; how many of them were answered."""
    with ThreadPoolExecutor(calls) as pool:
        asked = [pool.submit(caller.good, Contract.BAIDU, number) for number in range(calls)]
        time.sleep(0.15)
        server.stop()
        sent = [each.result() for each in asked]
    for each in sent:
        caller.counts[each[:2]] += 1
    return sum(code == "0" for _, code, _ in sent)


def _account(
    report: Report, ledger: SqliteLedger, path: Path, server: Server, callers: list[Caller], gateway: Gateway
) -> None:
    report.kills, report.deliveries, report.events = server.killed, gateway.deliveries, sum(gateway.events.values())
    report.wrong += [text for caller in callers for text in caller.wrong] + gateway.wrong
    report.slowest = max(caller.slowest for caller in callers)
    for caller in callers:
        report.counts += caller.counts
    told = lines(server.log)
    report.faults = sum(bool(line.get("fault")) for line in told)
    at = time.time() + LEASE + 1
    for client in [f"soak-{contract}" for contract in Contract] + ["soak-few", "soak-rated"]:
        answered = [each for caller in callers for each in caller.billed.get(client, [])]
        broken = [each for caller in callers for each in caller.broken.get(client, [])]
        broken += ["gone"] * report.counts["gone", BROKEN] if client == "soak-tencent" else []
        report.books.append(reconcile(ledger, path, told, client, answered, broken, at))
    for client, events in gateway.events.items():
        booked = reconcile(ledger, path, [], client, [], ["x"] * events, at)
        if booked.billed != events:
            report.wrong.append(f"{client}: {events} events, {booked.billed} billed")
        report.books.append(Books(client, events, booked.billed, 0, 0, booked.lost, booked.units, booked.errors))
    report.wrong += [f"{books.client}: {error}" for books in report.books for error in books.errors]
    few = next(books for books in report.books if books.client == "soak-few")
    if few.billed > QUOTA:
        report.wrong.append(f"a quota of {QUOTA} let {few.billed} through")


def _grep(
    report: Report, server: Server, master: bytes, clients: Clients, gateway: Gateway, callers: list[Caller]
) -> None:
    secrets = {*clients.secrets(), *gateway.secrets(), master.hex(), b64(master)}
    for caller in callers:
        secrets |= caller.secrets
    logs = (server.log, server.log.with_name("gateway.log"))
    printed = "".join(log.read_text(encoding="utf-8", errors="replace") for log in logs)
    report.wrong += leaks(printed, secrets, [b64(shot) for shot in shots()])
    if "Traceback" in printed:
        report.wrong.append("a stack trace in the log")


def tell(report: Report) -> list[str]:
    """The report as lines."""
    calls = sum(report.counts.values())
    answered = calls - sum(count for (_, code), count in report.counts.items() if code == BROKEN)
    told = [
        f"{calls} calls in {report.seconds:.0f} s ({calls / max(report.seconds, 1):.1f} a second), "
        f"{answered} answered, slowest {report.slowest:.1f} s",
        f"{report.kills} workers killed, {report.faults} faults logged",
        "",
        "kind                 code: calls",
    ]
    for kind in sorted({kind for kind, _ in report.counts}):
        codes = ", ".join(f"{code}: {count}" for (name, code), count in sorted(report.counts.items()) if name == kind)
        told.append(f"{kind:20} {codes}")
    told += ["", "client               answered   billed undelivered   broken     lost    units"]
    told += [
        f"{b.client:20} {b.answered:8} {b.billed:8} {b.undelivered:11} {b.broken:8} {b.lost:8} {b.units:8}"
        for b in report.books
    ]
    curve = ", ".join(f"{megabytes:.0f}" for _, megabytes in report.memory)
    told += [
        "", f"gateway: {report.events} events delivered {report.deliveries} times",
        f"SIGTERM: {report.drained} calls in progress, all answered" if report.drained else "SIGTERM: none answered",
        f"memory, MB: {curve}", "",
    ]  # fmt: skip
    return told + ([f"WRONG: {text}" for text in report.wrong[:50]] or ["everything adds up, and nothing leaked"])


def main() -> int:
    """Soaks; 1 when something is not as promised."""
    parser = argparse.ArgumentParser(prog="make soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=30.0, help="under load (default %(default)s)")
    parser.add_argument("--callers", type=int, default=6, help="at once (default %(default)s)")
    parser.add_argument("--workers", type=int, default=2, help="processes of the server (default %(default)s)")
    parser.add_argument("--kill-every", type=float, default=20.0, help="seconds between kills (default %(default)s)")
    parser.add_argument("--keep", action="store_true", help="write the counts to docs/reliability.json")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="facegate-soak-") as folder:
        report = soak(
            Path(folder), options.minutes * 60, options.callers, options.workers, options.kill_every,
            lambda line: print(line, flush=True),  # noqa: T201
        )  # fmt: skip
    sys.stdout.write("\n".join(tell(report)) + "\n")
    if options.keep and not report.wrong:
        results.keep("soak", summary(report))
    return int(bool(report.wrong))


def summary(report: Report) -> dict[str, Any]:
    """What is kept of a report."""
    return {
        "minutes": round(report.seconds / 60, 1),
        "calls": sum(report.counts.values()),
        "kills": report.kills,
        "billed": sum(books.billed for books in report.books),
        "answered": sum(books.answered for books in report.books),
        "undelivered": sum(books.undelivered for books in report.books),
        "lost": sum(books.lost for books in report.books),
        "events": report.events,
        "deliveries": report.deliveries,
        "memory_first": report.memory[0][1],
        "memory_last": report.memory[-1][1],
        "memory_most": max(megabytes for _, megabytes in report.memory),
    }


if __name__ == "__main__":
    sys.exit(main())
