"""livedetectpicture through HTTP: every way to send a photo, the score's map, every code that concerns the photo."""

from __future__ import annotations

from typing import Any

import pytest

from facecore.errors import ModelError
from facecore.report import Field
from gatekeeper import Contract
from tencent import contract
from tests import photos
from tests.contract import kit
from tests.contract.web import Site

MB = 1024 * 1024
WORDS = {
    3: "错误的请求",
    21: "无效参数",
    23: "请求包体过大",
    213: "内部错误",
    -4015: "自拍照人脸检测失败",
    -4016: "自拍照解码失败",
    -5011: "活体检测失败(活体其他错误都归类到里面)",
    -5802: "服务器内部错误,服务暂时不可用",
    -5805: "用户未输入图像或者 url 下载失败",
}


def refused(response: Any, code: int, status: int = 400) -> None:
    assert (response.status_code, response.json()) == (status, {"code": code, "message": WORDS[code]})
    assert response.headers["content-type"] == "application/json"


def score(response: Any) -> int:
    assert response.status_code == 200
    body = response.json()
    assert list(body) == ["data", "code", "message"]
    assert (body["code"], body["message"], list(body["data"])) == (0, "OK", ["score"])
    assert isinstance(body["data"]["score"], int)
    return int(body["data"]["score"])


def unbilled(bench: kit.Bench, code: int) -> None:
    assert bench.usage(Contract.TENCENT) == {(str(code), False): 1}
    assert bench.taken(Contract.TENCENT) == 0


# ---- every way to send a photo


@pytest.mark.code("tencent", 0)
def test_every_way_to_send_a_photo(bench: kit.Bench, site: Site) -> None:
    photo, appid = kit.portrait(), bench.secrets[Contract.TENCENT]["appid"]
    url = site.put("/test.jpg", photo)
    bench.names["photos.example"] = "127.0.0.1"
    ways: list[dict[str, Any]] = [
        {"files": {"appid": (None, appid), "image": ("face.jpg", photo, "image/jpeg")}},
        {"files": {"appid": ("appid", appid), "image": ("image", photo)}},  # as qcloud_image sends it
        {"files": {"appid": (None, appid), "image": (None, photo)}},
        {"files": {"image": ("face.jpg", photo)}},
        {"files": {"appid": ("appid", appid), "url": ("url", url)}},
        {"json": {"appid": appid, "url": url}},
        {"json": {"appid": int(appid), "url": url}},
        {"json": {"appid": appid, "image": kit.b64(photo)}},
        {"json": {"appid": appid, "image": "data:image/jpeg;base64," + kit.b64(photo)}},
        {"json": {"url": url}, "headers": {"Content-Type": '"application/json"'}},  # as the document prints it
        {"json": {"url": f" {url} "}, "headers": {"Content-Type": "Application/JSON ; charset=utf-8"}},
    ]
    expected = contract.score(kit.face_of(photo).liveness or 0)
    assert [score(bench.tencent(**way)) for way in ways] == [expected] * len(ways)
    assert bench.usage(Contract.TENCENT) == {("0", True): len(ways)}


def test_the_documents_own_multipart(bench: kit.Bench) -> None:
    """Its semicolon after the name and its boundary of dashes, with the line break that it forgets."""
    boundary = "--------------acebdf13572468"
    appid = bench.secrets[Contract.TENCENT]["appid"]
    body = (
        (
            f'--{boundary}\r\nContent-Disposition: form-data; name="appid";\r\n\r\n{appid}\r\n'
            f'--{boundary}\r\nContent-Disposition: form-data; name="image"; filename="face.jpg"\r\n'
            f"Content-Type: image/jpeg\r\n\r\n"
        ).encode()
        + kit.portrait()
        + f"\r\n--{boundary}--".encode()
    )
    head = {"Content-Type": f"multipart/form-data;boundary={boundary}"}
    assert score(bench.tencent(content=body, headers=head)) >= 0


def test_the_url_wins(bench: kit.Bench, site: Site) -> None:
    bench.names["photos.example"] = "127.0.0.1"
    photo = photos.encoded(photos.darkened())
    bench.analyzer.scripts[photo] = kit.face_of(photo, liveness=0.0)
    url = site.put("/dark.jpg", photo)
    assert score(bench.tencent(json={"url": url, "image": kit.b64(kit.portrait())})) == 0
    assert score(bench.tencent(files={"image": ("a", kit.portrait()), "url": ("url", url)})) == 0
    assert score(bench.tencent(json={"url": "", "image": kit.b64(kit.portrait())})) > 0


def test_only_liveness_is_asked_for(bench: kit.Bench) -> None:
    score(bench.tencent(files={"image": ("a.jpg", kit.portrait())}))
    assert bench.analyzer.asked == [frozenset({Field.LIVENESS})]


# ---- the score


@pytest.mark.parametrize(
    ("liveness", "expected"),
    [
        (0.0, 0), (0.01, 0), (0.0312, 42), (0.0499, 79), (0.05, 80), (0.2999, 86), (0.3, 87), (0.3001, 88),
        (0.6, 91), (0.9, 95), (0.9001, 96), (0.99, 100), (1.0, 100), (-1.0, 0), (7.0, 100),
    ],
)  # fmt: skip
def test_scores(bench: kit.Bench, liveness: float, expected: int) -> None:
    bench.analyzer.scripts[kit.portrait()] = kit.face_of(kit.portrait(), liveness=liveness)
    assert score(bench.tencent(files={"image": ("a.jpg", kit.portrait())})) == expected


def test_the_score_never_falls_and_87_is_the_threshold() -> None:
    values = [step / 100_000 for step in range(100_001)]
    scores = [contract.score(value) for value in values]
    assert scores == sorted(scores)
    assert all((found > 87) == (value > contract.LIVE) for found, value in zip(scores, values, strict=True))


# ---- every code that concerns the request or the photo


@pytest.mark.code("tencent", 21)
@pytest.mark.parametrize(
    "sent",
    [
        {"content": b"{", "headers": {"Content-Type": "application/json"}},
        {"content": b"[]", "headers": {"Content-Type": "application/json"}},
        {"content": b'"text"', "headers": {"Content-Type": "application/json"}},
        {"content": b'{"image":"\xff"}', "headers": {"Content-Type": "application/json"}},
        {"content": b'{"url":"a","url":"b"}', "headers": {"Content-Type": "application/json"}},
        {"content": b"", "headers": {"Content-Type": "application/json"}},
        {"json": {"image": 7}},
        {"json": {"url": ["http://photos.example/a.jpg"]}},
        {"json": {"appid": True, "image": "AAAA"}},
        {"data": {"image": "AAAA"}},
        {"content": b"image=AAAA", "headers": {"Content-Type": "text/plain"}},
        {"content": b"AAAA"},
        {"content": b"AAAA", "headers": {"Content-Type": "multipart/form-data"}},
        {"content": b"AAAA", "headers": {"Content-Type": "multipart/form-data; boundary=x"}},
        {"content": b"", "headers": {"Content-Type": "multipart/form-data; boundary=x"}},
        {
            "content": b'--x\r\nContent-Disposition: form-data; name="image"\r\n\r\ncut',
            "headers": {"Content-Type": "multipart/form-data; boundary=x"},
        },
        {"files": [("image", ("a", b"1")), ("image", ("b", b"2"))]},
        {"files": [(f"f{at}", ("a", b"1")) for at in range(40)]},
        {"files": {"appid": ("appid", b"\xff\xfe"), "image": ("a", b"1")}},
    ],
)
def test_code_21_the_body_can_not_be_read(bench: kit.Bench, sent: dict[str, Any]) -> None:
    refused(bench.tencent(**sent), 21)
    unbilled(bench, 21)


@pytest.mark.code("tencent", 23)
def test_code_23_over_six_megabytes(bench: kit.Bench) -> None:
    head = {"Content-Type": "application/json"}
    image = kit.b64(kit.portrait())
    start = b'{"image":"' + image.encode() + b'"'
    fits = start + b" " * (6 * MB - len(start) - 1) + b"}"
    assert len(fits) == 6 * MB
    assert score(bench.tencent(content=fits, headers=head)) >= 0
    refused(bench.tencent(content=fits + b" ", headers=head), 23, 413)
    refused(bench.tencent(content=iter([fits, b" "]), headers=head), 23, 413)  # no Content-Length
    assert bench.usage(Contract.TENCENT) == {("0", True): 1, ("23", False): 2}


@pytest.mark.code("tencent", 213)
def test_code_213_a_failure_inside(bench: kit.Bench) -> None:
    bench.analyzer.broken = RuntimeError("secret text")
    refused(bench.tencent(files={"image": ("a.jpg", kit.portrait())}), 213, 500)
    unbilled(bench, 213)


@pytest.mark.code("tencent", -4015)
def test_code_4015_no_face(bench: kit.Bench) -> None:
    photo = photos.NO_FACE.read_bytes()
    bench.analyzer.scripts[photo] = kit.no_face()
    refused(bench.tencent(files={"image": ("a.jpg", photo)}), -4015)
    unbilled(bench, -4015)


@pytest.mark.code("tencent", -4016)
@pytest.mark.parametrize(
    "image",
    [b"GIF89a" + bytes(64), b"bytes that are no photo", kit.portrait()[:9000], b"RIFF\0\0\0\0WEBPVP8 "],
    ids=["gif", "noise", "cut", "webp"],
)
def test_code_4016_the_photo_does_not_decode(bench: kit.Bench, image: bytes) -> None:
    refused(bench.tencent(files={"image": ("a.jpg", image)}), -4016)
    refused(bench.tencent(json={"image": kit.b64(image)}), -4016)
    assert bench.usage(Contract.TENCENT) == {("-4016", False): 2}


@pytest.mark.code("tencent", -4016)
@pytest.mark.parametrize("text", ["not base64!", "AAAAA", "data:image/png,AAAA", "面"])
def test_code_4016_broken_base64(bench: kit.Bench, text: str) -> None:
    refused(bench.tencent(json={"image": text}), -4016)


@pytest.mark.code("tencent", -4016)
def test_code_4016_more_pixels_than_the_cap(bench: kit.Bench) -> None:
    refused(bench.tencent(files={"image": ("a.png", photos.bomb(5100))}), -4016)


@pytest.mark.code("tencent", -5011)
def test_code_5011_a_face_too_small_to_judge(bench: kit.Bench) -> None:
    bench.analyzer.scripts[kit.portrait()] = kit.face_of(kit.portrait(), size=23.9)
    refused(bench.tencent(files={"image": ("a.jpg", kit.portrait())}), -5011)
    unbilled(bench, -5011)
    bench.analyzer.scripts[kit.portrait()] = kit.face_of(kit.portrait(), size=24.0)
    assert bench.tencent(files={"image": ("a.jpg", kit.portrait())}).json()["code"] == 0


@pytest.mark.code("tencent", -5802)
def test_code_5802_a_model_is_missing(bench: kit.Bench) -> None:
    bench.analyzer.broken = ModelError("altered")
    refused(bench.tencent(files={"image": ("a.jpg", kit.portrait())}), -5802, 503)
    unbilled(bench, -5802)


@pytest.mark.code("tencent", -5805)
@pytest.mark.parametrize(
    "sent",
    [
        {"json": {}},
        {"json": {"appid": None, "url": None, "image": ""}},
        {"json": {"image": "data:image/png;base64,"}},
        {"files": {"image": ("a.jpg", b"")}},
        {"files": {"other": ("a.jpg", b"1")}},
        {"json": {"url": "nonsense"}},
        {"json": {"url": "http://10.0.0.1/a.jpg"}},
        {"json": {"url": "https://unknown.example/a.jpg"}},
    ],
)
def test_code_5805_no_image(bench: kit.Bench, sent: dict[str, Any]) -> None:
    refused(bench.tencent(**sent), -5805)
    unbilled(bench, -5805)


@pytest.mark.code("tencent", -5805)
def test_code_5805_over_six_megabytes_behind_a_url(bench: kit.Bench, site: Site) -> None:
    bench.names["photos.example"] = "127.0.0.1"
    refused(bench.tencent(json={"url": site.put("/big", bytes(6 * MB + 1))}), -5805)


@pytest.mark.code("tencent", 3)
@pytest.mark.parametrize("method", ["GET", "PUT", "HEAD"])
def test_code_3_another_method(bench: kit.Bench, method: str) -> None:
    response = bench.http.request(method, "/face/livedetectpicture", headers={"Authorization": bench.signature()})
    assert response.status_code == 405
    if method != "HEAD":
        refused(response, 3, 405)


@pytest.mark.code("tencent", 3)
def test_code_3_another_path(bench: kit.Bench) -> None:
    refused(bench.http.post("/face/other"), 3, 404)
