"""Lambda without Docker: the vendor's runtime interface emulator, and moto in the place of DynamoDB and KMS."""

from __future__ import annotations

import base64
import io
import json
import platform
import re
import signal
import socket
import subprocess
import threading
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import httpx

from tests.contract.kit import wait_for
from tests.deploy.template import ACCOUNT, REGION, SAM

PATH = "/2015-03-31/functions/function/invocations"
_CALLER = re.compile(r"Credential=([^/]+)/")


class Cloud:
    """moto over HTTP; writes down who asked for what.

    A transaction that comes again with its token gets its first answer, as DynamoDB promises and moto does not: on a
    busy machine the client asks again before moto has answered.

    Attributes:
        url: Its address.
        asked: Access key id (a function's name, here), IAM action and resource of every request.
        down: Answers every request with an error, as a service that is down.
    """

    def __init__(self) -> None:
        from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
        from werkzeug.serving import WSGIRequestHandler, make_server

        class Silent(WSGIRequestHandler):
            def log(self, type: str, message: str, *args: object) -> None:  # noqa: A002 - its name upstream
                return

        self.asked: set[tuple[str, str, str]] = set()
        self.down = False
        self._done: dict[str, tuple[list[Any], list[bytes]]] = {}
        self._app: Any = DomainDispatcherApplication(create_backend_app)
        self._lock = threading.Lock()
        self._server = make_server("127.0.0.1", 0, self._answer, threaded=True, request_handler=Silent)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _answer(self, environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = io.BytesIO(body)
        if self.down:
            start("500 Internal Server Error", [("Content-Type", "application/x-amz-json-1.0")])
            return [b'{"__type":"InternalServerError"}']
        request = json.loads(body or b"{}")
        caller = _CALLER.search(environ.get("HTTP_AUTHORIZATION", ""))
        with self._lock:
            for action, resource in _needs(environ.get("HTTP_X_AMZ_TARGET", ""), request):
                self.asked.add((caller[1] if caller else "", action, resource))
            token = request.get("ClientRequestToken")
            if token not in self._done:
                head: list[Any] = []
                answer = list(self._app(environ, lambda *given: head.extend(given)))
                if token is None:
                    start(*head)
                    return answer
                self._done[token] = (head, answer)
            head, answer = self._done[token]
            start(*head)
            return answer


def _needs(target: str, body: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What a request needs a right for: (action, resource)."""
    service, _, operation = target.partition(".")
    if service == "TrentService":
        return [(f"kms:{operation}", "key")]
    if operation == "TransactWriteItems":  # needs the rights of what it holds
        return [
            (f"dynamodb:{word}Item", _table(item["TableName"]))
            for write in body["TransactItems"]
            for word, item in write.items()
        ]
    index = f"/index/{body['IndexName']}" if "IndexName" in body else ""
    return [(f"dynamodb:{operation}", _table(body.get("TableName", "")) + index)]


def _table(name: str) -> str:
    return f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{name}"


class Function:
    """A function in the emulator, started when it is made.

    Args:
        command: What the function's container runs.
        env: Its environment.
        folder: Where it runs, and where its log is written.
    """

    def __init__(self, command: list[str], env: Mapping[str, str], folder: Path) -> None:
        machine = {"aarch64": "arm64"}.get(platform.machine(), platform.machine())
        found = list(SAM.glob(f"lib/python3*/site-packages/samcli/local/rapid/aws-lambda-rie-{machine}"))
        assert found, "the runtime interface emulator is missing: `make test` sets up .venv-sam, which holds it"
        address, inner = f"127.0.0.1:{free_port()}", f"127.0.0.1:{free_port()}"
        self.log = folder / "log.txt"
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                [
                    str(found[0]), "--runtime-interface-emulator-address", address, "--runtime-api-address", inner,
                    "--log-level", "error", *command,
                ],
                env={"PATH": "/usr/bin:/bin", "AWS_REGION": REGION, "AWS_DEFAULT_REGION": REGION, **env},
                cwd=folder, stdout=log, stderr=log,
            )  # fmt: skip
        self._http = httpx.Client(base_url=f"http://{address}", timeout=60, trust_env=False)
        port = int(address.partition(":")[2])
        wait_for(lambda: _listens(port), 20)

    def invoke(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """The function's answer to an event.

        Raises:
            AssertionError: It raised, or did not start; its log is in the message.
        """
        answer = self.raw(event)
        assert "errorType" not in answer, f"{answer}\n{self.log.read_text()}"
        return answer

    def raw(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """What the emulator says, which is an error's type and message when the function fails."""
        answer = self._http.post(PATH, json=event).json()
        assert isinstance(answer, dict), self.log.read_text()
        return answer

    def close(self) -> None:
        self._http.close()
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(20)


def body_of(answer: Mapping[str, Any]) -> bytes:
    """The body of a proxy answer."""
    text = answer.get("body") or ""
    return base64.b64decode(text) if answer.get("isBase64Encoded") else text.encode()


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
