"""The SQLite ledger's tables, and how a client and a key lie in a row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from gatekeeper.types import Client, Contract, Key, KeyKind, Settings, State

CLIENT_COLUMNS = (
    "id",
    "contract",
    "name",
    "account",
    "state",
    "created",
    "expires",
    "rate",
    "quota_total",
    "quota_day",
    "settings",
    "generation",
    "version",
)
TABLES = ("clients", "keys", "days", "rates", "calls", "usage", "nonces", "faces")
KEY_COLUMNS = ("lookup", "client", "kind", "public", "sealed", "created", "expires")


@dataclass(frozen=True, slots=True)
class Schema:
    """A version number and the statements that make its tables."""

    version: int
    statements: tuple[str, ...]


SCHEMA = Schema(
    1,
    (
        """CREATE TABLE IF NOT EXISTS clients (
            id TEXT PRIMARY KEY, contract TEXT NOT NULL, name TEXT NOT NULL, account TEXT NOT NULL,
            state TEXT NOT NULL, created REAL NOT NULL, expires REAL, rate INTEGER, quota_total INTEGER,
            quota_day INTEGER, settings TEXT NOT NULL, generation INTEGER NOT NULL, version INTEGER NOT NULL,
            used INTEGER NOT NULL DEFAULT 0
        ) WITHOUT ROWID""",
        """CREATE TABLE IF NOT EXISTS keys (
            lookup TEXT PRIMARY KEY, client TEXT NOT NULL REFERENCES clients(id), kind TEXT NOT NULL,
            public TEXT NOT NULL, sealed BLOB NOT NULL, created REAL NOT NULL, expires REAL
        ) WITHOUT ROWID""",
        "CREATE INDEX IF NOT EXISTS keys_client ON keys(client)",
        """CREATE TABLE IF NOT EXISTS days (
            client TEXT NOT NULL, day TEXT NOT NULL, used INTEGER NOT NULL, PRIMARY KEY (client, day)
        ) WITHOUT ROWID""",
        """CREATE TABLE IF NOT EXISTS rates (
            client TEXT PRIMARY KEY, second INTEGER NOT NULL, calls INTEGER NOT NULL
        ) WITHOUT ROWID""",
        """CREATE TABLE IF NOT EXISTS calls (
            id TEXT PRIMARY KEY, client TEXT NOT NULL, contract TEXT NOT NULL, day TEXT NOT NULL,
            state TEXT NOT NULL, outcome TEXT NOT NULL, until REAL NOT NULL
        ) WITHOUT ROWID""",
        "CREATE INDEX IF NOT EXISTS calls_until ON calls(until)",
        "CREATE INDEX IF NOT EXISTS calls_held ON calls(client, until) WHERE state='held'",
        """CREATE TABLE IF NOT EXISTS usage (
            day TEXT NOT NULL, client TEXT NOT NULL, contract TEXT NOT NULL, outcome TEXT NOT NULL,
            billable INTEGER NOT NULL, calls INTEGER NOT NULL,
            PRIMARY KEY (day, client, contract, outcome, billable)
        ) WITHOUT ROWID""",
        """CREATE TABLE IF NOT EXISTS nonces (
            nonce TEXT PRIMARY KEY, request TEXT NOT NULL, expires REAL NOT NULL
        ) WITHOUT ROWID""",
        "CREATE INDEX IF NOT EXISTS nonces_expires ON nonces(expires)",
        """CREATE TABLE IF NOT EXISTS faces (
            client TEXT NOT NULL, token TEXT NOT NULL, body BLOB NOT NULL, expires REAL NOT NULL,
            PRIMARY KEY (client, token)
        )""",
        "CREATE INDEX IF NOT EXISTS faces_expires ON faces(expires)",
    ),
)


def client_row(client: Client) -> tuple[Any, ...]:
    """A client's columns, with its version counted up."""
    return (
        client.id,
        client.contract.value,
        client.name,
        client.account,
        client.state.value,
        client.created,
        client.expires,
        client.rate,
        client.quota_total,
        client.quota_day,
        client.settings.to_json(),
        client.generation,
        client.version + 1,
    )


def row_client(row: Sequence[Any]) -> Client:
    """The client in a row."""
    return Client(
        id=row[0],
        contract=Contract(row[1]),
        name=row[2],
        account=row[3],
        state=State(row[4]),
        created=row[5],
        expires=row[6],
        rate=row[7],
        quota_total=row[8],
        quota_day=row[9],
        settings=Settings.from_json(row[10]),
        generation=row[11],
        version=row[12],
    )


def key_row(key: Key, client_id: str) -> tuple[Any, ...]:
    """A key's columns."""
    return (key.lookup, client_id, key.kind.value, key.public, key.sealed, key.created, key.expires)


def row_key(row: Sequence[Any]) -> Key:
    """The key in a row."""
    return Key(row[0], row[1], KeyKind(row[2]), row[3], bytes(row[4]), row[5], row[6])
