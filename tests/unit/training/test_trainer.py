"""The training loop, where PyTorch is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is in the training environment alone: make train")

from training.common import trainer  # noqa: E402
from training.common.trainer import Recipe, train  # noqa: E402

STEPS = 3  # of an epoch


class Interrupted(Exception):
    """Somebody ended the run."""


class Noisy:
    """A task whose net drops features out; it is interrupted after so many batches, if any."""

    def __init__(self, after: int | None = None) -> None:
        nn = torch.nn
        self.net = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.Flatten(), nn.Dropout(0.5), nn.Linear(32, 1))
        self.left = after

    def steps(self, size: int, processes: int) -> int:
        return STEPS

    def batches(self, rng: np.random.Generator, size: int) -> Iterator[dict[str, Any]]:
        while True:
            if self.left == 0:
                raise Interrupted
            self.left = self.left and self.left - 1
            yield {"image": torch.from_numpy(rng.normal(size=(size, 3, 4, 4)).astype(np.float32))}

    def loss(self, batch: dict[str, Any]) -> dict[str, Any]:
        return {"away": (self.net(batch["image"]) - batch["image"].mean((1, 2, 3))[:, None]).square().mean()}

    def validate(self, net: Any) -> dict[str, float]:
        return {}


def test_a_run_that_was_interrupted_ends_as_one_that_was_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = Recipe("noisy", epochs=3, batch=4, processes=1)
    weights = {}
    for name, after in (("whole", None), ("interrupted", STEPS + 1)):
        monkeypatch.setattr(trainer, "BUILD", tmp_path / name)
        if after:
            with pytest.raises(Interrupted):
                train(lambda after=after: Noisy(after), recipe)  # type: ignore[misc]
        weights[name] = torch.load(train(Noisy, recipe), weights_only=False)["net"]
    for name, value in weights["whole"].items():
        assert (value == weights["interrupted"][name]).all(), name
