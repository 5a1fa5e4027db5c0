"""faceverify through HTTP: photos, tokens and urls, every field, every code that concerns the photos."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import quote

import pytest

from baidu.want import WANT
from facecore.errors import ModelError
from facecore.report import Field
from gatekeeper import Contract, Settings
from tests import photos
from tests.contract import kit
from tests.contract.web import Site

MB = 1024 * 1024
FIELDS = "age,beauty,expression,face_shape,gender,glasses,landmark,race,quality,face_type"
ALWAYS = ["face_token", "location", "face_probability", "angle", "liveness"]
MESSAGES = {
    222013: "param[image] format error",
    222015: "param[image_type] format error",
    222017: "param[face_field] format error",
    222025: "param[face_token] format error",
    222202: "pic not has face",
    222203: "image check fail",
    222204: "image_url_download_fail",
    222208: "the number of image is incorrect",
    222209: "face token not exist",
    222213: "face size is too small",
    222304: "image size is too large",
    222361: "system busy",
}


def item(image: Any = None, **more: Any) -> dict[str, Any]:
    return {"image": kit.b64(kit.portrait()) if image is None else image, "image_type": "BASE64"} | more


def result(response: Any) -> dict[str, Any]:
    assert response.status_code == 200
    body = response.json()
    assert list(body) == ["error_code", "error_msg", "log_id", "timestamp", "cached", "result"]
    assert (body["error_code"], body["error_msg"], body["cached"]) == (0, "SUCCESS", 0)
    found: dict[str, Any] = body["result"]
    assert list(found) == ["thresholds", "face_liveness", "face_list"]
    return found


def refused(response: Any, code: int, message: str | None = None) -> None:
    """An error of the API, in the whole envelope."""
    assert response.status_code == 200
    body = response.json()
    assert list(body) == ["error_code", "error_msg", "log_id", "timestamp", "cached", "result"]
    assert (body["error_code"], body["error_msg"]) == (code, message or MESSAGES[code])
    assert (body["cached"], body["result"]) == (0, None)
    assert isinstance(body["log_id"], int)
    assert isinstance(body["timestamp"], int)


def platform(response: Any, code: int, message: str) -> None:
    """An error of the platform, which is two members alone."""
    assert (response.status_code, response.json()) == (200, {"error_code": code, "error_msg": message})


def unbilled(bench: kit.Bench, code: int) -> None:
    assert bench.usage(Contract.BAIDU) == {(str(code), False): 1}
    assert bench.taken(Contract.BAIDU) == 0


# ---- answers


@pytest.mark.code("baidu", 0)
def test_without_face_field_only_what_always_comes(bench: kit.Bench) -> None:
    found = result(bench.baidu([item()]))
    face = kit.face_of(kit.portrait())
    assert found["thresholds"] == {"frr_1e-4": 0.05, "frr_1e-3": 0.3, "frr_1e-2": 0.9}
    assert found["face_liveness"] == pytest.approx(face.liveness, abs=1e-9)
    (entry,) = found["face_list"]
    assert list(entry) == ALWAYS
    assert re.fullmatch("[0-9a-f]{32}", entry["face_token"])
    assert list(entry["location"]) == ["left", "top", "width", "height", "rotation"]
    assert entry["location"]["left"] == pytest.approx(face.box.left, abs=1e-4)
    assert entry["location"]["rotation"] == -3
    assert isinstance(entry["location"]["rotation"], int)
    assert entry["face_probability"] == pytest.approx(face.probability, abs=1e-4)
    assert entry["angle"] == {"yaw": 10.16, "pitch": -2.24, "roll": -3.42}
    assert entry["liveness"] == {"livemapscore": found["face_liveness"]}
    assert bench.usage(Contract.BAIDU) == {("0", True): 1}


def test_every_field(bench: kit.Bench) -> None:
    (entry,) = result(bench.baidu([item(face_field=FIELDS)]))["face_list"]
    face = kit.face_of(kit.portrait())
    assert set(entry) == {*ALWAYS, *FIELDS.split(","), "landmark72"}
    assert face.quality is not None
    assert face.landmarks is not None
    assert entry["age"] == pytest.approx(face.age, abs=1e-4)
    assert entry["beauty"] == pytest.approx(face.beauty, abs=1e-4)
    for name in ("expression", "face_shape", "gender", "glasses", "race", "face_type"):
        choice = getattr(face, name)
        assert list(entry[name]) == ["type", "probability"]
        assert (entry[name]["type"], entry[name]["probability"]) == (
            choice.type,
            pytest.approx(choice.probability, abs=1e-4),
        )
    assert [(point["x"], point["y"]) for point in entry["landmark72"]] == [tuple(point) for point in face.landmarks]
    mouth = face.landmarks[58:72]
    middle = {"x": sum(x for x, _ in mouth) / 14, "y": sum(y for _, y in mouth) / 14}
    corners = [dict(zip("xy", face.landmarks[at], strict=True)) for at in (21, 38, 57)]
    assert entry["landmark"] == [*corners, middle]
    assert list(entry["quality"]) == ["occlusion", "blur", "illumination", "completeness"]
    assert list(entry["quality"]["occlusion"]) == [
        "left_eye", "right_eye", "nose", "mouth", "left_cheek", "right_cheek", "chin",
    ]  # fmt: skip
    for part, covered in entry["quality"]["occlusion"].items():
        assert covered == pytest.approx(face.quality.occlusion[part], abs=1e-4)
    assert entry["quality"]["completeness"] == 1


@pytest.mark.parametrize("field", FIELDS.split(","))
def test_one_field_comes_alone(bench: kit.Bench, field: str) -> None:
    (entry,) = result(bench.baidu([item(face_field=f" {field} ,")]))["face_list"]
    extra = {"landmark72"} if field == "landmark" else set()
    assert set(entry) == {*ALWAYS, field} | extra


@pytest.mark.parametrize("count", [1, 3, 8])
def test_the_best_photo_counts(bench: kit.Bench, count: int) -> None:
    shots = [photos.encoded(photos.portrait(), quality=quality) for quality in range(60, 60 + count)]
    for place, shot in enumerate(shots):
        bench.analyzer.scripts[shot] = kit.face_of(shot, liveness=0.9 if place == count - 1 else place / 100)
    asks = [item(kit.b64(shot), face_field="age" if place == 0 else "") for place, shot in enumerate(shots)]
    found = result(bench.baidu(asks))
    assert found["face_liveness"] == 0.9
    assert len({entry["face_token"] for entry in found["face_list"]}) == count
    assert [entry["liveness"]["livemapscore"] for entry in found["face_list"]][: count - 1] == [
        place / 100 for place in range(count - 1)
    ]
    assert [("age" in entry) for entry in found["face_list"]] == [True] + [False] * (count - 1)
    assert bench.usage(Contract.BAIDU) == {("0", True): 1}
    assert set(bench.analyzer.asked) == {WANT}
    assert Field.SYNTHETIC not in WANT


def test_the_bare_object_for_clients_that_want_it(bench: kit.Bench) -> None:
    whole = result(bench.baidu([item(face_field=FIELDS)]))
    bench.change(Contract.BAIDU, settings=Settings(bare_body=True))
    assert bench.baidu([item(face_field=FIELDS)]).json() == whole
    refused(bench.baidu([item("AAAA")]), 222203)


def test_the_thresholds_are_the_models(own_bench: kit.Bench) -> None:
    told = {"frr_1e-4": 0.04, "frr_1e-3": 0.25, "frr_1e-2": 0.8}
    own_bench.analyzer.registry["liveness"].facts["calibration"]["thresholds"] = told
    assert result(own_bench.baidu([item()]))["thresholds"] == told
    own_bench.analyzer.registry["liveness"].facts.clear()
    refused(own_bench.baidu([item()]), 222361)


@pytest.mark.parametrize("option", ["COMMON", "GATE"])
def test_options(bench: kit.Bench, option: str) -> None:
    result(bench.baidu([item(option=option)]))


def test_base64_that_was_percent_encoded_too(bench: kit.Bench) -> None:
    for safe in ("", "+"):
        assert result(bench.baidu([item(quote(kit.b64(kit.portrait()), safe=safe))])) == result(bench.baidu([item()]))


def test_urls(bench: kit.Bench, site: Site) -> None:
    bench.names["photos.example"] = "127.0.0.1"
    url = site.put("/image1.png", kit.portrait())
    found = result(bench.baidu([{"image": url, "image_type": "URL"}, item(), {"image": url, "image_type": "URL"}]))
    assert len({entry["face_token"] for entry in found["face_list"]}) == 1
    assert len(site.seen) == 2


def test_a_face_token_answers_from_what_is_kept(bench: kit.Bench) -> None:
    first = result(bench.baidu([item()]))
    token = first["face_list"][0]["face_token"]
    assert result(bench.baidu([item(face_field="age")]))["face_list"][0]["face_token"] == token
    bench.analyzer.asked.clear()
    again = result(bench.baidu([{"image": token, "image_type": "FACE_TOKEN", "face_field": FIELDS}]))
    assert again["face_list"] == result(bench.baidu([item(face_field=FIELDS)]))["face_list"]
    assert len(bench.analyzer.asked) == 1, "a kept report is not made again"
    bench.clock.at += bench.gate.options.face_seconds + 1
    refused(bench.baidu([{"image": token, "image_type": "FACE_TOKEN"}]), 222209)


def test_tokens_and_photos_in_one_call(bench: kit.Bench) -> None:
    token = result(bench.baidu([item()]))["face_list"][0]["face_token"]
    other = photos.encoded(photos.rotated(10))
    ask = {"image": token, "image_type": "FACE_TOKEN"}
    found = result(bench.baidu([ask, item(kit.b64(other)), ask]))
    tokens = [entry["face_token"] for entry in found["face_list"]]
    assert tokens[0] == tokens[2] == token != tokens[1]


# ---- every code


@pytest.mark.code("baidu", 222001)
@pytest.mark.parametrize(
    ("body", "name"),
    [
        (b"", "image"),
        (b"  ", "image"),
        (b'[{"image_type":"BASE64"}]', "image"),
        (b'[{"image":null,"image_type":"BASE64"}]', "image"),
        (b'[{"image":"","image_type":"BASE64"}]', "image"),
        (b'[{"image":"AAAA"}]', "image_type"),
        (b'[{"image":"AAAA","image_type":""}]', "image_type"),
    ],
)
def test_code_222001_something_is_missing(bench: kit.Bench, body: bytes, name: str) -> None:
    head = {"Content-Type": "application/json"}
    refused(bench.baidu(content=body, headers=head), 222001, f"param[{name}] is null")
    unbilled(bench, 222001)


@pytest.mark.code("baidu", 100)
@pytest.mark.parametrize(
    "sent",
    [
        {"content": b"{"},
        {"content": b'{"image":"AAAA","image_type":"BASE64"}'},
        {"content": b'["AAAA"]'},
        {"content": b"[[]]"},
        {"content": b'[{"image":"\xff","image_type":"BASE64"}]'},
        {"content": b'[{"image":"AAAA","image":"AAAA","image_type":"BASE64"}]'},
        {"content": b"[" * 100_000},
        {"content": b"[NaN]"},
        {"content": b"[]", "headers": {"Content-Type": "text/plain"}},
        {"content": b"image=AAAA", "headers": {"Content-Type": "application/x-www-form-urlencoded"}},
        {"content": json.dumps([item("AAAA", option="OTHER")]).encode()},
        {"content": json.dumps([item("AAAA", option=None)]).encode()},
    ],
)
def test_code_100_the_body_is_no_array_of_photos(bench: kit.Bench, sent: dict[str, Any]) -> None:
    sent = {"headers": {"Content-Type": "application/json"}} | sent
    platform(bench.baidu(**sent), 100, "Invalid parameter")
    unbilled(bench, 100)


def test_json_that_is_called_a_form_is_read(bench: kit.Bench) -> None:
    """PHP's curl calls every body so, the JSON of the vendor's own samples, too."""
    head = {"Content-Type": "application/x-www-form-urlencoded"}
    result(bench.baidu(content=json.dumps([item()]).encode(), headers=head))


@pytest.mark.parametrize(
    ("items", "code"),
    [
        ([item("!!!"), item(), item(face_field="x")], 222017),
        ([item("!!!"), item(), item("http://unknown.example/", image_type="URL")], 222204),
        ([item(kit.b64(b"no photo")), item(), item("!!!")], 222013),
        ([item(), item(kit.b64(b"no photo")), item(kit.b64(photos.NO_FACE.read_bytes()))], 222203),
    ],
)
def test_what_is_looked_at_first_is_refused_first(bench: kit.Bench, items: list[Any], code: int) -> None:
    """Parameters, then urls and tokens, then base64, then photos; among equals the first."""
    bench.analyzer.scripts[photos.NO_FACE.read_bytes()] = kit.no_face()
    refused(bench.baidu(items), code)


@pytest.mark.code("baidu", 222013)
@pytest.mark.parametrize(
    "image", ["not base64!", "AAAAA", "data:image/jpg;base64,AAAA", 5, ["AAAA"], {"a": 1}, "%", "%2", "=", "面"]
)
def test_code_222013_image_is_not_base64(bench: kit.Bench, image: Any) -> None:
    refused(bench.baidu([item(image)]), 222013)
    unbilled(bench, 222013)


@pytest.mark.code("baidu", 222015)
@pytest.mark.parametrize("kind", ["base64", "PATH", 5, ["BASE64"]])
def test_code_222015_unknown_image_type(bench: kit.Bench, kind: Any) -> None:
    refused(bench.baidu([item(image_type=kind)]), 222015)
    unbilled(bench, 222015)


@pytest.mark.code("baidu", 222017)
@pytest.mark.parametrize("fields", ["age,height", "AGE", "age;beauty", 5, ["age"]])
def test_code_222017_unknown_face_field(bench: kit.Bench, fields: Any) -> None:
    refused(bench.baidu([item(face_field=fields)]), 222017)
    unbilled(bench, 222017)


@pytest.mark.code("baidu", 222025)
@pytest.mark.parametrize("token", ["short", "G" * 32, "0" * 33, "A" * 32])
def test_code_222025_no_face_token(bench: kit.Bench, token: str) -> None:
    refused(bench.baidu([item(token, image_type="FACE_TOKEN")]), 222025)
    unbilled(bench, 222025)


@pytest.mark.code("baidu", 222209)
def test_code_222209_unknown_face_token(bench: kit.Bench) -> None:
    refused(bench.baidu([item("0" * 32, image_type="FACE_TOKEN")]), 222209)
    unbilled(bench, 222209)


@pytest.mark.code("baidu", 222209)
def test_code_222209_another_clients_token(bench: kit.Bench) -> None:
    token = result(bench.baidu([item()]))["face_list"][0]["face_token"]
    bench.renew()
    refused(bench.baidu([item(token, image_type="FACE_TOKEN")]), 222209)
    assert result(bench.baidu([item()]))["face_list"][0]["face_token"] != token


@pytest.mark.code("baidu", 222202)
def test_code_222202_one_photo_without_a_face(bench: kit.Bench) -> None:
    cup = photos.NO_FACE.read_bytes()
    bench.analyzer.scripts[cup] = kit.no_face()
    refused(bench.baidu([item(), item(kit.b64(cup)), item()]), 222202)
    unbilled(bench, 222202)


@pytest.mark.code("baidu", 222203)
@pytest.mark.parametrize(
    "image", [b"GIF89a" + bytes(64), b"bytes that are no photo", kit.portrait()[:9000]], ids=["gif", "noise", "cut"]
)
def test_code_222203_no_photo(bench: kit.Bench, image: bytes) -> None:
    refused(bench.baidu([item(kit.b64(image))]), 222203)
    unbilled(bench, 222203)


@pytest.mark.code("baidu", 222204)
@pytest.mark.parametrize("url", ["nonsense", "http://127.0.0.2/a.jpg", "http://unknown.example/", "file:///etc/passwd"])
def test_code_222204_a_url_that_gives_no_photo(bench: kit.Bench, url: str) -> None:
    refused(bench.baidu([item(url, image_type="URL"), item(), item()]), 222204)
    unbilled(bench, 222204)


@pytest.mark.code("baidu", 222208)
@pytest.mark.parametrize("count", [0, 2, 4, 5, 6, 7, 9])
def test_code_222208_another_number_of_photos(bench: kit.Bench, count: int) -> None:
    refused(bench.baidu([item("AAAA")] * count), 222208)
    unbilled(bench, 222208)


@pytest.mark.code("baidu", 222213)
def test_code_222213_a_face_too_small(bench: kit.Bench) -> None:
    bench.analyzer.scripts[kit.portrait()] = kit.face_of(kit.portrait(), size=23.9)
    refused(bench.baidu([item()]), 222213)
    unbilled(bench, 222213)
    bench.analyzer.scripts[kit.portrait()] = kit.face_of(kit.portrait(), size=24.0)
    assert result(bench.baidu([item()]))


@pytest.mark.code("baidu", 222304)
def test_code_222304_over_two_megabytes(bench: kit.Bench, site: Site) -> None:
    bench.names["photos.example"] = "127.0.0.1"
    photo = kit.portrait()
    fits = photo + bytes(2 * MB // 4 * 3 - len(photo))
    result(bench.baidu([item(kit.b64(fits))]))
    refused(bench.baidu([item(kit.b64(fits) + "AAAA")]), 222304)
    text = kit.b64(fits)
    for same in (quote(text, safe=""), "\n".join(text[at : at + 76] for at in range(0, len(text), 76))):
        assert len(same) > 2 * MB
        result(bench.baidu([item(same)]))
    refused(bench.baidu([item(quote(text + "AAAA", safe=""))]), 222304)
    url = site.put("/big", bytes(2 * MB + 1))
    refused(bench.baidu([item(url, image_type="URL")]), 222304)


@pytest.mark.code("baidu", 222304)
def test_code_222304_over_ten_megabytes_in_all(bench: kit.Bench) -> None:
    head = {"Content-Type": "application/json"}
    body = json.dumps([item()]).encode()
    fits = body + b" " * (10 * MB - len(body))
    result(bench.baidu(content=fits, headers=head))
    refused(bench.baidu(content=fits + b" ", headers=head), 222304)
    refused(bench.baidu(content=iter([fits, b" "]), headers=head), 222304)


@pytest.mark.code("baidu", 222304)
def test_code_222304_more_pixels_than_the_cap(bench: kit.Bench) -> None:
    refused(bench.baidu([item(kit.b64(photos.bomb(5100)))]), 222304)


@pytest.mark.code("baidu", 222361)
def test_code_222361_a_model_is_missing(bench: kit.Bench) -> None:
    bench.analyzer.broken = ModelError("altered")
    refused(bench.baidu([item()]), 222361)
    unbilled(bench, 222361)


@pytest.mark.code("baidu", 1)
def test_code_1_a_failure_inside(bench: kit.Bench) -> None:
    bench.analyzer.broken = RuntimeError("secret text")
    platform(bench.baidu([item()]), 1, "Unknown error")
    unbilled(bench, 1)


@pytest.mark.code("baidu", 3)
def test_code_3_another_method_or_path(bench: kit.Bench) -> None:
    params = {"access_token": bench.token()}
    platform(bench.http.get("/rest/2.0/face/v3/faceverify", params=params), 3, "Unsupported openapi method")
    platform(bench.http.post("/rest/2.0/face/v3/other", params=params), 3, "Unsupported openapi method")
    platform(bench.http.delete("/oauth/2.0/token"), 3, "Unsupported openapi method")
