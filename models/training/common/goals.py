"""What every figure is called in words, and what it should reach."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Goal:
    """One figure's wording and limits.

    Attributes:
        words: What it is.
        floor: What a first version reaches.
        goal: What the product wants.
        more: Whether more is better.
        unit: ``%`` shows a share as per cent; otherwise what stands behind the number.
    """

    words: str
    floor: float
    goal: float
    more: bool = True
    unit: str = "%"

    def met(self, value: float) -> str:
        """``goal``, ``floor`` or ``below``."""
        for name, limit in (("goal", self.goal), ("floor", self.floor)):
            if (value >= limit) if self.more else (value <= limit):
                return name
        return "below"

    def shown(self, value: float) -> str:
        """The number as people read it."""
        if self.unit == "%":
            return f"{100 * value:.2f} %"
        return f"{value:.3f} {self.unit}".rstrip()


GOALS: dict[str, dict[str, Goal]] = {
    "detector": {
        "recall_32": Goal("recall of the teacher's faces of 32 px and more, 400 px photos", 0.96, 0.98),
        "recall_32_at_1280": Goal("recall of faces of 32 px and more, 1280 px photos of many", 0.96, 0.98),
        "empty_fire": Goal("photos without faces that fire", 0.02, 0.005, more=False),
    },
    "face": {
        "points_median": Goal(
            "72 points against the labels, over the inter-ocular distance, median", 0.04, 0.03, more=False
        ),
        "hand_mean": Goal(
            "eight shared points against hand labels, over the inter-ocular distance, mean", 0.06, 0.045, more=False
        ),
        "yaw_mae": Goal("yaw, mean absolute error", 5, 4, more=False, unit="degrees"),
        "pitch_mae": Goal("pitch, mean absolute error", 5, 4, more=False, unit="degrees"),
        "age_mae": Goal("age, mean absolute error (UTKFace)", 7, 5, more=False, unit="years"),
        "gender": Goal("gender (UTKFace)", 0.92, 0.95),
        "race": Goal("race, five classes (UTKFace)", 0.78, 0.84),
        "smile": Goal("smile, colour sets", 0.90, 0.93),
        "glasses": Goal("glasses, three classes", 0.96, 0.98),
        "cartoon": Goal("human or cartoon", 0.99, 0.995),
        "beauty_r": Goal("beauty, Pearson's r (SCUT-FBP5500)", 0.85, 0.90, unit="r"),
        "occlusion_mae": Goal(
            "occlusion per part, pasted occluders, mean absolute error", 0.12, 0.08, more=False, unit="share"
        ),
    },
    "liveness": {
        "auc": Goal("unseen people, area under the ROC", 0.98, 0.995, unit="AUC"),
        "mean_rejected_at_1": Goal("attacks rejected at 1 % of live refused, mean of sets", 0.80, 0.95),
        "mean_eer": Goal("equal error rate, mean of sets", 0.08, 0.04, more=False),
    },
    "synthetic": {"auc": Goal("area under the ROC", 0.95, 0.99, unit="AUC")},
    "speed": {
        "ratio": Goal(
            "report of a 1280x720 JPEG, one face, over its decode and bare session runs",
            1.25,
            1.15,
            more=False,
            unit="x",
        ),
        "report_ms": Goal("the same by the clock, one thread", 40, 25, more=False, unit="ms"),
    },
}
WHOLE = {
    **{(model, key): key for model in ("face", "liveness") for key in GOALS[model] if key != "occlusion_mae"},
    ("synthetic", "auc"): "synthetic_auc",
}
"""What a model's figure is called where it is taken of photos through the whole of facecore (`training.whole`)."""
GOALS["whole"] = {name: GOALS[model][key] for (model, key), name in WHOLE.items()}
