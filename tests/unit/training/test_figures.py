"""Figures of the detector, the face net and the synthetic net on made answers."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from facecore.calibration import Calibration
from training.common.goals import GOALS, Goal
from training.detector.figures import detector_figures, overlaps
from training.detector.scenes import Photo
from training.face.figures import attribute_figures, smile_figures
from training.face.labels import Labels
from training.synthetic.figures import KINDS, REAL, calibration_knots, synthetic_figures

Floats = npt.NDArray[np.float32]


def floats(*values: float) -> Floats:
    return np.array(values, np.float32)


# ---- goals


def test_a_goal_is_met_from_its_own_side() -> None:
    more, less = Goal("", 0.9, 0.95), Goal("", 5, 4, more=False, unit="degrees")
    assert [more.met(value) for value in (0.95, 0.949, 0.9, 0.899)] == ["goal", "floor", "floor", "below"]
    assert [less.met(value) for value in (4, 4.01, 5, 5.01)] == ["goal", "floor", "floor", "below"]
    assert more.met(float("nan")) == less.met(float("nan")) == "below"
    assert more.shown(0.9512) == "95.12 %"
    assert less.shown(3.4) == "3.400 degrees"


def test_no_goal_lies_behind_its_floor() -> None:
    for goal in (goal for goals in GOALS.values() for goal in goals.values()):
        assert goal.met(goal.goal) == "goal"
        assert goal.met(goal.floor) in ("goal", "floor")


# ---- detector


def test_overlaps_by_hand() -> None:
    others = np.array([(0, 0, 10, 10), (5, 0, 15, 10), (20, 20, 30, 30), (0, 0, 5, 5)], np.float32)
    assert overlaps(floats(0, 0, 10, 10), others) == pytest.approx([1, 1 / 3, 0, 1 / 4])
    assert overlaps(floats(0, 0, 10, 10), np.zeros((0, 4), np.float32)).shape == (0,)


def test_the_detectors_figures_by_hand() -> None:
    def photo(index: int, *boxes: tuple[float, float, float, float], sure: bool = True) -> Photo:
        image = np.full((1, 1, 3), index, np.uint8)
        n = len(boxes)
        return Photo(
            image, np.array(boxes, np.float32).reshape(n, 4), np.zeros((n, 5, 2), np.float32), np.full(n, sure)
        )

    photos = [
        photo(0, (0, 0, 40, 40), (100, 0, 140, 40), (200, 0, 216, 16)),  # two large faces, one small
        photo(1, (0, 0, 64, 64), sure=False),  # nobody asks for it
        photo(2),
        photo(3),
    ]
    found = {
        0: [(0, 0, 40, 40), (130, 0, 170, 40), (200, 2, 216, 18)],  # hit, miss (beside it), small hit
        1: [(0, 0, 64, 64)],
        2: [(5, 5, 30, 30)],  # fires on nothing
        3: [],
    }

    def find(image: npt.NDArray[np.uint8]) -> tuple[Floats, Floats]:
        boxes = np.array(found[int(image[0, 0, 0])], np.float32).reshape(-1, 4)
        return boxes, np.full((len(boxes), 5, 2), 3.0, np.float32)

    figures = detector_figures(find, photos)
    assert figures["recall_32"] == 1 / 2
    assert figures["recall_small"] == 1
    assert figures["empty_fire"] == 1 / 2
    assert figures["extra_per_photo"] == 1 / 4
    assert figures["point_error"] == pytest.approx(np.hypot(3, 3) / 40)
    finer = detector_figures(find, photos, least=16)
    assert (finer["recall_32"], finer["recall_small"]) == (2 / 3, 0), "large from 16 pixels on"


# ---- face


def labels_of(n: int, **known: npt.NDArray[np.generic]) -> Labels:
    """Labels of which only some are known."""
    nothing = np.full(n, np.nan, np.float32)
    unknown = np.full(n, -1)
    values = {
        "files": [str(i) for i in range(n)],
        "sets": np.full(n, "utk"),
        "val": np.ones(n, bool),
        "points": np.full((n, 72, 2), np.nan, np.float32),
        "raw": np.full((n, 72, 2), np.nan, np.float32),
        "hand": np.zeros(n, bool),
        "pose": np.full((n, 2), np.nan, np.float32),
        "kps": np.full((n, 5, 2), np.nan, np.float32),
        "shape": np.full(n, ""),
        **dict.fromkeys(("age", "beauty", "sharpness"), nothing),
        **dict.fromkeys(("gender", "race", "expression", "glasses", "cartoon"), unknown),
    }
    return Labels(**(values | known))  # type: ignore[arg-type]


def one_hot(classes: int, *winners: int) -> Floats:
    return np.eye(classes, dtype=np.float32)[list(winners)]


def test_the_face_nets_figures_by_hand() -> None:
    labels = labels_of(
        4,
        sets=np.array(["utk", "utk", "scut", "scut"]),
        pose=np.array([(10, 5), (-70, 0), (0, -5), (20, 0)], np.float32),
        age=floats(30, 50, 20, 90),
        gender=np.array([0, 1, 1, -1]),
        race=np.array([0, 4, -1, -1]),
        expression=np.array([0, 1, 2, 3]),
        glasses=np.array([0, 0, 1, 2]),
        cartoon=np.array([0, 1, -1, -1]),
        beauty=floats(np.nan, np.nan, 40, 60),
    )
    out = {
        "pose": np.array([(13, 5), (0, 0), (0, -1), (17, 2)], np.float32),
        "age": floats(33, 45, 80, 0),
        "gender": one_hot(2, 0, 0, 0, 0),
        "ancestry": one_hot(5, 0, 4, 0, 0),
        "expression": np.array([(0.6, 0.2, 0.2), (0.4, 0.6, 0), (0.2, 0.5, 0.3), (0.6, 0.4, 0)], np.float32),
        "glasses": one_hot(3, 0, 1, 1, 2),
        "face_type": one_hot(2, 0, 0, 0, 0),
        "beauty": floats(0, 0, 45, 50),
    }
    figures = attribute_figures(out, labels, np.arange(4))
    assert figures["yaw_mae"] == 2  # 3, 0 and 3; the profile does not count
    assert figures["pitch_mae"] == 2
    assert figures["age_mae"] == 4  # of UTKFace alone
    assert figures["gender"] == 1 / 2
    assert figures["race"] == 1
    assert figures["glasses"] == 3 / 4
    assert figures["glasses_mean_recall"] == pytest.approx((1 / 2 + 1 + 1) / 3)
    assert figures["cartoon"] == 1 / 2
    assert figures["smile"] == 3 / 4  # the last one, a smile or a laugh, is taken for neither
    assert figures["expression"] == 2 / 3  # the laugh is taken for a smile; the last one is not known
    assert figures["beauty_r"] == pytest.approx(1)


def test_grey_smiles_by_hand() -> None:
    def predict(crops: list[npt.NDArray[np.uint8]]) -> dict[str, Floats]:
        dark = np.array([crop.mean() < 100 for crop in crops], np.float32)
        return {"expression": np.stack([dark, 1 - dark, 0 * dark], 1)}

    frames = np.stack([np.full((64, 64), value, np.uint8) for value in (0, 0, 200, 200)])
    assert smile_figures(predict, frames, np.array([0, 3, 3, 3]))["smile_grey"] == 3 / 4


# ---- synthetic


def test_the_synthetic_nets_figures_by_hand() -> None:
    real = {name: floats(0) for name in REAL} | {"scene": floats(2, 0)}
    fake = dict.fromkeys(KINDS, floats(1, 3)) | {"composite": floats(-1)}
    figures = synthetic_figures(real, fake)
    assert figures["auc"] == pytest.approx((8 + 9 + 8 + 9) / 45)
    assert figures["composite_auc"] == 0
    assert figures["auc_against_scene"] == pytest.approx((1 + 2 + 1 + 2) / 10)
    assert figures["auc_against_hardfake"] == pytest.approx(4 / 5)
    assert figures["found_at_1"] == pytest.approx(2 / 5)  # none of nine real photos may be flagged: above 2


def test_the_recommended_threshold_flags_one_real_photo_in_fifty() -> None:
    rng = np.random.default_rng(1)
    sizes = {"utk": 4000, "scene": 400, "scut": 1200}
    real = {name: rng.normal(-4 + i, 1, n).astype(np.float32) for i, (name, n) in enumerate(sizes.items())}
    fake = {"gan": rng.normal(4, 1, 300).astype(np.float32)}
    knots = calibration_knots(real, fake)
    assert (np.diff(np.array(knots), axis=0) > 0).all()
    calibrated = Calibration(knots)
    flagged = [np.mean([calibrated(float(raw)) > 0.00048 for raw in scores]) for scores in real.values()]
    assert np.mean(flagged) == pytest.approx(0.02, abs=0.003)
    assert np.mean([calibrated(float(raw)) > 0.00048 for raw in fake["gan"]]) > 0.99
