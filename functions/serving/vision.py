"""The inference core as the environment describes it."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from facecore.analyzer import Analyzer


def new_analyzer(observe: Callable[[str, float], None]) -> Analyzer:
    """An Analyzer whose models have FACEGATE_MODEL_THREADS threads each; imports it only now.

    Args:
        observe: Told how long each stage took; see `facecore.analyzer.Analyzer`.

    Raises:
        facecore.errors.ModelError: There is no readable registry.
    """
    from facecore.analyzer import Analyzer

    return Analyzer(threads=int(os.environ.get("FACEGATE_MODEL_THREADS", "1")), observe=observe)
