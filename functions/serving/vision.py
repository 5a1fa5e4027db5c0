"""The inference core as the environment describes it."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from facecore.analyzer import Analyzer
    from facecore.sessions import Models

Observe = Callable[[str, float], None]


def new_models(observe: Observe) -> Models:
    """Models with FACEGATE_MODEL_THREADS threads each, none of them loaded; imports numpy and the runtime only now.

    numpy's matrix library gets one thread, unless the environment says otherwise. Nothing here multiplies matrices that
    are worth a second one, and those that it makes, one for each processor, keep them busy through a start.

    Args:
        observe: Told how long each load took; see `facecore.analyzer.Analyzer`.

    Raises:
        facecore.errors.ModelError: There is no readable registry.
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from facecore.registry import Registry
    from facecore.sessions import Models

    return Models(Registry(), _number("FACEGATE_MODEL_THREADS"), observe)


def new_analyzer(observe: Observe, models: Models | None = None) -> Analyzer:
    """An Analyzer over the models, or over new ones; imports it only now.

    Args:
        observe: Told how long each stage took; see `facecore.analyzer.Analyzer`.
        models: What ``new_models`` gave; they may be loading.

    Raises:
        facecore.errors.ModelError: There is no readable registry.
    """
    ready = models or new_models(observe)
    from facecore.analyzer import Analyzer

    at_once = max(1, _number("FACEGATE_THREADS"))  # calls that are worked on; a call of eight photos is one
    return Analyzer(ready, _number("FACEGATE_MODEL_THREADS"), observe=observe, unpacked=at_once)


def _number(name: str) -> int:
    return int(os.environ.get(name, "1"))
