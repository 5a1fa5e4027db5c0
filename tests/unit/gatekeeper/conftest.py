"""Both ledgers, and a gate with a clock that tests move."""

from __future__ import annotations

import functools
import threading
import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from gatekeeper import Client, Gate, Ledger
from gatekeeper.dynamo import connect
from gatekeeper.dynamodb import DynamoLedger
from gatekeeper.sqlite import SqliteLedger
from gatekeeper.vault import Vault
from tests.unit.gatekeeper.nobody import NOON

# How long an example takes says nothing on a machine that does other work.
settings.register_profile("no deadline", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("no deadline")


def limited(client: Client, limit: str, value: int) -> Client:
    """The client with one of its limits set."""
    changes: dict[str, Any] = {limit: value}
    return replace(client, **changes)


class Clock:
    """Time that stands still until it is moved."""

    def __init__(self) -> None:
        self.at = NOON

    def __call__(self) -> float:
        return self.at


LOST_ANSWER = "lost answer"


class Cloud:
    """moto's DynamoDB over HTTP, one request at a time: the isolation that DynamoDB promises and moto does not.

    `answers` may answer a request in its stead: it gets the operation's name and returns the error code, or None.
    `LOST_ANSWER` carries the request out and answers with an error all the same.
    """

    def __init__(self) -> None:
        from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
        from werkzeug.serving import WSGIRequestHandler, make_server

        class Silent(WSGIRequestHandler):
            def log(self, type: str, message: str, *args: object) -> None:  # noqa: A002 - its name upstream
                return

        create_backend_app("dynamodb")  # its imports take longer than a request may, on a machine that does other work
        self._app: Any = DomainDispatcherApplication(create_backend_app)
        self._lock = threading.Lock()
        self.answers: Callable[[str], str | None] | None = None
        self._server = make_server("127.0.0.1", 0, self._answer, threaded=True, request_handler=Silent)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def _answer(self, environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        operation = environ.get("HTTP_X_AMZ_TARGET", "").rpartition(".")[2]
        code = self.answers(operation) if self.answers else None
        with self._lock:
            if code is None:
                return list(self._app(environ, start))
            if code == LOST_ANSWER:
                list(self._app(environ, lambda *head: None))
                start("500 Internal Server Error", [("Content-Type", "application/x-amz-json-1.0")])
                return [b'{"__type":"InternalServerError"}']
        environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        body = f'{{"__type":"com.amazonaws.dynamodb.v20120810#{code}"'
        if code == "TransactionCanceledException":
            body += ',"CancellationReasons":[{"Code":"None"},{"Code":"TransactionConflict"}]'
        status = "500 Internal Server Error" if code == "InternalServerError" else "400 Bad Request"
        start(status, [("Content-Type", "application/x-amz-json-1.0")])
        return [f"{body}}}".encode()]

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture(scope="session")
def cloud() -> Iterator[Cloud]:
    with pytest.MonkeyPatch.context() as patch:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patch.setenv(name, "test")
        patch.setattr("gatekeeper.directory.connect", functools.cache(connect))  # making a client takes half a second
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        made = Cloud()
        yield made
        made.close()


@pytest.fixture
def dynamo(cloud: Cloud) -> Iterator[DynamoLedger]:
    ledger = DynamoLedger(f"t{uuid.uuid4().hex[:8]}", "eu-central-1", cloud.url)
    ledger.create()
    yield ledger
    cloud.answers = None
    ledger.close()


@pytest.fixture
def sqlite(tmp_path: Path) -> Iterator[SqliteLedger]:
    ledger = SqliteLedger(tmp_path / "ledger.db")
    yield ledger
    ledger.close()


@pytest.fixture(params=["sqlite", "dynamo"])
def ledger(request: pytest.FixtureRequest) -> Ledger:
    """Each test that asks for it runs on both."""
    found: Ledger = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def gate(sqlite: SqliteLedger, clock: Clock) -> Gate:
    return Gate(sqlite, Vault(bytes(range(32))), clock)


@pytest.fixture
def both(ledger: Ledger, clock: Clock) -> Gate:
    """A gate on either ledger."""
    return Gate(ledger, Vault(bytes(range(32))), clock)
