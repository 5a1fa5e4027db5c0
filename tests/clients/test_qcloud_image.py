"""Tencent's own Python client, qcloud_image, through its signer and its HTTP code; it has no method for this path."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
import qcloud_image
from qcloud_image.conf import Conf
from qcloud_image.http import Http

from gatekeeper import Contract
from tests.contract import kit
from tests.contract.web import Site


@pytest.fixture
def client(bench: kit.Bench, monkeypatch: pytest.MonkeyPatch) -> Any:
    url = bench.http.base_url
    monkeypatch.setattr(Conf, "_Conf__SERVICE_ADDR", f"{url.host}:{url.port}")
    secrets = bench.secrets[Contract.TENCENT]
    return qcloud_image.Client(secrets["appid"], secrets["secret_id"], secrets["secret_key"], "")


def post(client: Any, bucket: str = "", **sent: Any) -> Any:
    """A call made of the client's own parts, as its methods put them together."""
    headers = {
        "Host": client._conf.host(),
        "Authorization": client._auth.get_sign(bucket),
        "User-Agent": Conf.get_ua(client._auth._appid),
    } | sent.pop("headers", {})
    return Http.post(client._conf.build_url("/face/livedetectpicture"), headers=headers, timeout=30, **sent)


def test_multipart(bench: kit.Bench, client: Any) -> None:
    files = {"appid": client._auth._appid, "image": ("face.jpg", io.BytesIO(kit.portrait()))}
    answer = post(client, files=files)
    assert answer["httpcode"] == 200
    assert (answer["code"], answer["message"]) == (0, "OK")
    assert 0 <= answer["data"]["score"] <= 100
    assert bench.usage(Contract.TENCENT) == {("0", True): 1}


def test_json(bench: kit.Bench, client: Any, site: Site) -> None:
    bench.names[site.host] = "127.0.0.1"
    body = {"appid": client._auth._appid, "url": site.put("/test.jpg", kit.portrait())}
    answer = post(client, data=json.dumps(body), headers={"Content-Type": "application/json"})
    assert answer["code"] == 0
    body = {"appid": client._auth._appid, "image": kit.b64(kit.portrait())}
    again = post(client, data=json.dumps(body), headers={"Content-Type": "application/json"})
    assert again["data"] == answer["data"]


def test_a_bucket_in_the_signature(client: Any) -> None:
    files = {"appid": client._auth._appid, "bucket": "photos", "image": ("face.jpg", io.BytesIO(kit.portrait()))}
    assert post(client, "photos", files=files)["code"] == 0


def test_errors_come_through(bench: kit.Bench, client: Any) -> None:
    assert post(client, files={"appid": "1", "image": ("a", b"1")}) == {
        "code": 6,
        "message": "签名中的 APPID/Bucket 与操作目标不匹配",
        "httpcode": 403,
    }
    assert post(client, files={"image": ("a", b"GIF89a")})["code"] == -4016
    client._auth._secretkey = "wrong"
    assert post(client, files={"image": ("a", kit.portrait())})["code"] == 14
    bench.clock.at += 1000
    client._auth._secretkey = bench.secrets[Contract.TENCENT]["secret_key"]
    assert post(client, files={"image": ("a", kit.portrait())})["code"] == 9
