"""Figures of two-class scores; a higher score means the positive (live, or synthetic) class."""

from facecore.evaluation import (
    Scores,
    area_under_roc,
    equal_error_rate,
    interval,
    rejected_at,
    threshold_at,
)

__all__ = ["Scores", "area_under_roc", "equal_error_rate", "interval", "rejected_at", "threshold_at"]
