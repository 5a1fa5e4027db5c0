"""Stand-ins for the models, and an analyzer over them."""

from __future__ import annotations

from pathlib import Path

import pytest

from facecore import Analyzer
from facecore.registry import Registry
from tests.unit.facecore.kit import Fakes, models_folder


@pytest.fixture
def fakes(monkeypatch: pytest.MonkeyPatch) -> Fakes:
    fakes = Fakes()

    def made(registry: Registry, *_: object) -> Fakes:
        fakes.registry = registry
        return fakes

    monkeypatch.setattr("facecore.analyzer.Models", made)
    return fakes


@pytest.fixture
def faked(fakes: Fakes, tmp_path: Path) -> Analyzer:
    """An analyzer over ``fakes``."""
    return Analyzer(models_folder(tmp_path), max_pixels=4_000_000)
