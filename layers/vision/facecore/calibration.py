"""Monotone maps from a model's raw score to the documented scale, kept in the registry as knots."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from .errors import ModelError


class Calibration:
    """Piecewise linear, strictly increasing; beyond the outer knots the outer value holds."""

    def __init__(self, knots: Sequence[Sequence[float]]) -> None:
        """Takes (raw, calibrated) pairs.

        Raises:
            ModelError: Fewer than two knots, or they do not increase.
        """
        wrong = "calibration knots must be two or more increasing (raw, calibrated) pairs"
        try:
            pairs = np.asarray(knots, np.float64)
        except (TypeError, ValueError) as error:
            raise ModelError(wrong) from error
        if pairs.ndim != 2 or pairs.shape[0] < 2 or pairs.shape[1] != 2:
            raise ModelError(wrong)
        if not np.isfinite(pairs).all() or (np.diff(pairs, axis=0) <= 0).any():
            raise ModelError(wrong)
        self._raw, self._value = pairs[:, 0], pairs[:, 1]

    @classmethod
    def of(cls, facts: Mapping[str, Any]) -> Calibration:
        """From a registry entry.

        Raises:
            ModelError: The entry has no usable knots.
        """
        try:
            return cls(facts["calibration"]["knots"])
        except (KeyError, TypeError) as error:
            raise ModelError("the registry entry has no calibration knots") from error

    def __call__(self, raw: float) -> float:
        """The calibrated score of one raw score."""
        return float(np.interp(raw, self._raw, self._value))
