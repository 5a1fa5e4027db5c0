"""Opening ledgers, their own faults, and the keys they need."""

from __future__ import annotations

import base64
import sqlite3
import subprocess
import sys
import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import boto3
import pytest
from botocore.exceptions import NoCredentialsError
from botocore.session import Session
from botocore.stub import Stubber
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper import (
    Admission,
    Client,
    ConfigError,
    Contract,
    Gate,
    Key,
    KeyKind,
    LedgerBusy,
    LedgerUnavailable,
    Request,
    Settings,
    Settled,
    baidu,
    credentials,
    market,
)
from gatekeeper.demo import ensure_demo
from gatekeeper.directory import DAYS_KEPT, DAYS_MOST
from gatekeeper.dynamodb import FACE_BYTES, DynamoLedger
from gatekeeper.ledger import KEEP, KEEP_REFUSED
from gatekeeper.schema import TABLES
from gatekeeper.sqlite import NONCE_MARGIN, SqliteLedger
from gatekeeper.store import open_ledger
from gatekeeper.vault import Vault, VaultError, load_keys
from tests.unit.gatekeeper.conftest import LOST_ANSWER, Cloud
from tests.unit.gatekeeper.together import together

AT, DAY = 1_700_000_000.0, "2023-11-15"


class TestOpening:
    def test_sqlite(self, tmp_path: Path) -> None:
        path = tmp_path / "new folder" / "ledger.db"
        ledger = open_ledger(f"sqlite:///{path}?timeout=0.5&sync=full".replace(" ", "%20"), {})
        ledger.ready()
        assert path.stat().st_mode & 0o777 == 0o600
        assert path.parent.stat().st_mode & 0o777 == 0o700
        ledger.close()

    @pytest.mark.parametrize(("asked", "flushes"), [("", 1), ("?sync=normal", 1), ("?sync=full", 2)])
    def test_sqlite_writes_ahead_and_flushes_as_asked(self, tmp_path: Path, asked: str, flushes: int) -> None:
        ledger = open_ledger(f"sqlite:///{tmp_path}/ledger.db{asked}", {})
        assert isinstance(ledger, SqliteLedger)
        assert ledger._read("PRAGMA journal_mode") == [("wal",)]
        assert ledger._read("PRAGMA synchronous") == [(flushes,)]
        ledger.close()

    def test_a_folder_that_is_there_keeps_its_rights(self, tmp_path: Path) -> None:
        tmp_path.chmod(0o755)
        SqliteLedger(tmp_path / "ledger.db").close()
        assert tmp_path.stat().st_mode & 0o777 == 0o755

    def test_dynamodb(self, cloud: Cloud) -> None:
        ledger = open_ledger(f"dynamodb://prefix?region=eu-central-1&endpoint={cloud.url}", {})
        with pytest.raises(LedgerUnavailable, match="ResourceNotFoundException"):
            ledger.ready()

    def test_not_sqlite_on_lambda(self, tmp_path: Path) -> None:
        url = f"sqlite:///{tmp_path}/ledger.db"
        with pytest.raises(ConfigError, match="Lambda"):
            open_ledger(url, {"AWS_LAMBDA_FUNCTION_NAME": "f"})
        with pytest.raises(ConfigError, match="Lambda"):
            Gate.from_env({"FACEGATE_LEDGER": url, "AWS_LAMBDA_FUNCTION_NAME": "f"})
        assert not list(tmp_path.iterdir())

    @pytest.mark.parametrize(
        "url",
        ["", "x", "postgres://a/b", "sqlite://", "sqlite:///", "sqlite://host/file", "dynamodb://", "dynamodb:///a",
         "dynamodb://a/b", "dynamodb://a?x=1", "sqlite:///a?x=1", "sqlite:///a?sync=off", "sqlite:///a?timeout=soon"],
    )  # fmt: skip
    def test_nonsense(self, url: str) -> None:
        with pytest.raises(ConfigError, match="FACEGATE_LEDGER"):
            open_ledger(url, {})

    def test_gate_from_the_environment(self, tmp_path: Path) -> None:
        environ = {"FACEGATE_LEDGER": f"sqlite:///{tmp_path}/ledger.db", "FACEGATE_LEASE": "9"}
        gate, again = Gate.from_env(environ), Gate.from_env(environ)
        assert gate.options.lease == 9
        assert (tmp_path / "ledger.db.key").stat().st_mode & 0o777 == 0o600
        assert again.vault.code_hash("x") == gate.vault.code_hash("x")
        gate.ledger.close()
        again.ledger.close()


class TestSqliteFaults:
    def test_a_file_that_is_no_database(self, tmp_path: Path) -> None:
        path = tmp_path / "ledger.db"
        path.write_bytes(b"this is a letter, not a database" * 99)
        with pytest.raises(LedgerUnavailable):
            SqliteLedger(path)

    def test_a_database_of_another_version(self, tmp_path: Path) -> None:
        path = tmp_path / "ledger.db"
        with sqlite3.connect(path) as other:
            other.execute("PRAGMA user_version=99")
        other.close()
        with pytest.raises(LedgerUnavailable, match="version 99"):
            SqliteLedger(path)

    def test_a_folder_that_cannot_be_made(self, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        with pytest.raises(LedgerUnavailable):
            SqliteLedger(tmp_path / "file" / "ledger.db")

    def test_locked_for_too_long_is_busy(self, tmp_path: Path) -> None:
        ledger = SqliteLedger(tmp_path / "ledger.db", timeout=0.05)
        client = ledger.save(Client("c1", Contract.MARKET))
        other = sqlite3.connect(tmp_path / "ledger.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(LedgerBusy):
            ledger.admit(client, "r1", DAY, AT)
        assert ledger.client("c1") == client  # reading goes on
        other.execute("ROLLBACK")
        other.close()
        assert ledger.admit(client, "r1", DAY, AT) is Admission.GRANTED
        ledger.close()

    def test_read_only(self, tmp_path: Path) -> None:
        ledger = SqliteLedger(tmp_path / "ledger.db")
        client = ledger.save(Client("c1", Contract.MARKET))
        with ledger._connection() as connection:
            connection.execute("PRAGMA query_only=ON")
        with pytest.raises(LedgerUnavailable):
            ledger.admit(client, "r1", DAY, AT)
        assert ledger.used("c1", DAY) == (0, 0)
        assert ledger.admit(client, "r1", DAY, AT) is Admission.GRANTED  # on a connection of its own
        ledger.close()

    def test_a_full_disk(self, tmp_path: Path) -> None:
        ledger = SqliteLedger(tmp_path / "ledger.db")
        client = ledger.save(Client("c1", Contract.MARKET))
        with ledger._connection() as connection:
            pages = connection.execute("PRAGMA page_count").fetchone()[0]
            connection.execute(f"PRAGMA max_page_count={pages}")
        with pytest.raises(LedgerUnavailable, match="full"):
            ledger.put_face("c1", "t" * 32, bytes(100_000), AT)
        assert ledger.face("c1", "t" * 32, AT - 1) is None
        assert ledger.admit(client, "r1", DAY, AT) is Admission.GRANTED
        ledger.close()

    def test_a_forked_child_has_its_own_connections(self, tmp_path: Path) -> None:
        script = f"""
import os
from pathlib import Path
from gatekeeper import Client, Contract
from gatekeeper.sqlite import SqliteLedger
ledger = SqliteLedger(Path({str(tmp_path / "l.db")!r}))
client = ledger.save(Client("c1", Contract.MARKET))
for number in range(3):
    if os.fork() == 0:
        ledger.admit(client, str(number), "{DAY}", {AT})
        os._exit(0)
for _ in range(3):
    assert os.wait()[1] == 0
ledger.admit(client, "parent", "{DAY}", {AT})
assert ledger.used("c1", "{DAY}") == (4, 4)
"""
        subprocess.run([sys.executable, "-c", script], check=True, timeout=60)

    def test_made_by_several_at_once(self, tmp_path: Path) -> None:
        def make(_: int) -> None:
            SqliteLedger(tmp_path / "ledger.db").close()
            load_keys({}, tmp_path / "ledger.db")

        assert together(6, make) == [None] * 6
        assert sorted(path.name for path in tmp_path.glob("*.key*")) == ["ledger.db.key"]

    def test_a_table_that_is_missing(self, sqlite: SqliteLedger) -> None:
        with sqlite._connection() as connection:
            made = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type='table'")}
        assert made == set(TABLES)
        for table in TABLES:
            with sqlite._write() as run:
                run(f"ALTER TABLE {table} RENAME TO away")
            with pytest.raises(LedgerUnavailable, match=table):
                sqlite.ready()
            with sqlite._write() as run:
                run(f"ALTER TABLE away RENAME TO {table}")
            sqlite.ready()

    def test_sweeping_forgets_what_has_expired(self, sqlite: SqliteLedger) -> None:
        client = sqlite.save(Client("c1", Contract.MARKET))
        sqlite.admit(client, "r1", DAY, AT)
        sqlite.settle("r1", "c1", Contract.MARKET, "0", True, DAY, AT)
        sqlite.burn("n", "r1", AT + 5, AT)
        sqlite.put_face("c1", "t", b"x", AT + 5)
        assert sqlite.sweep(AT + 4) == 0
        assert sqlite.sweep(AT + 5) == 1
        assert sqlite.sweep(AT + 4 + NONCE_MARGIN) == 0
        assert sqlite.sweep(AT + 5 + NONCE_MARGIN) == 1
        assert sqlite.sweep(AT + 86_400) == 1
        assert [row.calls for row in sqlite.usage(DAY, DAY)] == [1]

    def test_sweeping_is_bounded(self, sqlite: SqliteLedger) -> None:
        for number in range(30):
            sqlite.burn(str(number), "r", AT - NONCE_MARGIN, AT - NONCE_MARGIN - 1)
        assert [sqlite.sweep(AT, limit=20) for _ in range(3)] == [20, 10, 0]


def meanwhile(reads: int, work: Callable[[], object]) -> Callable[[str], str | None]:
    """Do the work once, just before the read that comes after so many."""
    left = iter(range(reads + 1))

    def answer(operation: str) -> None:
        if operation == "GetItem" and next(left, None) == reads:
            work()

    return answer


class TestDynamoFaults:
    @pytest.mark.parametrize(
        ("code", "error"),
        [
            ("InternalServerError", LedgerUnavailable),
            ("AccessDeniedException", LedgerUnavailable),
            ("ProvisionedThroughputExceededException", LedgerBusy),
            ("ThrottlingException", LedgerBusy),
        ],
    )
    def test_reading(self, dynamo: DynamoLedger, cloud: Cloud, code: str, error: type[Exception]) -> None:
        cloud.answers = lambda operation: code
        with pytest.raises(LedgerUnavailable) as caught:
            dynamo.find("k")
        assert type(caught.value) is error

    @pytest.mark.parametrize("reads", [0, 1, 2])
    def test_a_rotation_between_two_reads_of_a_verdict_holds(
        self, dynamo: DynamoLedger, cloud: Cloud, reads: int
    ) -> None:
        gate, serving = (Gate(dynamo, Vault(bytes(32)), lambda: AT) for _ in range(2))
        code = credentials.add(gate, Contract.MARKET, client_id="c1").secrets["appcode"]
        cloud.answers = meanwhile(reads, lambda: credentials.rotate(gate, "c1"))
        request = Request("GET", "/x", (), (("Authorization", f"APPCODE {code}"),))
        market.verdict(request, serving)
        assert cloud.answers("GetItem") is None
        assert len(dynamo.keys("c1")) == 4, "it was rotated"
        for number in range(3):
            assert market.verdict(replace(request, request_id=str(number)), serving).code == "A400AC"

    @pytest.mark.parametrize("reads", [0, 1, 2])
    def test_a_rotation_between_two_reads_of_the_token_route_holds(
        self, dynamo: DynamoLedger, cloud: Cloud, reads: int
    ) -> None:
        gate = Gate(dynamo, Vault(bytes(32)), lambda: AT)
        made = credentials.add(gate, Contract.BAIDU, client_id="c1").secrets
        cloud.answers = meanwhile(reads, lambda: credentials.rotate(gate, "c1"))
        names = {"client_id": made["api_key"], "client_secret": made["secret_key"]}
        answer = baidu.grant([("grant_type", "client_credentials"), *names.items()], gate)
        assert len(dynamo.keys("c1")) == 3, "it was rotated"
        token = str(answer.body.get("access_token", ""))
        found = baidu.verdict(Request("POST", "/x", (("access_token", token),)), gate)
        assert (answer.status, found.code) in [(401, "110"), (200, "110")]

    def test_nobody_there(self) -> None:
        from gatekeeper import directory  # its `connect` is cached for the other tests

        ledger = directory.Directory("p", "eu-central-1", "http://127.0.0.1:1")
        with pytest.raises(LedgerUnavailable):
            ledger.ready()

    def test_transactions_that_meet_are_tried_again(self, dynamo: DynamoLedger, cloud: Cloud) -> None:
        client = dynamo.save(Client("c1", Contract.MARKET))
        left = iter(["TransactionCanceledException"] * 3 + ["ProvisionedThroughputExceededException"])
        cloud.answers = lambda operation: next(left, None) if operation == "TransactWriteItems" else None
        assert dynamo.admit(client, "r1", DAY, AT) is Admission.GRANTED
        assert next(left, "used up") == "used up"
        assert dynamo.used("c1", DAY) == (1, 1)

    def test_meeting_for_ever_is_busy(
        self, dynamo: DynamoLedger, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("gatekeeper.dynamo.time.sleep", lambda seconds: None)
        client = dynamo.save(Client("c1", Contract.MARKET))
        for code in ("TransactionCanceledException", "TransactionInProgressException"):
            cloud.answers = lambda operation, code=code: code if operation == "TransactWriteItems" else None
            with pytest.raises(LedgerBusy):
                dynamo.admit(client, "r1", DAY, AT)
        cloud.answers = None
        assert dynamo.used("c1", DAY) == (0, 0)

    def test_an_answer_that_got_lost_takes_nothing_twice(self, dynamo: DynamoLedger, cloud: Cloud) -> None:
        """The write arrives, its answer does not; the client sends it again and finds it done."""
        client = dynamo.save(Client("c1", Contract.MARKET, quota_total=5))
        left = iter([LOST_ANSWER, None, LOST_ANSWER])
        cloud.answers = lambda operation: next(left, None) if operation == "TransactWriteItems" else None
        assert dynamo.admit(client, "r1", DAY, AT) is Admission.REPEATED
        assert dynamo.settle("r1", "c1", Contract.MARKET, "0", True, DAY, AT) is Settled.BILLED
        assert dynamo.used("c1", DAY) == (1, 1)
        assert [row.calls for row in dynamo.usage(DAY, DAY)] == [1]

    def test_a_unit_of_rate_is_given_back_once_and_to_nobody_else(self, dynamo: DynamoLedger, cloud: Cloud) -> None:
        old = dynamo.save(Client("c1", Contract.MARKET, rate=2))
        new = dynamo.save(old)
        left = iter([None, None, LOST_ANSWER])
        cloud.answers = lambda operation: next(left, None) if operation == "UpdateItem" else None
        assert dynamo.admit(old, "r1", DAY, AT) is Admission.STALE
        cloud.answers = None
        dynamo._uncount("c1", "r1")
        assert [dynamo.admit(new, f"n{i}", DAY, AT) for i in range(3)].count(Admission.GRANTED) == 2
        dynamo._uncount("c1", "n0")
        assert dynamo.admit(new, "n3", DAY, AT) is Admission.THROTTLED

    def test_a_nonce_whose_answer_got_lost_is_still_ours(self, dynamo: DynamoLedger, cloud: Cloud) -> None:
        left = iter([LOST_ANSWER])
        cloud.answers = lambda operation: next(left, None) if operation == "PutItem" else None
        assert dynamo.burn("n", "r1", AT + 9, AT)
        assert not dynamo.burn("n", "r2", AT + 9, AT)

    def test_tables_that_are_half_made_are_finished(self, cloud: Cloud) -> None:
        ledger = DynamoLedger(f"t{uuid.uuid4().hex[:8]}", "eu-central-1", cloud.url)
        left = iter([None, "AccessDeniedException"])
        cloud.answers = lambda operation: next(left, None) if operation == "CreateTable" else None
        with pytest.raises(LedgerUnavailable, match="AccessDenied"):
            ledger.create()
        asked: list[str] = []
        cloud.answers = asked.append
        for _ in range(2):
            ledger.create()
            ledger.ready()
        assert asked.count("UpdateTimeToLive") == 1, "AWS refuses to turn on what is on"
        cloud.answers = None
        ledger.close()

    def test_old_days_do_not_pile_up(self, dynamo: DynamoLedger) -> None:
        client = dynamo.save(Client("c1", Contract.MARKET), [Key("k", "c1", KeyKind.APPCODE, "k")])
        first = date(2023, 1, 1)
        for day in range(100):
            dynamo.admit(client, f"r{day}", str(first + timedelta(days=day)), AT)
            assert dynamo.find("k") is not None
            item = dynamo._get(dynamo._clients, "C#c1", "client")
            assert len([name for name in item if name.startswith("d2023")]) <= DAYS_MOST
        kept = [day for day in range(100) if dynamo.used("c1", str(first + timedelta(days=day))) == (100, 1)]
        assert kept[-DAYS_KEPT:] == list(range(100 - DAYS_KEPT, 100))

    def test_old_days_that_can_not_be_taken_away_stay(self, dynamo: DynamoLedger, cloud: Cloud) -> None:
        client = dynamo.save(Client("c1", Contract.MARKET), [Key("k", "c1", KeyKind.APPCODE, "k")])
        for day in range(DAYS_MOST + 1):
            dynamo.admit(client, f"r{day}", str(date(2023, 1, 1) + timedelta(days=day)), AT)
        cloud.answers = lambda operation: "AccessDeniedException" if operation == "UpdateItem" else None
        assert dynamo.find("k") is not None
        cloud.answers = None
        assert dynamo.used("c1", "2023-01-01") == (DAYS_MOST + 1, 1)

    @pytest.mark.parametrize("table", ["clients", "calls", "usage"])
    def test_a_table_that_is_missing(self, dynamo: DynamoLedger, table: str) -> None:
        dynamo.ready()
        dynamo._db.delete_table(TableName=f"{dynamo._prefix}-{table}")
        with pytest.raises(LedgerUnavailable, match="ResourceNotFound"):
            dynamo.ready()

    def test_what_has_expired_may_be_deleted_and_nothing_earlier(self, dynamo: DynamoLedger) -> None:
        client = dynamo.save(Client("c1", Contract.MARKET, rate=9))
        for name in ("held", "ended"):
            assert dynamo.admit(client, name, DAY, AT) is Admission.GRANTED
        dynamo.settle("ended", "c1", Contract.MARKET, "0", True, DAY, AT)
        dynamo.settle("refused", "c1", Contract.MARKET, "9", False, DAY, AT)
        dynamo.burn("n", "held", AT + 5.5, AT)
        dynamo.put_face("c1", "t", b"x", AT + 5.5)
        items = dynamo._scan(dynamo._calls, "sk <> :none", {":none": {"S": "none"}})
        assert {item["pk"]["S"]: float(item["ttl"]["N"]) - AT if "ttl" in item else None for item in items} == {
            "R#held": None, "R#ended": KEEP, "R#refused": KEEP_REFUSED, "N#n": 6, "F#c1#t": 6, "T#c1": 3600,
        }  # fmt: skip

    def test_a_face_that_is_too_large(self, dynamo: DynamoLedger) -> None:
        with pytest.raises(ValueError, match="bytes"):
            dynamo.put_face("c1", "t", bytes(FACE_BYTES + 1), AT)
        dynamo.put_face("c1", "t", bytes(FACE_BYTES), AT)


class TestVault:
    def test_sealed_and_opened(self) -> None:
        vault = Vault(bytes(32))
        sealed = vault.seal(b"secret", "name")
        assert b"secret" not in sealed
        assert vault.seal(b"secret", "name") != sealed
        assert vault.open(sealed, "name") == b"secret"

    def test_only_whole_only_here_only_with_this_key(self) -> None:
        vault = Vault(bytes(32))
        sealed = vault.seal(b"secret", "name")
        for place in range(len(sealed)):
            damaged = bytearray(sealed)
            damaged[place] ^= 1
            with pytest.raises(VaultError):
                vault.open(bytes(damaged), "name")
        for length in range(len(sealed)):
            with pytest.raises(VaultError):
                vault.open(sealed[:length], "name")
        for other, name, text in ((vault, "other", sealed), (Vault(b"\1" * 32), "name", sealed)):
            with pytest.raises(VaultError):
                other.open(text, name)

    @given(st.binary(max_size=99), st.text(max_size=20))
    def test_any_bytes_do_not_open(self, sealed: bytes, name: str) -> None:
        with pytest.raises(VaultError):
            Vault(bytes(32)).open(sealed, name)

    def test_every_use_has_its_own_key(self) -> None:
        first, second = Vault(bytes(32)), Vault(b"\1" * 32)
        assert first.code_hash("x") != second.code_hash("x")
        assert first.face_token("c", b"i") != second.face_token("c", b"i")
        assert first.code_hash("x")[:32] != first.derived("x")

    def test_a_key_has_32_bytes(self) -> None:
        with pytest.raises(ConfigError):
            Vault(bytes(31))


class TestKey:
    KEY = bytes(range(32))

    def test_from_the_environment(self) -> None:
        for text in (self.KEY.hex(), base64.b64encode(self.KEY).decode(), f" {self.KEY.hex()}\n"):
            assert load_keys({"FACEGATE_KEY": text}, None) == (self.KEY,)

    @pytest.mark.parametrize("text", ["short", "é" * 64, "0" * 63, base64.b64encode(bytes(31)).decode(), "kms:!!"])
    def test_malformed(self, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
        with pytest.raises(ConfigError, match="FACEGATE_KEY"):
            load_keys({"FACEGATE_KEY": text}, None)

    def test_missing_without_sqlite(self) -> None:
        with pytest.raises(ConfigError, match="FACEGATE_KEY"):
            load_keys({}, None)

    def test_from_kms(self, monkeypatch: pytest.MonkeyPatch) -> None:
        kms = boto3.client("kms", region_name="eu-central-1", aws_access_key_id="x", aws_secret_access_key="x")
        monkeypatch.setattr("botocore.session.Session.create_client", lambda session, name, config: kms)
        text = "kms:" + base64.b64encode(b"wrapped").decode()
        with Stubber(kms) as stub:
            stub.add_response("decrypt", {"Plaintext": self.KEY}, {"CiphertextBlob": b"wrapped"})
            assert load_keys({"FACEGATE_KEY": text}, None) == (self.KEY,)
            stub.add_client_error("decrypt", "InvalidCiphertextException")
            with pytest.raises(ConfigError, match="KMS"):
                load_keys({"FACEGATE_KEY": text}, None)

    @pytest.mark.parametrize(("given", "asked"), [("", "eu-west-1"), ("us-east-2", "us-east-2")])
    def test_kms_lies_where_the_ledger_does(self, monkeypatch: pytest.MonkeyPatch, given: str, asked: str) -> None:
        for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
        if given:
            monkeypatch.setenv("AWS_DEFAULT_REGION", given)
        regions: list[str | None] = []

        def create(session: Session, name: str, config: object) -> None:
            regions.append(session.get_config_variable("region"))
            raise NoCredentialsError

        monkeypatch.setattr("botocore.session.Session.create_client", create)
        environ = {"FACEGATE_KEY": "kms:AAAA", "FACEGATE_LEDGER": "dynamodb://x?region=eu-west-1"}
        with pytest.raises(ConfigError, match="NoCredentials"):
            load_keys(environ, None)
        assert regions == [asked]

    def test_file(self, tmp_path: Path) -> None:
        database = tmp_path / "ledger.db"
        (key,) = load_keys({}, database)
        assert len(key) == 32
        assert load_keys({}, database) == (key,)
        assert load_keys({}, tmp_path / "other.db") != (key,)
        (tmp_path / "ledger.db.key").chmod(0o640)
        with pytest.raises(ConfigError, match="chmod 600"):
            load_keys({}, database)

    def test_a_key_that_is_gone_is_not_made_anew(self, tmp_path: Path) -> None:
        environ = {"FACEGATE_LEDGER": f"sqlite:///{tmp_path}/ledger.db"}
        key = tmp_path / "ledger.db.key"
        Gate.from_env(environ).ledger.close()
        key.unlink()
        with pytest.raises(ConfigError, match="has no key beside it"):
            Gate.from_env(environ, make=False)
        gate = Gate.from_env(environ)  # nothing is stored under the one that is gone
        credentials.add(gate, Contract.MARKET)
        gate.ledger.close()
        kept = key.read_text()
        key.unlink()
        for make in (True, False):
            with pytest.raises(ConfigError, match=r"put ledger\.db\.key back"):
                Gate.from_env(environ, make=make)
        assert not list(tmp_path.glob("*.key*"))
        given = Gate.from_env(environ | {"FACEGATE_KEY": kept})
        assert given.vault.code_hash("x") == gate.vault.code_hash("x")
        given.ledger.close()

    def test_a_key_that_another_process_made_meanwhile(self, tmp_path: Path) -> None:
        key = tmp_path / "ledger.db.key"

        def not_new() -> bool:
            """Key and first client come between the look for the key and the one for clients."""
            key.write_text(self.KEY.hex())
            key.chmod(0o600)
            return False

        assert load_keys({}, tmp_path / "ledger.db", not_new) == (self.KEY,)

    def test_first_starts_at_once(self, tmp_path: Path) -> None:
        environ = {"FACEGATE_LEDGER": f"sqlite:///{tmp_path}/ledger.db"}

        def start(_: int) -> dict[str, object]:
            gate = Gate.from_env(environ)
            secrets: dict[str, object] = {name: demo.secrets for name, demo in ensure_demo(gate).items() if demo.live}
            gate.ledger.close()
            return secrets

        told = together(6, start)
        gate = Gate.from_env(environ, make=False)
        assert told == [{name: demo.secrets for name, demo in ensure_demo(gate).items()}] * 6
        gate.ledger.close()

    def test_nothing_is_made_where_nothing_may_be(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigError, match="there is no ledger at"):
            Gate.from_env({"FACEGATE_LEDGER": f"sqlite:///{tmp_path}/ledger.db"}, make=False)
        assert not list(tmp_path.iterdir())

    def test_file_in_no_folder(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigError):
            load_keys({}, tmp_path / "none" / "ledger.db")


class TestTypes:
    @pytest.mark.parametrize(
        "given_settings",
        [{"bare_body": "maybe"}, {"clock_skew": "x"}, {"clock_skew": -1}, {"clock_skew": True}, {"clock_skew": 1e9},
         {"clock_skew": "nan"}, {"buckets": [1]}, {"buckets": "a b"}, {"scope": 'a"b'}, {"scope": 1},
         {"none": 1}, [], "x"],
    )  # fmt: skip
    def test_wrong_settings(self, given_settings: object) -> None:
        with pytest.raises(ValueError, match=r"[a-z]"):
            Settings.parse(given_settings)

    def test_settings_from_text(self) -> None:
        texts = {
            "bare_body": "True",
            "query_appcode": "false",
            "clock_skew": "1.5",
            "buckets": "a,b",
            "scope": "public",
        }
        made = Settings(True, False, 1.5, ("a", "b"), "public")
        assert Settings.parse(texts) == made
        assert Settings.from_json(made.to_json()) == made
        assert Settings().to_json() == "{}"

    @pytest.mark.parametrize(
        "wrong",
        [{"id": ""}, {"id": "a b"}, {"id": "x" * 65}, {"account": "x"}, {"rate": 0}, {"quota_total": -1},
         {"quota_day": 2**60}],
    )  # fmt: skip
    def test_wrong_clients(self, wrong: dict[str, object]) -> None:
        fields: dict[str, object] = {"id": "c", "contract": Contract.MARKET, **wrong}
        with pytest.raises(ValueError, match=next(iter(wrong))):
            Client(**fields)  # type: ignore[arg-type]

    @pytest.mark.parametrize("name", ["é", "a\nb", "x" * 513])
    def test_wrong_key_names(self, name: str) -> None:
        with pytest.raises(ValueError, match="name"):
            Key(name, "c", KeyKind.APPKEY, "p")
