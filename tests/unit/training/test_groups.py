"""Groups of people and the tables that models' cards are made of."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from facecore.spoofing import crops
from training import groups
from training.common import leaving
from training.liveness.simulate import HEIGHTS, SIDE


def labels() -> Any:
    return SimpleNamespace(
        sets=np.array(["utk"] * 4 + ["scut"]),
        val=np.array([True, True, True, True, True]),
        race=np.array([0, 1, 1, -1, 2]),
        gender=np.array([0, 1, 1, 0, 1]),
        age=np.array([9, 10, 61, 44, 20], np.float32),
        glasses=np.array([0, 2, -1, 1, 0]),
    )


def test_everybody_is_in_one_race_gender_and_age_at_most() -> None:
    named = dict(groups.groups(cast("Any", labels()), np.arange(4)))
    assert named["everybody"].tolist() == [True] * 4
    assert named["race: black"].tolist() == [False, True, True, False]
    assert named["age 0 to 9"].tolist() == [True, False, False, False]
    assert named["age 60 and more"].tolist() == [False, False, True, False]
    assert named["glasses: sun"].tolist() == [False, True, False, False]
    for kind, most in (("race", 1), ("age", 1), ("glasses", 1)):
        assert np.sum([members for name, members in named.items() if name.startswith(kind)], 0).max() == most
    assert np.sum([members for name, members in named.items() if name.startswith("age")], 0).tolist() == [1, 1, 1, 1]


def test_the_face_table_counts_errors_by_group(monkeypatch: pytest.MonkeyPatch) -> None:
    made = labels()
    monkeypatch.setattr(groups, "load_faces", lambda: (np.zeros((5, 128, 128, 3), np.uint8), made))
    guess = np.array([0, 0, 1, 0])  # the second is wrong
    out = {"gender": np.eye(2, dtype=np.float32)[guess], "age": np.array([10, 10, 58, 46], np.float32)}
    monkeypatch.setattr(groups, "runtime", lambda: lambda crops: out)
    rows = {line.split(" | ")[0].strip("| "): line for line in groups.face_table().splitlines()}
    assert "| 4 | 25.0 % (" in rows["everybody"]
    assert "| 1.50 (" in rows["everybody"]  # errors of 1, 0, 3 and 2 years
    assert "| 2 | 50.0 % (" in rows["race: black"]
    assert "| 1 | 0.0 % (" in rows["age 60 and more"]
    assert "| 3.00 (" in rows["age 60 and more"]
    assert not any("asian" in name for name in rows)  # nobody of that group


def test_what_was_left_out_is_remembered_and_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leaving, "CARDS", tmp_path)
    assert leaving.left_out_table("liveness") == "Not measured."
    leaving.remember_left_out("liveness", "nuaa", {"attacks": 720, "auc": 0.9712345, "rejected_at_1": 0.5})
    leaving.remember_left_out("liveness", "casia", {"attacks": 1251, "auc": 0.9, "rejected_at_1": 0.25})
    assert list(leaving.left_out("liveness")) == ["nuaa", "casia"]
    assert "| nuaa | 720 | 0.9712 | 50.0 % (46.4 to 53.6) |" in leaving.left_out_table("liveness")


def test_facecore_sees_the_faces_of_the_liveness_table_as_sharp_as_they_are() -> None:
    crop = np.random.default_rng(4).integers(0, 256, (128, 128, 3), np.uint8)
    kps = np.array([(47, 47), (81, 47), (64, 65), (51, 81), (77, 81)], np.float32)
    fit = np.zeros((6, 4), np.float32)
    fit[0] = -1, -1.3, 1, 1.2  # the box, in shares of the points' distances
    view, box = groups._placed(crop, kps, fit)
    assert box[2] / box[3] == pytest.approx(0.8)
    (seen,) = crops(view, box, (SIDE, HEIGHTS))
    assert (seen == view).all()
