"""Fixtures of the documents' tests."""

from __future__ import annotations

import json

import pytest

from tests.docs.blocks import ROOT


@pytest.fixture(scope="session")
def whole_models() -> None:
    """The committed models, all four."""
    registry = ROOT / "models" / "registry.json"
    trained = set(json.loads(registry.read_text())["models"]) if registry.exists() else set()
    missing = {"detector", "face", "liveness", "synthetic"} - trained
    if missing:
        pytest.skip(f"not trained yet: {', '.join(sorted(missing))}")
