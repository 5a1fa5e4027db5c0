"""Small faces in large photos: where the detector looks closer, and what it makes of both looks."""

from __future__ import annotations

import numpy as np
import pytest

from facecore.detector import Detector
from tests.unit.facecore.kit import Pixels, Places, Shown, blue_patches, blue_photo, boxes, canvas_of, detector_model

Patch = tuple[int, int, int, int, int]


def crowd(*patches: Patch, width: int = 1280, height: int = 960) -> Pixels:
    return blue_photo(*patches, width=width, height=height)


def patches_from(least: int, less: float = 0.0) -> Shown:
    """A model that sees the blue patches of a canvas from a size on, the larger the surer; ``less`` scores smaller."""
    return Shown(
        lambda canvas: [(*p[:4], min(0.95, 0.55 + p[2] / 100) if p[2] >= least else less) for p in blue_patches(canvas)]
    )


SEEN, UNSEEN, LARGE = (100, 100, 40, 40, 50), (800, 300, 24, 24, 50), (300, 500, 300, 300, 50)
WHOLE, PART = (512, 640), (256, 256)


def test_where_small_faces_are_seen_the_photo_is_looked_at_more_closely() -> None:
    """There alone: where something may be one, with room around it."""
    barely = (800, 300, 50, 50, 50)
    seen = patches_from(28, less=0.16)
    (found,) = Detector(detector_model(seen)).find([crowd((100, 100, 60, 60, 50), barely, LARGE)])
    assert boxes(found) == [list(LARGE[:4]), [100, 100, 60, 60], [800, 300, 50, 50]]
    assert [canvas.shape[:2] for canvas in seen.canvases] == [WHOLE, PART, PART]


def test_where_nothing_hints_at_a_face_nobody_looks_closer() -> None:
    seen = patches_from(16, less=0.14)
    (found,) = Detector(detector_model(seen)).find([crowd(SEEN, UNSEEN, LARGE)])
    assert boxes(found) == [list(patch[:4]) for patch in (LARGE, SEEN)]
    assert [canvas.shape[:2] for canvas in seen.canvases] == [WHOLE, PART]


@pytest.mark.parametrize(
    ("size", "score", "looked"), [(24, 0.16, True), (23, 0.39, False), (23, 0.41, True), (24, 0.14, False)]
)
def test_a_tiny_thing_that_is_no_face_yet_is_not_looked_at(size: int, score: float, looked: bool) -> None:
    found = [(400, 100, 40, 40, 0.95), (100, 100, size, size, score)]
    seen = Shown(lambda canvas: found if canvas.shape[1] == 640 else [])  # type: ignore[arg-type, return-value]
    model = detector_model(seen)
    model.facts = {**model.facts, "threshold": 0.4}
    Detector(model).find([canvas_of(1280, 960)])
    assert [canvas.shape[:2] for canvas in seen.canvases] == [WHOLE, PART][: 1 + looked]


def test_small_faces_that_the_first_look_is_sure_of_need_no_closer_one() -> None:
    sure, unsure = (100, 100, 32, 32, 0.8), (400, 100, 31, 31, 0.8)
    seen = Shown(lambda canvas: [sure, unsure] if canvas.shape[1] == 640 else [])
    (found,) = Detector(detector_model(seen)).find([canvas_of(1280, 960)])
    assert boxes(found) == [[200, 200, 64, 64], [800, 200, 62, 62]]
    assert [canvas.shape[:2] for canvas in seen.canvases] == [WHOLE, PART]


def test_faces_close_together_are_looked_at_in_one_part() -> None:
    together: Places = [(300 + 35 * x, 200 + 35 * y, 16, 16, 0.75) for x in range(2) for y in range(2)]
    seen = Shown(lambda canvas: together if canvas.shape[1] == 640 else [])
    Detector(detector_model(seen)).find([canvas_of(1280, 960)])
    assert [canvas.shape[:2] for canvas in seen.canvases] == [WHOLE, PART]


def test_a_crowd_is_looked_at_as_a_whole() -> None:
    everywhere: Places = [(80 * x, 80 * y, 16, 16, 0.75) for x in range(8) for y in range(6)]
    seen = Shown(lambda canvas: everywhere if canvas.shape[1] == 640 else [])
    Detector(detector_model(seen)).find([canvas_of(1280, 960)])
    assert [canvas.shape[:2] for canvas in seen.canvases] == [WHOLE, (960, 1280)]


@pytest.mark.parametrize(("score", "seen"), [(0.5, 0), (0.51, 1)])
def test_in_a_part_a_face_must_be_clearer(score: float, seen: int) -> None:
    model = detector_model(
        lambda canvas: [(200, 200, 20, 20, 0.75) if canvas.shape[1] == 640 else (9, 9, 30, 30, score)]
    )
    model.facts = {**model.facts, "threshold": 0.4}
    (found,) = Detector(model).find([canvas_of(1280, 960)])
    assert len(found) == 1 + seen


@pytest.mark.parametrize(
    ("hint", "shown", "kept"),
    [
        ((200, 200, 20, 20, 0.75), (1, 100, 30, 30, 0.9), False),
        ((200, 200, 20, 20, 0.75), (100, 1, 30, 30, 0.9), False),
        ((200, 200, 20, 20, 0.75), (225, 100, 30, 30, 0.9), False),
        ((200, 200, 20, 20, 0.75), (100, 225, 30, 30, 0.9), False),
        ((200, 200, 20, 20, 0.75), (2, 2, 30, 30, 0.9), True),
        ((200, 200, 20, 20, 0.75), (224, 224, 30, 30, 0.9), True),
        ((2, 2, 20, 20, 0.75), (0, 0, 30, 30, 0.9), True),
        ((610, 450, 20, 20, 0.75), (226, 226, 30, 30, 0.9), True),
    ],
)
def test_a_face_that_a_part_cuts_is_none(hint: tuple[float, ...], shown: tuple[float, ...], kept: bool) -> None:
    """Where the part ends with the photo nothing is cut."""
    seen = Shown(lambda canvas: [hint if canvas.shape[1] == 640 else shown])  # type: ignore[list-item]
    (found,) = Detector(detector_model(seen)).find([canvas_of(1280, 960)])
    assert [box[2] for box in boxes(found) if box[2] != 40] == [30] * kept


@pytest.mark.parametrize("photo", [crowd(UNSEEN, LARGE), crowd(SEEN, UNSEEN, width=840, height=400)[:, 200:]])
def test_large_faces_and_small_photos_need_no_closer_look(photo: Pixels) -> None:
    seen = patches_from(16)
    Detector(detector_model(seen)).find([photo])
    assert len(seen.canvases) == 1


def test_the_closer_look_is_for_small_faces_alone() -> None:
    """Of what the closer look calls large nothing is believed, and of what the first one saw nothing is lost."""
    far, hint, near = (60, 60, 63, 63, 0.9), (350, 200, 25, 25, 0.3), (113, 113, 30, 30, 0.9)  # near: of 597, 297 on
    seen = Shown(lambda canvas: [far, hint] if canvas.shape[1] == 640 else [(150, 2, 104, 130, 0.95), near])
    (found,) = Detector(detector_model(seen)).find([canvas_of(1280, 960)])
    assert boxes(found) == [[120, 120, 126, 126], [710, 410, 30, 30]]


@pytest.mark.parametrize(
    ("first", "second", "kept"),
    [
        ((100, 100, 20, 20, 0.6), (110, 109, 41, 41, 0.9), [202, 201, 41, 41]),
        ((100, 100, 20, 20, 0.9), (110, 109, 41, 41, 0.6), [200, 200, 40, 40]),
    ],
)
def test_of_both_looks_at_a_face_the_surer_one_counts(
    first: tuple[float, ...], second: tuple[float, ...], kept: list[float]
) -> None:
    """The second look's part begins at 92, 92."""
    seen = Shown(lambda canvas: [first if canvas.shape[1] == 640 else second])  # type: ignore[list-item]
    assert boxes(Detector(detector_model(seen)).find([canvas_of(1280, 960)])[0]) == [kept]


def test_a_small_face_in_a_large_sure_one_is_its_part() -> None:
    large, small = (100, 100, 200, 200, 0.85), (8, 148, 50, 50, 0.95)  # small: of 532, 152 on
    other = (310, 120, 40, 40, 0.7)
    seen = Shown(lambda canvas: [large, other] if canvas.shape[1] == 640 else [small])
    (found,) = Detector(detector_model(seen)).find([canvas_of(1280, 960)])
    assert boxes(found) == [[200, 200, 400, 400], [620, 240, 80, 80]]
    assert len(seen.canvases) == 2


def test_small_faces_count_less_after_a_closer_look_whichever_look_saw_them() -> None:
    seen = Shown(
        lambda canvas: (
            [(300, 300, 90, 90, 0.9), (100, 100, 30, 30, 0.8)] if canvas.shape[1] == 640 else [(20, 20, 50, 50, 0.7)]
        )
    )
    (found,) = Detector(detector_model(seen)).find([canvas_of(1280, 960)])
    less = [score / (1 - score) * np.exp(-0.5) for score in (0.8, 0.7)]
    assert [face.score for face in found] == pytest.approx([0.9, *(odds / (1 + odds) for odds in less)], abs=1e-5)


def test_a_huge_photo_is_shrunk_to_twice_the_side() -> None:
    seen = patches_from(16)
    (found,) = Detector(detector_model(seen)).find([crowd((400, 400, 160, 160, 50), width=4000, height=3000)])
    assert [canvas.shape[:2] for canvas in seen.canvases] == [WHOLE, PART]
    assert boxes(found)[0] == pytest.approx([400, 400, 160, 160], abs=4)


@pytest.mark.parametrize(("side", "score", "looks"), [(32, 0.8, 2), (31, 0.9, 3), (50, 0.79, 3)])
def test_for_the_largest_face_a_closer_look_must_be_needed(side: int, score: float, looks: int) -> None:
    unsure = {320: 0.7}
    seen = Shown(lambda c: [(20, 20, *2 * (side * c.shape[1] / 640,), unsure.get(c.shape[1], score))])
    Detector(detector_model(seen)).find_largest([canvas_of(1280, 960)])
    assert len(seen.canvases) == looks
