"""Baidu's own Python client, baidu-aip, unchanged: tokens, photos, its retry and its header signing."""

from __future__ import annotations

from typing import Any

import pytest
from aip import AipFace

from gatekeeper import Contract, Settings, State, credentials
from tests import photos
from tests.contract import kit

PHOTO = {"image": kit.b64(kit.portrait()), "image_type": "BASE64", "face_field": "age,landmark,quality"}


@pytest.fixture
def client(bench: kit.Bench, base: str) -> Any:
    secrets = bench.secrets[Contract.BAIDU]
    return pointed(AipFace(secrets["app_id"], secrets["api_key"], secrets["secret_key"]), base)


def pointed(client: Any, base: str) -> Any:
    client._AipBase__accessTokenUrl = base + "/oauth/2.0/token"
    client._AipFace__faceverifyUrl = base + "/rest/2.0/face/v3/faceverify"
    return client


@pytest.mark.parametrize("count", [1, 3, 8])
def test_photos(bench: kit.Bench, client: Any, count: int) -> None:
    shots = [photos.encoded(photos.portrait(), quality=quality) for quality in range(70, 70 + count)]
    answer = client.faceverify([PHOTO | {"image": kit.b64(shot)} for shot in shots])
    assert answer["error_code"] == 0
    found = answer["result"]
    assert len(found["face_list"]) == count
    assert found["face_liveness"] == max(entry["liveness"]["livemapscore"] for entry in found["face_list"])
    assert all(len(entry["landmark72"]) == 72 for entry in found["face_list"])
    assert bench.usage(Contract.BAIDU) == {("0", True): 1}


def test_a_face_token(client: Any) -> None:
    token = client.faceverify([PHOTO])["result"]["face_list"][0]["face_token"]
    answer = client.faceverify([{"image": token, "image_type": "FACE_TOKEN"}])
    assert answer["result"]["face_list"][0]["face_token"] == token


def test_errors_come_through(client: Any) -> None:
    assert client.faceverify([PHOTO, PHOTO])["error_code"] == 222208
    assert client.faceverify([PHOTO | {"image": "AAAA"}])["error_msg"] == "image check fail"


@pytest.mark.parametrize("wrong", ["api_key", "secret_key"])
def test_a_wrong_key(bench: kit.Bench, base: str, wrong: str) -> None:
    """The refused token call makes the client sign by header, which fails as it must."""
    secrets = dict(bench.secrets[Contract.BAIDU]) | {wrong: "wrong"}
    client = pointed(AipFace(secrets["app_id"], secrets["api_key"], secrets["secret_key"]), base)
    answer = client.faceverify([PHOTO])
    assert answer == {"error_code": 14, "error_msg": "IAM Certification failed"}


def test_a_revoked_token_is_fetched_anew(bench: kit.Bench, client: Any) -> None:
    assert client.faceverify([PHOTO])["error_code"] == 0
    before = client._authObj["access_token"]
    credentials.revoke(bench.gate, bench.clients[Contract.BAIDU])
    assert client.faceverify([PHOTO])["error_code"] == 0
    assert client._authObj["access_token"] != before
    assert bench.usage(Contract.BAIDU) == {("0", True): 2}


def test_an_expired_token_is_fetched_anew(bench: kit.Bench, client: Any) -> None:
    """By the client's own clock it fetches before it calls; a server that is ahead of it says 111."""
    assert client.faceverify([PHOTO])["error_code"] == 0
    before = client._authObj["access_token"]
    bench.clock.at += 31 * 86_400
    assert client.faceverify([PHOTO]) == {"error_code": 111, "error_msg": "Access token expired"}
    client._authObj["time"] -= 31 * 86_400
    assert client.faceverify([PHOTO])["error_code"] == 0
    assert client._authObj["access_token"] != before


def test_header_signing(bench: kit.Bench, client: Any) -> None:
    """A client whose tokens have another scope signs every call by header."""
    bench.change(Contract.BAIDU, settings=Settings(scope="public"))
    assert client.faceverify([PHOTO])["error_code"] == 0
    assert client._isCloudUser is True
    bench.clock.at += 3 * 3600
    assert client.faceverify([PHOTO])["error_code"] == 14


def test_a_stopped_client(bench: kit.Bench, client: Any) -> None:
    assert client.faceverify([PHOTO])["error_code"] == 0
    bench.change(Contract.BAIDU, state=State.SUSPENDED)
    assert client.faceverify([PHOTO])["error_code"] == 6
