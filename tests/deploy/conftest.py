"""A stack on this machine: the template's tables and environment, the images' files, the emulator, and moto."""

from __future__ import annotations

import base64
import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import boto3
import httpx
import pytest
import uvicorn

from events import demo, prepare
from facecore import Analyzer
from gatekeeper import Contract, Gate
from gatekeeper.dynamodb import DynamoLedger
from gatekeeper.sqlite import SqliteLedger
from gatekeeper.vault import Vault
from serving.service import Service
from standalone import server
from standalone.app import Server
from tests.contract.kit import wait_for
from tests.deploy import template
from tests.deploy.emulator import Cloud, Function
from tests.deploy.image import ROOT, Image, build, install
from tests.scripts import loaded

NAMES = {Contract.MARKET: "Market", Contract.TENCENT: "Tencent", Contract.BAIDU: "Baidu"}


@pytest.fixture(scope="session")
def bench() -> Iterator[Path]:
    """A folder beside the environment, so that its packages can be linked instead of copied; gone afterwards."""
    (ROOT / "build").mkdir(exist_ok=True)
    with TemporaryDirectory(prefix="deploy-", dir=ROOT / "build") as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
def images(bench: Path) -> dict[str, Image]:
    """The images' file trees, by target."""
    folder = bench / "images"
    folder.mkdir()
    return {target: build(target, folder) for target in (*template.CONTRACTS, "standalone")}


@pytest.fixture(scope="session")
def zips(bench: Path) -> dict[str, Path]:
    """What is in the authorizers' zips, by contract; the packages are this environment's."""
    assemble = loaded("layers/access/assemble.py")
    made = {}
    for contract in template.CONTRACTS:
        made[contract] = bench / f"zip-{contract}"
        install(ROOT / "requirements/access.txt", made[contract])
        assemble.copy_code(contract, made[contract])
    return made


@pytest.fixture(scope="session")
def lambda_runtime(bench: Path, images: dict[str, Image]) -> str:
    """What Lambda's Python runtime brings for a zip, its client and boto3: a search path."""
    client = images["market"].packages[-1]
    install(ROOT / "requirements/lambda.txt", bench / "runtime", [client])
    return f"{bench / 'runtime'}:{client}"


@dataclass(frozen=True)
class Stack:
    """The template's functions in the emulator.

    Attributes:
        cloud: DynamoDB and KMS.
        functions: By their logical names in the template.
        start: Starts one more instance of a function, with changes to its environment.
    """

    cloud: Cloud
    functions: dict[str, Function]
    start: Callable[..., Function]

    def authorizer(self, contract: Contract) -> Function:
        return self.functions[f"{NAMES[contract]}Authorizer"]

    def function(self, contract: Contract) -> Function:
        return self.functions[f"{NAMES[contract]}Function"]


@pytest.fixture(scope="session")
def stack(
    images: dict[str, Image], zips: dict[str, Path], lambda_runtime: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stack]:
    """The template, deployed to this machine, with the demo clients and the events' units taken."""
    cloud = Cloud()
    running: dict[str, Function] = {}
    try:
        sealed = _seal(cloud)
        _make_tables(cloud)
        _fill(cloud)

        def start(name: str, **changes: str) -> Function:
            properties = template.resources("AWS::Serverless::Function")[name]
            env = template.environment(name, SealedKey=sealed) | {
                "AWS_ENDPOINT_URL": cloud.url,
                "AWS_ACCESS_KEY_ID": name,
                "AWS_SECRET_ACCESS_KEY": "none",
                "AWS_LAMBDA_FUNCTION_NAME": name,
            }
            contract = name.removesuffix("Authorizer").removesuffix("Function").lower()
            if name.endswith("Function"):
                image = images[contract]
                command, env = image.argv(properties["ImageConfig"]["Command"]), image.environment() | env
            else:
                command = [*Image(Path(), entrypoint=["python"]).argv([]), "-m", "awslambdaric", properties["Handler"]]
                env["PYTHONPATH"] = f"{zips[contract]}:{lambda_runtime}"
            return Function(command, env | changes, tmp_path_factory.mktemp(name))

        for name in template.resources("AWS::Serverless::Function"):
            running[name] = start(name)
        yield Stack(cloud, running, start)
    finally:
        for function in running.values():
            function.close()
        cloud.close()


@pytest.fixture(scope="session")
def standalone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """The standalone server with the same demo clients, the real models and a ledger of its own."""
    ledger = SqliteLedger(tmp_path_factory.mktemp("standalone") / "ledger.sqlite")
    demo.install(ledger, time.time())
    service = Service(Gate(ledger, Vault(demo.KEY)), Analyzer)
    running = uvicorn.Server(server.config(Server(service), "127.0.0.1", 0))
    thread = threading.Thread(target=running.run, daemon=True)
    thread.start()
    try:
        wait_for(lambda: running.started)
        port = running.servers[0].sockets[0].getsockname()[1]
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60, trust_env=False) as http:
            yield http
    finally:
        running.should_exit = True
        thread.join(40)


def _client(cloud: Cloud, service: str) -> Any:
    return boto3.client(
        service, region_name=template.REGION, endpoint_url=cloud.url,
        aws_access_key_id="deployer", aws_secret_access_key="none",
    )  # fmt: skip


def _seal(cloud: Cloud) -> str:
    kms = _client(cloud, "kms")
    key = kms.create_key()["KeyMetadata"]["Arn"]
    return base64.b64encode(kms.encrypt(KeyId=key, Plaintext=demo.KEY)["CiphertextBlob"]).decode()


def _make_tables(cloud: Cloud) -> None:
    """Makes the tables that the template describes."""
    dynamodb = _client(cloud, "dynamodb")
    for properties in template.resources("AWS::DynamoDB::Table").values():
        wanted = template.resolve(properties)
        life = wanted.pop("TimeToLiveSpecification", None)
        wanted.pop("PointInTimeRecoverySpecification")
        wanted["SSESpecification"] = {"Enabled": wanted["SSESpecification"]["SSEEnabled"]}
        dynamodb.create_table(**wanted)
        if life is not None:
            dynamodb.update_time_to_live(TableName=wanted["TableName"], TimeToLiveSpecification=life)


def _fill(cloud: Cloud) -> None:
    """Makes the demo clients, takes the events' units, and leaves a dead call for somebody to find."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", "deployer")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "none")
        ledger = DynamoLedger(template.STACK, template.REGION, cloud.url)
        now = time.time()
        prepare.prepare(ledger, now)
        for contract in Contract:
            client = ledger.client(f"demo-{contract}")
            assert client is not None
            ledger.admit(client, f"dead-{contract}", "2026-01-01", now - 1000, 1)
        ledger.close()


def read_event(name: str) -> dict[str, Any]:
    """A committed event."""
    event: dict[str, Any] = json.loads((ROOT / "events" / name).read_text(encoding="utf-8"))
    return event
