"""Adds, lists, rotates, disables and changes the clients of the contracts and their credentials."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from standalone.cli import _output

if TYPE_CHECKING:
    from gatekeeper import Client, Gate
    from gatekeeper.credentials import Issued

_NEVER = "never"
_LONGEST = 36_500 * 86_400  # seconds


class _NotShown(Exception):
    """New credentials are stored and could not be printed."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the subcommand's options."""
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="verb")
    add = verbs.add_parser("add", help="make a client and print its credentials, once")
    add.add_argument("contract", choices=("market", "tencent", "baidu"))
    add.add_argument("--name", default="", help="a label for yourself")
    add.add_argument("--id", default="", help="the client's id (default: made up)")
    _limits(add)
    listing = verbs.add_parser("list", help="print the clients")
    listing.add_argument("contract", nargs="?", choices=("market", "tencent", "baidu"))
    listing.add_argument("--json", action="store_true", help="one JSON object per line, with keys and settings")
    rotate = verbs.add_parser("rotate", help="give a client new credentials and end its old ones")
    rotate.add_argument("client")
    rotate.add_argument(
        "--grace", default="0", metavar="TIME", help="how long the old ones still work: 90s, 15m, 12h, 7d"
    )
    change = verbs.add_parser("set", help="change a client's limits or settings")
    change.add_argument("client")
    _limits(change)
    for verb, text in (
        ("disable", "refuse a client from its next call on"),
        ("suspend", "refuse a client in its vendor's words for an unpaid account"),
        ("enable", "let a client in again"),
        ("revoke", "end all access tokens of a Baidu client"),
    ):
        verbs.add_parser(verb, help=text).add_argument("client")


def _limits(parser: argparse.ArgumentParser) -> None:
    none = "a number, or 'none'"
    parser.add_argument("--rate", metavar="N", help=f"calls per second: {none}")
    parser.add_argument("--quota", metavar="N", help=f"calls in all: {none}")
    parser.add_argument("--quota-day", metavar="N", help=f"calls per day: {none}")
    when = "30d, 12h, a date like 2030-01-31 (in UTC, unless an offset follows its time), or 'never'"
    parser.add_argument("--expires", metavar="WHEN", help=when)
    parser.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", dest="settings",
        help="bare_body, query_appcode, clock_skew, buckets, scope; repeatable",
    )  # fmt: skip


def run(arguments: argparse.Namespace) -> int:
    """Does it.

    Returns:
        1 when the client is unknown or taken, or its credentials could not be printed; 2 when a value is wrong or there
        is no ledger.
    """
    from gatekeeper import Conflict, Gate, GatekeeperError
    from gatekeeper.credentials import UnknownClientError
    from standalone import defaults

    defaults.apply()
    try:
        gate = Gate.from_env(make=arguments.verb == "add")
        try:
            _VERBS[arguments.verb](gate, arguments)
        finally:
            gate.ledger.close()
    except (UnknownClientError, Conflict, _NotShown) as error:
        print(f"facegate: {error}", file=sys.stderr)
        return 1
    except (GatekeeperError, ValueError) as error:
        print(f"facegate: {error}", file=sys.stderr)
        return 2
    return 0


def _add(gate: Gate, arguments: argparse.Namespace) -> None:
    from gatekeeper import Contract, Settings
    from gatekeeper.credentials import add

    limits = _wanted(arguments, gate.now())
    settings = Settings.parse(_pairs(arguments.settings))
    contract = Contract(arguments.contract)
    _print_once(add(gate, contract, arguments.name, arguments.id, settings=settings, **limits))


def _rotate(gate: Gate, arguments: argparse.Namespace) -> None:
    from gatekeeper.credentials import rotate

    _print_once(rotate(gate, arguments.client, _seconds(arguments.grace)))


def _set(gate: Gate, arguments: argparse.Namespace) -> None:
    from dataclasses import replace

    from gatekeeper import Settings
    from gatekeeper.credentials import change

    limits, pairs = _wanted(arguments, gate.now()), _pairs(arguments.settings)

    def edit(client: Client) -> Client:
        settings = Settings.parse(json.loads(client.settings.to_json()) | pairs)
        return replace(client, settings=settings, **limits)

    _print_rows([_row(gate, change(gate, arguments.client, edit))])


def _state(name: str) -> Callable[[Gate, argparse.Namespace], None]:
    def turn(gate: Gate, arguments: argparse.Namespace) -> None:
        from gatekeeper import State
        from gatekeeper.credentials import set_state

        _print_rows([_row(gate, set_state(gate, arguments.client, State(name)))])

    return turn


def _revoke(gate: Gate, arguments: argparse.Namespace) -> None:
    from gatekeeper.credentials import revoke

    _print_rows([_row(gate, revoke(gate, arguments.client))])


def _list(gate: Gate, arguments: argparse.Namespace) -> None:
    from gatekeeper import Contract

    chosen = Contract(arguments.contract) if arguments.contract else None
    if not arguments.json:
        _print_rows([_row(gate, client) for client in gate.ledger.clients(chosen)])
        return
    for client in gate.ledger.clients(chosen):
        total, today = gate.ledger.used(client.id, gate.day(gate.now()))
        keys = [
            {"kind": key.kind, "public": key.public, "created": key.created, "expires": key.expires}
            for key in gate.ledger.keys(client.id)
        ]
        line = {
            "id": client.id, "contract": client.contract, "name": client.name, "account": client.account,
            "state": client.state, "created": client.created, "expires": client.expires, "rate": client.rate,
            "quota": client.quota_total, "quota_day": client.quota_day, "used": total, "used_today": today,
            "settings": json.loads(client.settings.to_json()), "keys": keys,
        }  # fmt: skip
        text = json.dumps(line, ensure_ascii=False)
        print(text if _shown(text) == text else json.dumps(line))


_VERBS: dict[str, Callable[[Gate, argparse.Namespace], None]] = {
    "add": _add,
    "list": _list,
    "rotate": _rotate,
    "set": _set,
    "disable": _state("disabled"),
    "suspend": _state("suspended"),
    "enable": _state("active"),
    "revoke": _revoke,
}


def _print_once(issued: Issued) -> None:
    """The new credentials as one JSON object: they cannot be shown again.

    Raises:
        _NotShown: The output does not take them.
    """
    client = issued.client
    try:
        print(json.dumps({"client": client.id, "contract": client.contract, **issued.secrets}), flush=True)
    except OSError as error:
        _output.drop()
        raise _NotShown(
            f"{client.id} has new credentials, which could not be printed ({error.strerror});"
            f" make others: facegate keys rotate {client.id}"
        ) from None


def _row(gate: Gate, client: Client) -> tuple[str, ...]:
    at = gate.now()
    total, today = gate.ledger.used(client.id, gate.day(at))
    state = "expired" if client.state == "active" and client.expired(at) else client.state.value
    live = sum(key.live(at) and key.kind not in ("account", "bucket") for key in gate.ledger.keys(client.id))
    quota, day = (_of(used, limit) for used, limit in ((total, client.quota_total), (today, client.quota_day)))
    ends, rate = _day(client.expires), str(client.rate or "-")
    return client.id, client.contract, client.name, state, ends, rate, quota, day, str(live)


def _day(moment: float | None) -> str:
    """The day in UTC; the bare seconds where no calendar has one."""
    if moment is None:
        return _NEVER
    try:
        return time.strftime("%Y-%m-%d", time.gmtime(moment))
    except (OverflowError, OSError, ValueError):
        return f"{moment:g}"


def _of(used: int, limit: int | None) -> str:
    return str(used) if limit is None else f"{used}/{limit}"


def _print_rows(rows: list[tuple[str, ...]]) -> None:
    rows = [("CLIENT", "CONTRACT", "NAME", "STATE", "EXPIRES", "RATE", "USED", "TODAY", "KEYS"), *rows]
    rows = [tuple(map(_shown, row)) for row in rows]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def _shown(text: str) -> str:
    """The text as the output's encoding can hold it: what it has no sign for becomes an escape."""
    encoding = sys.stdout.encoding or "ascii"
    return text.encode(encoding, "backslashreplace").decode(encoding)


def _wanted(arguments: argparse.Namespace, at: float) -> dict[str, Any]:
    """The limits that were given, by the client's field."""
    given = {"rate": arguments.rate, "quota_total": arguments.quota, "quota_day": arguments.quota_day}
    limits: dict[str, Any] = {field: _whole(field, text) for field, text in given.items() if text is not None}
    if arguments.expires is not None:
        limits["expires"] = _moment(arguments.expires, at)
    return limits


def _whole(name: str, text: str) -> int | None:
    if text.lower() == "none":
        return None
    if not text.isascii() or not text.isdecimal():
        raise ValueError(f"{name}: a number, or 'none'")
    return int(text)


def _moment(text: str, at: float) -> float | None:
    from datetime import UTC, datetime

    if text.lower() == _NEVER:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return at + _seconds(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _seconds(text: str) -> float:
    number, unit = (text[:-1], text[-1:]) if text[-1:].isalpha() else (text, "s")
    factor = {"s": 1, "m": 60, "h": 3600, "d": 86_400}.get(unit)
    if factor is None or not number.isascii() or not number.isdecimal():
        raise ValueError(f"{text}: a time like 90s, 15m, 12h or 7d")
    seconds = float(number) * factor
    if seconds > _LONGEST:
        raise ValueError(f"{text}: at most {_LONGEST // 86_400}d")
    return seconds


def _pairs(texts: list[str]) -> dict[str, str]:
    pairs = {}
    for text in texts:
        name, separator, value = text.partition("=")
        if not separator:
            raise ValueError(f"{text}: NAME=VALUE")
        pairs[name] = value
    return pairs
