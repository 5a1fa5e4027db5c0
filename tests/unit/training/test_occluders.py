"""Pasted occluders: what they cover is what their labels say."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from facecore.report import OCCLUSION_PARTS
from tests.unit.facecore.kit import FRAME, Pixels, drawn_points
from training.face.labels import FLIP
from training.face.occluders import _KINDS, occlude, part_masks

MASK, SUNGLASSES = 0, 1
PART = {name: index for index, name in enumerate(OCCLUSION_PARTS)}
# A point in the middle of each part of the drawn face; "left" is the subject's.
INSIDE = {
    "left_eye": (82, 46),
    "right_eye": (45, 46),
    "nose": (64, 62),
    "mouth": (64, 81),
    "left_cheek": (92, 68),
    "right_cheek": (35, 68),
    "chin": (64, 96),
}


def speckled() -> Pixels:
    """No occluder looks like it."""
    return np.random.default_rng(1).integers(0, 256, (FRAME, FRAME, 3), np.uint8)


def covered_by(kind: int, seed: int) -> npt.NDArray[np.float64]:
    """The covered share of every part under one occluder of a kind."""
    rng = np.random.default_rng(seed)
    mask, _ = _KINDS[kind](speckled(), drawn_points(), rng, [])
    masks = part_masks(drawn_points(), FRAME)
    return np.asarray((masks & mask).sum((1, 2)) / masks.sum((1, 2)))


# ---- the parts


def test_every_part_is_where_its_name_says() -> None:
    masks = part_masks(drawn_points(), FRAME)
    for name, (x, y) in INSIDE.items():
        assert [part for part in OCCLUSION_PARTS if masks[PART[part], y, x]] == [name]


def test_the_subjects_left_mirrors_its_right() -> None:
    points = drawn_points()
    masks = part_masks(points, FRAME)
    other = part_masks((points[FLIP] * (-1, 1) + (FRAME, 0)).astype(np.float32), FRAME)
    assert (masks == other).all()
    for left, right in (("left_eye", "right_eye"), ("left_cheek", "right_cheek")):
        assert masks[PART[left]].sum() == pytest.approx(masks[PART[right]].sum(), rel=0.1)
        assert np.argwhere(masks[PART[left]])[:, 1].mean() > np.argwhere(masks[PART[right]])[:, 1].mean() + 20


# ---- occluding


@pytest.mark.parametrize("seed", range(4))
def test_a_seed_decides_everything(seed: int) -> None:
    textures = [np.full((200, 200, 3), (10, 200, 90), np.uint8)]
    image = speckled()
    first, again = (occlude(image, drawn_points(), np.random.default_rng(seed), textures) for _ in range(2))
    assert (first[0] == again[0]).all()
    assert (first[1] == again[1]).all()
    assert first[2] == again[2]
    assert (image == speckled()).all()  # the photo itself stays as it was
    other = occlude(image, drawn_points(), np.random.default_rng(seed + 100), textures)
    assert (first[0] != other[0]).any()


def test_labels_say_what_the_pixels_show() -> None:
    image, masks = speckled(), part_masks(drawn_points(), FRAME)
    shares, changes = [], []
    for seed in range(120):
        out, share, _ = occlude(image, drawn_points(), np.random.default_rng(seed), [])
        assert out.shape == image.shape
        assert out.dtype == np.uint8
        assert share.shape == (7,)
        assert ((share >= 0) & (share <= 1)).all()
        changed = np.abs(out.astype(int) - image).max(2) > 40
        shares.append(share)
        changes.append((masks & changed).sum((1, 2)) / masks.sum((1, 2)))
    share, change = np.array(shares), np.array(changes)
    assert np.corrcoef(share.ravel(), change.ravel())[0, 1] > 0.97
    assert np.abs(share - change).mean() < 0.08
    # every part is now free, now covered
    assert (share.max(0) > 0.9).all()
    assert (share.min(0) == 0).all()


def test_sunglasses_cover_the_eyes_and_are_told() -> None:
    for seed in range(20):
        share = covered_by(SUNGLASSES, seed)
        assert share[[PART["left_eye"], PART["right_eye"]]].min() > 0.5
        assert share[[PART["mouth"], PART["chin"]]].max() == 0
    told = [occlude(speckled(), drawn_points(), np.random.default_rng(seed), [])[1:] for seed in range(60)]
    assert {sun for _, sun in told} == {True, False}
    assert all(share[:2].min() > 0.5 for share, sun in told if sun)


def test_a_face_mask_covers_the_mouth_and_not_the_eyes() -> None:
    shares = np.array([covered_by(MASK, seed) for seed in range(40)])
    assert (shares[:, PART["mouth"]] > 0.9).mean() > 0.8
    assert (shares[:, PART["chin"]] > 0.7).mean() > 0.8
    assert np.median(shares[:, :2]) == 0
