"""New credentials when the numbers drawn for them are taken."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from gatekeeper import Conflict, Contract, Gate, Request, Settings, credentials, tencent
from tests.unit.gatekeeper.conftest import Clock


def drawn(monkeypatch: pytest.MonkeyPatch, *numbers: str) -> Iterator[str]:
    """Draw these numbers, one after another; what is left of them shows how often was drawn."""
    left = iter(numbers)
    monkeypatch.setattr(credentials, "_digits", lambda count: next(left)[-count:])
    return left


@pytest.mark.parametrize("contract", list(Contract))
def test_a_taken_number_is_drawn_again(both: Gate, contract: Contract, monkeypatch: pytest.MonkeyPatch) -> None:
    left = drawn(monkeypatch, "00000001", "00000001", "00000001", "00000002")
    first = credentials.add(both, contract)
    second = credentials.add(both, contract)
    assert list(left) == []
    name = {Contract.MARKET: "app_key", Contract.TENCENT: "appid", Contract.BAIDU: "app_id"}[contract]
    assert first.secrets[name][-1] == "1"
    assert second.secrets[name][-1] == "2"
    assert {client.id for client in both.ledger.clients()} == {first.client.id, second.client.id}
    assert second.client.account == second.secrets.get(name if contract is not Contract.MARKET else "", "")


def test_a_taken_id_is_told_at_once(both: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    left = drawn(monkeypatch, "00000001", "00000002", "00000003")
    credentials.add(both, Contract.TENCENT, client_id="ada")
    with pytest.raises(Conflict):
        credentials.add(both, Contract.TENCENT, client_id="ada")
    assert list(left) == ["00000003"]


def test_credentials_that_are_given_are_never_drawn(both: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    given = credentials.fresh(Contract.BAIDU)
    credentials.add(both, Contract.BAIDU, given=given)
    drawn(monkeypatch)
    with pytest.raises(Conflict):
        credentials.add(both, Contract.BAIDU, given=given)


def test_a_bucket_of_somebody_else_stays_a_conflict(both: Gate) -> None:
    bucket = Settings(buckets=("photos",))
    credentials.add(both, Contract.TENCENT, settings=bucket)
    with pytest.raises(Conflict):
        credentials.add(both, Contract.TENCENT, settings=bucket)
    assert len(list(both.ledger.clients())) == 1


def name(gate: Gate, client_id: str, *buckets: str) -> None:
    credentials.change(gate, client_id, lambda client: replace(client, settings=Settings(buckets=buckets)))


def live(gate: Gate, client_id: str) -> set[str]:
    keys = gate.ledger.keys(client_id)
    assert len({key.lookup for key in keys}) == len(keys)
    return {key.public for key in keys if key.kind == "bucket" and key.live(gate.now())}


def test_a_bucket_that_is_no_longer_named_is_free(both: Gate, clock: Clock) -> None:
    for client_id, buckets in (("a", ("photos", "films")), ("b", ())):
        credentials.add(both, Contract.TENCENT, client_id=client_id, settings=Settings(buckets=buckets))
    with pytest.raises(Conflict):
        name(both, "b", "photos")
    name(both, "a", "films", "other")
    assert live(both, "a") == {"films", "other"}
    clock.at += 1
    name(both, "b", "photos")
    assert (live(both, "a"), live(both, "b")) == ({"films", "other"}, {"photos"})
    with pytest.raises(Conflict):
        name(both, "a", "photos", "films")
    assert live(both, "a") == {"films", "other"}


def test_a_bucket_comes_back_to_its_client(both: Gate) -> None:
    credentials.add(both, Contract.TENCENT, client_id="a", settings=Settings(buckets=("photos",)))
    for buckets in ((), ("photos",), ("photos",), ("other",), ("photos", "other")):
        name(both, "a", *buckets)
        assert live(both, "a") == set(buckets)


def test_only_a_bucket_that_a_client_names_is_somebody_elses(both: Gate, clock: Clock) -> None:
    credentials.add(both, Contract.TENCENT, client_id="a", settings=Settings(buckets=("photos",)))
    made = credentials.add(both, Contract.TENCENT, settings=Settings(buckets=("mine",))).secrets
    start, secret = int(clock.at), made["secret_key"].encode()
    signature = tencent.sign(made["appid"], made["secret_id"], secret, start, start + 60, 1, "photos")
    request = Request("POST", "/x", (), (("Authorization", signature),))
    assert tencent.verdict(request, both).code == "6"
    name(both, "a")
    assert tencent.verdict(request, both).code == "16"


def test_a_secret_that_has_ended_stays_taken(both: Gate, clock: Clock) -> None:
    first = credentials.add(both, Contract.BAIDU, client_id="a")
    credentials.rotate(both, "a")
    clock.at += 1
    with pytest.raises(Conflict):
        credentials.add(both, Contract.BAIDU, given={**first.secrets, "app_id": "9"})
