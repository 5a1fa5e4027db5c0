"""Shows how many calls were made, by day or by client, and how many of them are billed."""

from __future__ import annotations

import argparse
import csv
import os
import sys
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gatekeeper import UsageRow

_BAR = 40
_COLOURS = ("\x1b[32m", "\x1b[33m", "\x1b[0m")  # billed, not billed, back
_NUMBERS = frozenset({"billed", "unbilled", "calls"})


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the subcommand's options."""
    parser.add_argument("--by", choices=("day", "client"), help="sum up (default: every day, client and outcome)")
    parser.add_argument("--days", type=int, default=30, metavar="N", help="the last N days (default %(default)s)")
    parser.add_argument("--client", help="only this client")
    parser.add_argument("--csv", action="store_true", help="comma-separated values instead of a table")


def run(arguments: argparse.Namespace) -> int:
    """Prints it; 2 when there is no ledger or a value is wrong."""
    from gatekeeper import Gate, GatekeeperError
    from standalone import defaults

    if not 1 <= arguments.days <= 3660:
        print("facegate: --days takes 1 to 3660", file=sys.stderr)
        return 2
    defaults.apply()
    try:
        gate = Gate.from_env(make=False)
        try:
            at = gate.now()
            gate.ledger.sweep(at)
            rows = list(gate.ledger.usage(gate.day(at - 86_400 * (arguments.days - 1)), gate.day(at)))
        finally:
            gate.ledger.close()
    except GatekeeperError as error:
        print(f"facegate: {error}", file=sys.stderr)
        return 2
    if arguments.client:
        rows = [row for row in rows if row.client == arguments.client]
    if arguments.by:
        _summary(rows, arguments.by, arguments.csv)
    else:
        _detail(rows, arguments.csv)
    return 0


def _detail(rows: Iterable[UsageRow], as_csv: bool) -> None:
    head = ("day", "client", "contract", "outcome", "billable", "calls")
    cells = [(r.day, r.client, r.contract.value, r.outcome, "yes" if r.billable else "no", str(r.calls)) for r in rows]
    _write(head, cells, as_csv)


def _summary(rows: Iterable[UsageRow], by: str, as_csv: bool) -> None:
    sums: dict[str, list[int]] = {}
    for row in rows:
        found = sums.setdefault(row.day if by == "day" else row.client, [0, 0])
        found[0 if row.billable else 1] += row.calls
    names = sorted(sums) if as_csv or by != "day" else list(_days(sums))
    most = max((sum(found) for found in sums.values()), default=0)
    head: tuple[str, ...] = (by, "billed", "unbilled", "calls", "")
    cells: list[tuple[str, ...]] = []
    for name in names:
        billed, other = sums.get(name, (0, 0))
        cells.append((name, str(billed), str(other), str(billed + other), _bar(billed, other, most)))
    if as_csv:
        head, cells = head[:-1], [row[:-1] for row in cells]
    _write(head, cells, as_csv)


def _days(sums: Iterable[str]) -> Iterator[str]:
    """Every day from the first with calls to the last, so that a day without shows as one."""
    found = sorted(date.fromisoformat(day) for day in sums)
    for number in range((found[-1] - found[0]).days + 1 if found else 0):
        yield (found[0] + timedelta(number)).isoformat()


def _bar(billed: int, other: int, most: int) -> str:
    """Billed calls as full blocks, the others as light ones, the longest row 40 wide; in colour on a terminal."""
    full = round(billed / most * _BAR) if most else 0
    rest = (round((billed + other) / most * _BAR) if most else 0) - full
    blocks = "█░" if _shows("█░") else "#."
    first, second = blocks[0] * full, blocks[1] * rest
    if sys.stdout.isatty() and not os.environ.get("NO_COLOR"):
        return f"{_COLOURS[0]}{first}{_COLOURS[1]}{second}{_COLOURS[2]}"
    return first + second


def _shows(signs: str) -> bool:
    """Whether the output's encoding has these signs."""
    try:
        signs.encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        return False
    return True


def _write(head: tuple[str, ...], rows: Iterable[tuple[str, ...]], as_csv: bool) -> None:
    if as_csv:
        csv.writer(sys.stdout, lineterminator="\n").writerows([head, *rows])
        return
    table = [tuple(name.upper() for name in head), *rows]
    widths = [max(len(row[column]) for row in table) for column in range(len(head))]
    right = [name in _NUMBERS for name in head]
    for row in table:
        cells = (
            cell.rjust(width) if aligned else cell.ljust(width)
            for cell, width, aligned in zip(row, widths, right, strict=True)
        )
        print("  ".join(cells).rstrip())
