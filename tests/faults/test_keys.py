"""The master key: kept by KMS, which fails, and followed by a newer one."""

from __future__ import annotations

import base64
import os
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError, EndpointConnectionError

from gatekeeper import ConfigError, Contract, Gate, LedgerBusy, LedgerUnavailable, Verdict, baidu, credentials, doors
from gatekeeper.demo import ensure_demo
from gatekeeper.request import Request
from gatekeeper.sqlite import SqliteLedger
from gatekeeper.vault import Vault, VaultError, load_keys
from tests.faults.calls import BUSY, UNAVAILABLE, lambda_event
from tests.hostile import forgeries

NOON = 1_700_000_000.0
OLD, NEW = bytes(range(32)), bytes(range(1, 33))


def failing(code: str, status: int) -> ClientError:
    return ClientError({"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}, "Decrypt")  # type: ignore[typeddict-item]  # as much of one as is read


class Kms:
    """What answers, or raises what it is told."""

    def __init__(self) -> None:
        self.error: Exception | None = None

    def decrypt(self, **given: bytes) -> dict[str, bytes]:
        if self.error is not None:
            raise self.error
        return {"Plaintext": given["CiphertextBlob"]}


@pytest.fixture
def kms(monkeypatch: pytest.MonkeyPatch) -> Kms:
    made = Kms()
    monkeypatch.setattr("botocore.session.Session.create_client", lambda session, name, config: made)
    return made


@pytest.mark.parametrize(
    ("error", "kind", "codes"),
    [
        (EndpointConnectionError(endpoint_url="kms"), LedgerUnavailable, UNAVAILABLE),
        (ConnectTimeoutError(endpoint_url="kms"), LedgerUnavailable, UNAVAILABLE),
        (failing("KMSInternalException", 500), LedgerUnavailable, UNAVAILABLE),
        (failing("DependencyTimeoutException", 503), LedgerUnavailable, UNAVAILABLE),
        (failing("KeyUnavailableException", 500), LedgerUnavailable, UNAVAILABLE),
        (failing("ThrottlingException", 400), LedgerBusy, BUSY),
    ],
)
def test_kms_does_not_answer_at_the_start(
    kms: Kms, tmp_path: Path, error: Exception, kind: type[Exception], codes: dict[Contract, str]
) -> None:
    environ = {
        "FACEGATE_KEY": "kms:" + base64.b64encode(OLD).decode(),
        "FACEGATE_LEDGER": f"sqlite:///{tmp_path}/ledger.sqlite",
    }
    kms.error = error
    with pytest.raises(kind):
        load_keys(environ, None)
    made: list[Gate] = []

    def gate() -> Gate:
        made.append(Gate.from_env(environ))
        return made[-1]

    for contract in Contract:
        asked = lambda_event(contract)
        told = doors.answer(asked, None, forgeries.JUDGES[contract], contract, gate)
        assert (told["context"]["allowed"], told["context"]["auth_error"]) == (False, codes[contract])
        assert told["policyDocument"]["Statement"][0]["Effect"] == "Allow", "the function words the refusal"
    kms.error = None
    asked = lambda_event(Contract.MARKET)
    told = doors.answer(asked, None, forgeries.JUDGES[Contract.MARKET], Contract.MARKET, gate)
    assert told["context"]["auth_error"] == "A400MA", "the next call asks KMS again, and finds it well"
    made[-1].ledger.close()


@pytest.mark.parametrize("code", ["InvalidCiphertextException", "AccessDeniedException", "DisabledException"])
def test_what_kms_will_never_open_ends_the_start(kms: Kms, code: str) -> None:
    kms.error = failing(code, 400)
    with pytest.raises(ConfigError, match="KMS") as told:
        load_keys({"FACEGATE_KEY": "kms:" + base64.b64encode(OLD).decode()}, None)
    assert base64.b64encode(OLD).decode() not in str(told.value)


# ---- a newer key


@pytest.fixture
def ledger(tmp_path: Path) -> Any:
    made = SqliteLedger(tmp_path / "ledger.sqlite")
    yield made
    made.close()


def gate(ledger: SqliteLedger, *masters: bytes) -> Gate:
    return Gate(ledger, Vault(*masters), lambda: NOON)


def good(who: forgeries.Callers) -> dict[str, Any]:
    """A sound request with each kind of credential of the first caller."""
    market, clinic = who.one[Contract.MARKET], who.one[Contract.BAIDU]
    token = baidu.make(baidu.ACCESS, clinic.client, NOON, who.gate.vault)
    signature = forgeries.tencent_signature(who, who.one[Contract.TENCENT])
    header = forgeries.bce_header(who, clinic, "2023-11-14T22:13:20Z")
    code = [("Authorization", f"APPCODE {market.secrets['appcode']}")]
    heads = forgeries.market_headers(who, market, **{"X-Ca-Nonce": os.urandom(8).hex()})
    return {
        "appcode": (Contract.MARKET, code, []),
        "market": (Contract.MARKET, list(heads.items()), []),
        "tencent": (Contract.TENCENT, [("Authorization", signature)], []),
        "token": (Contract.BAIDU, [], [("access_token", token)]),
        "bce": (Contract.BAIDU, [("Authorization", header), ("Host", "a")], []),
    }


def opened(who: forgeries.Callers, calls: dict[str, Any]) -> set[str]:
    return {
        name
        for name, (contract, headers, query) in calls.items()
        if forgeries.decide(who, contract, forgeries.asked(contract, os.urandom(8).hex(), headers, query)).allowed
    }


def test_credentials_outlive_the_key_that_they_were_made_under(ledger: SqliteLedger) -> None:
    before = forgeries.callers(gate(ledger, OLD))
    calls = good(before)
    every = set(calls)
    both = forgeries.Callers(gate(ledger, NEW, OLD), before.one, before.two)
    assert opened(both, calls) == every
    renewed = both.gate
    for contract in Contract:
        both.one[contract] = credentials.rotate(renewed, before.one[contract].client.id, grace=60)
    new = good(both)
    assert opened(both, new) == every
    alone = forgeries.Callers(gate(ledger, NEW), both.one, both.two)
    assert opened(alone, good(alone)) == every, "what was made since needs the old key no more"
    old = {name: call for name, call in calls.items() if name != "bce"}
    assert opened(alone, old) == set()


def test_while_a_newer_key_is_rolled_out_every_process_takes_what_any_other_makes(ledger: SqliteLedger) -> None:
    """First the new key behind the old one, then before it, then alone: at each step two kinds of processes run."""
    steps = [(OLD,), (OLD, NEW), (NEW, OLD), (NEW,)]
    for before, after in pairwise(steps):
        for maker, other in ((before, after), (after, before)):
            who = forgeries.callers(gate(ledger, *maker))
            calls = good(who)
            assert opened(forgeries.Callers(gate(ledger, *other), who.one, who.two), calls) == set(calls)
    who = forgeries.callers(gate(ledger, NEW, OLD))
    made = good(who)
    assert opened(forgeries.Callers(gate(ledger, OLD), who.one, who.two), made) < set(made), "why it takes two steps"


def test_a_token_taken_within_the_grace_works_for_its_whole_time(ledger: SqliteLedger) -> None:
    clock = [NOON]
    own = Gate(ledger, Vault(OLD), lambda: clock[0])
    made = credentials.add(own, Contract.BAIDU)
    ask = [("grant_type", "client_credentials"), ("client_id", made.secrets["api_key"]),
           ("client_secret", made.secrets["secret_key"])]  # fmt: skip
    credentials.rotate(own, made.client.id, grace=60)
    clock[0] += 59
    token = str(baidu.grant(ask, own).body["access_token"])
    clock[0] += 29 * 86_400
    call = Request("POST", "/rest/2.0/face/v3/faceverify", (("access_token", token),))
    assert baidu.grant(ask, own).status == 401
    assert baidu.verdict(call, own).allowed
    credentials.revoke(own, made.client.id)
    assert not baidu.verdict(call, own).allowed


def test_a_wrong_code_is_one_answer_with_two_keys(ledger: SqliteLedger) -> None:
    who = forgeries.callers(gate(ledger, OLD))
    both = forgeries.Callers(gate(ledger, NEW, OLD), who.one, who.two)
    for request in forgeries.appcodes(both):
        assert forgeries.decide(both, Contract.MARKET, request).code == "A400AC"
    for request in forgeries.tokens(both):
        assert not forgeries.decide(both, Contract.BAIDU, request).allowed


def test_the_newest_seals_and_all_open(ledger: SqliteLedger) -> None:
    old, both, new = Vault(OLD), Vault(NEW, OLD), Vault(NEW)
    assert both.open(old.seal(b"x", "name"), "name") == b"x"
    assert both.age(old.seal(b"x", "name"), "name") == 1
    sealed = both.seal(b"x", "name")
    assert both.age(sealed, "name") == 0
    assert new.open(sealed, "name") == b"x"
    with pytest.raises(VaultError):
        old.open(sealed, "name")
    assert both.code_hash("x") == new.code_hash("x")
    assert both.code_hashes("x") == (new.code_hash("x"), old.code_hash("x"))
    assert both.face_token("c", b"photo") == new.face_token("c", b"photo")


def test_faces_and_demo_clients_stay(ledger: SqliteLedger) -> None:
    first = gate(ledger, OLD)
    demos = ensure_demo(first)
    verdict = Verdict(True, Contract.BAIDU, "R1", client="demo-baidu")
    token = first.remember_face(verdict, b"photo", "{}")
    both = gate(ledger, NEW, OLD)
    assert both.recall_face(verdict, token) == "{}"
    assert gate(ledger, NEW).recall_face(verdict, token) is None
    assert all(demo.live for demo in ensure_demo(both).values())
    assert {each: demo.secrets for each, demo in ensure_demo(both).items()} == {
        each: demo.secrets for each, demo in demos.items()
    }
    assert not any(demo.live for demo in ensure_demo(gate(ledger, NEW)).values())


def test_keys_of_the_environment_and_the_file(tmp_path: Path) -> None:
    texts = [NEW.hex(), base64.b64encode(OLD).decode()]
    for separator in (",", " ", ", ", "\n"):
        assert load_keys({"FACEGATE_KEY": separator.join(texts)}, None) == (NEW, OLD)
    with pytest.raises(ConfigError):
        load_keys({"FACEGATE_KEY": f"{texts[0]},short"}, None)
    database = tmp_path / "ledger.sqlite"
    (first,) = load_keys({}, database)
    file = tmp_path / "ledger.sqlite.key"
    file.write_text(f"{NEW.hex()}\n{file.read_text()}")
    assert load_keys({}, database) == (NEW, first)
    file.write_text(" \n")
    with pytest.raises(ConfigError, match="empty"):
        load_keys({}, database)
