"""Hostile urls beyond what the fetcher's own tests hold: nothing inside is ever connected to, whoever asks and how."""

from __future__ import annotations

import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatekeeper import Contract
from serving.addresses import is_public
from serving.fetch import Fetcher, FetchError, FetchRefused
from tests.contract import kit
from tests.contract.web import Site
from tests.hostile import urls

NAMES = {
    "loop.example": ["127.0.0.1"],
    "both.example": ["8.8.8.8", "::ffff:7f00:1"],
    "photos.example": ["203.0.113.9"],
    "localhost": ["127.0.0.1", "::1"],
}


@pytest.fixture
def connected(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The addresses that anything tries to connect to."""
    tried: list[Any] = []

    def refuse(address: Any, *more: Any, **options: Any) -> socket.socket:
        tried.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr("serving.fetch.socket.create_connection", refuse)
    return tried


def resolver(host: str, port: int) -> list[str]:
    """As a resolver does that takes every notation of an address, and knows some names."""
    if host.strip("[]").replace(".", "").isdigit() or ":" in host:
        return [host.strip("[]")]
    return NAMES.get(host.lower().rstrip("."), [])


def test_no_url_leads_inside(connected: list[Any]) -> None:
    tried = urls.hostile()
    for url in tried:
        with pytest.raises(FetchRefused):
            Fetcher(resolver=resolver).fetch(url, 100)
    assert connected == []
    assert len(tried) > 800
    with pytest.raises(FetchError):
        Fetcher(resolver=lambda host, port: ["8.8.8.8"]).fetch("http://photos.example/", 100)
    assert connected == [("8.8.8.8", 80)], "a public address would have been tried"


@settings(max_examples=60)
@given(st.ip_addresses(v=4))
def test_no_embedded_address_is_public(address: object) -> None:
    for carrier in urls.embedded(str(address)):
        assert not is_public(carrier), carrier


CASES = ["http://127.0.0.1/", "http://2130706433/", "http://[::ffff:7f00:1]/", "http://loop.example/", "file:///etc/passwd",
         "http://169.254.169.254/latest/meta-data/iam/"]  # fmt: skip


@pytest.mark.parametrize("url", CASES)
def test_the_contracts_say_nothing_of_why(own_bench: kit.Bench, url: str) -> None:
    """One code for all: an answer that told refused from unreachable would map the inside."""
    assert own_bench.market({"url": url}).json()["code"] == 4
    assert own_bench.tencent(json={"url": url}).json()["code"] == -5805
    told = own_bench.baidu([{"image": url, "image_type": "URL"}]).json()
    gone = own_bench.baidu([{"image": "http://no-such-name.example/", "image_type": "URL"}]).json()
    assert (told["error_code"], told["error_msg"]) == (gone["error_code"], gone["error_msg"])
    for contract in Contract:
        assert own_bench.taken(contract) == 0


def test_a_name_that_moves_inside_between_two_hops(site: Site) -> None:
    """The name is public for the first url; the redirect to the same name finds it inside."""
    answers = iter([["127.0.0.1"], ["127.0.0.2"], ["127.0.0.1"]])
    local = kit.local_fetcher({})
    made = Fetcher(seconds=2, resolver=lambda host, port: next(answers), public=local.public, ports=local.ports)
    with pytest.raises(FetchRefused, match="public"):
        made.fetch(site.redirect("/a.jpg", "/b.jpg"), 2000)
    assert len(site.seen) == 1
    assert next(answers) == ["127.0.0.1"], "each hop asked once"


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"])
def test_every_redirect_is_checked_as_a_url(site: Site, status: str) -> None:
    fetcher = kit.local_fetcher({site.host: "127.0.0.1", "inside.example": "10.0.0.1"})
    for number, to in enumerate(url for url in urls.hostile()[::37] if "\n" not in url and "\x00" not in url):
        if "127.0.0.1" in to and "@" not in to:
            continue  # the one address that counts as public here
        with pytest.raises(FetchError):
            fetcher.fetch(site.redirect(f"/{number}", to, status), 2000)


def test_the_bytes_decide_and_not_the_type(bench: kit.Bench, site: Site) -> None:
    bench.names[site.host] = "127.0.0.1"
    as_page = site.put("/a.html", kit.portrait(), "Content-Type: text/html\r\n")
    assert bench.market({"url": as_page}).json()["code"] == 0
    page = site.put("/a.jpg", b"<html>not found</html>", "Content-Type: image/jpeg\r\n")
    assert bench.market({"url": page}).json()["code"] == 1
    assert bench.tencent(json={"url": page}).json()["code"] == -4016
    gif = site.put("/b.jpg", b"GIF89a" + bytes(100), "Content-Type: image/jpeg\r\n")
    assert bench.market({"url": gif}).json()["code"] == 1


def test_slow_sites_hold_up_nobody_else(own_bench: kit.Bench, site: Site) -> None:
    own_bench.names[site.host] = "127.0.0.1"
    held = threading.Semaphore(0)

    def drip(link: socket.socket) -> None:
        held.release()
        link.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        while not site.closing(0.05):
            link.sendall(b"x")

    url = site.script("/slow", drip)
    with ThreadPoolExecutor(8) as pool:
        slow = [pool.submit(own_bench.market, {"url": url}) for _ in range(8)]
        for _ in range(8):
            assert held.acquire(timeout=20)
        started = time.monotonic()
        assert own_bench.market({"image": kit.b64(kit.portrait())}).json()["code"] == 0
        quick = time.monotonic() - started
        assert {call.result().json()["code"] for call in slow} == {4}
    assert quick < 2.0, "the others wait for their own two seconds"
    assert own_bench.usage(Contract.MARKET) == {("0", True): 1, ("4", False): 8}
