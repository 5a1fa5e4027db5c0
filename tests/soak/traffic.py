"""Good and bad callers of a server, each remembering what was answered."""

from __future__ import annotations

import random
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx

from gatekeeper import Contract, Gate, Request, credentials, market, tencent
from gatekeeper.credentials import Issued
from tests import photos
from tests.contract.kit import b64
from tests.faults.calls import code_of
from tests.hostile.images import IMAGES, JPEG_HTML

MARKET, TENCENT, BAIDU = "/market/liveness", "/face/livedetectpicture", "/rest/2.0/face/v3/faceverify"
QUOTA = 5
BROKEN = "no answer"

Sent = tuple[str, str, Any]
"""A call's kind, its code (or BROKEN), and what it said of the photo."""


def shots() -> list[bytes]:
    """Photos that are told apart by what is said of them."""
    made = [photos.portrait(), photos.blurred(3), photos.darkened(0.5), photos.rotated(12), photos.wide(480, 400)]
    return [photos.encoded(pixels) for pixels in made]


@dataclass
class Clients:
    """The clients of a soak, made in the server's ledger before it starts."""

    gate: Gate
    good: dict[Contract, Issued] = field(default_factory=dict)
    few: Issued | None = None
    rated: Issued | None = None

    def __post_init__(self) -> None:
        self.good = {
            contract: credentials.add(self.gate, contract, client_id=f"soak-{contract}") for contract in Contract
        }
        self.few = credentials.add(self.gate, Contract.MARKET, client_id="soak-few", quota_total=QUOTA)
        self.rated = credentials.add(self.gate, Contract.MARKET, client_id="soak-rated", rate=2)

    def secrets(self) -> list[str]:
        """Every text that must be in no log."""
        issued = [*self.good.values(), self.few, self.rated]
        return [text for each in issued if each is not None for name, text in each.secrets.items() if "id" not in name]


class Caller(threading.Thread):
    """One caller, who sends a mixture until told to stop.

    Attributes:
        counts: Calls by kind and code.
        billed: Ids of the calls that were answered with 0, by client.
        broken: Ids of the calls that got no answer, by client.
        wrong: What should not have been answered so.
        secrets: Tokens and signatures that were sent.
    """

    def __init__(self, number: int, base: str, clients: Clients, known: dict[str, Any], stop: threading.Event) -> None:
        super().__init__(name=f"caller-{number}", daemon=True)
        self._random = random.Random(number)
        self._number, self._base, self._clients, self._known, self._stop_event = number, base, clients, known, stop
        self._http = httpx.Client(base_url=base, trust_env=False, timeout=60)
        self._token, self._calls = "", 0
        self._shots = shots()
        self._bad: list[tuple[str, Callable[[], Sent]]] = [
            ("wrong appcode", self._wrong_appcode), ("forged signature", self._forged_signature),
            ("forged token", self._forged_token), ("cut photo", self._cut_photo), ("bomb", self._bomb),
            ("page", self._page), ("no face", self._no_face), ("inner url", self._inner_url),
            ("replay", self._replay), ("quota", self._quota), ("rate", self._rate), ("gone", self._gone),
            ("nonsense", self._nonsense),
        ]  # fmt: skip
        self.counts: Counter[tuple[str, str]] = Counter()
        self.billed: dict[str, list[str]] = {}
        self.broken: dict[str, list[str]] = {}
        self.wrong: list[str] = []
        self.secrets: set[str] = set()
        self.slowest = 0.0

    def run(self) -> None:
        """Sends until told to stop."""
        while not self._stop_event.is_set():
            self.one()
        self.close()

    def close(self) -> None:
        """Lets go of its connections."""
        self._http.close()

    def one(self) -> None:
        """Sends one call of the mixture: two of three are good."""
        if self._random.random() < 2 / 3:
            kind, code, _ = self.good(self._random.choice(list(Contract)), self._random.randrange(len(self._shots)))
        else:
            kind, send = self._random.choice(self._bad)
            kind, code, _ = send()
        self.counts[kind, code] += 1

    def good(self, contract: Contract, which: int) -> Sent:
        """An honest call; what it is answered must be what this photo is always answered."""
        shot, client = self._shots[which], f"soak-{contract}"
        if contract is Contract.MARKET and which % 2:
            form = {"image": b64(shot)}
            answer = self._send(client, "POST", MARKET, headers=self._signed(form), data=form)
        elif contract is Contract.MARKET:
            answer = self._send(client, "POST", MARKET, headers=self._appcode(), data={"image": b64(shot)})
        elif contract is Contract.TENCENT:
            head = {"Authorization": self._signature()}
            answer = self._send(client, "POST", TENCENT, headers=head, files={"image": ("a.jpg", shot)})
        else:
            params, ask = {"access_token": self._access_token()}, [{"image": b64(shot), "image_type": "BASE64"}]
            answer = self._send(client, "POST", BAIDU, params=params, json=ask)
        if answer is None:
            return (f"good {contract}", BROKEN, None)
        code, said = code_of(answer), said_of(contract, answer)
        if code not in {"0", "96", "-5802", "222361", "X503BZ", "107", "108", "2", "4"}:
            self.wrong.append(f"good {contract}: {code}")
        key = f"{contract} {which}"
        if code == "0" and not same(self._known.setdefault(key, said), said):
            self.wrong.append(f"{key} was answered {said}, not {self._known[key]}")
        return (f"good {contract}", code, said)

    # ---- the parts of an honest call

    def _appcode(self, issued: Issued | None = None) -> dict[str, str]:
        return {"Authorization": f"APPCODE {(issued or self._clients.good[Contract.MARKET]).secrets['appcode']}"}

    def _signed(self, form: dict[str, str]) -> dict[str, str]:
        secrets = self._clients.good[Contract.MARKET].secrets
        heads = {
            "X-Ca-Key": secrets["app_key"], "X-Ca-Timestamp": str(int(time.time() * 1000)),
            "X-Ca-Nonce": f"{self._number}-{time.monotonic_ns()}",
            "X-Ca-Signature-Headers": "X-Ca-Key,X-Ca-Nonce,X-Ca-Timestamp",
            "Content-Type": "application/x-www-form-urlencoded", "Accept": "*/*",
        }  # fmt: skip
        asked = Request("POST", MARKET, (), tuple(heads.items()), "S")
        text = market.string_to_sign(asked, sorted(heads["X-Ca-Signature-Headers"].split(",")), tuple(form.items()))
        made = market.sign(text, secrets["app_secret"].encode())
        self.secrets.add(made)
        return heads | {"X-Ca-Signature": made}

    def _signature(self, **changes: Any) -> str:
        secrets, now = self._clients.good[Contract.TENCENT].secrets, int(time.time())
        parts: dict[str, Any] = {
            "appid": secrets["appid"], "secret_id": secrets["secret_id"], "secret": secrets["secret_key"].encode(),
            "start": now, "end": now + 600, "random": self._random.randrange(10**9),
        } | changes  # fmt: skip
        made = tencent.sign(**parts)
        self.secrets.add(made)
        return made

    def _access_token(self) -> str:
        if not self._token:
            secrets = self._clients.good[Contract.BAIDU].secrets
            params = {
                "grant_type": "client_credentials", "client_id": secrets["api_key"],
                "client_secret": secrets["secret_key"],
            }  # fmt: skip
            try:
                granted = self._http.get("/oauth/2.0/token", params=params).json()
            except httpx.TransportError:
                return ""
            self._token = str(granted.get("access_token", ""))
            self.secrets.update(str(granted[name]) for name in ("access_token", "refresh_token") if name in granted)
        return self._token

    def _send(self, client: str, method: str, path: str, **more: Any) -> httpx.Response | None:
        """Sends under an id of its own; None when no answer came."""
        self._calls += 1
        caller_id = f"{self.name}-{self._calls}"
        headers = {**more.pop("headers", {}), "X-Request-Id": caller_id}
        started = time.monotonic()
        try:
            answer = self._http.request(method, path, headers=headers, **more)
        except httpx.TransportError:
            self.broken.setdefault(client, []).append(caller_id)
            return None
        self.slowest = max(self.slowest, time.monotonic() - started)
        if code_of(answer) == "0":
            self.billed.setdefault(client, []).append(caller_id)
        return answer

    def _expect(self, kind: str, answer: httpx.Response | None, *codes: str) -> Sent:
        code = BROKEN if answer is None else code_of(answer)
        if answer is not None and code not in {*codes, "X503BZ", "107", "108", "2", "4", "96", "-5802", "222361"}:
            self.wrong.append(f"{kind}: {code}")
        return (kind, code, None)

    # ---- the others

    def _wrong_appcode(self) -> Sent:
        head = {"Authorization": f"APPCODE {self._random.getrandbits(128):032x}"}
        return self._expect(
            "wrong appcode", self._send("", "POST", MARKET, headers=head, data={"image": "AAAA"}), "A400AC"
        )

    def _forged_signature(self) -> Sent:
        head = {"Authorization": self._signature(secret=b"guessed")}
        answer = self._send("", "POST", TENCENT, headers=head, files={"image": ("a.jpg", self._shots[0])})
        return self._expect("forged signature", answer, "14")

    def _forged_token(self) -> Sent:
        token = f"24.{self._random.getrandbits(128):032x}.2592000.1999999999.282335-10000000"
        answer = self._send("", "POST", BAIDU, params={"access_token": token}, json=[])
        return self._expect("forged token", answer, "110")

    def _cut_photo(self) -> Sent:
        shot = self._random.choice(self._shots)
        form = {"image": b64(shot[: self._random.randrange(4, len(shot) - 2)])}
        return self._expect(
            "cut photo", self._send("soak-market", "POST", MARKET, headers=self._appcode(), data=form), "1"
        )

    def _bomb(self) -> Sent:
        head = {"Authorization": self._signature()}
        image = IMAGES["png at the cap, rgba of 16 bits"].make()
        answer = self._send("soak-tencent", "POST", TENCENT, headers=head, files={"image": ("a.jpg", image)})
        return self._expect("bomb", answer, "-4016")

    def _page(self) -> Sent:
        form = {"image": b64(JPEG_HTML)}
        return self._expect("page", self._send("soak-market", "POST", MARKET, headers=self._appcode(), data=form), "1")

    def _no_face(self) -> Sent:
        form = {"image": b64(photos.encoded(photos.no_face()[:200, :200]))}
        answer = self._send("soak-market", "POST", MARKET, headers=self._appcode(), data=form)
        return self._expect("no face", answer, "2", "3")

    def _inner_url(self) -> Sent:
        url = self._random.choice(["http://169.254.169.254/", "http://[::1]/", "http://2130706433/", self._base])
        answer = self._send("soak-market", "POST", MARKET, headers=self._appcode(), data={"url": url})
        return self._expect("inner url", answer, "4")

    def _replay(self) -> Sent:
        once = {"Authorization": self._signature(end=0, file_id=f"f{self._random.getrandbits(64)}")}
        files = {"image": ("a.jpg", b"GIF89a")}
        self._send("soak-tencent", "POST", TENCENT, headers=once, files=files)
        return self._expect(
            "replay", self._send("soak-tencent", "POST", TENCENT, headers=once, files=files), "13", "-4016"
        )

    def _quota(self) -> Sent:
        head = self._appcode(self._clients.few)
        answer = self._send("soak-few", "POST", MARKET, headers=head, data={"image": b64(self._shots[0])})
        return self._expect("quota", answer, "0", "B403MQ")

    def _rate(self) -> Sent:
        head, found = self._appcode(self._clients.rated), []
        for _ in range(4):
            answer = self._send("soak-rated", "POST", MARKET, headers=head, data={"image": "AAAA"})
            found.append(self._expect("rate", answer, "1", "T429ID"))
        return found[-1]

    def _gone(self) -> Sent:
        """Goes away in the middle of the body."""
        host, port = self._base.removeprefix("http://").split(":")
        head = f"POST {TENCENT} HTTP/1.1\r\nHost: a\r\nAuthorization: {self._signature()}\r\n"
        head += "Content-Length: 9999\r\n\r\nab"
        try:
            with socket.create_connection((host, int(port)), timeout=10) as link:
                link.sendall(head.encode())
        except OSError:
            pass
        return ("gone", BROKEN, None)

    def _nonsense(self) -> Sent:
        host, port = self._base.removeprefix("http://").split(":")
        try:
            with socket.create_connection((host, int(port)), timeout=10) as link:
                link.sendall(self._random.randbytes(200) + b"\r\n\r\n")
                link.settimeout(5)
                link.recv(1000)
        except OSError:
            pass
        return ("nonsense", BROKEN, None)


def said_of(contract: Contract, answer: httpx.Response) -> list[float] | None:
    """The numbers of an answer that tell one photo from another."""
    if code_of(answer) != "0":
        return None
    told = answer.json()
    if contract is Contract.MARKET:
        return [told["result"]["age"], told["result"]["liveness"]["livemapscore"], told["result"]["quality"]["blur"]]
    if contract is Contract.TENCENT:
        return [told["data"]["score"]]
    face = told["result"]["face_list"][0]
    return [told["result"]["face_liveness"], face["angle"]["roll"], face["location"]["width"]]


def same(one: list[float] | None, other: list[float] | None) -> bool:
    """Whether two answers speak of the same photo."""
    if one is None or other is None:
        return one is other
    return all(
        abs(a - b) <= 0.02 + 0.01 * abs(a) or (a > 1 and abs(a - b) <= 1) for a, b in zip(one, other, strict=True)
    )
