"""The ledger in one SQLite file: the embedded default, for one machine and any number of processes.

Every step is one ``BEGIN IMMEDIATE`` transaction on a write-ahead log, so that a process killed at any moment leaves
either all of a step or nothing. With ``sync=normal`` (the default) a power cut may lose the last moments' steps, with
``sync=full`` it loses none; neither tears the file.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from gatekeeper import counters
from gatekeeper.ledger import KEEP, KEEP_REFUSED, LEASE, LOST
from gatekeeper.schema import CLIENT_COLUMNS, KEY_COLUMNS, SCHEMA, TABLES, client_row, key_row, row_client, row_key
from gatekeeper.types import (
    Admission,
    Client,
    Conflict,
    Contract,
    Key,
    KeyKind,
    LedgerBusy,
    LedgerUnavailable,
    Settled,
    UsageRow,
    possible,
)

NONCE_MARGIN = 7200.0
"""Seconds for which a nonce is kept beyond its end, should the clock have jumped forward and come back.

No limit bounds how many nonces a client may use up, so that more of it would let one fill the disk."""


class SqliteLedger:
    """See `gatekeeper.ledger.Ledger`. Safe to share between threads; a forked child opens its own connections.

    Args:
        path: The database file; it and its folder are made when missing, readable by their owner only.
        timeout: Seconds to wait for another process's write before `LedgerBusy`.
        sync: ``normal`` or ``full``, see the module.

    Raises:
        LedgerUnavailable: The file cannot be opened or is no ledger.
    """

    sweep_rows = 200

    def __init__(self, path: Path, timeout: float = 5.0, sync: str = "normal") -> None:
        self._path = path
        self._timeout = timeout
        self._sync = sync
        self._idle: list[sqlite3.Connection] = []
        self._inherited: list[sqlite3.Connection] = []
        self._pid = os.getpid()
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        except OSError as error:
            raise LedgerUnavailable(f"{path.name}: {error.strerror}") from None
        until = time.monotonic() + timeout
        while True:
            try:
                return self._create()
            except LedgerUnavailable as error:
                # Several processes may make the file at once, and switching to WAL does not wait by itself.
                if not isinstance(error, LedgerBusy) or time.monotonic() >= until:
                    self.close()
                    raise
                time.sleep(0.02)

    def _create(self) -> None:
        with self._connection() as connection:
            if connection.execute("PRAGMA user_version").fetchone()[0] == SCHEMA.version:
                return
            connection.execute("PRAGMA journal_mode=WAL")
        with self._write() as run:
            found = run("PRAGMA user_version").fetchone()[0]
            if found not in (0, SCHEMA.version):
                raise LedgerUnavailable(f"{self._path.name}: a ledger of version {found}, not {SCHEMA.version}")
            for statement in SCHEMA.statements:
                run(statement)
            run(f"PRAGMA user_version={SCHEMA.version}")

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        """Lend a connection: as many are open as calls ran at the same time."""
        if self._pid != os.getpid():  # a forked child must not touch its parent's connections
            self._pid, self._inherited, self._idle = os.getpid(), self._idle, []
        with _translated():
            try:
                held = self._idle.pop()
            except IndexError:
                held = sqlite3.connect(self._path, timeout=self._timeout, isolation_level=None, check_same_thread=False)
                held.execute(f"PRAGMA synchronous={'FULL' if self._sync == 'full' else 'NORMAL'}")
            try:
                yield held
            except sqlite3.Error:
                held.close()
                raise
            except BaseException:
                self._idle.append(held)
                raise
            self._idle.append(held)

    @contextmanager
    def _write(self) -> Iterator[Callable[..., sqlite3.Cursor]]:
        with self._connection() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection.execute
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    def _read(self, sql: str, *values: object) -> list[Any]:
        with self._connection() as connection:
            return connection.execute(sql, values).fetchall()

    def save(self, client: Client, add: Sequence[Key] = (), end: Mapping[str, float] | None = None) -> Client:
        """See `Ledger.save`."""
        saved = client_row(client)
        names = ",".join(CLIENT_COLUMNS)
        with self._write() as run:
            try:
                if client.version == 0:
                    marks = ",".join("?" * len(CLIENT_COLUMNS))
                    run(f"INSERT INTO clients ({names}) VALUES ({marks})", saved)
                else:
                    fields = ",".join(f"{name}=?" for name in CLIENT_COLUMNS)
                    done = run(
                        f"UPDATE clients SET {fields} WHERE id=? AND version=?", (*saved, client.id, client.version)
                    )
                    if done.rowcount != 1:
                        raise Conflict(f"{client.id} is missing or was changed meanwhile")
                for key in add:
                    run(
                        "DELETE FROM keys WHERE lookup=? AND kind=? AND expires<=?",
                        (key.lookup, KeyKind.BUCKET, key.created),
                    )
                    marks = ",".join("?" * len(KEY_COLUMNS))
                    run(f"INSERT INTO keys ({','.join(KEY_COLUMNS)}) VALUES ({marks})", key_row(key, client.id))
                for lookup, at in (end or {}).items():
                    if (
                        run("UPDATE keys SET expires=? WHERE lookup=? AND client=?", (at, lookup, client.id)).rowcount
                        != 1
                    ):
                        raise Conflict(f"{client.id} has no such key")
            except sqlite3.IntegrityError:
                raise Conflict(f"{client.id} or one of its keys exists already") from None
        return row_client(saved)

    def client(self, client_id: str) -> Client | None:
        """See `Ledger.client`."""
        rows = self._read(f"SELECT {','.join(CLIENT_COLUMNS)} FROM clients WHERE id=?", client_id)
        return row_client(rows[0]) if rows else None

    def clients(self, contract: Contract | None = None) -> Iterator[Client]:
        """See `Ledger.clients`."""
        last = ""
        while True:
            rows = self._read(
                f"SELECT {','.join(CLIENT_COLUMNS)} FROM clients"
                " WHERE id>? AND (?='' OR contract=?) ORDER BY id LIMIT 500",
                last, contract or "", contract or "",
            )  # fmt: skip
            for row in rows:
                yield row_client(row)
            if not rows:
                return
            last = rows[-1][0]

    def keys(self, client_id: str) -> list[Key]:
        """See `Ledger.keys`."""
        sql = f"SELECT {','.join(KEY_COLUMNS)} FROM keys WHERE client=? ORDER BY created, lookup"
        return [row_key(row) for row in self._read(sql, client_id)]

    def find(self, lookup: str) -> tuple[Key, Client] | None:
        """See `Ledger.find`."""
        if not possible(lookup):
            return None
        keys, clients = (
            ",".join(f"{table}.{name}" for name in names)
            for table, names in (("keys", KEY_COLUMNS), ("clients", CLIENT_COLUMNS))
        )
        sql = f"SELECT {keys},{clients} FROM keys JOIN clients ON clients.id=keys.client WHERE lookup=?"
        rows = self._read(sql, lookup)
        if not rows:
            return None
        return row_key(rows[0][: len(KEY_COLUMNS)]), row_client(rows[0][len(KEY_COLUMNS) :])

    def admit(self, client: Client, request_id: str, day: str, at: float, lease: float = LEASE) -> Admission:
        """See `Ledger.admit`."""
        with self._write() as run:
            stored = run("SELECT version,used FROM clients WHERE id=?", (client.id,)).fetchone()
            if stored is None or stored[0] != client.version:
                return Admission.STALE
            call = run("SELECT client,state FROM calls WHERE id=?", (request_id,)).fetchone()
            if call is not None and call[0] != client.id:
                return Admission.FOREIGN
            if call is not None and call[1] in ("held", "billed"):
                return Admission.REPEATED
            if client.rate is not None and not counters.within_rate(run, client.id, client.rate, at):
                return Admission.THROTTLED
            refused = self._take(run, client, stored[1], day, at)
            if refused is not None:
                return refused
            run(
                "INSERT OR REPLACE INTO calls (id,client,contract,day,state,outcome,until)"
                " VALUES (?,?,?,?,'held','',?)",
                (request_id, client.id, client.contract, day, at + lease),
            )
        return Admission.GRANTED

    def _take(self, run: counters.Run, client: Client, used: int, day: str, at: float) -> Admission | None:
        today = counters.taken_on(run, client.id, day)
        if counters.full(client, used, today) is not None:
            # What dead calls of this client still hold is given back before anyone is refused.
            dead = run("SELECT id FROM calls WHERE client=? AND state='held' AND until<=? LIMIT 1000", (client.id, at))
            for (request_id,) in dead.fetchall():
                counters.give_back(run, request_id, at)
            used = run("SELECT used FROM clients WHERE id=?", (client.id,)).fetchone()[0]
            today = counters.taken_on(run, client.id, day)
        refused = counters.full(client, used, today)
        if refused is None:
            counters.count(run, client.id, day, 1)
        return refused

    def settle(
        self, request_id: str, client_id: str, contract: Contract, outcome: str, billable: bool, day: str, at: float
    ) -> Settled:
        """See `Ledger.settle`."""
        with self._write() as run:
            call = run("SELECT client,state,day FROM calls WHERE id=?", (request_id,)).fetchone()
            if call is not None and call[0] != client_id:
                return Settled.UNKNOWN
            state = call[1] if call is not None else None
            if state in ("billed", "unbilled"):
                return Settled.BILLED if state == "billed" else Settled.UNBILLED
            if state is None and billable:
                return Settled.UNKNOWN
            admitted = call[2] if call is not None else day
            if state == "lost":
                if billable:
                    limits = run("SELECT quota_total,quota_day,used FROM clients WHERE id=?", (client_id,)).fetchone()
                    today = counters.taken_on(run, client_id, admitted)
                    if counters.over(limits[0], limits[2]) or counters.over(limits[1], today):
                        return Settled.EXHAUSTED
                    counters.count(run, client_id, admitted, 1)
                counters.tally(run, admitted, client_id, contract, LOST, False, -1)
            elif state == "held" and not billable:
                counters.count(run, client_id, admitted, -1)
            counters.tally(run, admitted, client_id, contract, outcome, billable, 1)
            run(
                "INSERT OR REPLACE INTO calls (id,client,contract,day,state,outcome,until) VALUES (?,?,?,?,?,?,?)",
                (
                    request_id, client_id, contract, admitted,
                    "billed" if billable else "unbilled", outcome,
                    at + (KEEP_REFUSED if state is None else KEEP),
                ),
            )  # fmt: skip
        return Settled.BILLED if billable else Settled.UNBILLED

    def burn(self, nonce: str, request_id: str, expires: float, at: float) -> bool:
        """See `Ledger.burn`."""
        with self._write() as run:
            run("DELETE FROM nonces WHERE nonce=? AND expires<=?", (nonce, at))
            run("INSERT OR IGNORE INTO nonces (nonce,request,expires) VALUES (?,?,?)", (nonce, request_id, expires))
            owner = run("SELECT request FROM nonces WHERE nonce=?", (nonce,)).fetchone()[0]
        return bool(owner == request_id)

    def put_face(self, client_id: str, token: str, body: bytes, expires: float) -> None:
        """See `Ledger.put_face`."""
        with self._write() as run:
            run("INSERT OR REPLACE INTO faces (client,token,body,expires) VALUES (?,?,?,?)",
                (client_id, token, body, expires))  # fmt: skip

    def face(self, client_id: str, token: str, at: float) -> bytes | None:
        """See `Ledger.face`."""
        rows = self._read("SELECT body FROM faces WHERE client=? AND token=? AND expires>?", client_id, token, at)
        return bytes(rows[0][0]) if rows else None

    def used(self, client_id: str, day: str) -> tuple[int, int]:
        """See `Ledger.used`."""
        rows = self._read(
            "SELECT used,(SELECT used FROM days WHERE client=clients.id AND day=?) FROM clients WHERE id=?",
            day,
            client_id,
        )
        return (rows[0][0], rows[0][1] or 0) if rows else (0, 0)

    def usage(self, first: str, last: str) -> Iterable[UsageRow]:
        """See `Ledger.usage`."""
        rows = self._read(
            "SELECT day,client,contract,outcome,billable,calls FROM usage"
            " WHERE day BETWEEN ? AND ? AND calls>0 ORDER BY day,client,contract,outcome,billable",
            first, last,
        )  # fmt: skip
        return [UsageRow(row[0], row[1], Contract(row[2]), row[3], bool(row[4]), row[5]) for row in rows]

    def sweep(self, at: float, limit: int = 200) -> int:
        """See `Ledger.sweep`."""
        old = at - NONCE_MARGIN
        due = self._read("SELECT 1 FROM calls WHERE until<=? UNION ALL SELECT 1 FROM nonces WHERE expires<=?"
                         " UNION ALL SELECT 1 FROM faces WHERE expires<=? LIMIT 1", at, old, at)  # fmt: skip
        if not due:
            return 0
        with self._write() as run:
            ended = run("SELECT id,state FROM calls WHERE until<=? ORDER BY until LIMIT ?", (at, limit)).fetchall()
            for request_id, state in ended:
                if state == "held":
                    counters.give_back(run, request_id, at)
                else:
                    run("DELETE FROM calls WHERE id=?", (request_id,))
            gone = len(ended)
            for table, key, end in (("nonces", "nonce", old), ("faces", "rowid", at)):
                gone += run(
                    f"DELETE FROM {table} WHERE {key} IN (SELECT {key} FROM {table} WHERE expires<=? LIMIT ?)",
                    (end, max(0, limit - gone)),
                ).rowcount
        return gone

    def ready(self) -> None:
        """See `Ledger.ready`."""
        self._read(" UNION ALL ".join(f"SELECT 1 FROM {table}" for table in TABLES) + " LIMIT 1")

    def close(self) -> None:
        """See `Ledger.close`."""
        while self._idle:
            self._idle.pop().close()


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", None)
        kind = LedgerBusy if code is not None and code & 0xFF in (5, 6) else LedgerUnavailable
        raise kind(f"SQLite: {error}") from error
