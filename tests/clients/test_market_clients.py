"""The market's clients: the gateway's signing client, curl as the market documents it, and the standard library."""

from __future__ import annotations

import json
import shutil
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from aliyun_api_gateway import ApiGatewayClient

from gatekeeper import Contract
from tests import photos
from tests.contract import kit

PATH = "/market/liveness"
needs_curl = pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")


@pytest.mark.parametrize("method", ["HmacSHA256", "HmacSHA1"])
def test_signed_calls(bench: kit.Bench, base: str, method: str) -> None:
    secrets = bench.secrets[Contract.MARKET]
    client = ApiGatewayClient(base, secrets["app_key"], secrets["app_secret"], signature_method=method)
    image = kit.b64(kit.portrait())
    small = kit.b64(photos.encoded(photos.portrait()[60:220, 140:300], quality=50))
    answers = [
        client.request("POST", PATH, form={"image": image}),
        client.request("POST", PATH, json_body={"image": image}),
        client.request("POST", PATH, query={"image": small}),
        client.request("GET", PATH, query={"image": small}),
    ]
    assert [answer.json()["code"] for answer in answers] == [0, 0, 0, 0]
    assert answers[0].body == answers[1].body
    assert bench.usage(Contract.MARKET) == {("0", True): 4}


def test_a_wrong_secret(bench: kit.Bench, base: str) -> None:
    client = ApiGatewayClient(base, bench.secrets[Contract.MARKET]["app_key"], "wrong")
    answer = client.request("POST", PATH, form={"image": "AAAA"})
    assert (answer.status, answer.body) == (400, b"")
    assert (answer.get_header("X-Ca-Error-Message") or "").startswith("Invalid Signature, Server StringToSign:")


def curl(*options: str, given: bytes = b"") -> Any:
    """What curl prints: the answer's head and its body."""
    done = subprocess.run(["curl", "-sS", "--noproxy", "*", *options], input=given, capture_output=True, check=True)
    head, _, body = done.stdout.decode().rpartition("\r\n\r\n")
    return head, body


@needs_curl
def test_the_documented_curl_lines(bench: kit.Bench, base: str) -> None:
    small = urllib.parse.quote(kit.b64(photos.encoded(photos.portrait()[60:220, 140:300], quality=50)), safe="")
    head = f"Authorization:APPCODE {bench.secrets[Contract.MARKET]['appcode']}"
    got = curl("-i", "-k", "--get", "--include", f"{base}{PATH}?image={small}", "-H", head)
    assert got[0].startswith("HTTP/1.1 200 OK")
    assert json.loads(got[1])["code"] == 0
    posted = curl("-i", "-k", "-X", "POST", f"{base}{PATH}", "-H", head, "--data", f"image={small}")
    assert posted[1] == got[1]
    kind = "Content-Type:application/x-www-form-urlencoded; charset=UTF-8"
    photo = b"image=" + urllib.parse.quote(kit.b64(kit.portrait()), safe="").encode()
    large = curl("-i", "-k", "-X", "POST", f"{base}{PATH}", "-H", head, "-H", kind, "--data-binary", "@-", given=photo)
    assert json.loads(large[1])["code"] == 0
    refused = curl("-i", "-k", "-X", "POST", f"{base}{PATH}", "-H", "Authorization:APPCODE x", "--data", "image=AAAA")
    assert refused[1] == ""
    assert "X-Ca-Error-Message: Invalid AppCode `not exists`" in refused[0].replace("x-ca-error-m", "X-Ca-Error-M")


def test_every_other_status_carries_the_header_that_python_demos_index(bench: kit.Bench, base: str) -> None:
    code = bench.secrets[Contract.MARKET]["appcode"]
    for method, path, appcode, data in (
        ("POST", PATH, "wrong", b"image=AAAA"),
        ("PUT", PATH, code, b"image=AAAA"),
        ("POST", "/market/none", code, b"image=AAAA"),
        ("POST", PATH, code, bytes(8 * 1024 * 1024 + 1)),
    ):
        head = {"Authorization": f"APPCODE {appcode}"}
        asked = urllib.request.Request(base + path, data, head, method=method)
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(asked, timeout=30)
        with refused.value as error:
            assert error.headers["X-Ca-Error-Message"]
            assert error.read() == b""


@needs_curl
@pytest.mark.skipif(shutil.which("base64") is None, reason="base64 is not installed")
def test_the_lines_that_the_command_prints(bench: kit.Bench, base: str) -> None:
    """As somebody pastes them, in the repository's root."""
    from standalone.samples import curl_lines

    root = Path(__file__).parents[2]
    answers = {}
    for contract, line in curl_lines(bench.gate, base).items():
        line = line.replace("curl -sS", "curl -sS --noproxy '*'")
        done = subprocess.run(["bash", "-c", line], cwd=root, capture_output=True, text=True, check=True)
        answers[contract] = json.loads(done.stdout)
        assert done.stderr == ""
    assert set(answers) == set(Contract)
    assert answers[Contract.MARKET]["result"]["liveness"]["livemapscore"] > 0
    assert answers[Contract.TENCENT]["message"] == "OK"
    assert {"age", "gender", "quality"} <= set(answers[Contract.BAIDU]["result"]["face_list"][0])
