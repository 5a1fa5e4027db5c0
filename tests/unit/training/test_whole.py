"""The validation photos through the whole of facecore, over stand-ins for it and for the packs."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from facecore import NoFace
from facecore.report import ANCESTRIES, Choice, Face, Field, Pose
from tests.contract import kit
from tests.unit.training.test_figures import labels_of
from training import whole
from training.face.labels import FRAME

Pixels = np.ndarray


class Seeing:
    """An analyzer that takes a photo's brightness for all that it says of a face; black ones have none."""

    def analyse_image(self, photo: Pixels, want: frozenset[Field], faces: int) -> Any:
        value = int(photo.max())
        if value == 0:
            raise NoFace("no face was found")
        assert faces == 1
        ancestry = Choice({name: float(i == value % 5) for i, name in enumerate(ANCESTRIES)})
        face: Face = replace(kit.face_of(b"any"), ancestry=ancestry, age=float(value), beauty=float(value))
        face = replace(face, liveness=value / 255, synthetic=value / 255, pose=Pose(value, -value, 0))
        return SimpleNamespace(faces=(face,))


def photo(value: int) -> Pixels:
    return np.full((FRAME, FRAME, 3), value, np.uint8)


@pytest.fixture
def analyzer() -> Any:
    return Seeing()


def test_faces_that_are_not_found_are_told_and_not_counted(analyzer: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    labels = labels_of(
        5,
        val=np.array([True, False, True, True, True]),
        pose=np.tile(np.array([12, -12], np.float32), (5, 1)),
        age=np.array([14, 99, 50, 20, 99], np.float32),
        gender=np.array([0, 1, 1, 0, 0]),
        race=np.array([2, 2, 0, 4, 4]),
        glasses=np.array([0, 0, 1, 2, 0]),
        cartoon=np.zeros(5, int),
        expression=np.zeros(5, int),
        beauty=np.array([10, np.nan, 20, 30, 40], np.float32),
    )
    given: dict[str, Any] = {}

    def points(p: Pixels, labels: object, index: Pixels) -> dict[str, float]:
        given.update(points=p, index=index.tolist())
        return {"points_median": 0.5}

    monkeypatch.setattr(whole, "load_faces", lambda: (np.stack([photo(v) for v in (12, 13, 52, 24, 0)]), labels))
    monkeypatch.setattr(whole, "point_figures", points)
    figures = whole._faces(analyzer)
    assert figures["missed_faces"] == 1 / 4
    assert given["index"] == [0, 2, 3]
    assert figures["age_mae"] == pytest.approx((2 + 2 + 4) / 3)
    assert figures["race"] == pytest.approx(2 / 3)
    assert figures["gender"] == pytest.approx(2 / 3)
    assert figures["yaw_mae"] == pytest.approx((0 + 40 + 12) / 3)
    assert given["points"][0] == pytest.approx(np.array(kit.face_of(b"any").landmarks), abs=1e-3)


def test_an_attack_without_a_face_is_rejected_and_a_live_one_refused(
    analyzer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    photos = {
        "casia": [(1, 200), (1, 0), (0, 0), (0, 100)],
        "nuaa": [(1, 200), (0, 10)],
        "phone": [(0, 0), (0, 30)],
    }
    flat = [(name, live, value) for name, each in photos.items() for live, value in each]
    table = [
        {"file": str(i), "set": name, "label": str(live), "split": "val"} for i, (name, live, _) in enumerate(flat)
    ]
    table.append({"file": "no", "set": "casia", "label": "1", "split": "train"})
    monkeypatch.setattr(whole, "rows", lambda pack: table)
    monkeypatch.setattr(whole, "images", lambda pack, names: (photo(flat[int(name)][2]) for name in names))
    figures = whole._spoof(analyzer)
    assert figures["casia_auc"] == pytest.approx((1 + 1 + 0.5 + 0) / 4)
    assert figures["nuaa_auc"] == 1
    assert figures["phone_auc"] == pytest.approx((1 + 1 + 1 + 1 + 0.5 + 0) / 6)


def test_a_generated_photo_without_a_face_is_not_told(analyzer: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def pack(run: Any) -> Any:
        assert run([]).shape == (0,)
        return {"ffhq": run([photo(5)]), "hardfake": run([photo(0)])}, {
            kind: run([photo(0), photo(255)]) for kind in ("gan", "diffusion", "composite")
        }

    monkeypatch.setattr(whole, "of_pack", pack)
    figures = whole._synthetic(analyzer)
    assert figures["synthetic_gan_auc"] == pytest.approx((0 + 0.5 + 1 + 1) / 4)


def test_all_of_them_are_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, key in (("_faces", "age_mae"), ("_spoof", "mean_eer"), ("_synthetic", "synthetic_auc")):
        monkeypatch.setattr(whole, name, lambda analyzer, key=key: {key: 1.0})
    assert set(whole.measure()) == {"age_mae", "mean_eer", "synthetic_auc"}
