from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import numpy as np
import pytest

from facecore.errors import ModelError
from facecore.registry import Registry
from facecore.sessions import Models
from tests.unit.facecore.kit import models_folder, onnx_file


def test_a_model_answers_by_output_name(tmp_path: Path) -> None:
    model = Models(Registry(models_folder(tmp_path)), 1)["cast"]
    out = model(x=np.array([[1, 2], [3, 255]], np.uint8))
    assert list(out) == ["y"]
    assert out["y"].dtype == np.float32
    assert out["y"].tolist() == [[1, 2], [3, 255]]


@pytest.mark.parametrize(
    "inputs",
    [
        {},
        {"z": np.zeros((1, 2), np.uint8)},
        {"x": np.zeros((1, 2), np.float32)},
        {"x": np.zeros((1, 3), np.uint8)},
        {"x": np.zeros(2, np.uint8)},
        {"x": np.zeros((1, 2), np.uint8), "z": np.zeros((1, 2), np.uint8)},
    ],
    ids=["none", "other name", "other type", "other width", "other rank", "one too many"],
)
def test_wrong_inputs_are_refused_with_their_shapes(tmp_path: Path, inputs: dict[str, Any]) -> None:
    model = Models(Registry(models_folder(tmp_path)), 1)["cast"]
    with pytest.raises(ModelError, match="model cast failed on inputs of shapes") as caught:
        model(**inputs)
    assert str([value.shape for value in inputs.values()]) in str(caught.value)


def test_a_file_that_is_no_model_does_not_load(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"cast\.onnx does not load"):
        Models(Registry(models_folder(tmp_path, b"no model")), 1)["cast"]


@pytest.mark.parametrize(
    "facts", [{"inputs": {"z": ""}}, {"inputs": {}}, {"outputs": {"y": "", "z": ""}}, {"inputs": {"x": "", "z": ""}}]
)
def test_a_model_with_other_inputs_or_outputs_is_refused(tmp_path: Path, facts: dict[str, Any]) -> None:
    with pytest.raises(ModelError, match="other inputs or outputs than registered"):
        Models(Registry(models_folder(tmp_path, **facts)), 1)["cast"]


@pytest.mark.parametrize("missing", ["inputs", "outputs"])
def test_an_entry_without_inputs_or_outputs_is_refused(tmp_path: Path, missing: str) -> None:
    with pytest.raises(ModelError, match="does not name inputs and outputs"):
        Models(Registry(models_folder(tmp_path, **{missing: None})), 1)["cast"]


def test_an_altered_file_is_not_loaded(tmp_path: Path) -> None:
    models = Models(Registry(models_folder(tmp_path)), 1)
    (tmp_path / "cast.onnx").write_bytes(onnx_file("x", "other"))
    with pytest.raises(ModelError, match="altered"):
        _ = models["cast"]
    assert models.loaded == ()


def test_models_load_once_and_only_when_asked_for(tmp_path: Path) -> None:
    models = Models(Registry(models_folder(tmp_path)), 1)
    assert not models.loaded
    first = models["cast"]
    (tmp_path / "cast.onnx").unlink()
    assert models["cast"] is first
    assert models.loaded == ("cast",)


def test_an_unknown_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no model named nose"):
        Models(Registry(models_folder(tmp_path)), 1)["nose"]


def test_threads_that_ask_at_once_share_one_model(tmp_path: Path) -> None:
    models = Models(Registry(models_folder(tmp_path)), 1)
    with ThreadPoolExecutor(8) as pool:
        loaded = list(pool.map(lambda _: models["cast"], range(32)))
    assert len({id(model) for model in loaded}) == 1


def test_one_model_loads_while_another_does(monkeypatch: pytest.MonkeyPatch) -> None:
    meeting = Barrier(2, timeout=20)

    def slow(name: str, threads: int) -> str:
        meeting.wait()
        return name

    monkeypatch.setattr("facecore.sessions.Model", slow)
    registry: Any = {"a": "a", "b": "b"}
    models: Any = Models(registry, 1)
    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(models.__getitem__, "ab")) == ["a", "b"]
