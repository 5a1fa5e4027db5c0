"""Hostile callers: forged, spliced, old, early and repeated credentials; doubled headers; slow and many connections."""

from __future__ import annotations

import ast
import socket
import time
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from gatekeeper import Contract, Gate, Request, baidu, bce, credentials, doors, market
from gatekeeper.dynamodb import DynamoLedger
from gatekeeper.sqlite import SqliteLedger
from gatekeeper.vault import Vault
from tests.contract import kit
from tests.hostile import forgeries
from tests.hostile.results import ROOT
from tests.unit.gatekeeper.conftest import Cloud, cloud, dynamo
from tests.unit.gatekeeper.nobody import NOON

__all__ = ["cloud", "dynamo"]

STAMPS = ("2023-11-14T22:13:20Z", "2023-11-13T22:13:20Z", "2023-11-15T22:13:20Z")

MAKERS: dict[str, tuple[Contract, Callable[[forgeries.Callers], Iterable[Request]]]] = {
    "appcode": (Contract.MARKET, forgeries.appcodes),
    "market signature": (Contract.MARKET, forgeries.market_signatures),
    "tencent signature": (Contract.TENCENT, forgeries.tencent_signatures),
    "baidu token": (Contract.BAIDU, forgeries.tokens),
    "bce signature": (Contract.BAIDU, lambda who: forgeries.bce_headers(who, *STAMPS)),
}


@pytest.fixture
def who(tmp_path: Path) -> Any:
    ledger = SqliteLedger(tmp_path / "ledger.sqlite")
    yield forgeries.callers(Gate(ledger, Vault(bytes(range(32))), lambda: NOON))
    ledger.close()


@pytest.mark.parametrize("name", MAKERS)
def test_no_forgery_opens_the_door(who: forgeries.Callers, name: str) -> None:
    contract, make = MAKERS[name]
    codes: Counter[str] = Counter()
    for request in make(who):
        found = forgeries.decide(who, contract, request)
        assert not found.allowed, request
        codes[found.code] += 1
    assert codes.total() >= 100
    for each in (who.one, who.two):
        assert who.gate.ledger.used(each[contract].client.id, who.gate.day(NOON)) == (0, 0)


def test_the_honest_ones_open_it(who: forgeries.Callers) -> None:
    """The forgeries above are forgeries of these."""
    heads = forgeries.market_headers(who, who.one[Contract.MARKET])
    code = who.one[Contract.MARKET].secrets["appcode"]
    token = baidu.make("24", who.one[Contract.BAIDU].client, NOON, who.gate.vault)
    header = forgeries.bce_header(who, who.one[Contract.BAIDU], STAMPS[0])
    signature = forgeries.tencent_signature(who, who.one[Contract.TENCENT])
    good = [
        forgeries.asked(Contract.MARKET, "1", [("Authorization", f"APPCODE {code}")]),
        forgeries.asked(Contract.MARKET, "2", heads.items()),
        forgeries.asked(Contract.TENCENT, "3", [("Authorization", signature)]),
        forgeries.asked(Contract.BAIDU, "4", (), [("access_token", token)]),
        forgeries.asked(Contract.BAIDU, "5", [("Authorization", header), ("Host", "a")]),
    ]
    for request in good:
        contract = next(each for each, path in forgeries.PATHS.items() if path == request.path)
        assert forgeries.decide(who, contract, request).allowed, request
    again = forgeries.asked(Contract.MARKET, "6", heads.items())
    assert forgeries.decide(who, Contract.MARKET, again).code == "A400NU", "a replay"


# ---- nothing to be learned from an answer


def test_wrong_keys_of_every_kind_cost_the_same(who: forgeries.Callers, monkeypatch: pytest.MonkeyPatch) -> None:
    """Unknown, rotated and misplaced AppCodes, unknown and wrong header signatures: one answer after the same work."""
    work: list[str] = []
    gate, shop, clinic = who.gate, who.one[Contract.MARKET], who.one[Contract.BAIDU]
    find, digest = gate.ledger.find, bce.signature

    def counted(name: str, step: Callable[..., Any]) -> Callable[..., Any]:
        def run(*given: Any) -> Any:
            work.append(name)
            return step(*given)

        return run

    monkeypatch.setattr(gate.ledger, "find", counted("find", find))
    monkeypatch.setattr(bce, "signature", counted("hmac", digest))
    credentials.rotate(gate, shop.client.id)
    rotated, unknown = shop.secrets["appcode"], "0" * 32
    new = credentials.rotate(gate, shop.client.id).secrets["appcode"]
    host = ("Host", "a")
    wrong = forgeries.bce_header(who, clinic, STAMPS[0], secret="wrong")
    nobody = wrong.replace(clinic.secrets["api_key"], "x" * 24)
    groups = [
        [
            forgeries.asked(Contract.MARKET, "1", [("Authorization", f"APPCODE {rotated}")]),
            forgeries.asked(Contract.MARKET, "2", [("Authorization", f"APPCODE {unknown}")]),
            forgeries.asked(Contract.MARKET, "3", (), [("AppCode", new)]),
            forgeries.asked(Contract.MARKET, "4", (), [("AppCode", unknown)]),
        ],
        [
            forgeries.asked(Contract.BAIDU, "5", [("Authorization", wrong), host]),
            forgeries.asked(Contract.BAIDU, "6", [("Authorization", nobody), host]),
        ],
    ]
    for group in groups:
        told = set()
        for request in group:
            gate._cache.clear()
            work.clear()
            contract = Contract.MARKET if "market" in request.path else Contract.BAIDU
            found = forgeries.decide(who, contract, request)
            told.add((found.code, found.message, found.status, tuple(work)))
        assert len(told) == 1, told


SECRET = {"secret", "digest", "mark", "seal", "signature", "given", "right"}


def test_secrets_are_compared_in_constant_time() -> None:
    """No == or != has a digest, a mark or a secret on one of its sides anywhere in the access layer."""
    compared = 0
    for path in (ROOT / "layers/access/gatekeeper").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("compare_digest"):
                compared += 1
            if isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.Eq | ast.NotEq | ast.In | ast.NotIn):
                for side in (node.left, *node.comparators):
                    name = ast.unparse(side).rpartition(".")[2].lower()
                    assert name not in SECRET or "wanted" in ast.unparse(node), f"{path.name}:{node.lineno}"
    assert compared >= 6


# ---- the wire


def raw(bench: kit.Bench, data: bytes, seconds: float = 2.0) -> bytes:
    url, answer = bench.http.base_url, b""
    with socket.create_connection((url.host, url.port or 80), timeout=seconds) as link:
        link.sendall(data)
        try:
            while more := link.recv(65536):
                answer += more
        except (TimeoutError, ConnectionError):
            pass
    return answer


def test_doubled_credentials_are_refused(bench: kit.Bench) -> None:
    """A proxy and a server that pick different ones of two would let the wrong caller in."""
    good, bad = bench.signature(), bench.signature(secret=b"wrong")
    for first, second in ((good, bad), (bad, good)):
        head = f"Authorization: {first}\r\nauthorization: {second}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        answer = raw(bench, f"POST /face/livedetectpicture HTTP/1.1\r\nHost: a\r\n{head}".encode())
        assert b'"code":5' in answer or b'"code":4' in answer, answer
    code = bench.appcode()["Authorization"]
    head = f"Authorization: {code}\r\nAuthorization: APPCODE 0\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    assert b"x-ca-error-code: I400HD" in raw(bench, f"POST /market/liveness HTTP/1.1\r\nHost: a\r\n{head}".encode())
    token = bench.token()
    for query in (f"access_token={token}&access_token=0", f"access_token=0&access_token={token}"):
        answer = raw(bench, f"POST /rest/2.0/face/v3/faceverify?{query} HTTP/1.1\r\nHost: a\r\n"
                            "Content-Length: 0\r\nConnection: close\r\n\r\n".encode())  # fmt: skip
        assert b'"error_code":110' in answer
    kit.wait_for(lambda: not any(bench.taken(contract) for contract in Contract))


@pytest.mark.parametrize(
    "framing",
    [
        b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nimage",
        b"Content-Length: 5, 6\r\n\r\nimage",
        b"Content-Length: +5\r\n\r\nimage",
        b"Content-Length: -1\r\n\r\n",
        b"Content-Length: 99999999999999999999999\r\n\r\n",
        b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
        b"Transfer-Encoding: gzip\r\n\r\n",
        b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n",
        b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
        b"X: a\r\n b\x00c\r\n\r\n",
    ],
)
def test_framing_that_two_readers_could_read_differently(bench: kit.Bench, framing: bytes) -> None:
    head = f"POST /market/liveness HTTP/1.1\r\nHost: a\r\nAuthorization: {bench.appcode()['Authorization']}\r\n"
    second = b"GET /livez HTTP/1.1\r\nHost: a\r\n\r\n"
    answer = raw(bench, head.encode() + framing + second)
    assert b"alive" not in answer, "nothing behind it is taken for a request of its own"
    assert b"HTTP/1.1 200" not in answer
    kit.wait_for(lambda: bench.taken(Contract.MARKET) == 0)


def test_a_body_with_two_lengths_is_read_once(bench: kit.Bench) -> None:
    """Content-Length beside chunked: the chunks count (RFC 9112, 6.3), and the connection ends."""
    code = bench.appcode()["Authorization"]
    head = f"POST /market/liveness HTTP/1.1\r\nHost: a\r\nAuthorization: {code}\r\nContent-Length: 60\r\n"
    inner = b"GET /livez HTTP/1.1\r\nHost: a\r\n\r\n"
    answer = raw(bench, head.encode() + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + inner)
    assert answer.count(b"HTTP/1.1 ") <= 2
    kit.wait_for(lambda: bench.taken(Contract.MARKET) == 0)


def test_oversized_headers(bench: kit.Bench) -> None:
    url = bench.http.base_url
    with socket.create_connection((url.host, url.port or 80), timeout=10) as link:
        try:
            link.sendall(b"GET /livez HTTP/1.1\r\nHost: a\r\nX: " + b"a" * 4_000_000 + b"\r\n\r\n")
            answer = link.recv(65536)
        except ConnectionError:
            answer = b""
    assert not answer.startswith(b"HTTP/1.1 200")
    for count, answered in ((200, b'"code":4'), (5000, b"HTTP/1.1 400 ")):
        many = "".join(f"X-{number}: {number}\r\n" for number in range(count))
        head = f"POST /face/livedetectpicture HTTP/1.1\r\nHost: a\r\n{many}Content-Length: 0\r\nConnection: close\r\n"
        assert answered in raw(bench, f"{head}\r\n".encode())
    assert bench.http.get("/livez").status_code == 200


def test_many_slow_connections_hold_up_nobody(bench: kit.Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("standalone.protocol.HEAD_SECONDS", 3.0)
    url = bench.http.base_url
    links = [socket.create_connection((url.host, url.port or 80), timeout=20) for _ in range(200)]
    try:
        for link in links:
            link.sendall(b"POST /market/liveness HTTP/1.1\r\nHost: a\r\nX: ")
        started = time.monotonic()
        assert bench.market({"image": kit.b64(kit.portrait())}).json()["code"] == 0
        assert time.monotonic() - started < 3.0
        assert {_end(link) for link in links} == {b""}, "all of them are cut off"
    finally:
        for link in links:
            link.close()


def _end(link: socket.socket) -> bytes:
    try:
        return link.recv(100)
    except ConnectionError:
        return b""


# ---- limits over several instances


def test_a_rate_and_a_quota_hold_over_authorizers(dynamo: DynamoLedger, cloud: Cloud) -> None:
    """Four instances of the authorizer, each with its own connection and cache."""
    vault = Vault(bytes(range(32)))
    prefix = dynamo._prefix
    gates = [Gate(DynamoLedger(prefix, "eu-central-1", cloud.url), vault, lambda: NOON) for _ in range(4)]
    rated = credentials.add(gates[0], Contract.MARKET, rate=7)
    limited = credentials.add(gates[0], Contract.MARKET, quota_total=9)

    def call(number: int, code: str) -> str:
        event = {
            "httpMethod": "POST", "path": "/market/liveness", "methodArn": "arn",
            "headers": {"Authorization": f"APPCODE {code}"},
            "requestContext": {"requestId": f"{code[:4]}-{number}", "path": "/market/liveness"},
        }  # fmt: skip
        told: Any = doors.authorize(event, market.verdict, gates[number % 4])["context"]
        return str(told["auth_error"])

    with ThreadPoolExecutor(4) as pool:
        codes = Counter(pool.map(lambda number: call(number, rated.secrets["appcode"]), range(24)))
        assert codes == {"": 7, "T429ID": 17}
        codes = Counter(pool.map(lambda number: call(number, limited.secrets["appcode"]), range(24)))
        assert codes == {"": 9, "B403MQ": 15}
    assert gates[0].ledger.used(limited.client.id, gates[0].day(NOON))[0] == 9
    for gate in gates:
        gate.ledger.close()
