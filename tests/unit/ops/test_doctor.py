"""``facegate doctor``: every check says what is wrong when something is, and nothing when nothing is."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from facecore.errors import ModelError
from gatekeeper import Contract, Gate, LedgerBusy, LedgerUnavailable, credentials
from gatekeeper.demo import ensure_demo
from gatekeeper.dynamodb import DynamoLedger
from gatekeeper.sqlite import NONCE_MARGIN, SqliteLedger
from gatekeeper.types import State
from standalone.cli import main
from standalone.doctor import Finding, Level, access, host, models
from tests.contract import kit
from tests.unit.gatekeeper.conftest import Cloud, cloud, dynamo
from tests.unit.ops import nets

__all__ = ["cloud", "dynamo"]

KEY = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """An installation with a ledger and a key."""
    return {"FACEGATE_LEDGER": f"sqlite:///{tmp_path}/ledger.db", "FACEGATE_KEY": KEY}


@pytest.fixture
def gate(environ: dict[str, str]) -> Iterator[Gate]:
    made = Gate.from_env(environ)
    yield made
    made.ledger.close()


def looked(environ: dict[str, str], production: bool = False) -> dict[str, list[Finding]]:
    """The access layer's findings by check."""
    found: dict[str, list[Finding]] = {}
    for finding in access.access(environ, production):
        found.setdefault(finding.check, []).append(finding)
    return found


def told(findings: list[Finding], level: Level) -> str:
    return "; ".join(finding.told for finding in findings if finding.level is level)


class TestModels:
    def test_whole(self, tmp_path: Path) -> None:
        found = list(models.models(nets.folder(tmp_path)))
        assert [finding.level for finding in found] == [Level.OK] * 4
        assert [finding.told.partition(":")[0] for finding in found] == list(models.ROLES)

    def test_missing_altered_unregistered_broken(self, tmp_path: Path) -> None:
        nets.folder(tmp_path, liveness=None, synthetic=b"no model")
        (tmp_path / "detector.onnx").unlink()
        (tmp_path / "face.onnx").write_bytes(b"altered")
        found = list(models.models(tmp_path))
        assert [finding.level for finding in found] == [Level.FAIL] * 4
        for finding, word in zip(
            found, ("missing", "altered", "no model named liveness", "does not load"), strict=True
        ):
            assert word in finding.told
            assert finding.todo

    def test_facts_that_do_not_fit(self, tmp_path: Path) -> None:
        nets.folder(tmp_path)
        registry = json.loads((tmp_path / "registry.json").read_text())
        del registry["models"]["liveness"]["context"]
        registry["models"]["face"]["side"] = 64
        (tmp_path / "registry.json").write_text(json.dumps(registry))
        found = {finding.told.split()[0]: finding.level for finding in models.models(tmp_path)}
        assert list(found.values()).count(Level.FAIL) == 2

    def test_no_registry(self, tmp_path: Path) -> None:
        (finding,) = models.models(tmp_path)
        assert finding.level is Level.FAIL
        assert "FACEGATE_MODELS" in finding.todo

    def test_an_answer_that_is_no_number(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(models.ROLES, "liveness", lambda model, image: float("nan"))
        found = [finding for finding in models.models(nets.folder(tmp_path)) if finding.level is Level.FAIL]
        assert [finding.told for finding in found] == ["liveness answers nan"]


class TestLedger:
    def test_a_new_installation(self, tmp_path: Path) -> None:
        found = looked({"FACEGATE_LEDGER": f"sqlite:///{tmp_path}/new/ledger.db"})
        assert "not there yet" in told(found["ledger"], Level.WARN)
        assert "no FACEGATE_KEY" in told(found["keys"], Level.WARN)
        assert list(tmp_path.iterdir()) == [], "it makes nothing"

    def test_whole(self, environ: dict[str, str], gate: Gate) -> None:
        credentials.add(gate, Contract.MARKET, "ada")
        found = looked(environ)
        assert {finding.level for findings in found.values() for finding in findings} == {Level.OK}
        assert set(found) == {"keys", "ledger", "clock"}
        assert gate.ledger.sweep(gate.now() + NONCE_MARGIN + 1) == 1, "the write leaves only what the next sweep takes"

    @pytest.mark.parametrize("url", ["", "nonsense", "sqlite:///x?colour=red", "dynamodb://p?nothing=1"])
    def test_a_url_that_can_not_be(self, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        (tmp_path / "x").touch()
        found = looked({"FACEGATE_LEDGER": url, "FACEGATE_KEY": KEY})
        assert "FACEGATE_LEDGER" in told(found["ledger"], Level.FAIL)

    def test_another_version(self, environ: dict[str, str], gate: Gate) -> None:
        with gate.ledger._connection() as connection:  # type: ignore[attr-defined]
            connection.execute("PRAGMA user_version=7")
        assert "version 7" in told(looked(environ)["ledger"], Level.FAIL)

    def test_no_database(self, environ: dict[str, str], tmp_path: Path) -> None:
        (tmp_path / "ledger.db").write_bytes(b"something else altogether" * 100)
        assert "does not answer" in told(looked(environ)["ledger"], Level.FAIL)

    def test_a_folder_that_takes_nothing(self, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        found = looked({"FACEGATE_LEDGER": f"sqlite:///{tmp_path}/file/ledger.db", "FACEGATE_KEY": KEY})
        assert "can not be made" in told(found["ledger"], Level.FAIL)

    @pytest.mark.parametrize(
        ("error", "level", "word"),
        [(LedgerUnavailable("readonly"), Level.FAIL, "takes no write"), (LedgerBusy("locked"), Level.WARN, "busy")],
    )
    def test_no_write(
        self,
        environ: dict[str, str],
        gate: Gate,
        monkeypatch: pytest.MonkeyPatch,
        error: Exception,
        level: Level,
        word: str,
    ) -> None:
        def burn(*args: object) -> bool:
            raise error

        monkeypatch.setattr(SqliteLedger, "burn", burn)
        assert word in told(looked(environ)["ledger"], level)

    def test_open_to_others_and_full(
        self, environ: dict[str, str], gate: Gate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "ledger.db").chmod(0o644)
        monkeypatch.setattr(access, "_LEAST_ROOM", 1 << 62)
        warned = told(looked(environ)["ledger"], Level.WARN)
        assert "can be read by other users" in warned
        assert "MB are free" in warned

    def test_no_cloud(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            monkeypatch.setenv(name, "test")
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        url = f"dynamodb://p?region=eu-central-1&endpoint=http://127.0.0.1:{port}"
        failed = [f for f in looked({"FACEGATE_LEDGER": url, "FACEGATE_KEY": KEY})["ledger"] if f.level is Level.FAIL]
        assert len(failed) == 1
        assert "tables" in failed[0].todo


class TestClock:
    def test_the_day_that_quotas_count_by(self, environ: dict[str, str], gate: Gate) -> None:
        shown = told(looked(environ)["clock"], Level.OK)
        assert f"quotas count {gate.day(time.time())} (UTC+8 h, as the vendors count)" in shown
        assert "UTC-3 h" in told(looked(environ | {"FACEGATE_DAY_OFFSET": "-3"})["clock"], Level.OK)

    def test_behind_the_ledger(self, environ: dict[str, str]) -> None:
        ahead = Gate.from_env(environ, now=lambda: time.time() + 7200)
        credentials.add(ahead, Contract.MARKET, "ada")
        ahead.ledger.close()
        assert "the ledger was written at" in told(looked(environ)["clock"], Level.FAIL)

    def test_behind_the_file(self, environ: dict[str, str], gate: Gate, tmp_path: Path) -> None:
        gate.ledger.close()
        os.utime(tmp_path / "ledger.db", (time.time() + 500, time.time() + 500))
        assert "the ledger was written at" in told(looked(environ)["clock"], Level.FAIL)

    def test_years_behind(self, environ: dict[str, str], gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(access, "_BUILT", 4e9)
        assert looked(environ)["clock"][0].level is Level.FAIL

    def test_days_to_come(self, environ: dict[str, str], gate: Gate) -> None:
        gate.ledger.settle("r", "ada", Contract.MARKET, "2", False, gate.day(gate.now() + 2 * 86_400), gate.now())
        assert "the ledger has calls of" in told(looked(environ)["clock"], Level.WARN)

    def test_days_to_come_on_dynamodb(self, cloud: Cloud, dynamo: DynamoLedger) -> None:
        """Each day is a query: a few are asked for."""
        asked: Counter[str] = Counter()

        def count(operation: str) -> str | None:
            asked[operation] += 1
            return "InternalServerError" if asked["Query"] > 9 else None

        cloud.answers = count
        environ = {
            "FACEGATE_LEDGER": f"dynamodb://{dynamo._prefix}?region=eu-central-1&endpoint={cloud.url}",
            "FACEGATE_KEY": KEY,
        }
        assert "quotas count" in told(looked(environ)["clock"], Level.OK)
        assert asked["Query"] == 3
        asked.clear()
        at = time.time()
        day = Gate.from_env(environ).day(at + 2 * 86_400)
        dynamo.settle("r", "ada", Contract.MARKET, "2", False, day, at)
        assert f"the ledger has calls of {day}" in told(looked(environ)["clock"], Level.WARN)


class TestKeys:
    def test_the_wrong_one(self, environ: dict[str, str], gate: Gate) -> None:
        credentials.add(gate, Contract.TENCENT, "ada")
        found = looked(environ | {"FACEGATE_KEY": KEY[::-1]})
        assert "does not open the ledger's secrets" in told(found["keys"], Level.FAIL)

    def test_malformed(self, environ: dict[str, str], gate: Gate) -> None:
        found = looked(environ | {"FACEGATE_KEY": "short"})
        assert "32 bytes" in told(found["keys"], Level.FAIL)
        assert "ledger" not in found, "one cause is told once"

    def test_not_random(self, environ: dict[str, str], gate: Gate) -> None:
        assert "not random" in told(looked(environ | {"FACEGATE_KEY": "00" * 32})["keys"], Level.WARN)

    def test_lost_key_file(self, environ: dict[str, str], gate: Gate, tmp_path: Path) -> None:
        credentials.add(gate, Contract.MARKET)
        del environ["FACEGATE_KEY"]
        for _ in range(2):
            found = looked(environ)
            assert "has no key beside it" in told(found["keys"], Level.FAIL)
            assert "ledger" not in found, "one cause is told once"
        assert not list(tmp_path.glob("*.key")), "it makes nothing"

    def test_key_file_open_to_others(self, environ: dict[str, str], tmp_path: Path) -> None:
        del environ["FACEGATE_KEY"]
        Gate.from_env(environ).ledger.close()
        assert "back it up" in told(looked(environ)["keys"], Level.OK)
        (tmp_path / "ledger.db.key").chmod(0o644)
        found = looked(environ)
        assert "chmod 600" in told(found["keys"], Level.FAIL)
        assert "ledger" not in found

    def test_a_newer_one_and_many_clients(self, environ: dict[str, str]) -> None:
        """It names every client that still needs the older one: when it names none, that one may go."""
        newer = KEY[::-1]
        both = environ | {"FACEGATE_KEY": f"{newer},{KEY}"}
        for key, names in ((environ, ["zoe"]), (environ | {"FACEGATE_KEY": newer}, [f"a{n:03d}" for n in range(600)])):
            made = Gate.from_env(key)
            for name in names:
                credentials.add(made, Contract.TENCENT, name, client_id=name)
            made.ledger.close()
        found = looked(both)["keys"]
        assert told(found, Level.WARN) == "credentials made under an older master key: zoe"
        assert "601 clients can call, of 601" in told(found, Level.OK)
        made = Gate.from_env(both)
        credentials.rotate(made, "zoe")
        made.ledger.close()
        assert told(looked(both)["keys"], Level.WARN) == ""

    def test_nobody(self, environ: dict[str, str], gate: Gate) -> None:
        assert "there is no client" in told(looked(environ)["keys"], Level.WARN)

    def test_demo_clients(self, environ: dict[str, str], gate: Gate) -> None:
        ensure_demo(gate)
        assert "demo clients are on" in told(looked(environ)["keys"], Level.OK)
        warned = [f for f in looked(environ, production=True)["keys"] if f.level is Level.WARN]
        assert "demo-baidu, demo-market, demo-tencent" in warned[0].told
        assert "facegate keys disable demo-market" in warned[0].todo
        credentials.add(gate, Contract.MARKET, "ada")
        assert "demo-market" in told(looked(environ)["keys"], Level.WARN), "with a real client it is no trial any more"
        credentials.set_state(gate, "demo-market", State.DISABLED)
        credentials.rotate(gate, "demo-tencent")
        warned = [f for f in looked(environ)["keys"] if f.level is Level.WARN]
        assert warned[0].told.endswith(": demo-baidu")


class TestHost:
    def test_versions(self, monkeypatch: pytest.MonkeyPatch) -> None:
        (finding,) = host.versions()
        assert finding.level is Level.OK
        assert "onnxruntime" in finding.told
        monkeypatch.setattr(host, "_PACKAGES", ("facegate", "no-such-package"))
        monkeypatch.setattr(host, "_LEAST_SQLITE", (99,))
        failed = told(list(host.versions()), Level.FAIL)
        assert "no-such-package" in failed
        assert "too old" in failed

    def test_settings(self) -> None:
        (fine,) = host.settings({"FACEGATE_METRICS": "on", "FACEGATE_DAY_OFFSET": "8"})
        assert fine.level is Level.OK
        wrong = {"FACEGATE_METRICS": "x", "FACEGATE_DAY_OFFSET": "99", "FACEGATE_THREADS": "0"}
        wrong["POWERTOOLS_LOG_LEVEL"] = "VERBOSE"
        failed = list(host.settings(wrong))
        assert {finding.level for finding in failed} == {Level.FAIL}
        assert {finding.told.partition(":")[0] for finding in failed} == set(wrong)

    def test_a_free_port(self) -> None:
        (finding,) = host.port("127.0.0.1", 0)
        assert finding.level is Level.OK

    def test_a_taken_port_and_by_whom(self) -> None:
        program = (
            "import socket, time; s = socket.create_server(('127.0.0.1', 0));"
            "print(s.getsockname()[1], flush=True); time.sleep(60)"
        )
        with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as other:
            try:
                assert other.stdout is not None
                (finding,) = host.port("127.0.0.1", int(other.stdout.readline()))
            finally:
                other.kill()
        assert finding.level is Level.WARN
        if Path("/proc/net/tcp").exists():
            assert f"(process {other.pid})" in finding.told

    @pytest.mark.parametrize("number", [-1, 65_536, 99_999])
    def test_a_port_that_can_not_be(self, number: int) -> None:
        (finding,) = host.port("127.0.0.1", number)
        assert (finding.level, finding.told) == (Level.FAIL, f"there is no port {number}")

    def test_an_address_of_another_machine(self) -> None:
        (finding,) = host.port("192.0.2.1", 80)
        assert finding.level is Level.FAIL

    def test_facegate_itself(self, tmp_path: Path) -> None:
        with kit.bench(tmp_path) as bench:
            kit.wait_for(lambda: bench.http.get("/healthz").status_code == 200)
            port = bench.http.base_url.port or 0
            (finding,) = host.port("127.0.0.1", port)
            assert (finding.level, "is ready" in finding.told) == (Level.OK, True)
            bench.service._analyzer = _no_models
            (tmp_path / "other").mkdir()
        with kit.bench(tmp_path / "other") as bench:
            bench.gate.ledger.ready = _gone  # type: ignore[method-assign]
            (finding,) = host.port("127.0.0.1", bench.http.base_url.port or 0)
            assert (finding.level, "not ready" in finding.told) == (Level.WARN, True)


def _gone() -> None:
    raise LedgerUnavailable("gone")


def _no_models() -> kit.FakeAnalyzer:
    raise ModelError("missing")


class TestCommand:
    @pytest.fixture(autouse=True)
    def _installed(self, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
        for name in [name for name in os.environ if name.startswith("FACEGATE_")]:
            monkeypatch.delenv(name)
        for name, value in environ.items():
            monkeypatch.setenv(name, value)

    def test_fine(self, gate: Gate, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        credentials.add(gate, Contract.MARKET, "ada")
        folder = nets.folder(tmp_path / "models")
        assert main(["doctor", "--models", str(folder), "--port", "0"]) == 0
        shown = capsys.readouterr().out.splitlines()
        assert shown[-1] == "0 failures, 0 warnings"
        assert {line.split()[1] for line in shown[:-1]} == {
            "versions", "settings", "models", "keys", "ledger", "clock", "port",
        }  # fmt: skip

    def test_warnings_are_no_failure(self, gate: Gate, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        folder = nets.folder(tmp_path / "models")
        assert main(["doctor", "--models", str(folder), "--port", "0"]) == 0
        shown = capsys.readouterr().out
        assert "warn  keys      there is no client\n" in shown
        assert f"{'':16}-> facegate keys add market" in shown

    def test_a_failure_is_1_and_json_is_json(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["doctor", "--json", "--models", str(tmp_path / "none"), "--port", "0"]) == 1
        lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        assert all(set(line) == {"check", "level", "told", "todo"} for line in lines)
        assert [line["check"] for line in lines if line["level"] == "fail"] == ["models"]

    def test_no_secret_is_told(self, gate: Gate, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        issued = credentials.add(gate, Contract.MARKET, "ada")
        main(["doctor", "--models", str(tmp_path), "--port", "0"])
        shown = capsys.readouterr().out
        for word in (KEY, *issued.secrets.values()):
            assert word not in shown
