"""``facegate keys`` and ``facegate usage``."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from gatekeeper import Contract, Gate, Request, credentials
from gatekeeper.demo import Demo, ensure_demo
from gatekeeper.market import verdict
from standalone.cli import main

Output = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def _ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FACEGATE_LEDGER", f"sqlite:///{tmp_path}/ledger.db")
    monkeypatch.delenv("FACEGATE_KEY", raising=False)


def made(capsys: Output, *words: str) -> dict[str, Any]:
    assert main(["keys", *words]) == 0
    printed: dict[str, Any] = json.loads(capsys.readouterr().out)
    return printed


def table(capsys: Output, *words: str) -> list[list[str]]:
    assert main(list(words)) == 0
    return [line.split() for line in capsys.readouterr().out.splitlines()]


def program(*words: str) -> list[str]:
    """The command line as a process of its own."""
    return [sys.executable, "-c", f"import sys; from standalone.cli import main; sys.exit(main({list(words)!r}))"]


def in_ascii(*words: str) -> list[str]:
    """The lines printed where the output takes ASCII alone."""
    environ = os.environ | {"PYTHONIOENCODING": "ascii"}
    done = subprocess.run(program(*words), capture_output=True, env=environ, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    return done.stdout.decode("ascii").splitlines()


def opens(appcode: str, request_id: str = "") -> str:
    gate = Gate.from_env()
    more = (request_id,) if request_id else ()
    found = verdict(Request("GET", "/", (), (("Authorization", f"APPCODE {appcode}"),), *more), gate)
    gate.settle(found, found.code or "0", billable=found.allowed)
    gate.ledger.close()
    return found.code


def demos(url: str = "") -> dict[Contract, Demo]:
    gate = Gate.from_env({"FACEGATE_LEDGER": url} if url else None)
    try:
        return ensure_demo(gate)
    finally:
        gate.ledger.close()


class TestKeys:
    def test_added_credentials_open_the_door(self, capsys: Output) -> None:
        printed = made(capsys, "add", "market", "--name", "Ada", "--id", "ada")
        assert set(printed) == {"client", "contract", "appcode", "app_key", "app_secret"}
        assert opens(printed["appcode"]) == ""

    @pytest.mark.parametrize(
        ("contract", "names"),
        [("tencent", {"appid", "secret_id", "secret_key"}), ("baidu", {"app_id", "api_key", "secret_key"})],
    )
    def test_what_each_contract_prints(self, capsys: Output, contract: str, names: set[str]) -> None:
        assert set(made(capsys, "add", contract)) == {"client", "contract"} | names

    def test_limits_and_settings(self, capsys: Output) -> None:
        made(capsys, "add", "market", "--id", "ada", "--rate", "5", "--quota", "9", "--quota-day", "3", "--expires",
             "2030-01-31", "--set", "query_appcode=true", "--set", "clock_skew=7")  # fmt: skip
        assert main(["keys", "list", "--json"]) == 0
        line = json.loads(capsys.readouterr().out)
        assert (line["rate"], line["quota"], line["quota_day"], line["expires"]) == (5, 9, 3, 1_896_048_000)
        assert line["settings"] == {"query_appcode": True, "clock_skew": 7.0}
        assert [key["kind"] for key in line["keys"]] == ["appcode", "appkey"]
        changed = table(capsys, "keys", "set", "ada", "--rate", "none", "--expires", "never", "--set", "clock_skew=8")
        assert changed[1] == ["ada", "market", "active", "never", "-", "0/9", "0/3", "2"]

    @pytest.mark.parametrize(
        ("text", "at"),
        [
            ("2030-01-31", 1_896_048_000),
            ("2030-01-31T10:00:00", 1_896_084_000),
            ("2030-01-31T10:00:00+08:00", 1_896_055_200),
            ("2030-01-31T10:00:00Z", 1_896_084_000),
            ("9999-12-31T23:59:59-12:00", 253_402_343_999),
        ],
    )
    def test_ends(self, capsys: Output, text: str, at: int) -> None:
        made(capsys, "add", "market", "--id", "ada", "--expires", text)
        assert main(["keys", "list", "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["expires"] == at
        assert len(table(capsys, "keys", "list")) == 2

    @pytest.mark.parametrize("end", [8.64e22, 1e17, float("inf")])
    def test_an_end_that_no_calendar_has(self, capsys: Output, end: float) -> None:
        gate = Gate.from_env()
        credentials.add(gate, Contract.MARKET, client_id="ada", expires=end)
        gate.ledger.close()
        assert table(capsys, "keys", "list")[1][:4] == ["ada", "market", "active", f"{end:g}"]

    def test_a_name_that_the_output_has_no_signs_for(self, capsys: Output) -> None:
        made(capsys, "add", "market", "--id", "ada", "--name", "张三")
        made(capsys, "add", "market", "--id", "bob", "--name", "Bob")
        assert table(capsys, "keys", "list")[1][2] == "张三"
        head, first, second = in_ascii("keys", "list")
        assert (first.split()[2], second.split()[2]) == (r"\u5f20\u4e09", "Bob")
        assert head.index("NAME") == first.index(r"\u5f20") == second.index("Bob")
        assert [json.loads(line)["name"] for line in in_ascii("keys", "list", "--json")] == ["张三", "Bob"]

    def test_no_secret_is_listed(self, capsys: Output) -> None:
        printed = made(capsys, "add", "market", "--id", "ada")
        assert main(["keys", "list", "--json"]) == 0
        shown = capsys.readouterr().out
        assert printed["app_key"] in shown
        assert printed["appcode"] not in shown
        assert printed["app_secret"] not in shown

    def test_rotated(self, capsys: Output) -> None:
        old = made(capsys, "add", "market", "--id", "ada")["appcode"]
        new = made(capsys, "rotate", "ada", "--grace", "1h")["appcode"]
        assert (opens(old), opens(new)) == ("", "")
        newest = made(capsys, "rotate", "ada")["appcode"]
        assert (opens(old), opens(new), opens(newest)) == ("A400AC", "A400AC", "")

    @pytest.mark.parametrize("words", [["add", "market", "--id", "lost"], ["rotate", "lost"]])
    def test_credentials_that_could_not_be_printed(self, capsys: Output, words: list[str]) -> None:
        if words[0] == "rotate":
            made(capsys, "add", "market", "--id", "lost")
        with Path("/dev/full").open("w") as full:
            done = subprocess.run(program("keys", *words), stdout=full, stderr=subprocess.PIPE, check=False)
        told = done.stderr.decode().splitlines()
        assert (done.returncode, len(told)) == (1, 1)
        assert told[0].startswith("facegate: lost has new credentials, which could not be printed (No space left on")
        assert told[0].endswith("make others: facegate keys rotate lost")
        assert opens(made(capsys, "rotate", "lost")["appcode"]) == ""

    @pytest.mark.parametrize(("verb", "code"), [("disable", "I403AA"), ("suspend", "B403MI")])
    def test_stopped_and_let_in_again(self, capsys: Output, verb: str, code: str) -> None:
        appcode = made(capsys, "add", "market", "--id", "ada")["appcode"]
        table(capsys, "keys", verb, "ada")
        assert opens(appcode) == code
        table(capsys, "keys", "enable", "ada")
        assert opens(appcode) == ""

    def test_revoked(self, capsys: Output) -> None:
        made(capsys, "add", "baidu", "--id", "ada")
        table(capsys, "keys", "revoke", "ada")
        gate = Gate.from_env()
        client = gate.ledger.client("ada")
        gate.ledger.close()
        assert client is not None
        assert client.generation == 2

    @pytest.mark.parametrize(
        ("words", "status", "text"),
        [
            (["disable", "nobody"], 1, "no client nobody"),
            (["revoke", "nobody"], 1, "no client nobody"),
            (["revoke", "ada"], 2, "ada is a market client and has no tokens: rotate or disable it"),
            (["add", "market", "--id", "ada"], 1, "exists already"),
            (["add", "market", "--id", "a b"], 2, "id:"),
            (["add", "market", "--rate", "-1"], 2, "rate:"),
            (["add", "market", "--rate", "0"], 2, "rate:"),
            (["add", "market", "--expires", "soon"], 2, "soon:"),
            (["add", "market", "--expires", "999999999999999999d"], 2, "at most 36500d"),
            (["add", "market", "--expires", f"{'9' * 400}s"], 2, "at most 36500d"),
            (["add", "market", "--set", "nothing"], 2, "NAME=VALUE"),
            (["set", "ada", "--set", "colour=red"], 2, "no such setting"),
            (["rotate", "ada", "--grace", "1y"], 2, "a time like"),
            (["rotate", "ada", "--grace", "36501d"], 2, "at most 36500d"),
        ],
    )
    def test_wrong(self, capsys: Output, words: list[str], status: int, text: str) -> None:
        made(capsys, "add", "market", "--id", "ada")
        assert main(["keys", *words]) == status
        shown = capsys.readouterr()
        assert text in shown.err
        assert shown.out == ""

    def test_no_ledger(self, capsys: Output, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("FACEGATE_LEDGER", "nonsense")
        for command in ("keys list", "usage"):
            assert main(command.split()) == 2
            assert "FACEGATE_LEDGER" in capsys.readouterr().err

    @pytest.mark.parametrize("command", ["keys list", "keys list --json", "keys disable a", "keys rotate a", "usage"])
    def test_only_add_makes_a_ledger(self, capsys: Output, tmp_path: Path, command: str) -> None:
        assert main(command.split()) == 2
        told = f"facegate: FACEGATE_LEDGER: there is no ledger at {tmp_path}/ledger.db\n"
        assert capsys.readouterr() == ("", told)
        assert not list(tmp_path.iterdir())


class TestUsage:
    @pytest.fixture
    def day(self, capsys: Output) -> str:
        for name, quota in (("ada", "3"), ("bob", "none")):
            appcode = made(capsys, "add", "market", "--id", name, "--quota", quota)["appcode"]
            for number in range(5):
                opens(appcode, f"{name}-{number}")
        gate = Gate.from_env()
        gate.ledger.close()
        return gate.day(gate.now())

    def test_detail(self, capsys: Output, day: str) -> None:
        assert table(capsys, "usage") == [
            ["DAY", "CLIENT", "CONTRACT", "OUTCOME", "BILLABLE", "CALLS"],
            [day, "ada", "market", "0", "yes", "3"],
            [day, "ada", "market", "B403MQ", "no", "2"],
            [day, "bob", "market", "0", "yes", "5"],
        ]

    def test_by_client(self, capsys: Output, day: str) -> None:
        rows = table(capsys, "usage", "--by", "client")
        assert rows[1:] == [["ada", "3", "2", "5", "█" * 24 + "░" * 16], ["bob", "5", "0", "5", "█" * 40]]

    def test_by_day_as_csv(self, capsys: Output, day: str) -> None:
        assert main(["usage", "--by", "day", "--csv"]) == 0
        rows = list(csv.reader(capsys.readouterr().out.splitlines()))
        assert rows == [["day", "billed", "unbilled", "calls"], [day, "8", "2", "10"]]

    def test_one_client(self, capsys: Output, day: str) -> None:
        assert table(capsys, "usage", "--client", "bob")[1:] == [[day, "bob", "market", "0", "yes", "5"]]

    def test_nothing_yet(self, capsys: Output) -> None:
        Gate.from_env().ledger.close()
        assert len(table(capsys, "usage", "--by", "day")) == 1

    @pytest.mark.parametrize("days", ["0", "-1", "99999"])
    def test_wrong_days(self, capsys: Output, days: str) -> None:
        assert main(["usage", "--days", days]) == 2
        assert "--days" in capsys.readouterr().err


class TestDemo:
    def test_the_same_at_every_start(self) -> None:
        first, second = demos(), demos()
        assert set(first) == set(Contract)
        assert first == second
        assert all(demo.live for demo in first.values())
        assert opens(first[Contract.MARKET].secrets["appcode"]) == ""

    def test_another_installation_has_others(self, tmp_path: Path) -> None:
        first = demos()
        other = demos(f"sqlite:///{tmp_path}/other.db")
        for contract in Contract:
            assert not set(first[contract].secrets.values()) & set(other[contract].secrets.values())

    def test_a_rotated_one_stays_rotated(self, capsys: Output) -> None:
        old = demos()[Contract.MARKET].secrets["appcode"]
        made(capsys, "rotate", "demo-market")
        found = demos()
        assert [found[contract].live for contract in Contract] == [False, True, True]
        assert opens(old) == "A400AC"
