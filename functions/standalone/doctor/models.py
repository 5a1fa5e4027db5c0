"""Checks the models: registered, present, unaltered, loading, and one run of each."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np

from facecore.align import Image, Square
from facecore.detector import Detector
from facecore.errors import ModelError
from facecore.face_net import FaceNet
from facecore.registry import Registry
from facecore.sessions import Model, Models
from facecore.spoofing import Liveness, Synthetic
from standalone.doctor.findings import Finding, fail, ok

_SIDE = 256
_BOX = np.array([64, 48, 128, 160], np.float32)
_SQUARE = Square(128.0, 128.0, 200.0, 0.0)

Trial = Callable[[Model, Image], object]
ROLES: dict[str, Trial] = {
    "detector": lambda model, image: Detector(model).find([image]),
    "face": lambda model, image: FaceNet(model).look([(image, _SQUARE)])[0].age,
    "liveness": lambda model, image: Liveness(model).score([(image, _BOX)])[0],
    "synthetic": lambda model, image: Synthetic(model).score([(image, _SQUARE)])[0],
}
"""One run of each role's model on an image, as facecore makes it."""


def models(folder: Path | None) -> Iterator[Finding]:
    """A finding for each role."""
    try:
        registry = Registry(folder)
    except ModelError as error:
        yield fail("models", str(error), "set FACEGATE_MODELS to the folder that holds registry.json and the models")
        return
    loaded = Models(registry, 1)
    image = np.random.default_rng(1).integers(0, 256, (_SIDE, _SIDE, 3), np.uint8)
    for role, trial in ROLES.items():
        yield _one(loaded, role, trial, image)


def _one(models: Models, role: str, trial: Trial, image: Image) -> Finding:
    restore = f"put back the registered file of {role}, or register yours (see facegate models check)"
    started = time.perf_counter()
    try:
        model = models[role]
        loading = time.perf_counter() - started
        found = trial(model, image)
        started = time.perf_counter()
        trial(model, image)
    except ModelError as error:
        return fail("models", str(error), restore)
    except (KeyError, ValueError, TypeError, IndexError, cv2.error) as error:
        return fail("models", f"{role} does not fit its role ({type(error).__name__}: {error})", restore)
    running = time.perf_counter() - started
    if isinstance(found, float) and not np.isfinite(found):
        return fail("models", f"{role} answers {found}", restore)
    size = (models.registry[role].path).stat().st_size / 1e6
    return ok("models", f"{role}: {size:.1f} MB, loads in {loading * 1e3:.0f} ms, runs in {running * 1e3:.1f} ms")
