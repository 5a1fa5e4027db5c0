"""The analyzer tells how long its stages took to whoever listens, and to nobody else."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from facecore.analyzer import Analyzer
from facecore.detector import Found
from facecore.errors import CorruptImage, ModelError
from facecore.registry import Registry
from facecore.report import Field
from facecore.sessions import Models
from tests import photos
from tests.unit.facecore.kit import models_folder

WANT = frozenset({Field.LIVENESS, Field.SYNTHETIC})
FACE = Found(
    np.array(photos.FACE, np.float32),
    np.array([*photos.EYES, photos.NOSE, *photos.MOUTH], np.float32),
    0.99,
)


class Told(list[tuple[str, float]]):
    def __call__(self, stage: str, seconds: float) -> None:
        self.append((stage, seconds))

    @property
    def stages(self) -> list[str]:
        return [stage for stage, _ in self]


def fake(analyzer: Analyzer, close: bool = False, **parts: Any) -> Analyzer:
    """Puts stand-ins where the analyzer would load its models; ``close``: every face fills its photo."""
    analyzer.__dict__.update(
        {
            "_detector": SimpleNamespace(
                find=lambda images: [[FACE] for _ in images],
                sure=0.5,
                fills=lambda image, face: close,
                closer=lambda views: [face for _, face in views],
            ),
            "_liveness": SimpleNamespace(score=lambda views, turns: [0.5 for _ in views]),
            "_synthetic": SimpleNamespace(score=lambda views: [0.1 for _ in views]),
        }
        | parts
    )
    return analyzer


def test_every_stage_is_told(tmp_path: Path) -> None:
    told = Told()
    analyzer = fake(Analyzer(models_folder(tmp_path), observe=told, lanes=1))
    photo = photos.PORTRAIT.read_bytes()
    reports = analyzer.analyse_batch([photo, photo, b"no photo"], WANT)
    assert [getattr(report, "faces", None) is not None for report in reports] == [True, True, False]
    assert told.stages == ["intake", "intake", "intake", "detect", "liveness", "synthetic"]
    assert all(0 <= seconds < 60 for _, seconds in told)
    assert told[0][1] > 0


def test_every_lane_tells_its_stages(tmp_path: Path) -> None:
    told = Told()
    analyzer = fake(Analyzer(models_folder(tmp_path), observe=told, lanes=2))
    analyzer.analyse_batch([photos.PORTRAIT.read_bytes()] * 3, WANT)
    counts = {stage: told.stages.count(stage) for stage in told.stages}
    assert counts == {"intake": 3, "detect": 2, "liveness": 2, "synthetic": 2}


def test_only_what_ran_is_told(tmp_path: Path) -> None:
    told = Told()
    analyzer = fake(Analyzer(models_folder(tmp_path), observe=told))
    analyzer.analyse(photos.PORTRAIT.read_bytes(), frozenset({Field.LIVENESS}))
    assert told.stages == ["intake", "detect", "liveness"]
    with pytest.raises(CorruptImage):
        analyzer.analyse(photos.PORTRAIT.read_bytes()[:-500])
    assert told.stages[3:] == ["intake"]


def test_a_closer_look_is_told(tmp_path: Path) -> None:
    told = Told()
    fake(Analyzer(models_folder(tmp_path), observe=told), close=True).analyse(photos.PORTRAIT.read_bytes(), WANT)
    assert told.stages == ["intake", "detect", "detect", "liveness", "synthetic"]


def test_a_stage_that_fails_is_told(tmp_path: Path) -> None:
    def broken(views: object, turns: object) -> None:
        raise ModelError("broken")

    told = Told()
    analyzer = fake(Analyzer(models_folder(tmp_path), observe=told), _liveness=SimpleNamespace(score=broken))
    with pytest.raises(ModelError):
        analyzer.analyse(photos.PORTRAIT.read_bytes(), WANT)
    assert told.stages == ["intake", "detect", "liveness"]


def test_nobody_listens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a listener no clock is read."""

    def clock() -> float:
        raise AssertionError("a clock was read")

    analyzer = fake(Analyzer(models_folder(tmp_path)))
    monkeypatch.setattr("facecore.analyzer.perf_counter", clock)
    assert analyzer.analyse(photos.PORTRAIT.read_bytes(), WANT).faces[0].liveness == 0.5


def test_a_load_is_told_once(tmp_path: Path) -> None:
    told = Told()
    models = Models(Registry(models_folder(tmp_path)), 1, told)
    assert models["cast"] is models["cast"]
    assert told.stages == ["load.cast"]
    with pytest.raises(ModelError):
        models["nothing"]
    assert told.stages == ["load.cast"]
