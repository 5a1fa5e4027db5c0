"""The three contracts with the real models on real photos: every field there, typed and in its range."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from baidu import schema
from baidu.contract import FaceField
from facecore.analyzer import Analyzer
from facecore.registry import default_models
from gatekeeper import Contract
from market import schema as market
from tencent import contract
from tencent import schema as tencent
from tests import photos
from tests.contract import kit

REGISTRY = default_models() / "registry.json"
TRAINED = set(json.loads(REGISTRY.read_text())["models"]) if REGISTRY.exists() else set()
MISSING = {"detector", "face", "liveness", "synthetic"} - TRAINED
pytestmark = pytest.mark.skipif(bool(MISSING), reason=f"not trained yet: {', '.join(sorted(MISSING))}")
CODES = {Contract.MARKET: 2, Contract.TENCENT: -4015, Contract.BAIDU: 222202}


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[kit.Bench]:
    with kit.bench(tmp_path_factory.mktemp("real"), Analyzer()) as made:
        yield made


def report(bench: kit.Bench, photo: bytes) -> dict[Contract, Any]:
    """What the three contracts say of one photo."""
    ask = [{"image": kit.b64(photo), "image_type": "BASE64", "face_field": ",".join(FaceField)}]
    return {
        Contract.MARKET: bench.market({"image": kit.b64(photo)}).json(),
        Contract.TENCENT: bench.tencent(files={"image": ("a.jpg", photo)}).json(),
        Contract.BAIDU: bench.baidu(ask).json(),
    }


def test_the_portrait_has_every_field(real: kit.Bench) -> None:
    told = report(real, kit.portrait())
    # the models hold every number to its range and every class to its names
    answer = market.Answer.model_validate(told[Contract.MARKET])
    score = tencent.Answer.model_validate(told[Contract.TENCENT])
    envelope = schema.Envelope.model_validate(told[Contract.BAIDU])
    assert envelope.result is not None
    (face,) = envelope.result.face_list
    assert all(getattr(face, name) is not None for name in schema.FaceItem.model_fields)
    liveness = answer.result.liveness.livemapscore
    assert face.liveness.livemapscore == envelope.result.face_liveness == pytest.approx(liveness, abs=1e-4)
    assert abs(score.data.score - contract.score(liveness)) <= 1
    assert answer.result.gender.type == "female"
    assert answer.result.face_type.type == "human"
    assert answer.result.quality.completeness == 1
    assert 20 <= answer.result.age <= 60


def test_the_portraits_points_are_where_they_are(real: kit.Bench) -> None:
    face = report(real, kit.portrait())[Contract.BAIDU]["result"]["face_list"][0]
    eyes = photos.EYES
    apart = eyes[1][0] - eyes[0][0]
    found = [(point["x"], point["y"]) for point in face["landmark"]]
    mouth = ((photos.MOUTH[0][0] + photos.MOUTH[1][0]) / 2, (photos.MOUTH[0][1] + photos.MOUTH[1][1]) / 2)
    for (x, y), (true_x, true_y) in zip(found, (*eyes, photos.NOSE, mouth), strict=True):
        assert abs(x - true_x) < apart / 4
        assert abs(y - true_y) < apart / 4
    left, top, width, height = (face["location"][name] for name in ("left", "top", "width", "height"))
    assert left < eyes[0][0] < eyes[1][0] < left + width
    assert top < eyes[0][1] < photos.CHIN[1] < top + height * 1.2
    assert len(face["landmark72"]) == 72


@pytest.mark.parametrize("degrees", [-15, 15])
def test_rotation_has_its_sign(real: kit.Bench, degrees: int) -> None:
    face = report(real, photos.encoded(photos.rotated(degrees)))[Contract.BAIDU]["result"]["face_list"][0]
    upright = report(real, kit.portrait())[Contract.BAIDU]["result"]["face_list"][0]
    assert face["location"]["rotation"] - upright["location"]["rotation"] == pytest.approx(degrees, abs=6)
    assert face["angle"]["roll"] - upright["angle"]["roll"] == pytest.approx(degrees, abs=6)


def test_a_photo_without_a_face(real: kit.Bench) -> None:
    told = report(real, photos.NO_FACE.read_bytes())
    codes = {contract: body.get("error_code", body.get("code")) for contract, body in told.items()}
    assert codes == CODES


def test_a_covered_mouth_shows(real: kit.Bench) -> None:
    covered = report(real, photos.encoded(photos.occluded("mouth")))[Contract.MARKET]["result"]["quality"]["occlusion"]
    free = report(real, kit.portrait())[Contract.MARKET]["result"]["quality"]["occlusion"]
    assert covered["mouth"] > free["mouth"] + 0.3


def test_a_face_cut_off_is_incomplete(real: kit.Bench) -> None:
    assert report(real, photos.encoded(photos.cut_off()))[Contract.MARKET]["result"]["quality"]["completeness"] == 0


def test_the_largest_of_several_is_told(real: kit.Bench) -> None:
    shot = photos.encoded(photos.several())
    face = report(real, shot)[Contract.BAIDU]["result"]["face_list"]
    assert len(face) == 1
    assert face[0]["location"]["left"] < photos.several().shape[1] / 2


@pytest.mark.parametrize("count", [3, 8])
def test_batches_say_what_single_photos_say(real: kit.Bench, count: int) -> None:
    shots = [photos.encoded(photos.rotated(3 * number)) for number in range(count)]
    asks = [{"image": kit.b64(shot), "image_type": "BASE64", "face_field": "age,landmark"} for shot in shots]
    together = real.baidu(asks).json()["result"]
    for ask, entry in zip(asks, together["face_list"], strict=True):
        (alone,) = real.baidu([ask]).json()["result"]["face_list"]
        assert alone["face_token"] == entry["face_token"]
        assert alone["age"] == pytest.approx(entry["age"], abs=0.1)
        assert alone["liveness"]["livemapscore"] == pytest.approx(entry["liveness"]["livemapscore"], abs=1e-3)
    assert together["face_liveness"] == max(entry["liveness"]["livemapscore"] for entry in together["face_list"])
    assert set(together["thresholds"]) == {"frr_1e-4", "frr_1e-3", "frr_1e-2"}
