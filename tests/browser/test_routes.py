"""The playground's routes, without a browser: what is served, to whom, and when not."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

import standalone.playground
from gatekeeper import Contract, Gate, LedgerUnavailable, State, credentials
from gatekeeper.sqlite import SqliteLedger
from gatekeeper.vault import Vault
from serving.service import Service
from standalone.app import Server
from standalone.playground import Playground
from tests.contract import kit

FILES = sorted(Path(standalone.playground.__file__).with_name("page").iterdir())


@contextmanager
def served(folder: Path, **environ: str) -> Iterator[tuple[httpx.Client, Service]]:
    """A server whose playground these settings ask for."""
    service = Service(Gate(SqliteLedger(folder / "ledger.sqlite"), Vault(kit.KEY)), kit.FakeAnalyzer())
    with (
        kit.serving(Server(service, Playground.from_env(service, environ))) as (base, _),
        httpx.Client(base_url=base, timeout=30, trust_env=False) as client,
    ):
        yield client, service


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[httpx.Client, Service]]:
    with served(tmp_path_factory.mktemp("routes"), FACEGATE_DEMO="on") as made:
        yield made


@pytest.fixture
def http(server: tuple[httpx.Client, Service]) -> httpx.Client:
    return server[0]


@pytest.fixture
def service(server: tuple[httpx.Client, Service]) -> Service:
    return server[1]


def demo(http: httpx.Client, **headers: str) -> Any:
    return http.get("/playground/demo", headers=headers).json()


@pytest.mark.parametrize("file", FILES, ids=lambda path: path.name)
def test_every_file_is_served_under_the_policy(http: httpx.Client, file: Path) -> None:
    answer = http.get("/" if file.name == "index.html" else f"/playground/{file.name}")
    assert answer.status_code == 200
    assert answer.content == file.read_bytes()
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    assert not re.search(r"https?:|\*", policy)
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert http.get(answer.url, headers={"If-None-Match": answer.headers["etag"]}).status_code == 304


@pytest.mark.parametrize("file", FILES, ids=lambda path: path.name)
def test_no_file_names_another_site_to_load_from(file: Path) -> None:
    text = file.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
    assert not re.search(r"""(src|href|url|import|from|fetch)\W{1,4}(https?:)?//\w""", text)
    assert not re.search(r"\son\w+=|style=|<script>|eval\(|innerHTML", text)


def test_other_names_and_methods(http: httpx.Client) -> None:
    for path in ("/playground/", "/playground/none.js", "/playground/../app.py", "/playground/%2e%2e/app.py"):
        assert http.get(path).status_code == 404
    assert http.post("/").status_code == 405
    assert http.head("/").status_code == 200
    assert http.head("/").content == b""


def test_the_demo_credentials_open_the_contracts(http: httpx.Client) -> None:
    told = demo(http)
    assert told["problem"] == ""
    assert set(told["secrets"]) == {contract.value for contract in Contract}
    head = {"Authorization": f"APPCODE {told['secrets']['market']['appcode']}"}
    assert http.post("/market/liveness", data={"image": kit.b64(kit.portrait())}, headers=head).json()["code"] == 0
    assert http.get("/playground/demo").headers["cache-control"] == "no-store"


def test_a_demo_client_that_is_off_is_not_told(http: httpx.Client, service: Service) -> None:
    def become(state: State) -> None:
        credentials.change(service.gate, "demo-baidu", lambda client: replace(client, state=state))

    demo(http)
    become(State.DISABLED)
    try:
        assert set(demo(http)["secrets"]) == {"market", "tencent"}
    finally:
        become(State.ACTIVE)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost:8080", "[::1]:8080", "192.168.1.7:8080", "app.localhost"])
def test_hosts_that_no_name_server_chose(http: httpx.Client, host: str) -> None:
    assert demo(http, Host=host)["secrets"]


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "rebound.example:8080"},
        {"Host": "127.0.0.1.example"},
        {"Host": "localhost.example"},
        {"Host": "[::1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
    ids=str,
)
def test_another_site_is_not_told_the_demo_credentials(http: httpx.Client, headers: dict[str, str]) -> None:
    assert demo(http, **headers) == {"secrets": {}, "problem": "host"}


@pytest.mark.parametrize("environ", [{}, {"FACEGATE_DEMO": "?"}], ids=str)
def test_no_demo_unless_it_is_on(tmp_path: Path, environ: dict[str, str]) -> None:
    with served(tmp_path, **environ) as (http, service):
        assert http.get("/").status_code == 200
        assert demo(http) == {"secrets": {}, "problem": "off"}
        assert service.gate.ledger.client("demo-market") is None


def test_off(tmp_path: Path) -> None:
    with served(tmp_path, FACEGATE_PLAYGROUND="off", FACEGATE_DEMO="on") as (http, _):
        for path in ("/", "/playground/main.js", "/playground/demo"):
            assert http.get(path).status_code == 404
        assert http.get("/livez").status_code == 200


@pytest.mark.parametrize(
    ("word", "there"),
    [("off", False), (" OFF", False), ("0", False), ("no", False), ("false", False), ("on", True), ("", True)],
)
def test_the_words_for_off(service: Service, word: str, there: bool) -> None:
    assert (Playground.from_env(service, {"FACEGATE_PLAYGROUND": word}) is not None) == there


def test_a_ledger_that_does_not_answer(http: httpx.Client, service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise LedgerUnavailable("down")

    monkeypatch.setattr(service.gate.ledger, "client", broken)
    assert demo(http) == {"secrets": {}, "problem": "unavailable"}


@pytest.mark.parametrize(("option", "told"), [("--demo", True), ("--no-demo", False)])
def test_the_command_tells_its_workers_whether_there_is_a_demo(tmp_path: Path, option: str, told: bool) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [str(Path(sys.executable).with_name("facegate")), "serve", "--port", str(port), "--workers", "2", option]
    environ = {**os.environ, "FACEGATE_MODELS": str(tmp_path / "none"), "FACEGATE_DEMO": "off" if told else "on"}
    running = subprocess.Popen(
        command, cwd=tmp_path, env=environ, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30, trust_env=False) as http:
            kit.wait_for(lambda: alive(http), 60)
            assert "facegate" in http.get("/").text
            assert bool(demo(http)["secrets"]) == told
    finally:
        running.terminate()
        printed, _ = running.communicate(timeout=60)
    assert (f"# Playground: open http://127.0.0.1:{port}/" in printed) == told


def alive(http: httpx.Client) -> bool:
    try:
        return http.get("/livez").status_code == 200
    except httpx.TransportError:
        return False
