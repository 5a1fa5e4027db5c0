"""Checks the access layer: the ledger, the clock against it, the keys."""

from __future__ import annotations

import shutil
import time
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from gatekeeper import Client, ConfigError, Contract, Gate, GatekeeperError, Key, LedgerBusy, LedgerUnavailable
from gatekeeper.demo import credentials
from gatekeeper.store import sqlite_path
from gatekeeper.types import State
from gatekeeper.vault import VaultError, load_keys
from standalone.doctor.findings import Finding, fail, ok, warn

_MAKE_KEY = "make one: openssl rand -hex 32"
_DAY = 86_400
_SKEW = 5.0  # seconds that two clocks may differ without a word
_BUILT = 1_735_689_600.0  # 2025-01-01: no clock that is right shows less
_LEAST_ROOM = 256 * 1024 * 1024
_AHEAD = 3  # days that are looked at on DynamoDB, each a query: those of other machines begin 26 hours apart at most
_DEMO = frozenset(f"demo-{contract}" for contract in Contract)


@dataclass(slots=True)
class _Seen:
    """All clients of the ledger, and all their keys."""

    clients: list[Client] = field(default_factory=list)
    keys: list[Key] = field(default_factory=list)


def access(environ: Mapping[str, str], production: bool) -> Iterator[Finding]:
    """Ledger, clock and keys."""
    url = environ.get("FACEGATE_LEDGER", "")
    try:
        path = sqlite_path(url)
    except ConfigError as error:
        yield fail("ledger", str(error), "set FACEGATE_LEDGER (docs/access.md)")
        return
    yield from _key(environ, path)
    if path is not None and not path.exists():
        yield from _absent(path)
        return
    written = path.stat().st_mtime if path is not None else 0.0  # before this check writes itself
    try:
        gate = Gate.from_env(environ, make=False)
    except ConfigError as error:
        if str(error).startswith("FACEGATE_LEDGER"):  # of the key and of settings others have told
            yield fail("ledger", str(error), "set FACEGATE_LEDGER (docs/access.md)")
        return
    except LedgerUnavailable as error:
        yield fail("ledger", f"{_named(url)} does not answer: {error}", _reach(path))
        return
    try:
        yield from _ledger(gate, url, path)
        seen = _look(gate)
        last = "9999-12-31" if path is not None else gate.day(gate.now() + _AHEAD * _DAY)
        yield from _clock(gate, seen, written, last)
        yield from _clients(gate, seen, production or path is None)
    except LedgerUnavailable as error:
        yield fail("ledger", f"{_named(url)} can not be read: {error}", _reach(path))
    finally:
        gate.ledger.close()


def _named(url: str) -> str:
    return url.partition("?")[0]


def _reach(path: Path | None) -> str:
    if path is not None:
        return "check the file's owner, its disk and who else writes to it; restore a backup if it is damaged"
    return "check region, tables, network and the role's rights (docs/access.md lists them)"


def _absent(path: Path) -> Iterator[Finding]:
    folder = next((parent for parent in path.absolute().parents if parent.exists()), Path("/"))
    try:
        probe = folder / f".facegate-{uuid.uuid4().hex}"
        probe.touch()
        probe.unlink()
    except OSError as error:
        yield fail("ledger", f"{path} can not be made: {error.strerror}", f"let this user write in {folder}")
        return
    yield warn("ledger", f"{path} is not there yet", "nothing, if this is a new installation: the first start makes it")


def _ledger(gate: Gate, url: str, path: Path | None) -> Iterator[Finding]:
    """Whether it answers, takes a write and has room."""
    started = time.perf_counter()
    gate.ledger.ready()
    reading = time.perf_counter() - started
    at = gate.now()
    nonce = f"doctor:{uuid.uuid4().hex}"
    try:
        started = time.perf_counter()
        gate.ledger.burn(nonce, nonce, at, at)  # expired at once: a later sweep takes it away
        writing = time.perf_counter() - started
    except LedgerBusy as error:
        yield warn("ledger", f"{_named(url)} is busy: {error}", "look again; if it stays so, see who writes")
        return
    except LedgerUnavailable as error:
        yield fail("ledger", f"{_named(url)} takes no write: {error}", _reach(path))
        return
    told = f"{_named(url)}: read in {reading * 1e3:.1f} ms, written in {writing * 1e3:.1f} ms"
    yield ok("ledger", f"{told}, tables as they should be")
    if path is not None:
        room = shutil.disk_usage(path.absolute().parent).free
        if room < _LEAST_ROOM:
            yield warn("ledger", f"{room / 1e6:.0f} MB are free on its disk", "make room: without it no call is served")
        if path.stat().st_mode & 0o077:
            yield warn("ledger", f"{path} can be read by other users", f"chmod 600 {path}*")


def _look(gate: Gate) -> _Seen:
    seen = _Seen()
    for client in gate.ledger.clients():
        seen.clients.append(client)
        seen.keys += gate.ledger.keys(client.id)
    return seen


def _clock(gate: Gate, seen: _Seen, written: float, last: str) -> Iterator[Finding]:
    """The clock against what the ledger remembers up to the day ``last``, and the day that quotas count by."""
    at = gate.now()
    newest = max([written, *(client.created for client in seen.clients), *(key.created for key in seen.keys)])
    set_it = "set this machine's clock (NTP): signatures, tokens and quotas depend on it"
    if at < _BUILT:
        yield fail("clock", f"it shows {_moment(at)}", set_it)
        return
    if newest > at + _SKEW:
        yield fail("clock", f"it shows {_moment(at)}, and the ledger was written at {_moment(newest)}", set_it)
        return
    day, offset = gate.day(at), gate.options.day_offset
    coming = sorted({row.day for row in gate.ledger.usage(gate.day(at + _DAY), last)})
    if coming:
        yield warn(
            "clock", f"today is {day}, and the ledger has calls of {coming[0]}",
            "set all machines' clocks, and FACEGATE_DAY_OFFSET alike everywhere",
        )  # fmt: skip
        return
    left = int(_DAY - (at + offset * 3600) % _DAY)
    zone = f"UTC{offset:+g} h{', as the vendors count' if offset == 8 else ''}"
    yield ok(
        "clock", f"{_moment(at)}; quotas count {day} ({zone}), which ends in {left // 3600} h {left // 60 % 60} min"
    )


def _moment(at: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(at))


def _key(environ: Mapping[str, str], path: Path | None) -> Iterator[Finding]:
    given = environ.get("FACEGATE_KEY", "").strip()
    file = path.with_name(path.name + ".key") if path is not None else None
    if not given and file is not None and not file.exists():
        if path is not None and path.exists():
            yield fail(
                "keys", f"{path} has no key beside it, and FACEGATE_KEY is not set",
                f"put {file.name} back: without it no stored secret opens",
            )  # fmt: skip
        else:
            yield warn("keys", "there is no FACEGATE_KEY", f"nothing, if {file} beside the ledger is to hold it")
        return
    try:
        key, *older = load_keys(environ, path)
    except LedgerUnavailable as error:
        yield fail("keys", str(error), "check the network and the role's right to kms:Decrypt")
        return
    except ConfigError as error:
        yield fail("keys", str(error), f"{_MAKE_KEY}, and keep it where secrets are kept")
        return
    if len(set(key)) < 8:
        yield warn(
            "keys", "the master key is not random", "make one: openssl rand -hex 32; clients need new credentials"
        )
        return
    where = "in KMS" if given.startswith("kms:") else "in FACEGATE_KEY" if given else f"in {file}; back it up"
    yield ok("keys", f"the master key is {where}{f', with {len(older)} older behind it' if older else ''}")


def _clients(gate: Gate, seen: _Seen, production: bool) -> Iterator[Finding]:
    """Whether the key opens what is stored, who can call, and whether the demo clients still can."""
    at = gate.now()
    try:
        older = sorted(
            {key.client for key in seen.keys if key.sealed and key.live(at) and gate.vault.age(key.sealed, key.lookup)}
        )
    except VaultError:
        yield fail(
            "keys", "the master key does not open the ledger's secrets: they were stored with another one",
            "put the right FACEGATE_KEY (or key file) back",
        )  # fmt: skip
        return
    if older:
        more = f" and {len(older) - 5} more" if older[5:] else ""
        yield warn(
            "keys", f"credentials made under an older master key: {', '.join(older[:5])}{more}",
            "rotate these clients (facegate keys rotate), then leave the older key out",
        )  # fmt: skip
    active = [c for c in seen.clients if c.state is State.ACTIVE and not c.expired(at) and c.id not in _DEMO]
    demos = sorted(client.id for client in seen.clients if client.id in _DEMO and _open(gate, client))
    if demos and (production or active):
        yield warn(
            "keys", f"demo credentials open the door: {', '.join(demos)}",
            "; ".join(f"facegate keys disable {name}" for name in demos),
        )  # fmt: skip
    elif demos:
        yield ok("keys", f"demo clients are on ({', '.join(demos)}): fine on a machine of your own")
    if not seen.clients:
        yield warn("keys", "there is no client", "facegate keys add market (or tencent, baidu)")
    else:
        yield ok("keys", f"{len(active) + len(demos)} clients can call, of {len(seen.clients)}")


def _open(gate: Gate, demo: Client) -> bool:
    """Whether a demo client's derived credentials still work; see `gatekeeper.demo`."""
    at = gate.now()
    if demo.state is not State.ACTIVE or demo.expired(at):
        return False
    public = set(credentials(gate, demo.contract).values())
    try:
        keys = gate.ledger.keys(demo.id)
    except GatekeeperError:
        return True
    return any(key.live(at) and key.public in public for key in keys if key.kind not in ("account", "bucket"))
