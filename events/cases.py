"""The calls that the events are made of: for every contract a valid one and the main failures."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from time import gmtime, strftime
from urllib.parse import parse_qsl, quote, urlencode
from uuid import NAMESPACE_URL, uuid5

from events import photos
from events.demo import Clients
from gatekeeper import Contract, Request, baidu, bce, market, tencent

FORM = "application/x-www-form-urlencoded"
JSON = "application/json"
MARKET = "/market/liveness"
TENCENT = "/face/livedetectpicture"
BAIDU = "/rest/2.0/face/v3/faceverify"
TOKEN = "/oauth/2.0/token"
_LONG_AGO = 1_600_000_000
_BOUNDARY = "facegate-events"


@dataclass(frozen=True, slots=True)
class Case:
    """One HTTP request.

    Attributes:
        contract: Whose API it is sent to.
        name: Says what is special about it; its file's name.
        method: Upper case.
        path: Without query.
        query: Names and values, not encoded.
        headers: Names and values; Host, User-Agent and Accept come by themselves.
        body: As sent.
        guarded: Whether the gateway asks the authorizer first.
        signed: Whether a signature in it is good for a limited time only, counted from the moment it was made for.
    """

    contract: Contract
    name: str
    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    guarded: bool = True
    signed: bool = False

    @property
    def host(self) -> str:
        """The name that the call is sent to."""
        return f"{self.contract}.example.com"

    @property
    def request_id(self) -> str:
        """The gateway's id of the call, the same at every run."""
        return str(uuid5(NAMESPACE_URL, f"facegate/{self.contract}/{self.name}"))

    @property
    def all_headers(self) -> dict[str, str]:
        """The headers as they reach the gateway."""
        return {"Host": self.host, "User-Agent": "facegate-events", "Accept": JSON} | dict(self.headers)

    def asked(self) -> Request:
        """The request without its body, as a verdict sees it."""
        return Request(self.method, self.path, self.query, tuple(self.all_headers.items()), self.request_id)


def cases(clients: Clients) -> list[Case]:
    """All calls, their signatures made at the clients' moment."""
    return [*_market(clients), *_tencent(clients), *_baidu(clients)]


def b64(image: bytes) -> str:
    """An image as base64 text."""
    return base64.b64encode(image).decode()


# ---- market


def _market(clients: Clients) -> list[Case]:
    own = clients.secrets[Contract.MARKET]
    code = {"Authorization": f"APPCODE {own['appcode']}"}
    idle = {"Authorization": f"APPCODE {clients.used_up[Contract.MARKET]['appcode']}"}
    form, as_json = {"Content-Type": FORM}, {"Content-Type": f"{JSON}; charset=utf-8"}

    def post(name: str, headers: Mapping[str, str], fields: Mapping[str, str]) -> Case:
        is_json = headers.get("Content-Type", "").startswith(JSON)
        body = json.dumps(fields) if is_json else urlencode(fields)
        return Case(Contract.MARKET, name, "POST", MARKET, headers=headers, body=body.encode())

    portrait = {"image": b64(photos.portrait())}
    broken = {"image": "not base64!"}
    appcode = (("AppCode", own["appcode"]), ("image", "not base64!"))
    now = int(clients.gate.now())
    return [
        post("form", code | form, portrait),
        post("json", code | as_json, {"image": "data:image/jpeg;base64," + portrait["image"]}),
        Case(Contract.MARKET, "get", "GET", MARKET, appcode),
        post("no-image", code | form, {}),
        post("two-images", code | form, {"image": "AAAA", "url": "https://photos.example.com/a.jpg"}),
        post("broken-base64", code | form, broken),
        post("gif", code | form, {"image": b64(photos.GIF)}),
        post("no-face", code | form, {"image": b64(photos.wall())}),
        post("wrong-appcode", {"Authorization": "APPCODE 00000000000000000000000000000000"} | form, broken),
        post("no-credential", form, broken),
        post("used-up", idle | form, broken),
        _signed(own, post("signed-json", as_json, portrait), now),
        _signed(own, post("signed-form", form, portrait), now),
        _signed(own, post("signed-long-ago", as_json, broken), _LONG_AGO),
        _signed(clients.used_up[Contract.MARKET], post("signed-used-up", form, broken), now),
        Case(Contract.MARKET, "wrong-method", "DELETE", MARKET, headers=code, guarded=False),
    ]


def _signed(secrets: Mapping[str, str], case: Case, at: int) -> Case:
    """The case with an AppKey signature instead of an AppCode."""
    names = ["X-Ca-Key", "X-Ca-Nonce", "X-Ca-Timestamp"]
    headers = dict(case.headers) | {
        "X-Ca-Key": secrets["app_key"],
        "X-Ca-Nonce": case.request_id,
        "X-Ca-Timestamp": f"{at}000",
        "X-Ca-Signature-Headers": ",".join(names),
    }
    unsigned = Case(case.contract, case.name, case.method, case.path, headers=headers, body=case.body)
    fields = tuple(parse_qsl(case.body.decode())) if headers["Content-Type"] == FORM else ()
    text = market.string_to_sign(unsigned.asked(), names, fields)
    headers["X-Ca-Signature"] = market.sign(text, secrets["app_secret"].encode())
    return Case(
        case.contract, case.name, case.method, case.path, headers=headers, body=case.body, signed=at != _LONG_AGO
    )


# ---- tencent


def _tencent(clients: Clients) -> list[Case]:
    secrets, idle = clients.secrets[Contract.TENCENT], clients.used_up[Contract.TENCENT]
    now = int(clients.gate.now())

    def signature(start: int = now, other: Mapping[str, str] | None = None) -> str:
        parts = dict(secrets) | dict(other or {})
        key = parts["secret_key"].encode()
        return tencent.sign(parts["appid"], parts["secret_id"], key, start, start + 30 * 86_400, 12345)

    def post(name: str, body: bytes, kind: str, authorization: str | None = None) -> Case:
        headers = {"Content-Type": kind, "Authorization": signature() if authorization is None else authorization}
        return Case(Contract.TENCENT, name, "POST", TENCENT, headers=headers, body=body, signed=authorization is None)

    def parts(name: str, image: bytes | None, appid: str = secrets["appid"]) -> Case:
        return post(name, multipart(appid, image), f"multipart/form-data; boundary={_BOUNDARY}")

    def as_json(name: str, authorization: str | None = None, **fields: str) -> Case:
        return post(name, json.dumps({"appid": secrets["appid"]} | fields).encode(), JSON, authorization)

    forged = signature(_LONG_AGO, {"secret_key": "0" * 32})
    return [
        parts("multipart", photos.portrait()),
        as_json("json", image=b64(photos.portrait())),
        parts("no-image", None),
        parts("gif", photos.GIF),
        parts("no-face", photos.wall()),
        parts("wrong-appid", photos.GIF, idle["appid"]),
        post("wrong-type", b"image=AAAA", FORM),
        as_json("no-signature", ""),
        as_json("broken-signature", "no signature"),
        as_json("signed-long-ago", signature(_LONG_AGO)),
        as_json("unknown-appid", signature(_LONG_AGO, {"appid": "1259999999", "secret_id": "AKIDunknown"})),
        as_json("unknown-secret-id", signature(_LONG_AGO, {"secret_id": "AKIDunknown"})),
        as_json("another-appid", signature(_LONG_AGO, {"appid": idle["appid"]})),
        as_json("forged", forged),
        Case(
            Contract.TENCENT, "used-up", "POST", TENCENT,
            headers={"Content-Type": JSON, "Authorization": signature(other=idle)}, body=b"{}", signed=True,
        ),
        Case(Contract.TENCENT, "wrong-method", "GET", TENCENT, guarded=False),
    ]  # fmt: skip


def multipart(appid: str, image: bytes | None) -> bytes:
    """A multipart body as the vendor's clients send it."""
    lines = [
        b'--%b\r\nContent-Disposition: form-data; name="appid"\r\n\r\n%b\r\n' % (_BOUNDARY.encode(), appid.encode())
    ]
    if image is not None:
        head = b'Content-Disposition: form-data; name="image"; filename="photo.jpg"\r\nContent-Type: image/jpeg'
        lines.append(b"--%b\r\n%b\r\n\r\n%b\r\n" % (_BOUNDARY.encode(), head, image))
    return b"".join(lines) + b"--%b--\r\n" % _BOUNDARY.encode()


# ---- baidu


def _baidu(clients: Clients) -> list[Case]:
    secrets = clients.secrets[Contract.BAIDU]
    token = clients.tokens["demo"]
    portrait = {"image": b64(photos.portrait()), "image_type": "BASE64"}
    wall = {"image": b64(photos.wall()), "image_type": "BASE64"}
    everything = "age,beauty,expression,face_shape,gender,glasses,landmark,race,quality,face_type"

    def post(name: str, items: list[dict[str, str]], access_token: str | None = token) -> Case:
        query = () if access_token is None else (("access_token", access_token),)
        return Case(Contract.BAIDU, name, "POST", BAIDU, query, {"Content-Type": JSON}, json.dumps(items).encode())

    now = int(clients.gate.now())
    return [
        post("one-photo", [portrait | {"face_field": everything}]),
        post("three-photos", [portrait | {"face_field": "age"}, portrait, portrait]),
        post("two-photos", [wall, wall]),
        post("no-photo", []),
        post("no-face", [wall]),
        post("gif", [{"image": b64(photos.GIF), "image_type": "BASE64"}]),
        post("unknown-field", [wall | {"face_field": "shoe_size"}]),
        post("unknown-face-token", [{"image": "0" * 32, "image_type": "FACE_TOKEN"}]),
        post("no-token", [wall], None),
        post("forged-token", [wall], token[:3] + "0" * 32 + token[35:]),
        post("expired-token", [wall], _expired(clients)),
        post("used-up", [wall], clients.tokens["used up"]),
        _with_header(clients, post("signed", [wall], None), now),
        _with_header(clients, post("signed-long-ago", [wall], None), _LONG_AGO),
        _token("token-get", "GET", secrets["api_key"], secrets["secret_key"]),
        _token("token-post", "POST", secrets["api_key"], secrets["secret_key"]),
        _token("token-unknown-key", "GET", "0" * 24, secrets["secret_key"]),
        _token("token-wrong-secret", "POST", secrets["api_key"], "0" * 32),
        Case(Contract.BAIDU, "wrong-method", "GET", BAIDU, guarded=False),
    ]  # fmt: skip


def _expired(clients: Clients) -> str:
    return baidu.make(baidu.ACCESS, clients.demo[Contract.BAIDU], _LONG_AGO, clients.gate.vault)


def _with_header(clients: Clients, case: Case, at: int) -> Case:
    """The case with a bce-auth-v1 signature instead of a token."""
    secrets = clients.secrets[Contract.BAIDU]
    stamp = strftime("%Y-%m-%dT%H:%M:%SZ", gmtime(at))
    prefix = f"{bce.PREFIX}{secrets['api_key']}/{stamp}/1800"
    headers = dict(case.headers) | {"x-bce-date": stamp}
    unsigned = Case(case.contract, case.name, case.method, case.path, headers=headers)
    names = ("content-type", "host", "x-bce-date")
    text = bce.canonical(unsigned.asked(), names)
    signature = bce.signature(prefix, text, secrets["secret_key"].encode())
    headers["Authorization"] = f"{prefix}/{';'.join(names)}/{signature}"
    return Case(
        case.contract, case.name, case.method, case.path, headers=headers, body=case.body, signed=at != _LONG_AGO
    )


def _token(name: str, method: str, api_key: str, secret_key: str) -> Case:
    fields = (("grant_type", "client_credentials"), ("client_id", api_key), ("client_secret", secret_key))
    if method == "GET":
        return Case(Contract.BAIDU, name, method, TOKEN, fields, guarded=False)
    body = urlencode(fields, quote_via=quote).encode()
    return Case(Contract.BAIDU, name, method, TOKEN, headers={"Content-Type": FORM}, body=body, guarded=False)
