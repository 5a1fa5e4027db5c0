"""What the synthetic net learns from, and rectangles exchanged between such samples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..common.packs import Image
from .changes import in_cells

Rng = np.random.Generator
AREA = (0.15, 0.6)  # of a rectangle, as a share of the picture's
ASPECT = 0.7  # greatest logarithm of its width over its height


@dataclass(frozen=True, slots=True)
class Sample:
    """What a net learns from.

    Attributes:
        face: (SIDE, SIDE, 3).
        fake: 0 to 1, how much of the face is.
        some: 0 to 1, whether any part of it is.
        cells: (CELLS * CELLS,) 0 to 1, of each cell.
        counted: How much the cells count; 0 where nobody knows them.
    """

    face: Image
    fake: float
    some: float
    cells: NDArray[np.float32]
    counted: float


def exchanged(samples: Sequence[Sample], share: float, rng: Rng) -> list[Sample]:
    """The samples, some of them with a rectangle of another one in the same place (CutMix, Yun et al., 2019).

    What surrounds a part then says little about it. Real faces hold rectangles of real ones, too: without these, the
    rectangle itself would tell that something is generated.

    Args:
        samples: Only such whose cells are known take part.
        share: Of these, how many hold a rectangle; a few of them one of their own, which changes nothing.
        rng: Source of all choices.
    """
    known = [i for i, sample in enumerate(samples) if sample.counted]
    found = list(samples)
    for i in known:
        other = samples[known[int(rng.integers(len(known)))]]
        if rng.random() < share:
            found[i] = _put(samples[i], other, _rectangle(samples[i].face.shape[0], rng))
    return found


def _rectangle(side: int, rng: Rng) -> Image:
    """(side, side), 255 within a rectangle that lies in the picture, 0 elsewhere."""
    area, aspect = rng.uniform(*AREA), np.exp(rng.uniform(-ASPECT, ASPECT))
    width, height = (min(int(side * np.sqrt(area * ratio)), side) for ratio in (aspect, 1 / aspect))
    left, top = int(rng.integers(side - width + 1)), int(rng.integers(side - height + 1))
    where = np.zeros((side, side), np.uint8)
    where[top : top + height, left : left + width] = 255
    return where


def _put(sample: Sample, other: Sample, where: Image) -> Sample:
    """The sample with the other's pixels and labels where ``where`` is 255."""
    inside = in_cells(where).ravel()
    part = float(where.mean()) / 255
    return replace(
        sample,
        face=np.where(where[..., None] > 0, other.face, sample.face),
        fake=sample.fake * (1 - part) + other.fake * part,
        some=max(sample.some, other.some),
        cells=np.asarray(sample.cells * (1 - inside) + other.cells * inside, np.float32),
    )
