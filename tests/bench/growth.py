"""How time grows: with pixels, faces and photos of a batch, with clients and usage rows of an SQLite ledger."""

from __future__ import annotations

import math
import shutil
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from functools import partial
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import cv2
from tqdm import tqdm

from facecore.analyzer import Analyzer
from gatekeeper import Client, Contract, Gate, Request, credentials, market
from gatekeeper.schema import CLIENT_COLUMNS, KEY_COLUMNS, client_row, key_row
from gatekeeper.sqlite import SqliteLedger
from gatekeeper.types import Key, KeyKind
from gatekeeper.vault import Vault
from tests.bench import scenes
from tests.bench.timing import ROOT, alternate

MEGAPIXELS: Sequence[float] = (0.3, 0.6, 1, 2, 4, 8, 12, 16, 25)
FACES: Sequence[int] = (1, 2, 4, 8, 12, 16, 20)
BATCH: Sequence[int] = (1, 2, 3, 4, 6, 8)
CLIENTS = (10, 100, 1_000, 10_000, 100_000, 1_000_000)
USAGE = (10, 1_000, 100_000, 1_000_000, 10_000_000)
LEDGER_SECONDS = 240.0
"""How long rows are made for each ledger at the most."""
LEDGER_BYTES = 3_000_000_000
"""Free disk that is needed to go on to more than 100 000 rows."""
FIRST_DAY = date(2024, 1, 1).toordinal()
Curve = list[tuple[float, float]]


def measure(quick: bool) -> dict[str, Any]:
    """Powers and ratios, and under ``curves`` what they follow from."""
    found = curves(quick)
    return figures(found) | {"curves": found}


def figures(found: Mapping[str, Curve]) -> dict[str, float]:
    """Powers by which time grows (over the curve's upper half), and for the ledger the last time over the first."""
    told = {f"growth_{name}": slope(found[name]) for name in ("pixels", "faces", "batch") if name in found}
    flat = {f"growth_{name}": found[name][-1][1] / found[name][0][1] for name in ("clients", "usage") if name in found}
    most = {f"most_{name}": found[name][-1][0] for name in ("clients", "usage") if name in found}
    return told | flat | most


def slope(curve: Sequence[tuple[float, float]]) -> float:
    """The power of x that y grows with: the straight line through the logarithms of the curve's upper half."""
    part = [(math.log(x), math.log(y)) for x, y in curve[-max(2, (len(curve) + 1) // 2) :]]
    x0, y0 = (sum(values) / len(part) for values in zip(*part, strict=True))
    across = sum((x - x0) ** 2 for x, _ in part)
    return float(sum((x - x0) * (y - y0) for x, y in part) / across)


def curves(quick: bool) -> dict[str, Curve]:
    """Pairs of how much there is, and milliseconds: of processor time for photos, by the clock for the ledger."""
    rounds = 1 if quick else 9
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        analyzer = Analyzer()
        return _photos(analyzer, quick, rounds) | {
            "clients": list(_clients(CLIENTS[: 2 if quick else None], 20 if quick else 400)),
            "usage": list(_usage(USAGE[: 2 if quick else None], 20 if quick else 400)),
        }
    finally:
        cv2.setNumThreads(threads)


def _photos(analyzer: Analyzer, quick: bool, rounds: int) -> dict[str, Curve]:
    few = slice(2 if quick else None)
    sizes = {mp: (int(math.sqrt(mp * 1e6 * 16 / 9)), int(math.sqrt(mp * 1e6 * 9 / 16))) for mp in MEGAPIXELS[few]}
    frames = {mp: scenes.frame(*size) for mp, size in sizes.items()}
    works: dict[str, dict[float, Callable[[], object]]] = {
        "pixels": {mp: partial(analyzer.analyse, photo, faces=1) for mp, photo in frames.items()},
        "faces": {count: partial(analyzer.analyse, scenes.crowd(count)) for count in FACES[few]},
        "batch": {
            count: partial(analyzer.analyse_batch, [scenes.frame(quality=80 + i) for i in range(count)], faces=1)
            for count in BATCH[few]
        },
    }
    for count in FACES[few]:
        assert len(analyzer.analyse(scenes.crowd(count)).faces) == count
    found = {}
    for name, each in works.items():
        times = alternate({str(x): work for x, work in each.items()}, rounds, name, warm=1)
        found[name] = [(x, times[str(x)].least_cpu_ms) for x in each]
    return found


def _clients(counts: Sequence[int], calls: int) -> Iterator[tuple[float, float]]:
    """A verdict by an AppCode, look-up, admission and booking, among so many clients."""
    with _ledger() as gate:
        code = credentials.add(gate, Contract.MARKET).secrets["appcode"]
        there, until = 1, time.monotonic() + LEDGER_SECONDS
        for count in counts:
            rows = ((f"bench-{i}", f"market:{KeyKind.APPCODE}:{uuid.uuid4().hex}{uuid.uuid4().hex}")
                    for i in range(there, count))  # fmt: skip
            if not _fill(gate, rows, _insert_clients, count, until):
                return
            there = count
            yield count, _verdict_ms(gate, code, calls)


def _usage(counts: Sequence[int], calls: int) -> Iterator[tuple[float, float]]:
    """The same beside so many rows of usage, of 1000 days."""
    with _ledger() as gate:
        code = credentials.add(gate, Contract.MARKET).secrets["appcode"]
        there, until = 0, time.monotonic() + LEDGER_SECONDS
        for count in counts:
            rows = ((str(date.fromordinal(FIRST_DAY + i % 1000)), f"c{i // 1000}", "market", "0", 1, 1)
                    for i in range(there, count))  # fmt: skip
            if not _fill(gate, rows, _insert_usage, count, until):
                return
            there = count
            yield count, _verdict_ms(gate, code, calls)


@contextmanager
def _ledger() -> Iterator[Gate]:
    """A gate over an SQLite file that goes away, on the repository's disk."""
    (ROOT / "build").mkdir(exist_ok=True)
    with TemporaryDirectory(prefix="ledger-", dir=ROOT / "build") as folder:
        gate = Gate(SqliteLedger(Path(folder) / "ledger.sqlite"), Vault(bytes(32)))
        try:
            yield gate
        finally:
            gate.ledger.close()


def _fill(
    gate: Gate,
    rows: Iterator[tuple[object, ...]],
    insert: Callable[[SqliteLedger, list[tuple[object, ...]]], None],
    count: int,
    until: float,
) -> bool:
    """Makes rows, in pieces; False when there is no more time or disk."""
    ledger = gate.ledger
    assert isinstance(ledger, SqliteLedger)
    if count > 100_000 and shutil.disk_usage(ROOT).free < LEDGER_BYTES:
        return False
    with tqdm(desc=f"{count} rows", disable=None, leave=False) as bar:
        while piece := list(islice(rows, 20_000)):
            if time.monotonic() > until:
                return False
            insert(ledger, piece)
            bar.update(len(piece))
    return True


def _insert_clients(ledger: SqliteLedger, rows: list[tuple[object, ...]]) -> None:
    named = [(Client(str(name), Contract.MARKET), str(lookup)) for name, lookup in rows]
    clients = [client_row(client) for client, _ in named]
    keys = [key_row(Key(lookup, client.id, KeyKind.APPCODE, "0000..."), client.id) for client, lookup in named]
    with ledger._connection() as connection:
        connection.execute("BEGIN")
        _many(connection, "clients", CLIENT_COLUMNS, clients)
        _many(connection, "keys", KEY_COLUMNS, keys)
        connection.execute("COMMIT")


def _insert_usage(ledger: SqliteLedger, rows: list[tuple[object, ...]]) -> None:
    with ledger._connection() as connection:
        connection.execute("BEGIN")
        _many(connection, "usage", ("day", "client", "contract", "outcome", "billable", "calls"), rows)
        connection.execute("COMMIT")


def _many(connection: Any, table: str, columns: Sequence[str], rows: Sequence[tuple[object, ...]]) -> None:
    marks = ",".join("?" * len(columns))
    connection.executemany(f"INSERT INTO {table} ({','.join(columns)}) VALUES ({marks})", rows)


def _verdict_ms(gate: Gate, code: str, calls: int) -> float:
    """Milliseconds, the median, of a verdict on a caller who is not in memory, and the booking of his call."""

    def call() -> None:
        gate._cache.clear()
        asked = Request("POST", "/market/liveness", (), (("Authorization", f"APPCODE {code}"),), uuid.uuid4().hex)
        verdict = market.verdict(asked, gate)
        assert verdict.allowed, verdict.code
        gate.settle(verdict, "0", billable=True)

    return alternate({"call": call}, calls, "verdicts")["call"].ms
