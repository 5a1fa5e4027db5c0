"""Credentials that were tampered with: every contract's, in every way that is known to us."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from gatekeeper import Contract, Gate, Request, Verdict, baidu, bce, credentials, market, tencent
from gatekeeper.credentials import Issued
from gatekeeper.vault import Vault

JUDGES = {Contract.MARKET: market.verdict, Contract.TENCENT: tencent.verdict, Contract.BAIDU: baidu.verdict}
PATHS = {
    Contract.MARKET: "/market/liveness",
    Contract.TENCENT: "/face/livedetectpicture",
    Contract.BAIDU: "/rest/2.0/face/v3/faceverify",
}


@dataclass(frozen=True, slots=True)
class Callers:
    """Two honest clients of each contract."""

    gate: Gate
    one: dict[Contract, Issued]
    two: dict[Contract, Issued]


def callers(gate: Gate) -> Callers:
    """Makes them."""
    made = [{contract: credentials.add(gate, contract) for contract in Contract} for _ in range(2)]
    return Callers(gate, *made)


def asked(contract: Contract, request_id: str, headers: Any = (), query: Any = (), method: str = "POST") -> Request:
    return Request(method, PATHS[contract], tuple(query), tuple(headers), request_id)


def decide(who: Callers, contract: Contract, request: Request) -> Verdict:
    found = JUDGES[contract](request, who.gate)
    return market.complete(found, request, b"", who.gate) if found.pending else found


def altered(text: str) -> Iterator[str]:
    """A text with each of its signs changed, left out or doubled, and cut at each place."""
    for at, sign in enumerate(text):
        other = "1" if sign == "0" else "0" if sign.isdigit() else "b" if sign == "a" else "a"
        yield text[:at] + other + text[at + 1 :]
        yield text[:at] + text[at + 1 :]
        yield text[:at] + sign + text[at:]
        yield text[:at]


def appcodes(who: Callers) -> Iterator[Request]:
    code = who.one[Contract.MARKET].secrets["appcode"]
    others = [who.one[Contract.BAIDU].secrets["api_key"], who.one[Contract.TENCENT].secrets["secret_key"]]
    for wrong in (*altered(code), code.upper(), *others, code + "\x00", code + code):
        if wrong != code:
            yield asked(Contract.MARKET, "F", [("Authorization", f"APPCODE {wrong}")])


def market_headers(who: Callers, issued: Issued, **changes: str) -> dict[str, str]:
    """A signed call's headers."""
    heads = {
        "X-Ca-Key": issued.secrets["app_key"],
        "X-Ca-Timestamp": str(int(who.gate.now() * 1000)),
        "X-Ca-Nonce": "nonce-1",
        "X-Ca-Signature-Headers": "X-Ca-Key,X-Ca-Nonce,X-Ca-Timestamp",
    } | changes
    text = market.string_to_sign(
        asked(Contract.MARKET, "S", heads.items()), sorted(heads["X-Ca-Signature-Headers"].split(","))
    )
    return heads | {"X-Ca-Signature": market.sign(text, issued.secrets["app_secret"].encode())}


def market_signatures(who: Callers) -> Iterator[Request]:
    good, other = (market_headers(who, each[Contract.MARKET]) for each in (who.one, who.two))
    for wrong in altered(good["X-Ca-Signature"]):
        if wrong != good["X-Ca-Signature"] and wrong:
            yield asked(Contract.MARKET, "F", (good | {"X-Ca-Signature": wrong}).items())
    for name in ("X-Ca-Key", "X-Ca-Signature"):  # half of one caller's, half of another's
        yield asked(Contract.MARKET, "F", (good | {name: other[name]}).items())
    for name in ("X-Ca-Nonce", "X-Ca-Timestamp"):
        for wrong in altered(good[name]):
            if wrong != good[name]:
                yield asked(Contract.MARKET, "F", (good | {name: wrong}).items())
    for listed in ("", "X-Ca-Key", "X-Ca-Nonce,X-Ca-Timestamp", "X-Ca-Timestamp", "X-Ca-Key,X-Ca-Nonce"):
        yield asked(Contract.MARKET, "F", (good | {"X-Ca-Signature-Headers": listed}).items())
    for seconds in (-1000, 1000, -86_400, 86_400 * 365):  # sound, and of another time
        stamp = str(int((who.gate.now() + seconds) * 1000))
        yield asked(
            Contract.MARKET, "F", market_headers(who, who.one[Contract.MARKET], **{"X-Ca-Timestamp": stamp}).items()
        )
    yield asked(Contract.MARKET, "F", good.items(), [("image", "AAAA")])  # signed without the query
    yield asked(Contract.MARKET, "F", good.items(), method="GET")


def tencent_signature(who: Callers, issued: Issued, start: float = 0, end: float = 600, **more: Any) -> str:
    now, secrets = int(who.gate.now()), issued.secrets
    parts = {"appid": secrets["appid"], "secret_id": secrets["secret_id"], "secret": secrets["secret_key"].encode()}
    return tencent.sign(**(parts | {"start": now + int(start), "end": now + int(end), "random": 1} | more))


def tencent_signatures(who: Callers) -> Iterator[Request]:
    one, two = who.one[Contract.TENCENT], who.two[Contract.TENCENT]
    good = tencent_signature(who, one)
    raw, other = base64.b64decode(good), base64.b64decode(tencent_signature(who, two))
    wrong = [
        base64.b64encode(raw[:at] + bytes([raw[at] ^ bit]) + raw[at + 1 :]) for at in range(len(raw)) for bit in (1, 64)
    ]
    wrong += [base64.b64encode(raw[:at]) for at in range(len(raw))]
    wrong += [base64.b64encode(raw[:20] + other[20:]), base64.b64encode(other[:20] + raw[20:])]
    wrong += [base64.b64encode(raw + b"&a=" + two.secrets["appid"].encode()), base64.b64encode(raw + b"&x=1")]
    texts = [text.decode() for text in wrong]
    texts += [
        tencent_signature(who, one, appid=two.secrets["appid"]),
        tencent_signature(who, one, secret_id=two.secrets["secret_id"]),
        tencent_signature(who, one, secret=two.secrets["secret_key"].encode()),
        tencent_signature(who, one, secret=b""),
        tencent_signature(who, one, -10_000, -1000),
        tencent_signature(who, one, 1000, 2000),
        tencent_signature(who, one, 0, tencent.LONGEST + 86_400),
        tencent_signature(who, one, 100, 50),
        good.replace("=", ""),
    ]
    for text in texts:
        if base64.b64encode(raw).decode() != text:
            yield asked(Contract.TENCENT, "F", [("Authorization", text)])
    for contract in (Contract.MARKET, Contract.BAIDU):  # another contract's
        for secret in who.one[contract].secrets.values():
            yield asked(Contract.TENCENT, "F", [("Authorization", secret)])
    yield asked(Contract.TENCENT, "F", [("Authorization", good), ("authorization", tencent_signature(who, two))])


def tokens(who: Callers) -> Iterator[Request]:
    one, two, now = who.one[Contract.BAIDU].client, who.two[Contract.BAIDU].client, who.gate.now()
    vault = who.gate.vault
    good, other = (baidu.make(baidu.ACCESS, client, now, vault) for client in (one, two))
    wrong = [text for text in altered(good) if text != good]
    parts, theirs = good.split("."), other.split(".")
    for at in range(1, 5):  # a part of one, the others of another
        wrong.append(".".join([*parts[:at], theirs[at], *parts[at + 1 :]]) if theirs[at] != parts[at] else "")
    wrong += [
        parts[0] + "." + parts[1][:16] + theirs[1][16:] + "." + ".".join(parts[2:]),
        parts[0] + "." + theirs[1][:16] + parts[1][16:] + "." + ".".join(parts[2:]),
        baidu.make(baidu.REFRESH, one, now, vault),
        baidu.make(baidu.REFRESH, one, now, vault).replace("25.", "24.", 1).replace("315360000", "2592000"),
        baidu.make(baidu.ACCESS, one, now - baidu.ACCESS_SECONDS - 1, vault),
        baidu.make(baidu.ACCESS, replace(one, generation=one.generation + 1), now, vault),
        baidu.make(baidu.ACCESS, one, now, Vault(bytes(31) + b"\x01")),
        baidu.make(baidu.ACCESS, who.one[Contract.TENCENT].client, now, vault),
        who.one[Contract.MARKET].secrets["appcode"],
    ]
    for text in wrong:
        yield asked(Contract.BAIDU, "F", (), [("access_token", text)])
    yield asked(Contract.BAIDU, "F", (), [("access_token", good), ("access_token", other)])
    yield asked(Contract.BAIDU, "F", [("access_token", good)])  # in a header, where it does not belong


def bce_header(who: Callers, issued: Issued, stamp: str, expiry: int = 1800, **changes: str) -> str:
    secrets = issued.secrets
    prefix = f"{bce.PREFIX}{secrets['api_key']}/{stamp}/{expiry}"
    text = bce.canonical(asked(Contract.BAIDU, "S", [("Host", "a")]), ("host",))
    made = bce.signature(prefix, text, changes.get("secret", secrets["secret_key"]).encode())
    return f"{prefix}/host/{made}"


def bce_headers(who: Callers, stamp: str, late: str, early: str) -> Iterator[Request]:
    one, two = who.one[Contract.BAIDU], who.two[Contract.BAIDU]
    good, other = bce_header(who, one, stamp), bce_header(who, two, stamp)
    wrong = [text for text in altered(good) if text != good]
    wrong += [good.rpartition("/")[0] + "/" + other.rpartition("/")[2]]
    wrong += [good.replace(one.secrets["api_key"], two.secrets["api_key"])]
    wrong += [bce_header(who, one, late), bce_header(who, one, early), bce_header(who, one, stamp, 10**6)]
    wrong += [bce_header(who, one, stamp, secret=two.secrets["secret_key"])]
    for text in wrong:
        yield asked(Contract.BAIDU, "F", [("Authorization", text), ("Host", "a")])
    yield asked(Contract.BAIDU, "F", [("Authorization", good), ("Host", "b")])
    yield asked(Contract.BAIDU, "F", [("Authorization", good), ("Host", "a")], [("more", "1")])
    yield asked(Contract.BAIDU, "F", [("Authorization", good), ("Host", "a"), ("host", "b")])
