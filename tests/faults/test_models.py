"""Model files that are damaged or away under the real analyzer: told in the vendors' words, and nothing is billed."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from facecore import Analyzer
from gatekeeper import Contract
from tests.contract import kit
from tests.faults.calls import FAILED, all_codes
from tests.hostile.results import ROOT


@pytest.fixture
def models(tmp_path: Path) -> Path:
    folder = tmp_path / "models"
    folder.mkdir()
    for path in (ROOT / "models").iterdir():
        if path.suffix in {".onnx", ".json"}:
            shutil.copy(path, folder)
    if len(list(folder.glob("*.onnx"))) < 4:
        pytest.skip("not all models are trained yet")
    return folder


def damage(path: Path, how: str) -> None:
    data = path.read_bytes()
    if how == "one bit":
        path.write_bytes(data[:1000] + bytes([data[1000] ^ 1]) + data[1001:])
    elif how == "cut":
        path.write_bytes(data[: len(data) // 2])
    else:
        path.unlink()


@pytest.mark.parametrize("how", ["one bit", "cut", "away"])
def test_a_damaged_detector(models: Path, tmp_path: Path, how: str) -> None:
    damage(next(models.glob("detector*.onnx")), how)
    with kit.bench(tmp_path, Analyzer(models)) as bench:
        assert all_codes(bench) == FAILED
        for contract in Contract:
            assert bench.taken(contract) == 0
            assert bench.usage(contract) == {(FAILED[contract], False): 1}


def test_a_damaged_registry(models: Path, tmp_path: Path) -> None:
    (models / "registry.json").write_text('{"models": {')
    with kit.bench(tmp_path, lambda: Analyzer(models)) as bench:  # type: ignore[arg-type]  # what makes one
        assert all_codes(bench) == FAILED
