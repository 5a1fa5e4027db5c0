"""Measures the validation photos through the whole of facecore, as ``facegate analyse --faces 1`` sees them.

The other figures are of each model alone, on crops around faces that the packs name. Here every stored photo is looked
at by itself: the detector finds the face, its points frame the crops. What the detector's points cost shows in the
difference. Needs no training package. ``make whole`` keeps the figures beside the models' cards, for the READMEs.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from facecore import Analyzer, NoFace
from facecore.registry import Registry
from facecore.report import ALL, ANCESTRIES, EXPRESSIONS, FACE_TYPES, GENDERS, GLASSES, Choice, Face, Field

from .common.packs import CARDS, MODELS, Image, images, rows
from .face.figures import attribute_figures, point_figures
from .face.labels import load_faces
from .liveness.figures import source_figures
from .synthetic.figures import of_pack, synthetic_figures

KEPT = CARDS / "whole.json"
CHOICES = {
    "gender": GENDERS,
    "ancestry": ANCESTRIES,
    "expression": EXPRESSIONS,
    "glasses": GLASSES,
    "face_type": FACE_TYPES,
}


def measure() -> dict[str, float]:
    """Figures of the face, liveness and synthetic nets by facecore's own crops; one thread.

    ``missed_faces`` is the share of the face pack's photos in which none is found; they count for no other figure. A
    live photo without a face counts as refused, an attack as rejected, a generated one as not told.

    Raises:
        ModelError: A model is missing, altered or fails.
    """
    analyzer = Analyzer(MODELS, threads=1, lanes=1)
    return _faces(analyzer) | _spoof(analyzer) | _synthetic(analyzer)


def keep() -> None:
    """Measures, and writes the figures and which models they are of to KEPT."""
    told = {
        "models": {entry.name: entry.sha256 for entry in Registry(MODELS).entries()},
        "figures": {name: round(value, 5) for name, value in measure().items()},
    }
    KEPT.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")


def _faces(analyzer: Analyzer) -> dict[str, float]:
    pixels, labels = load_faces()
    index = np.flatnonzero(labels.val)
    want = ALL - {Field.LIVENESS, Field.SYNTHETIC}
    seen = _seen(analyzer, (np.array(pixels[i]) for i in index), len(index), want, "faces")
    found = [(i, face) for i, face in zip(index, seen, strict=True) if face is not None]
    out = {name: np.array([_row(getattr(face, name), names) for _, face in found]) for name, names in CHOICES.items()}
    out["age"], out["beauty"] = (np.array([getattr(face, name) for _, face in found]) for name in ("age", "beauty"))
    out["pose"] = np.array([[getattr(face.pose, name) for name in ("yaw", "pitch")] for _, face in found])
    points = np.array([face.landmarks for _, face in found], np.float32)
    which = np.array([i for i, _ in found])
    figures = attribute_figures(out, labels, which) | point_figures(points, labels, which)
    return figures | {"missed_faces": 1 - len(found) / len(index)}


def _spoof(analyzer: Analyzer) -> dict[str, float]:
    table = [row for row in rows("spoof") if row["split"] == "val"]
    photos = images("spoof", [row["file"] for row in table])
    seen = _seen(analyzer, photos, len(table), frozenset({Field.LIVENESS}), "spoof")
    score = np.array([0.0 if face is None else face.liveness for face in seen], np.float32)
    live = np.array([row["label"] == "1" for row in table])
    return source_figures(score, np.array([row["set"] for row in table]), live)


def _synthetic(analyzer: Analyzer) -> dict[str, float]:
    def run(frames: list[Image]) -> NDArray[np.float32]:
        seen = _seen(analyzer, frames, len(frames), frozenset({Field.SYNTHETIC}), "synthetic")
        return np.array([0.0 if face is None else face.synthetic for face in seen], np.float32)

    return {f"synthetic_{name}": value for name, value in synthetic_figures(*of_pack(run)).items()}


def _seen(
    analyzer: Analyzer, photos: Iterable[Image], count: int, want: frozenset[Field], words: str
) -> list[Face | None]:
    """The largest face of every photo, None where there is none."""
    found: list[Face | None] = []
    for photo in tqdm(photos, total=count, desc=words, leave=False, disable=None):
        try:
            found.append(analyzer.analyse_image(photo, want, 1).faces[0])
        except NoFace:
            found.append(None)
    return found


def _row(choice: Choice, names: tuple[str, ...]) -> list[float]:
    return [choice.probabilities[name] for name in names]


if __name__ == "__main__":
    keep()
