"""Errors by group of people, on validation faces that training never saw: race, gender, age, glasses.

Group labels are UTKFace's own (race is noisy, ages are partly estimates) and, for glasses, those of the packs.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from facecore.registry import Registry
from facecore.sessions import Models
from facecore.spoofing import Liveness

from .common.metrics import interval
from .common.packs import MODELS, Image, points
from .common.packs import rows as table_rows
from .detector.scenes import fit_box, load_scenes, points_to_box
from .face.labels import RACES, Labels, centre_crop, load_faces
from .face.measure import runtime
from .liveness.views import make_view

AGES = ((0, 9), (10, 17), (18, 29), (30, 44), (45, 59), (60, 120))
GLASSES = ("none", "common", "sun")
EDGE = 14  # pixels of a UTKFace crop's border that may be repeated
BATCH = 64

Mask = NDArray[np.bool_]


def groups(labels: Labels, index: NDArray[np.int64]) -> Iterator[tuple[str, Mask]]:
    """Names and members (n,) among the rows ``index`` of every group."""
    yield "everybody", np.ones(len(index), bool)
    for name, number in RACES.items():
        yield f"race: {name}", labels.race[index] == number
    for name, number in (("men and boys", 0), ("women and girls", 1)):
        yield name, labels.gender[index] == number
    age = labels.age[index]
    for low, high in AGES:
        yield (f"age {low} to {high}" if high < 120 else f"age {low} and more"), (age >= low) & (age <= high)
    for number, name in enumerate(GLASSES):
        yield f"glasses: {name}", labels.glasses[index] == number


def face_table() -> str:
    """Markdown: gender errors and age errors of the committed face net by group, on UTKFace's validation faces."""
    pixels, labels = load_faces()
    index = np.flatnonzero(labels.val & (labels.sets == "utk"))
    out = runtime()([centre_crop(pixels[i]) for i in index])
    wrong = out["gender"].argmax(1) != labels.gender[index]
    off = np.abs(out["age"] - labels.age[index])
    lines = ["| group | faces | gender wrong (95 % interval) | age, mean absolute error (95 % interval) |"]
    lines.append("|---|---|---|---|")
    for name, members in groups(labels, index):
        if n := int(members.sum()):
            error, spread = float(off[members].mean()), 1.96 * float(off[members].std()) / np.sqrt(n)
            lines.append(
                f"| {name} | {n} | {_share(wrong[members])} | {error:.2f} ({error - spread:.2f} to "
                f"{error + spread:.2f}) years |"
            )
    return "\n".join(lines)


def liveness_table(least: float) -> str:
    """Markdown: live faces refused by the committed liveness net by group, on UTKFace's validation faces.

    Args:
        least: Logit under which a face is refused.
    """
    pixels, labels = load_faces()
    table = table_rows("faces")
    index = np.flatnonzero(labels.val & (labels.sets == "utk") & ~np.isnan(labels.kps).any((1, 2)))
    fit = fit_box(load_scenes("train"))
    net = Liveness(Models(Registry(MODELS), 1)["liveness"])
    refused = np.zeros(len(index), bool)
    for start in range(0, len(index), BATCH):
        chosen = index[start : start + BATCH]
        part = [_placed(pixels[i], points(table[i]["kps"]), fit) for i in chosen]
        refused[start : start + BATCH] = np.array(net.raw(part)) < least
    lines = ["| group | live faces | refused (95 % interval) |", "|---|---|---|"]
    for name, members in groups(labels, index):
        if n := int(members.sum()):
            lines.append(f"| {name} | {n} | {_share(refused[members])} |")
    return "\n".join(lines)


def _placed(crop: Image, kps: NDArray[np.float32], fit: NDArray[np.float32]) -> tuple[Image, NDArray[np.float32]]:
    """A live view of a crop with its box (left, top, width, height)."""
    box = points_to_box(kps[None], fit)[0] - EDGE
    inner = np.array(crop)[EDGE:-EDGE, EDGE:-EDGE]
    view = make_view(inner, np.concatenate([box[:2], box[2:] - box[:2]]))
    return view.image, view.box


def _share(hit: Mask) -> str:
    share = float(hit.mean())
    low, high = interval(share, len(hit))
    return f"{100 * share:.1f} % ({100 * low:.1f} to {100 * high:.1f})"
