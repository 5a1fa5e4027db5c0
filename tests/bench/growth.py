"""How time grows: with pixels, faces and photos of a batch, with clients and usage rows of an SQLite ledger."""

from __future__ import annotations

import math
import secrets
import shutil
import sqlite3
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from datetime import date
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

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
PIECE = 20_000
Curve = list[tuple[float, float]]
Rows = list[tuple[Any, ...]]


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
    return _photos(Analyzer(), quick, rounds) | {
        "clients": list(_clients(CLIENTS[: 2 if quick else None], 20 if quick else 400)),
        "usage": list(_usage(USAGE[: 2 if quick else None], 20 if quick else 400)),
    }


def _photos(analyzer: Analyzer, quick: bool, rounds: int) -> dict[str, Curve]:
    few = slice(2 if quick else None)
    apart = MEGAPIXELS[:5:4] if quick else MEGAPIXELS  # neighbours take nearly the same time
    sizes = {mp: (int(math.sqrt(mp * 1e6 * 16 / 9)), int(math.sqrt(mp * 1e6 * 9 / 16))) for mp in apart}
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

    def rows(first: int, end: int) -> Iterator[tuple[Rows, Rows]]:
        for start in range(first, end, PIECE):
            made = [Client(f"bench-{i}", Contract.MARKET) for i in range(start, min(start + PIECE, end))]
            lookups = [f"market:{KeyKind.APPCODE}:{secrets.token_hex(32)}" for _ in made]
            keys = [Key(lookup, c.id, KeyKind.APPCODE, "0000...") for lookup, c in zip(lookups, made, strict=True)]
            yield [client_row(client) for client in made], [key_row(key, key.client) for key in keys]

    tables = (("clients", CLIENT_COLUMNS), ("keys", KEY_COLUMNS))
    yield from _measured(counts, calls, tables, rows, there=1)


def _usage(counts: Sequence[int], calls: int) -> Iterator[tuple[float, float]]:
    """The same beside so many rows of usage: 1000 clients with ten outcomes on every day."""

    def rows(first: int, end: int) -> Iterator[tuple[Rows]]:
        for start in range(first, end, PIECE):
            yield (
                [
                    (
                        str(date.fromordinal(FIRST_DAY + i // 10_000)),
                        f"c{i // 10 % 1000:03}",
                        "market",
                        str(i % 10),
                        1,
                        1,
                    )
                    for i in range(start, min(start + PIECE, end))
                ],
            )

    columns = ("day", "client", "contract", "outcome", "billable", "calls")
    yield from _measured(counts, calls, (("usage", columns),), rows)


def _measured(
    counts: Sequence[int],
    calls: int,
    tables: Sequence[tuple[str, Sequence[str]]],
    rows: Callable[[int, int], Iterator[tuple[Rows, ...]]],
    there: int = 0,
) -> Iterator[tuple[float, float]]:
    """Fills a ledger of its own, on the repository's disk, to one count after the other; ends when time or disk do."""
    (ROOT / "build").mkdir(exist_ok=True)
    with TemporaryDirectory(prefix="ledger-", dir=ROOT / "build") as folder:
        path = Path(folder) / "ledger.sqlite"
        gate = Gate(SqliteLedger(path), Vault(bytes(32)))
        code = credentials.add(gate, Contract.MARKET).secrets["appcode"]
        until = time.monotonic() + LEDGER_SECONDS
        try:
            for count in counts:
                if count > 100_000 and shutil.disk_usage(ROOT).free < LEDGER_BYTES:
                    return
                if not _filled(
                    path, tables, tqdm(rows(there, count), f"{count} rows", disable=None, leave=False), until
                ):
                    return
                there = count
                yield count, _verdict_ms(gate, code, calls)
        finally:
            gate.ledger.close()


def _filled(
    path: Path, tables: Sequence[tuple[str, Sequence[str]]], pieces: Iterable[tuple[Rows, ...]], until: float
) -> bool:
    """Writes the pieces through a connection of its own, with more memory than a ledger takes; False: too late."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA cache_size=-400000")
        connection.execute("PRAGMA synchronous=OFF")
        for piece in pieces:
            if time.monotonic() > until:
                return False
            connection.execute("BEGIN")
            for (table, columns), rows in zip(tables, piece, strict=True):
                marks = ",".join("?" * len(columns))
                connection.executemany(f"INSERT INTO {table} ({','.join(columns)}) VALUES ({marks})", rows)
            connection.execute("COMMIT")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return True


def _verdict_ms(gate: Gate, code: str, calls: int) -> float:
    """Milliseconds, the median, of a verdict on a caller who is not in memory, and the booking of his call."""

    def call() -> None:
        gate._cache.clear()
        asked = Request("POST", "/market/liveness", (), (("Authorization", f"APPCODE {code}"),), uuid.uuid4().hex)
        verdict = market.verdict(asked, gate)
        assert verdict.allowed, verdict.code
        gate.settle(verdict, "0", billable=True)

    return alternate({"call": call}, calls, "verdicts")["call"].ms
