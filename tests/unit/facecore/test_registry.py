from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from facecore.errors import ModelError
from facecore.registry import Registry, default_models
from tests.unit.facecore.kit import models_folder, onnx_file


def test_an_entry_gives_the_file_and_its_facts(tmp_path: Path) -> None:
    entry = Registry(models_folder(tmp_path, role="casts"))["cast"]
    assert entry.read() == onnx_file()
    assert (entry.name, entry.path, entry.facts["role"]) == ("cast", tmp_path / "cast.onnx", "casts")


def test_a_missing_file_is_named_with_the_hash_it_should_have(tmp_path: Path) -> None:
    entry = Registry(models_folder(tmp_path))["cast"]
    entry.path.unlink()
    with pytest.raises(ModelError) as caught:
        entry.read()
    assert str(tmp_path / "cast.onnx") in str(caught.value)
    assert hashlib.sha256(onnx_file()).hexdigest() in str(caught.value)
    assert "missing" in str(caught.value)


def test_an_altered_file_is_named_with_the_hash_it_should_have(tmp_path: Path) -> None:
    entry = Registry(models_folder(tmp_path))["cast"]
    entry.path.write_bytes(onnx_file()[:-1] + b"\x12")
    with pytest.raises(ModelError) as caught:
        entry.read()
    assert str(tmp_path / "cast.onnx") in str(caught.value)
    assert hashlib.sha256(onnx_file()).hexdigest() in str(caught.value)
    assert "altered" in str(caught.value)


GOOD = {"file": "a.onnx", "sha256": "00"}


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "{",
        "\xff",
        "[]",
        "{}",
        "null",
        json.dumps({"models": []}),
        json.dumps({"models": {"a": None}}),
        json.dumps({"models": {"a": []}}),
        json.dumps({"models": {"a": {"file": "a.onnx"}}}),
        json.dumps({"models": {"a": {"sha256": "00"}}}),
        json.dumps({"models": {"a": {"file": 3, "sha256": "00"}}}),
    ],
)
def test_a_registry_that_cannot_be_read_is_named(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / "registry.json").write_text(text, encoding="latin-1")
    with pytest.raises(ModelError, match=r"registry\.json is missing or unreadable") as caught:
        Registry(tmp_path)
    assert str(tmp_path) in str(caught.value)


def test_a_name_that_is_not_registered_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no model named nose"):
        Registry(models_folder(tmp_path))["nose"]


def test_entries_come_by_name(tmp_path: Path) -> None:
    (tmp_path / "registry.json").write_text(json.dumps({"models": {"b": GOOD, "c": GOOD, "a": GOOD}}))
    assert [entry.name for entry in Registry(tmp_path).entries()] == ["a", "b", "c"]


def test_the_environment_names_the_folder(tmp_path: Path, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FACEGATE_MODELS", raising=False)
    assert default_models() == root / "models"
    monkeypatch.setenv("FACEGATE_MODELS", "")
    assert default_models() == root / "models"
    monkeypatch.setenv("FACEGATE_MODELS", str(models_folder(tmp_path)))
    assert Registry().folder == tmp_path
