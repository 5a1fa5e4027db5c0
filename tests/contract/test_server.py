"""The standalone server on the wire: targets, hosts, slow and broken clients, load, health, start and stop."""

from __future__ import annotations

import io
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from facecore.errors import ModelError
from gatekeeper import ConfigError, Contract, Gate, GatekeeperError, LedgerUnavailable
from gatekeeper.sqlite import SqliteLedger
from gatekeeper.vault import Vault
from serving.service import Service
from standalone.app import Server
from standalone.server import listen
from tests.contract import kit

COMMAND = str(Path(sys.executable).with_name("facegate"))


def raw(bench: kit.Bench, data: bytes, seconds: float = 5) -> bytes:
    """Everything that the server answers to these bytes until it closes or the time is over."""
    url = bench.http.base_url
    answer = b""
    with socket.create_connection((url.host, url.port or 80), timeout=seconds) as link:
        link.sendall(data)
        try:
            while more := link.recv(65536):
                answer += more
        except TimeoutError:
            pass
    return answer


def body_of(answer: bytes) -> Any:
    return json.loads(answer.partition(b"\r\n\r\n")[2])


# ---- targets and hosts


@pytest.mark.parametrize(
    "target",
    [
        "/face/livedetectpicture",
        "http://service.image.myqcloud.com/face/livedetectpicture",
        "https://recognition.image.myqcloud.com:443/face/livedetectpicture?x=1",
    ],
)
@pytest.mark.parametrize("host", ["service.image.myqcloud.com", "recognition.image.myqcloud.com", "127.0.0.1"])
def test_the_path_alone_decides(bench: kit.Bench, target: str, host: str) -> None:
    content = json.dumps({"image": kit.b64(kit.portrait())}).encode()
    head = (
        f"POST {target} HTTP/1.1\r\nHost: {host}\r\nAuthorization: {bench.signature()}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\nConnection: close\r\n\r\n"
    )
    assert body_of(raw(bench, head.encode() + content))["code"] == 0


def test_other_paths(bench: kit.Bench) -> None:
    assert bench.http.get("/").status_code == 404
    assert bench.http.get("/nothing/here").json() == {"error": "not found"}
    assert bench.http.get("/livez").json() == {"status": "alive"}
    kit.wait_for(lambda: bench.http.get("/healthz").status_code == 200)
    assert bench.http.get("/healthz").json() == {"status": "ready"}


SLASHES = ("/market/liveness/", "//market/liveness", "/face/livedetectpicture/", "/rest/2.0/face/v3/faceverify/")


@pytest.mark.code("market", "I404NF")
@pytest.mark.code("tencent", 3)
@pytest.mark.code("baidu", 3)
@pytest.mark.parametrize("path", SLASHES)
def test_a_slash_too_many_is_another_path(bench: kit.Bench, path: str) -> None:
    """A redirect would lead to whatever host the caller wrote, and have the photo sent there."""
    answer = raw(
        bench, f"POST {path} HTTP/1.1\r\nHost: evil.example\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode()
    )
    assert b"evil.example" not in answer
    assert b"\r\nx-request-id: " in answer
    if "market" in path:
        assert answer.startswith(b"HTTP/1.1 404 ")
        assert b"\r\nx-ca-error-code: I404NF\r\n" in answer
    elif "face/live" in path:
        assert answer.startswith(b"HTTP/1.1 404 ")
        assert body_of(answer)["code"] == 3
    else:
        assert answer.startswith(b"HTTP/1.1 200 ")
        assert body_of(answer)["error_code"] == 3


def test_a_token_route_with_a_slash_too_many(bench: kit.Bench) -> None:
    secret = bench.secrets[Contract.BAIDU]["secret_key"]
    answer = bench.http.get("/oauth/2.0/token/", params={"client_secret": secret})
    assert (answer.status_code, answer.json()["error_code"]) == (200, 3)


@pytest.mark.parametrize("target", ["http://[/market/liveness", "http://[x]/face/livedetectpicture", "x://[::1/"])
def test_an_absolute_target_that_is_no_url(bench: kit.Bench, target: str) -> None:
    head = f"POST {target} HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    assert raw(bench, head.encode()).startswith(b"HTTP/1.1 404 ")


def test_nobody_speaks_websocket(bench: kit.Bench) -> None:
    upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: YQ==\r\n"
    answer = raw(bench, f"GET /livez HTTP/1.1\r\nHost: a\r\n{upgrade}\r\n".encode(), 1)
    assert answer.startswith(b"HTTP/1.1 200 ")


# ---- heads that are meant to keep the server busy


@pytest.mark.parametrize("pipelined", [False, True])
def test_a_head_with_endless_headers(bench: kit.Bench, pipelined: bool) -> None:
    head = b"GET /livez HTTP/1.1\r\nHost: a\r\n"
    first = head + b"\r\n" if pipelined else b""
    answer = raw(bench, first + head + b"a:b\r\n" * 300 + b"\r\n")
    assert answer.startswith(b"HTTP/1.1 200 " if pipelined else b"HTTP/1.1 400 ")
    refused = answer[answer.index(b"HTTP/1.1 400 ") :]
    assert b"\r\nX-Ca-Error-Message: Invalid HTTP request received.\r\n" in refused
    assert refused.endswith(b"\r\n\r\nInvalid HTTP request received.")


def test_a_head_with_many_headers_and_a_body_of_many_lines(bench: kit.Bench) -> None:
    """The lines of a body, or of calls one after the other, are not counted as a head's."""
    content = json.dumps({"image": kit.b64(kit.portrait())}).encode() + b"\n" * 1000
    head = (
        f"POST /face/livedetectpicture HTTP/1.1\r\nHost: a\r\nAuthorization: {bench.signature()}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n" + "a: b\r\n" * 200
    )
    answer = raw(
        bench, (head.encode() + b"\r\n" + content) * 2 + head.encode() + b"Connection: close\r\n\r\n" + content
    )
    assert answer.count(b'"code":0') == 3


def test_what_is_no_http_is_refused_in_words_that_market_clients_read(bench: kit.Bench) -> None:
    answer = raw(bench, "GET /market/liveness?url=http://photos.example/面.jpg HTTP/1.1\r\nHost: a\r\n\r\n".encode())
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"\r\nX-Ca-Error-Message: " in answer


@pytest.mark.code("market", 1)
@pytest.mark.code("tencent", 21)
@pytest.mark.code("baidu", 100)
def test_a_query_with_endless_parameters(bench: kit.Bench) -> None:
    """It is refused unread, before anybody asks who calls."""
    crowd = "?" + "a&" * 300
    assert bench.http.get("/market/liveness" + crowd).json()["code"] == 1
    assert bench.http.post("/face/livedetectpicture" + crowd).json() == {"code": 21, "message": "无效参数"}
    told = {"error_code": 100, "error_msg": "Invalid parameter"}
    assert bench.http.post("/rest/2.0/face/v3/faceverify" + crowd).json() == told
    assert bench.http.get("/oauth/2.0/token" + crowd).json()["error"] == "invalid_request"
    assert bench.http.get("/market/liveness?" + "a&" * 255).headers["X-Ca-Error-Code"] == "A400MA"


def test_a_long_query_holds_nobody_up(bench: kit.Bench) -> None:
    """Three megabytes of parameters, from somebody who is not known, while others ask."""
    url = bench.http.base_url
    targets = ("/market/liveness", "/face/livedetectpicture", "/rest/2.0/face/v3/faceverify", "/oauth/2.0/token")
    with ThreadPoolExecutor(4) as pool:
        sent = [
            pool.submit(raw, bench, f"GET {at}?{'a&' * 1_500_000} HTTP/1.1\r\nHost: a\r\n\r\n".encode(), 3)
            for at in targets
        ]
        with httpx.Client(base_url=url, trust_env=False) as other:
            waits = []
            while not all(call.done() for call in sent):
                started = time.monotonic()
                other.get("/livez")
                waits.append(time.monotonic() - started)
                time.sleep(0.02)
    assert all(call.result().startswith(b"HTTP/1.1 ") for call in sent)
    assert max(waits) < 1.0, "parsing all of it took seconds of the event loop"


@pytest.mark.code("market", "A400TE")
def test_a_signature_over_thousands_of_spellings_of_one_header(bench: kit.Bench) -> None:
    name, count = "x-ca-abcdefghijkl", 2000
    spellings = ["".join(c.upper() if k >> i & 1 else c for i, c in enumerate(name)) for k in range(count)]
    head = {
        "X-Ca-Key": "nobody", "X-Ca-Signature": "x", "X-Ca-Timestamp": "1", "X-Ca-Nonce": "n", name: "1",
        "X-Ca-Signature-Headers": ",".join(["X-Ca-Timestamp", "X-Ca-Nonce", *spellings]),
    }  # fmt: skip
    started = time.monotonic()
    answer = bench.http.get("/market/liveness", headers=[*head.items(), *[("a", "b")] * 200])
    assert answer.headers["X-Ca-Error-Code"] == "A400TE"
    assert time.monotonic() - started < 1.0


# ---- clients that are slow, or gone, or too quick


@pytest.fixture
def impatient(tmp_path: Path) -> Any:
    with kit.bench(tmp_path, body_seconds=0.3) as made:
        yield made


@pytest.mark.code("market", "D504TO")
@pytest.mark.code("tencent", 3)
@pytest.mark.code("baidu", 2)
def test_a_body_that_does_not_come(impatient: kit.Bench) -> None:
    length = "Content-Length: 1000\r\nConnection: close\r\n\r\n"
    code = impatient.appcode()["Authorization"]
    answer = raw(
        impatient, f"POST /market/liveness HTTP/1.1\r\nHost: a\r\nAuthorization: {code}\r\n{length}ab".encode()
    )
    assert answer.startswith(b"HTTP/1.1 504 ")
    assert b"\r\nx-ca-error-code: D504TO\r\n" in answer
    head = f"POST /face/livedetectpicture HTTP/1.1\r\nHost: a\r\nAuthorization: {impatient.signature()}\r\n{length}ab"
    assert body_of(raw(impatient, head.encode())) == {"code": 3, "message": "错误的请求"}
    target = f"/rest/2.0/face/v3/faceverify?access_token={impatient.token()}"
    head = f"POST {target} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n{length}ab"
    answer = raw(impatient, head.encode())
    assert body_of(answer) == {"error_code": 2, "error_msg": "Service temporarily unavailable"}
    for contract in Contract:
        assert impatient.taken(contract) == 0


def test_a_client_that_goes_away_is_not_billed(bench: kit.Bench) -> None:
    url = bench.http.base_url
    head = (
        f"POST /face/livedetectpicture HTTP/1.1\r\nHost: a\r\nAuthorization: {bench.signature()}\r\n"
        "Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"
    )
    with socket.create_connection((url.host, url.port or 80)) as link:
        link.sendall(head.encode())
    kit.wait_for(lambda: bench.usage(Contract.TENCENT) == {("3", False): 1})
    assert bench.taken(Contract.TENCENT) == 0


@pytest.mark.parametrize(("contract", "code"), [*zip(Contract, ("D504TO", "3", "2"), strict=True)])
def test_a_client_that_does_not_wait_for_its_answer_is_not_billed(
    bench: kit.Bench, printed: io.StringIO, contract: Contract, code: str
) -> None:
    ask: dict[Contract, Callable[..., Any]] = {
        Contract.MARKET: partial(bench.market, {"image": kit.b64(kit.portrait())}),
        Contract.TENCENT: partial(bench.tencent, files={"image": ("a.jpg", kit.portrait())}),
        Contract.BAIDU: partial(bench.baidu, [{"image": kit.b64(kit.portrait()), "image_type": "BASE64"}]),
    }
    go = threading.Event()

    def hold(image: bytes) -> None:
        go.wait(20)
        time.sleep(0.3)  # the server learns meanwhile that the client has gone

    bench.analyzer.hook = hold
    with pytest.raises(httpx.ReadTimeout):
        ask[contract](timeout=0.5)
    go.set()
    kit.wait_for(lambda: bench.usage(contract).get((code, False)) == 1)
    assert ("0", True) not in bench.usage(contract)
    assert bench.taken(contract) == 0
    kit.wait_for(lambda: '"message":"call"' in printed.getvalue().splitlines()[-1])
    line = json.loads(printed.getvalue().splitlines()[-1])
    assert (line["code"], line["billed"], line["images"]) == (code, False, 1)
    assert "fault" not in line
    assert ask[contract]().status_code == 200, "who waits is answered"
    assert bench.usage(contract)["0", True] == 1


def test_a_sender_lives_to_read_why_it_was_refused(bench: kit.Bench) -> None:
    """The answer comes while the client still sends; closing at once would make the network drop it."""
    for _ in range(5):
        with httpx.Client(base_url=bench.http.base_url, trust_env=False) as fresh:
            response = fresh.post("/face/livedetectpicture", content=bytes(6_000_000))
            assert response.json()["code"] == 4
            response = fresh.post(
                "/face/livedetectpicture", content=bytes(7_000_000), headers={"Authorization": bench.signature()}
            )
            assert response.json()["code"] == 23


def test_a_photo_in_the_query_of_a_get(bench: kit.Bench) -> None:
    text = quote(kit.b64(kit.portrait()), safe="")
    assert len(text) > 100_000
    head = f"Host: a\r\nAuthorization: {bench.appcode()['Authorization']}\r\nConnection: close\r\n\r\n"
    answer = raw(bench, f"GET /market/liveness?image={text} HTTP/1.1\r\n{head}".encode())
    assert body_of(answer)["code"] == 0


def test_a_head_without_end_is_cut_off(bench: kit.Bench) -> None:
    url = bench.http.base_url
    head = b"GET /market/liveness?image=" + b"A" * 100_000_000
    with socket.create_connection((url.host, url.port or 80), timeout=10) as link, pytest.raises(ConnectionError):
        link.sendall(head)
    assert bench.http.get("/livez").status_code == 200


@pytest.mark.parametrize("first", [b"", b"GET /livez HTTP/1.1\r\nHost: a\r\n\r\n"])
def test_a_head_that_drips_is_cut_off(bench: kit.Bench, monkeypatch: pytest.MonkeyPatch, first: bytes) -> None:
    monkeypatch.setattr("standalone.protocol.HEAD_SECONDS", 0.4)
    url = bench.http.base_url
    started = time.monotonic()
    with socket.create_connection((url.host, url.port or 80), timeout=0.05) as link:
        if first:
            link.sendall(first)
            time.sleep(0.2)
            assert b"alive" in link.recv(65536)
        with pytest.raises((ConnectionError, EOFError)):
            _drip(link)
    assert 0.3 < time.monotonic() - started < 3
    assert bench.http.get("/livez").status_code == 200


def _drip(link: socket.socket) -> None:
    while True:
        link.sendall(b"G")
        try:
            if not link.recv(100):
                raise EOFError
        except TimeoutError:
            continue


@pytest.mark.code("market", 96)
@pytest.mark.code("tencent", -5802)
@pytest.mark.code("baidu", 222361)
def test_more_work_than_waits(tmp_path: Path) -> None:
    with kit.bench(tmp_path, threads=1, waiting=1) as bench:
        go = threading.Event()

        def hold(image: bytes) -> None:
            go.wait(20)

        bench.analyzer.hook = hold
        photo = {"files": {"image": ("a.jpg", kit.portrait())}}
        with ThreadPoolExecutor(2) as pool:
            waiting = [pool.submit(bench.tencent, **photo) for _ in range(2)]
            kit.wait_for(lambda: bench.service.work.inside == 2)
            assert bench.tencent(**photo).json()["code"] == -5802
            assert bench.market({"image": kit.b64(kit.portrait())}).json()["code"] == 96
            ask = [{"image": kit.b64(kit.portrait()), "image_type": "BASE64"}]
            assert bench.baidu(ask).json()["error_code"] == 222361
            go.set()
            assert [call.result().json()["code"] for call in waiting] == [0, 0]
        assert bench.usage(Contract.TENCENT) == {("0", True): 2, ("-5802", False): 1}


def test_many_at_once_and_every_one_its_own(bench: kit.Bench) -> None:
    """Answers do not get mixed up: every photo's own number comes back to whom sent it."""
    photo = kit.portrait()
    shots = [photo + bytes([number]) for number in range(64)]
    for number, shot in enumerate(shots):
        bench.analyzer.scripts[shot] = kit.face_of(shot, liveness=0.3 + number / 200)

    def send(shot: bytes) -> float:
        answer = bench.market({"image": kit.b64(shot)}).json()
        return float(answer["result"]["liveness"]["livemapscore"])

    with ThreadPoolExecutor(16) as pool:
        assert list(pool.map(send, shots)) == [pytest.approx(0.3 + number / 200) for number in range(64)]
    assert bench.usage(Contract.MARKET) == {("0", True): 64}


def test_a_quota_holds_when_many_call_at_once(bench: kit.Bench) -> None:
    bench.change(Contract.TENCENT, quota_total=20)
    with ThreadPoolExecutor(16) as pool:
        photo = {"files": {"image": ("a.jpg", kit.portrait())}}
        codes = list(pool.map(lambda _: bench.tencent(**photo).json()["code"], range(50)))
    assert (codes.count(0), codes.count(3)) == (20, 30)
    assert bench.taken(Contract.TENCENT) == 20


# ---- the command


def start(folder: Path, *options: str, **environ: str) -> tuple[subprocess.Popen[str], list[str]]:
    """Runs the command in a folder; gives it and what it printed up to the first log line."""
    command = [COMMAND, "serve", "--port", "0", *options]
    running = subprocess.Popen(
        command,
        cwd=folder,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={**os.environ, "FACEGATE_MODELS": str(folder / "none"), **environ},
    )
    assert running.stdout is not None
    told = []
    for line in running.stdout:
        told.append(line.rstrip("\n"))
        if "faceverify?" in line:
            break
    return running, told


@pytest.mark.parametrize("workers", [1, 2])
def test_start_and_stop(tmp_path: Path, workers: int) -> None:
    running, told = start(tmp_path, "--workers", str(workers))
    try:
        base = re.search(r"http://127\.0\.0\.1:\d+", told[0])
        assert base is not None
        with httpx.Client(base_url=base[0], trust_env=False, timeout=30) as http:
            kit.wait_for(lambda: _alive(http), 30)
            assert http.get("/healthz").json() == {"status": "not ready", "problem": "models"}
            appcode = re.search(r"APPCODE (\w+)", "\n".join(told))
            assert appcode is not None
            head = {"Authorization": f"APPCODE {appcode[1]}"}
            answers = {
                http.post("/market/liveness", data={"image": kit.b64(kit.portrait())}, headers=head).json()["code"]
                for _ in range(4)
            }
            assert answers == {96}, "without models it says so in the vendor's words"
    finally:
        running.send_signal(signal.SIGTERM)
        rest, _ = running.communicate(timeout=40)
    assert "Traceback" not in rest
    assert running.returncode in (0, -signal.SIGTERM)
    assert (tmp_path / "facegate.sqlite").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("error", "problem"),
    [
        (LedgerUnavailable("gone"), "ledger"),
        (LedgerUnavailable("FACEGATE_KEY: KMS does not answer"), "key"),
        (ConfigError("FACEGATE_LEDGER: nonsense"), "settings"),
    ],
)
def test_it_is_ready_once_what_was_away_at_the_start_is_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, printed: io.StringIO, error: GatekeeperError, problem: str
) -> None:
    monkeypatch.setattr("standalone.app.RETRY_SECONDS", 0.05)
    away = [error]

    def make() -> Gate:
        if away:
            raise type(error)(*away[0].args)
        return Gate(SqliteLedger(tmp_path / "ledger.sqlite"), Vault(kit.KEY))

    with kit.serving(Server(Service(make, kit.FakeAnalyzer()))) as (base, _):
        for _ in range(5):
            assert httpx.get(f"{base}/healthz", trust_env=False).json() == {"status": "not ready", "problem": problem}
            time.sleep(0.05)
        away.clear()
        kit.wait_for(lambda: httpx.get(f"{base}/healthz", trust_env=False).status_code == 200)
    assert len(printed.getvalue().splitlines()) == 1, "one line, however often it is tried"


def test_it_is_ready_once_the_models_are_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("standalone.app.RETRY_SECONDS", 0.05)
    missing = [ModelError("missing")]
    gate = Gate(SqliteLedger(tmp_path / "ledger.sqlite"), Vault(kit.KEY))

    def make() -> kit.FakeAnalyzer:
        if missing:
            raise missing[0]
        return kit.FakeAnalyzer()

    with kit.serving(Server(Service(gate, make))) as (base, _):
        time.sleep(0.2)
        assert httpx.get(f"{base}/healthz", trust_env=False).json() == {"status": "not ready", "problem": "models"}
        missing.clear()
        kit.wait_for(lambda: httpx.get(f"{base}/healthz", trust_env=False).status_code == 200)


@pytest.mark.parametrize("workers", [1, 2])
def test_nobody_is_let_in_while_calls_in_progress_end(tmp_path: Path, workers: int) -> None:
    running, told = start(tmp_path, "--workers", str(workers))
    try:
        port = port_of(told)
        appcode = re.search(r"APPCODE (\w+)", "\n".join(told))
        assert appcode is not None
        head = f"POST /market/liveness HTTP/1.1\r\nHost: a\r\nAuthorization: APPCODE {appcode[1]}\r\n"
        with socket.create_connection(("127.0.0.1", port), 10) as held:
            held.sendall(f"{head}Content-Length: 9\r\n\r\nimage".encode())
            time.sleep(1)  # it is in progress
            running.send_signal(signal.SIGTERM)
            kit.wait_for(lambda: refused(port), 5)
            assert running.poll() is None
            held.sendall(b"=!!!")
            assert held.recv(65536).startswith(b"HTTP/1.1 ")
    finally:
        running.send_signal(signal.SIGTERM)
        rest, _ = running.communicate(timeout=40)
    assert "Traceback" not in rest


def test_workers_do_not_outlive_the_process_that_started_them(tmp_path: Path) -> None:
    running, told = start(tmp_path, "--workers", "2")
    try:
        port = port_of(told)
        kit.wait_for(lambda: len(kit.workers(running.pid)) == 2)
        workers = kit.workers(running.pid)
    finally:
        running.kill()
        running.wait()
    try:
        kit.wait_for(lambda: refused(port))  # free for the next start
        kit.wait_for(lambda: not any(Path(f"/proc/{worker}/fd/0").exists() for worker in workers))
    finally:
        for worker in workers:
            with suppress(ProcessLookupError):
                os.kill(worker, signal.SIGKILL)
        running.communicate()


def port_of(told: list[str]) -> int:
    """The port of a started command, once somebody serves there."""
    found = re.search(r"http://127\.0\.0\.1:(\d+)", told[0])
    assert found is not None
    with httpx.Client(base_url=found[0], trust_env=False) as http:
        kit.wait_for(lambda: _alive(http), 30)
    return int(found[1])


def refused(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except ConnectionRefusedError:
        return True
    return False


def _alive(http: httpx.Client) -> bool:
    try:
        return http.get("/livez").status_code == 200
    except httpx.TransportError:
        return False


def test_a_port_that_is_taken(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        command = [COMMAND, "serve", "--port", str(taken.getsockname()[1])]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("facegate: ")
    assert "Traceback" not in done.stderr


def test_no_part_of_an_answer_waits_for_the_receipt_of_another() -> None:
    with listen("127.0.0.1", 0) as listening, socket.create_connection(listening.getsockname(), 5):
        connection, _ = listening.accept()
        with connection:
            assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


@pytest.mark.parametrize("options", [["--workers", "0"], ["--port", "70000"], ["--port", "x"]])
def test_options_that_can_not_be(tmp_path: Path, options: list[str]) -> None:
    command = [COMMAND, "serve", *options]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("name", ["FACEGATE_THREADS", "FACEGATE_MODEL_THREADS"])
@pytest.mark.parametrize("text", ["x", "0", ""])
def test_threads_that_can_not_be(tmp_path: Path, name: str, text: str) -> None:
    command = [COMMAND, "serve", "--port", "0"]
    done = subprocess.run(
        command, cwd=tmp_path, env=os.environ | {name: text}, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"facegate: {name}: a whole number above 0\n")
    assert not list(tmp_path.iterdir())


def test_a_level_of_the_log_that_can_not_be(tmp_path: Path) -> None:
    done = subprocess.run(
        [COMMAND, "serve", "--port", "0"], cwd=tmp_path, env=os.environ | {"POWERTOOLS_LOG_LEVEL": "VERBOSE"},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    told = "facegate: POWERTOOLS_LOG_LEVEL: DEBUG, INFO, WARNING or ERROR\n"
    assert (done.returncode, done.stdout, done.stderr) == (2, "", told)


@pytest.mark.parametrize("demo", ["--demo", "--no-demo"])
def test_a_key_that_is_gone(tmp_path: Path, demo: str) -> None:
    environ = os.environ | {"FACEGATE_LEDGER": "sqlite:///ledger.sqlite"}
    made = subprocess.run([COMMAND, "keys", "add", "baidu"], cwd=tmp_path, env=environ, check=True, capture_output=True)
    assert b"api_key" in made.stdout
    (tmp_path / "ledger.sqlite.key").unlink()
    command = [COMMAND, "serve", "--port", "0", demo]
    done = subprocess.run(command, cwd=tmp_path, env=environ, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("facegate: ledger.sqlite has no key beside it")
    assert "put ledger.sqlite.key back" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "ledger.sqlite.key").exists()


def test_calls_in_progress_are_answered_before_it_stops(tmp_path: Path) -> None:
    with kit.bench(tmp_path) as bench:
        begun, go = threading.Event(), threading.Event()

        def hold(image: bytes) -> None:
            begun.set()
            go.wait(20)

        bench.analyzer.hook = hold
        with ThreadPoolExecutor(1) as pool:
            call = pool.submit(bench.tencent, files={"image": ("a.jpg", kit.portrait())})
            begun.wait(20)
            bench.stop()
            time.sleep(0.2)
            go.set()
            assert call.result().json()["code"] == 0


@pytest.mark.parametrize(
    ("contract", "code"), [(Contract.MARKET, 96), (Contract.TENCENT, -5802), (Contract.BAIDU, 222361)]
)
def test_a_call_that_outlasts_the_end_is_told_so(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    printed: io.StringIO,
    capsys: pytest.CaptureFixture[str],
    contract: Contract,
    code: int,
) -> None:
    monkeypatch.setattr("standalone.server.GRACE_SECONDS", 0.5)
    with kit.bench(tmp_path) as bench, ThreadPoolExecutor(1) as pool:
        begun, go = threading.Event(), threading.Event()

        def hold(image: bytes) -> None:
            begun.set()
            go.wait(20)

        bench.analyzer.hook = hold
        ask: dict[Contract, Callable[[], Any]] = {
            Contract.MARKET: partial(bench.market, {"image": kit.b64(kit.portrait())}),
            Contract.TENCENT: partial(bench.tencent, files={"image": ("a.jpg", kit.portrait())}),
            Contract.BAIDU: partial(bench.baidu, [{"image": kit.b64(kit.portrait()), "image_type": "BASE64"}]),
        }
        call = pool.submit(ask[contract])
        begun.wait(20)
        bench.stop()
        try:
            answer = call.result().json()
            assert answer.get("error_code", answer.get("code")) == code
            assert bench.usage(contract)[str(code), False] == 1
            assert bench.taken(contract) == 0, "the unit is given back at once"
        finally:
            go.set()
    line = json.loads(printed.getvalue().splitlines()[-1])
    assert (line["message"], line["code"], line["billed"]) == ("call", str(code), False)
    assert "Traceback" not in capsys.readouterr().err


def test_a_body_that_outlasts_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("standalone.server.GRACE_SECONDS", 0.5)
    with kit.bench(tmp_path) as bench:
        url = bench.http.base_url
        head = (
            f"POST /face/livedetectpicture HTTP/1.1\r\nHost: a\r\nAuthorization: {bench.signature()}\r\n"
            "Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"
        )
        with socket.create_connection((url.host, url.port or 80), 20) as link:
            link.sendall(head.encode())
            kit.wait_for(lambda: bench.taken(Contract.TENCENT) == 1)
            bench.stop()
            assert body_of(b"".join(iter(lambda: link.recv(65536), b"")))["code"] == -5802
    assert "Traceback" not in capsys.readouterr().err
