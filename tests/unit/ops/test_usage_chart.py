"""``facegate usage --by day``: bars that line up, days without calls, colour on a terminal alone."""

from __future__ import annotations

import io
import re
import sys
from pathlib import Path

import pytest

from gatekeeper import Contract, Gate
from standalone.cli import main

DAYS = {"2026-01-30": (30, 10), "2026-02-01": (5, 0), "2026-02-02": (0, 20)}


class Screen(io.TextIOWrapper):
    """Standard output that may say that it is a terminal."""

    def __init__(self, terminal: bool, encoding: str = "utf-8") -> None:
        super().__init__(io.BytesIO(), encoding=encoding, write_through=True)
        self.terminal = terminal

    def isatty(self) -> bool:
        return self.terminal

    @property
    def text(self) -> str:
        self.seek(0)
        return self.read()


@pytest.fixture(autouse=True)
def _ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FACEGATE_LEDGER", f"sqlite:///{tmp_path}/ledger.db")
    monkeypatch.delenv("NO_COLOR", raising=False)
    gate = Gate.from_env()
    for day, (billed, other) in DAYS.items():
        for number in range(billed + other):
            name, paid = f"{day}-{number}", number < billed
            if paid:
                with gate.ledger._write() as run:  # type: ignore[attr-defined]  # a day of the past
                    run("INSERT INTO calls VALUES (?,'ada','market',?,'held','',4e9)", (name, day))
            gate.ledger.settle(name, "ada", Contract.MARKET, "0" if paid else "2", paid, day, 1.8e9)
    gate.ledger.close()


def shown(monkeypatch: pytest.MonkeyPatch, terminal: bool = False, encoding: str = "utf-8", *words: str) -> list[str]:
    screen = Screen(terminal, encoding)
    monkeypatch.setattr(sys, "stdout", screen)
    assert main(["usage", "--by", "day", "--days", "3660", *words]) == 0
    return screen.text.splitlines()


def test_every_day_has_its_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    assert shown(monkeypatch) == [
        "DAY         BILLED  UNBILLED  CALLS",
        "2026-01-30      30        10     40  " + "█" * 30 + "░" * 10,
        "2026-01-31       0         0      0",
        "2026-02-01       5         0      5  " + "█" * 5,
        "2026-02-02       0        20     20  " + "░" * 20,
    ]


def test_colour_on_a_terminal_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    coloured = shown(monkeypatch, terminal=True)
    assert "\x1b[32m" + "█" * 30 + "\x1b[33m" + "░" * 10 + "\x1b[0m" in coloured[1]
    plain = [re.sub(r"\x1b\[\d+m", "", line).rstrip() for line in coloured]
    assert plain == shown(monkeypatch)
    monkeypatch.setenv("NO_COLOR", "1")
    assert shown(monkeypatch, terminal=True) == plain


def test_a_terminal_without_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    assert shown(monkeypatch, encoding="ascii")[1].endswith("#" * 30 + "." * 10)


def test_csv_has_days_with_calls_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    assert shown(monkeypatch, True, "utf-8", "--csv") == [
        "day,billed,unbilled,calls", "2026-01-30,30,10,40", "2026-02-01,5,0,5", "2026-02-02,0,20,20",
    ]  # fmt: skip
