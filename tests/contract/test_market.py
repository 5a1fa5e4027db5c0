"""The market contract through HTTP: every way to send a photo, every field, every code of the API's own table."""

from __future__ import annotations

import io
import json
from typing import Any
from urllib.parse import quote, quote_plus

import pytest

from facecore.errors import ModelError
from facecore.report import Field
from gatekeeper import Contract
from market.want import WANT
from tests import photos
from tests.contract import kit
from tests.contract.web import Site

MB = 1024 * 1024
URL = "/market/liveness"


def code(response: Any) -> int:
    """The code of an answer of the API itself."""
    assert response.status_code == 200
    assert "x-ca-error-code" not in response.headers
    body = response.json()
    assert ("result" in body) == (body["code"] == 0)
    return int(body["code"])


# ---- every way to send a photo


@pytest.mark.code("market", 0)
def test_the_body_is_the_documents(bench: kit.Bench) -> None:
    response = bench.market({"image": kit.b64(kit.portrait())})
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json; charset=utf-8"
    body = response.json()
    face = kit.face_of(kit.portrait())
    assert list(body) == ["code", "desc", "result"]
    assert (body["code"], body["desc"]) == (0, "成功")
    result = body["result"]
    assert list(result) == [
        "age", "spoofing", "liveness", "gender", "glasses", "face_type", "face_shape", "expression", "quality",
    ]  # fmt: skip
    assert face.age is not None
    assert face.quality is not None
    assert face.gender is not None
    assert result["age"] == round(face.age)
    assert isinstance(result["age"], int)
    assert result["spoofing"] == 1.226133719e-7
    assert result["liveness"] == {"livemapscore": pytest.approx(face.liveness, abs=1e-9)}
    assert result["gender"] == {"probability": pytest.approx(face.gender.probability, abs=1e-4), "type": "male"}
    for name in ("glasses", "face_type", "face_shape", "expression"):
        assert list(result[name]) == ["probability", "type"]
        assert result[name]["type"] == getattr(face, name).type
    quality = result["quality"]
    assert list(quality) == ["completeness", "illumination", "blur", "occlusion"]
    assert (quality["completeness"], quality["illumination"]) == (1, round(face.quality.illumination))
    assert isinstance(quality["illumination"], int)
    assert quality["blur"] == pytest.approx(face.quality.blur, abs=1e-4)
    assert list(quality["occlusion"]) == [
        "left_eye", "right_eye", "mouth", "nose", "chin_contour", "right_cheek", "left_cheek",
    ]  # fmt: skip
    for part, covered in quality["occlusion"].items():
        expected = face.quality.occlusion["chin" if part == "chin_contour" else part]
        assert covered == pytest.approx(expected, abs=1e-4), part
    assert bench.usage(Contract.MARKET) == {("0", True): 1}


def test_it_asks_for_what_it_tells(bench: kit.Bench) -> None:
    assert code(bench.market({"image": kit.b64(kit.portrait())})) == 0
    assert bench.analyzer.asked == [WANT]
    assert Field.LANDMARKS not in WANT
    assert Field.RACE not in WANT


@pytest.mark.parametrize("prefix", ["", "data:image/png;base64,", "DATA:image/jpeg;charset=utf-8;BASE64,"])
def test_image_in_a_form_a_json_body_and_a_query(bench: kit.Bench, prefix: str) -> None:
    photo = photos.encoded(photos.portrait()[50:250, 100:300], quality=70)
    text = prefix + kit.b64(photo)
    scores = {
        bench.market({"image": text}).text,
        bench.market(json={"image": text}).text,
        bench.market(params={"image": text}).text,
        bench.http.get(URL, params={"image": text}, headers=bench.appcode()).text,
    }
    assert len(scores) == 1
    assert json.loads(scores.pop())["code"] == 0


@pytest.mark.parametrize(
    "written",
    [
        lambda text: text.replace("+", "-").replace("/", "_"),  # the url-safe alphabet
        lambda text: text.rstrip("="),
        lambda text: "\r\n".join(text[at : at + 76] for at in range(0, len(text), 76)),
        lambda text: f"  {text}\n",
    ],
    ids=["url-safe", "no-padding", "lines", "blanks-around"],
)
def test_base64_as_it_is_really_written(bench: kit.Bench, written: Any) -> None:
    text = written(kit.b64(kit.portrait()))
    assert code(bench.market({"image": text})) == 0
    assert code(bench.market(json={"image": text})) == 0


def test_a_plus_that_a_form_turned_into_a_space(bench: kit.Bench) -> None:
    text = kit.b64(kit.portrait())
    assert "+" in text
    head = {"Content-Type": "application/x-www-form-urlencoded"}
    assert code(bench.market(content=f"image={text}", headers=head)) == 0
    assert code(bench.market(content=f"image={quote(text, safe='')}", headers=head)) == 0
    assert code(bench.market(content=f"image={quote(text, safe='').replace('%2B', '%2b')}", headers=head)) == 0


def test_a_body_without_a_type_is_a_form(bench: kit.Bench) -> None:
    body = f"image={quote_plus(kit.b64(kit.portrait()))}".encode()
    assert code(bench.market(content=body)) == 0


@pytest.mark.parametrize("kind", ["form", "json", "query", "get"])
def test_url(bench: kit.Bench, site: Site, kind: str) -> None:
    url = site.put("/a photo.jpg?x=1&y=2", kit.portrait())
    bench.names["photos.example"] = "127.0.0.1"
    if kind == "form":
        response = bench.market({"url": url})
    elif kind == "json":
        response = bench.market(json={"url": url})
    elif kind == "query":
        response = bench.market(params={"url": url})
    else:
        response = bench.http.get(URL, params={"url": url}, headers=bench.appcode())
    assert code(response) == 0
    assert response.json() == bench.market({"image": kit.b64(kit.portrait())}).json()


def test_an_empty_field_is_no_field(bench: kit.Bench) -> None:
    assert code(bench.market({"image": kit.b64(kit.portrait()), "url": ""})) == 0
    assert code(bench.market(json={"image": kit.b64(kit.portrait()), "url": None})) == 0


# ---- every code


@pytest.mark.code("market", 1)
@pytest.mark.parametrize(
    "sent",
    [
        {"data": {}},
        {"data": {"image": "", "url": ""}},
        {"data": {"image": "AAAA", "url": "http://photos.example/a.jpg"}},
        {"data": {"image": ["AAAA", "AAAA"]}},
        {"data": {"image": "AAAA"}, "params": {"image": "AAAA"}},
        {"data": {"image": "this is not base64!"}},
        {"data": {"image": "AAAAA"}},
        {"data": {"image": "data:image/png,AAAA"}},
        {"data": {"image": kit.b64(b"bytes that are no photo")}},
        {"data": {"image": kit.b64(b"GIF89a" + bytes(64))}},
        {"data": {"image": kit.b64(kit.portrait()[:9000])}},
        {"json": {}},
        {"json": {"image": 5}},
        {"json": {"image": ["AAAA"]}},
        {"json": ["AAAA"]},
        {"json": None},
        {"content": b"{", "headers": {"Content-Type": "application/json"}},
        {"content": b'{"image":"\xff"}', "headers": {"Content-Type": "application/json"}},
        {"content": b'{"image":"AAAA","image":"AAAA"}', "headers": {"Content-Type": "application/json"}},
        {"content": b"[" * 100_000, "headers": {"Content-Type": "application/json"}},
        {"content": b"image=AAAA", "headers": {"Content-Type": "text/plain"}},
        {"content": b"\xff\xfe=%ff%fe", "headers": {"Content-Type": "application/x-www-form-urlencoded"}},
        {"content": b"&" * 5000 + b"image=AAAA", "headers": {"Content-Type": "application/x-www-form-urlencoded"}},
        {"files": {"image": ("a.jpg", kit.portrait())}},
        {"content": b""},
    ],
)
def test_code_1_no_photo_can_be_read(bench: kit.Bench, sent: dict[str, Any]) -> None:
    response = bench.market(**sent)
    assert code(response) == 1
    assert response.json() == {"code": 1, "desc": "图像格式错误"}
    assert bench.usage(Contract.MARKET) == {("1", False): 1}
    assert bench.taken(Contract.MARKET) == 0


@pytest.mark.code("market", 2)
def test_code_2_no_face(bench: kit.Bench) -> None:
    photo = photos.NO_FACE.read_bytes()
    bench.analyzer.scripts[photo] = kit.no_face()
    response = bench.market({"image": kit.b64(photo)})
    assert response.json() == {"code": 2, "desc": "图片中没有人脸"}
    assert bench.usage(Contract.MARKET) == {("2", False): 1}


@pytest.mark.code("market", 3)
@pytest.mark.parametrize(("size", "expected"), [(23.9, 3), (24.0, 0)])
def test_code_3_a_face_too_small_to_read(bench: kit.Bench, size: float, expected: int) -> None:
    bench.analyzer.scripts[kit.portrait()] = kit.face_of(kit.portrait(), size=size)
    response = bench.market({"image": kit.b64(kit.portrait())})
    assert code(response) == expected
    if expected:
        assert response.json() == {"code": 3, "desc": "无法解析人脸"}


@pytest.mark.code("market", 4)
@pytest.mark.parametrize(
    "url",
    [
        "nonsense",
        "ftp://photos.example/a.jpg",
        "http://",
        "http://unknown.example/a.jpg",
        "http://inside.example/a.jpg",
        "http://169.254.169.254/latest/meta-data",
        "http://[::1]/a.jpg",
        "http://photos.example/a.jpg\n",
        "http://user:word@photos.example/a.jpg",
    ],
)
def test_code_4_a_url_that_gives_no_photo(bench: kit.Bench, url: str) -> None:
    bench.names["inside.example"] = "10.0.0.7"
    response = bench.market(json={"url": url})
    assert response.json() == {"code": 4, "desc": "URL 下载图片失败"}
    assert bench.usage(Contract.MARKET) == {("4", False): 1}


@pytest.mark.code("market", 4)
@pytest.mark.parametrize("url", [rb"http://\udcff.example/a.jpg", "http://面.example/照片.jpg".encode()])
def test_code_4_a_url_with_strange_letters(bench: kit.Bench, url: bytes) -> None:
    head = {"Content-Type": "application/json"}
    assert code(bench.market(content=b'{"url":"' + url + b'"}', headers=head)) == 4


@pytest.mark.code("market", 4)
def test_code_4_a_server_that_answers_with_an_error(bench: kit.Bench, site: Site) -> None:
    bench.names["photos.example"] = "127.0.0.1"
    assert code(bench.market({"url": site.url("/missing.jpg")})) == 4


def test_a_body_behind_a_url_that_is_no_photo(bench: kit.Bench, site: Site) -> None:
    bench.names["photos.example"] = "127.0.0.1"
    assert code(bench.market({"url": site.put("/page", b"<html>")})) == 1


@pytest.mark.code("market", 5)
def test_code_5_over_two_megabytes_of_text(bench: kit.Bench) -> None:
    photo = kit.portrait()
    room = 2 * MB // 4 * 3
    fits, over = photo + bytes(room - len(photo)), photo + bytes(room - len(photo) + 1)
    assert len(kit.b64(fits)) == 2 * MB
    assert code(bench.market({"image": kit.b64(fits)})) == 0
    response = bench.market({"image": kit.b64(over)})
    assert response.json() == {"code": 5, "desc": "照片质量不合格，请重新上传（图片太大，不要超过 2M）"}
    assert code(bench.market({"image": kit.b64(fits) + "A"})) == 5
    assert code(bench.market({"image": "data:image/png;base64," + kit.b64(fits)})) == 0


@pytest.mark.code("market", 5)
def test_code_5_over_two_megabytes_behind_a_url(bench: kit.Bench, site: Site) -> None:
    bench.names["photos.example"] = "127.0.0.1"
    photo = kit.portrait()
    assert code(bench.market({"url": site.put("/2", photo + bytes(2 * MB - len(photo)))})) == 0
    assert code(bench.market({"url": site.put("/3", photo + bytes(2 * MB - len(photo) + 1))})) == 5


@pytest.mark.code("market", 5)
def test_code_5_more_pixels_than_the_cap(bench: kit.Bench) -> None:
    assert code(bench.market({"image": kit.b64(photos.bomb(5100))})) == 5


@pytest.mark.code("market", 96)
@pytest.mark.parametrize("error", [ModelError("altered"), RuntimeError("secret text"), MemoryError()])
def test_code_96_a_failure_inside(bench: kit.Bench, error: Exception, printed: io.StringIO) -> None:
    bench.analyzer.broken = error
    response = bench.market({"image": kit.b64(kit.portrait())})
    assert response.json() == {"code": 96, "desc": "交易失败，请稍后重试"}
    assert bench.usage(Contract.MARKET) == {("96", False): 1}
    assert "secret text" not in printed.getvalue()
    assert "Traceback" not in printed.getvalue()
    assert f'"fault":"{type(error).__name__} at ' in printed.getvalue()


def test_ids_come_in_and_go_out(bench: kit.Bench) -> None:
    response = bench.market({"image": "AAAA"}, headers={"X-Request-Id": "caller-7"})
    assert response.headers["x-request-id"] == "caller-7"
    own = response.headers["x-ca-request-id"]
    assert own == own.upper()
    assert len(own) == 36
    for bad in ("x" * 65, "a b", "<script>"):
        headers = bench.market({"image": "AAAA"}, headers={"X-Request-Id": bad}).headers
        assert headers["x-request-id"] == headers["x-ca-request-id"] != bad
