"""New credentials when the numbers drawn for them are taken."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from gatekeeper import Conflict, Contract, Gate, Settings, credentials


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
