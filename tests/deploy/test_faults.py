"""What the functions answer when something they need is missing or broken."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from gatekeeper import Contract, refusals
from gatekeeper.dynamodb import DynamoLedger
from tests.deploy import template
from tests.deploy.conftest import Stack, read_event
from tests.deploy.image import Image
from tests.deploy.test_lambda import code_of

ASKED = {Contract.MARKET: "no-image", Contract.TENCENT: "unknown-appid", Contract.BAIDU: "no-photo"}
ANSWERED = {Contract.MARKET: "form", Contract.TENCENT: "multipart", Contract.BAIDU: "one-photo"}


@contextmanager
def outage(stack: Stack) -> Iterator[None]:
    """DynamoDB and KMS answer with errors."""
    stack.cloud.down = True
    try:
        yield
    finally:
        stack.cloud.down = False


@pytest.mark.parametrize("contract", Contract)
def test_without_a_ledger_nobody_comes_in(contract: Contract, stack: Stack) -> None:
    event = read_event(f"{contract}/{ASKED[contract]}.authorizer.json")
    stack.authorizer(contract).invoke(event)
    with outage(stack):
        said = stack.authorizer(contract).invoke(event)
    assert said["context"]["allowed"] is False
    assert said["context"]["auth_error"] == refusals.unavailable(contract, "").code
    assert said["policyDocument"]["Statement"][0]["Effect"] == "Allow", "the function words the refusal"


@pytest.mark.parametrize(("contract", "code"), [("market", "X503BZ"), ("tencent", "107"), ("baidu", "2")])
def test_what_can_not_be_booked_is_not_answered(contract: str, code: str, stack: Stack) -> None:
    function = stack.function(Contract(contract))
    function.invoke(read_event(f"{contract}/wrong-method.json"))
    with outage(stack):
        answer = function.invoke(read_event(f"{contract}/{ANSWERED[Contract(contract)]}.json"))
    assert code_of(answer) == code


def test_sqlite_is_no_ledger_on_lambda(stack: Stack, tmp_path: Path) -> None:
    with closing(stack.start("MarketFunction", FACEGATE_LEDGER=f"sqlite:///{tmp_path}/ledger.sqlite")) as function:
        said = function.raw(read_event("market/form.json"))
    assert "ConfigError" in said["errorType"]
    assert list(tmp_path.glob("*.sqlite")) == []


def test_an_altered_master_key_opens_nothing(stack: Stack) -> None:
    with closing(stack.start("MarketAuthorizer", FACEGATE_KEY="kms:" + "A" * 64)) as function:
        said = function.raw(read_event("market/form.authorizer.json"))
    assert "ConfigError" in said["errorType"]
    assert "A" * 64 not in str(said)


def test_an_altered_model_is_told_in_the_vendors_words(stack: Stack, images: dict[str, Image], tmp_path: Path) -> None:
    models = tmp_path / "models"
    shutil.copytree(images["tencent"].tree / "app/models", models)
    for path in models.glob("*.onnx"):
        path.write_bytes(path.read_bytes()[:-1] + b"x")
    with closing(stack.start("TencentFunction", FACEGATE_MODELS=str(models))) as function:
        answer = function.invoke(read_event("tencent/multipart.json"))
        assert code_of(answer) == "-5802"
        assert "is altered; its SHA-256 should be" in function.log.read_text()


def test_the_units_of_calls_that_died_are_given_back(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    for contract in Contract:
        stack.authorizer(contract).invoke(read_event(f"{contract}/{ASKED[contract]}.authorizer.json"))
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    with closing(DynamoLedger(template.STACK, template.REGION, stack.cloud.url)) as ledger:
        rows = list(ledger.usage("2026-01-01", "2026-01-01"))
    assert {(row.client, row.outcome, row.billable, row.calls) for row in rows} == {
        (f"demo-{contract}", "lost", False, 1) for contract in Contract
    }
