"""What a check finds."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from enum import StrEnum


class Level(StrEnum):
    """How bad it is."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        check: Which check: versions, settings, models, ledger, clock, keys, port.
        level: How bad it is.
        told: What was found.
        todo: What to do about it; empty when there is nothing to do.
    """

    check: str
    level: Level
    told: str
    todo: str = ""


def ok(check: str, told: str) -> Finding:
    """Nothing to do."""
    return Finding(check, Level.OK, told)


def warn(check: str, told: str, todo: str) -> Finding:
    """It works, and should not stay so."""
    return Finding(check, Level.WARN, told, todo)


def fail(check: str, told: str, todo: str) -> Finding:
    """It does not work."""
    return Finding(check, Level.FAIL, told, todo)


def text(finding: Finding, as_json: bool) -> str:
    """A finding as it is printed: a line, and what to do on one below; or a JSON object."""
    if as_json:
        return json.dumps(asdict(finding), ensure_ascii=False)
    line = f"{finding.level:<6}{finding.check:<10}{finding.told}"
    return f"{line}\n{'':<16}-> {finding.todo}" if finding.todo else line
