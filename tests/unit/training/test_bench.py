"""What ``make bench-models`` prints and when it fails."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path

import numpy as np
import pytest

from facecore.headers import read_header
from tests.unit.facecore.kit import models_folder
from training import bench, speed
from training.common.goals import GOALS


@pytest.fixture
def registered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A registry with a synthetic net and no other, data of which nothing is read, and made figures for all."""
    folder = models_folder(tmp_path)
    registry = json.loads((folder / "registry.json").read_text())
    (folder / "registry.json").write_text(json.dumps({"models": {"synthetic": registry["models"]["cast"]}}))
    monkeypatch.setattr(bench, "MODELS", folder)
    monkeypatch.setattr(bench, "DATA", tmp_path)

    def measured(name: str) -> dict[str, float]:
        return {key: goal.floor for key, goal in GOALS[name].items()} | {"further": 0.25, "unknown": float("nan")}

    monkeypatch.setattr(bench, "measured", measured)
    return folder


def test_figures_stand_beside_floor_and_goal() -> None:
    head, auc, other = bench.table("synthetic", {"auc": 0.96, "found_at_1": 0.5})
    assert head.split() == ["synthetic", "measured", "floor", "goal"]
    assert auc.split()[-7:] == ["0.960", "AUC", "0.950", "AUC", "0.990", "AUC", "floor"]
    assert other.split() == ["found_at_1", "0.5000"]


def test_a_model_that_is_missing_is_told_and_the_others_measured(
    registered: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert bench.main(["--json", str(registered / "out.json")]) == 1
    told = capsys.readouterr()
    assert "area under the ROC" in told.out
    for name in ("detector", "face", "liveness", "whole", "speed"):
        assert f"{name} is not measured" in told.err
    assert json.loads((registered / "out.json").read_text()) == {
        "synthetic": {"auc": 0.95, "further": 0.25, "unknown": None}
    }


def test_what_is_named_is_measured_alone(registered: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert bench.main(["synthetic"]) == 0
    assert capsys.readouterr().err == ""


def test_a_figure_below_its_floor_is_no_failure(
    registered: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(bench, "measured", lambda _: {"auc": 0.5})
    assert bench.main(["synthetic"]) == 0
    assert "below" in capsys.readouterr().out


def test_an_altered_model_is_not_measured(registered: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (registered / "cast.onnx").write_bytes(b"other")
    assert bench.main(["synthetic"]) == 1
    assert "altered" in capsys.readouterr().err


def test_without_the_data_it_says_so(
    registered: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(bench, "DATA", registered / "nowhere")
    assert bench.main([]) == 2
    assert "nowhere" in capsys.readouterr().err
    assert bench.main(["speed"]) == 1  # needs models, but no data


def test_without_a_registry_it_says_so(registered: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (registered / "registry.json").unlink()
    assert bench.main(["synthetic"]) == 2
    assert "registry.json" in capsys.readouterr().err


def test_every_measurement_exists_without_a_training_package() -> None:
    for module in bench.MEASURES.values():
        assert callable(importlib.import_module(module).measure)
    assert {"torch", "scipy", "matplotlib"} & set(sys.modules) == set()


def test_an_unknown_name_is_refused(registered: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        bench.main(["voice"])
    assert ended.value.code == 2
    assert "voice" in capsys.readouterr().err


def test_the_frame_whose_report_is_timed() -> None:
    header = read_header(speed.frame())
    assert (header.width, header.height) == (1280, 720)


def test_pieces_of_work_take_turns() -> None:
    done: list[str] = []
    medians = speed._medians(lambda: done.append("a"), lambda: done.append("b"))
    assert done == ["a", "b"] * (speed.WARM + speed.ROUNDS)
    assert np.isfinite(medians).all()
