from __future__ import annotations

import numpy as np
import pytest

from facecore.detector import Detector, Found
from tests.unit.facecore.kit import (
    FIVE,
    FakeModel,
    Pixels,
    Places,
    Shown,
    blue_patches,
    blue_photo,
    boxes,
    canvas_of,
    detector_model,
)


def detector(*faces: tuple[float, float, float, float, float]) -> Detector:
    """A detector that sees the same faces in every canvas."""
    return Detector(detector_model(lambda canvas: faces))


# ---- what the model is shown


def one_in_the_middle(canvas: Pixels) -> Places:
    height, width = canvas.shape[:2]
    return [(width / 2 - 32, height / 2 - 32, 64, 64, 0.9)]


@pytest.mark.parametrize(
    ("size", "shown", "canvas"),
    [
        ((640, 640), (640, 640), (640, 640)),
        ((1280, 720), (640, 360), (640, 384)),
        ((720, 1280), (360, 640), (384, 640)),
        ((300, 200), (300, 200), (320, 256)),
        ((64, 64), (64, 64), (64, 64)),
        ((65, 1), (65, 1), (128, 64)),
        ((1, 1), (1, 1), (64, 64)),
        ((6400, 3), (640, 1), (640, 64)),
    ],
)
def test_photos_are_shrunk_never_enlarged_and_filled_up(
    size: tuple[int, int], shown: tuple[int, int], canvas: tuple[int, int]
) -> None:
    seen = Shown(one_in_the_middle)
    Detector(detector_model(seen)).find([canvas_of(*size)])
    (first,) = seen.canvases
    assert first.shape == (canvas[1], canvas[0], 3)
    assert (first[: shown[1], : shown[0]] == 150).all()
    assert not first[shown[1] :].any()
    assert not first[:, shown[0] :].any()


@pytest.mark.parametrize("times", [2, 4])
def test_a_pixel_of_a_shrunk_photo_is_the_mean_of_those_that_it_stands_for(times: int) -> None:
    seen = Shown(one_in_the_middle)
    photo = np.random.default_rng(0).integers(0, 256, (256 * times, 640 * times, 3), np.uint8)
    Detector(detector_model(seen)).find([photo])
    mean = photo.reshape(256, times, 640, times, 3).mean((1, 3))
    assert np.abs(seen.canvases[0] - mean).max() <= 0.5 + 0.5 * (times == 4)  # halves of halves are rounded twice


def test_a_photo_without_a_face_is_looked_at_again_from_further_away() -> None:
    seen = Shown(lambda canvas: [])
    assert Detector(detector_model(seen)).find([canvas_of(1280, 720)]) == [[]]
    _, again = seen.canvases
    assert (again.any((1, 2)).sum(), again.any((0, 2)).sum()) == (90, 160)
    rows, columns = np.flatnonzero(again.any((1, 2))), np.flatnonzero(again.any((0, 2)))
    assert (rows[0], columns[0]) == (80, 80), "half of its longer side on every side"
    assert again.shape[0] >= 90 + 160
    assert again.shape[1] >= 160 + 160


def test_a_face_of_the_second_look_is_placed_in_the_photo() -> None:
    # at the second look a 1280-pixel photo is shrunk eightfold and stands 80 pixels from the canvas's corner
    seen = Shown(lambda canvas: [(80 + 20, 80 + 10, 64, 72, 0.8)] if canvas.shape[0] == 256 else [])
    (found,) = Detector(detector_model(seen)).find([canvas_of(1280, 720)])
    assert boxes(found) == [[160, 80, 512, 576]]
    assert found[0].points == pytest.approx(np.array([160, 80]) + FIVE * (512, 576), abs=0.01)


def test_a_face_may_reach_beyond_the_photo() -> None:
    (found,) = detector((-30, -20, 80, 90, 0.9)).find([canvas_of(640, 640)])
    assert boxes(found) == [[-30, -20, 80, 90]]


# ---- the largest face alone


def patches_of(scores: dict[int, float]) -> Shown:
    """A model that sees one face at (20, 20), the longer side of the canvas decides how large and how sure."""
    return Shown(lambda canvas: [(20, 20, canvas.shape[1] / 4, canvas.shape[1] / 4, scores[canvas.shape[1]])])


def test_a_large_face_is_found_at_a_glance() -> None:
    seen = patches_of({320: 0.9})
    (found,) = Detector(detector_model(seen)).find_largest([canvas_of(1280, 960)])
    assert boxes(found) == [[80, 80, 320, 320]]
    assert [canvas.shape[:2] for canvas in seen.canvases] == [(256, 320)]


def test_a_face_that_a_glance_leaves_in_doubt_is_looked_at_well() -> None:
    seen = patches_of({320: 0.7, 640: 0.95})
    (found,) = Detector(detector_model(seen)).find_largest([canvas_of(1280, 960)])
    assert [face.score for face in found] == pytest.approx([0.95])
    assert [canvas.shape[1] for canvas in seen.canvases] == [320, 640]


@pytest.mark.parametrize(("side", "looks"), [(31, 2), (33, 1)])
def test_a_glance_is_not_trusted_with_small_faces(side: int, looks: int) -> None:
    seen = Shown(lambda canvas: [(20, 20, *2 * (side * canvas.shape[1] / 320,), 0.9)])
    assert len(Detector(detector_model(seen)).find_largest([canvas_of(1280, 960)])[0]) == 1
    assert len(seen.canvases) == looks


def test_a_doubtful_face_that_is_larger_than_a_sure_one_is_not_passed_over() -> None:
    seen = Shown(lambda canvas: [(20, 20, 60, 60, 0.9), (120, 20, 120, 120, 0.7)])
    (found,) = Detector(detector_model(seen)).find_largest([canvas_of(1280, 960)])
    assert [face.score for face in found] == pytest.approx([0.7, 0.9])


def test_a_photo_of_a_glances_size_is_looked_at_once() -> None:
    seen = patches_of({320: 0.9})
    Detector(detector_model(seen)).find_largest([canvas_of(320, 240)])
    assert len(seen.canvases) == 1


def test_of_many_photos_each_gets_its_own_look() -> None:
    seen = Shown(lambda canvas: [(20, 20, 60, 60, 0.9 if canvas.max() < 160 or canvas.shape[1] > 320 else 0.7)])
    photos = [canvas_of(1280, 960), np.full((960, 1280, 3), 200, np.uint8), canvas_of(300, 200)]
    first, second, third = Detector(detector_model(seen)).find_largest(photos)
    assert [boxes(found)[0][2] for found in (first, second, third)] == [240, 120, 60]


# ---- faces that fill their photo


def guess(left: float, top: float, width: float, height: float, score: float = 0.9) -> Found:
    """A face whose points are off: all in its corner."""
    return Found(np.array([left, top, width, height], np.float32), np.full((5, 2), left, np.float32), score)


def test_points_of_faces_that_fill_their_photo_come_from_a_closer_look() -> None:
    model = detector_model(blue_patches)
    inside = blue_photo((30, 40, 120, 130, 50), width=180, height=200)
    beyond = blue_photo((0, 0, 70, 90, 50), width=90, height=100)
    given = [guess(30, 40, 120, 130), guess(0, 0, 70, 90)]
    found = Detector(model).closer(list(zip([inside, beyond], given, strict=True)))
    assert found[0].points == pytest.approx(np.array([30, 40]) + FIVE * (120, 130), abs=1)
    assert found[1].points == pytest.approx(FIVE * (70, 90), abs=1)
    assert [face.box.tolist() for face in found] == [face.box.tolist() for face in given]
    assert [face.score for face in found] == [face.score for face in given]
    assert model.shapes == [(2, 192, 192, 3)], "one run, with black where the photos end"


@pytest.mark.parametrize(
    ("width", "height", "score", "fills"),
    [(60, 91, 0.9, True), (91, 60, 0.8, True), (89, 89, 0.9, False), (150, 190, 0.79, False)],
)
def test_which_faces_fill_a_photo(width: float, height: float, score: float, fills: bool) -> None:
    assert detector().fills(canvas_of(180, 200), guess(10, 10, width, height, score)) is fills


@pytest.mark.parametrize("seen", [[], [(10, 10, 60, 60, 0.9)]])
def test_a_closer_look_that_sees_no_such_face_changes_nothing(seen: Places) -> None:
    given = guess(30, 40, 120, 130)
    assert detector(*seen).closer([(canvas_of(180, 200), given)]) == [given]


# ---- from answers to faces


@pytest.mark.parametrize(("size", "scale"), [((640, 480), 1), ((1280, 960), 2), ((1600, 1200), 2.5), ((200, 150), 1)])
def test_boxes_and_points_are_in_the_photos_pixels(size: tuple[int, int], scale: float) -> None:
    (found,) = detector((40, 24, 60, 72, 0.75)).find([canvas_of(*size)])
    assert boxes(found) == [[40 * scale, 24 * scale, 60 * scale, 72 * scale]]
    assert found[0].points == pytest.approx((np.array([40, 24]) + FIVE * (60, 72)) * scale, abs=0.01)
    assert found[0].score == pytest.approx(0.75)
    assert found[0].box.dtype == found[0].points.dtype == np.dtype(np.float32)


@pytest.mark.parametrize("stride", [8, 16, 32, 64])
def test_every_cell_knows_its_stride_and_place(stride: int) -> None:
    """Cells run stride by stride, row by row; distances and points count in strides from the cell's middle."""
    width, height, column, row = 320, 192, 2, 1

    def run(image: Pixels) -> dict[str, np.ndarray]:
        cells = [(width // s) * (height // s) for s in (8, 16, 32, 64)]
        scores = np.zeros((1, sum(cells)), np.float32)
        index = sum(cells[: (8, 16, 32, 64).index(stride)]) + row * (width // stride) + column
        scores[0, index] = 0.9
        distances = np.tile(np.array([0.5, 1, 1.5, 2], np.float32), (1, sum(cells), 1))
        points = np.tile(np.arange(10, dtype=np.float32), (1, sum(cells), 1))
        return {"scores": scores, "distances": distances, "points": points}

    (found,) = Detector(FakeModel({"side": 640, "threshold": 0.5, "sure": 0.8}, run)).find([canvas_of(width, height)])
    x, y = (column + 0.5) * stride, (row + 0.5) * stride
    assert boxes(found) == [[x - 0.5 * stride, y - stride, 2 * stride, 3 * stride]]
    assert found[0].points.tolist() == [[x + 2 * i * stride, y + (2 * i + 1) * stride] for i in range(5)]


def test_the_threshold_itself_is_not_enough() -> None:
    assert detector((40, 40, 60, 60, 0.5)).find([canvas_of(320, 320)]) == [[]]
    assert len(detector((40, 40, 60, 60, 0.501)).find([canvas_of(320, 320)])[0]) == 1


def test_the_largest_face_comes_first() -> None:
    faces = ((10, 10, 40, 40, 0.95), (100, 100, 90, 90, 0.6), (200, 20, 60, 60, 0.8))
    (found,) = detector(*faces).find([canvas_of(640, 640)])
    assert [face.box[2] for face in found] == pytest.approx([90, 60, 40])


def test_by_size_counts_what_lies_in_the_photo() -> None:
    faces = ((-40, 10, 100, 100, 0.9), (100, 100, 80, 80, 0.6), (250, 250, 90, 90, 0.8))
    for find in (detector(*faces).find, detector(*faces).find_largest):
        (found,) = find([canvas_of(300, 300)])
        assert [face.box[2] for face in found] == pytest.approx([80, 100, 90])


# ---- one face, many cells


def test_of_boxes_that_overlap_the_best_stays() -> None:
    # 20 px apart, 100 wide: 80 of 120 shared
    (found,) = detector((100, 100, 100, 100, 0.7), (120, 100, 100, 100, 0.9)).find([canvas_of(640, 640)])
    assert boxes(found) == [[120, 100, 100, 100]]


@pytest.mark.parametrize(
    ("apart", "count"),
    [
        (40, 1),  # 60 of 140 shared
        (45, 2),  # 55 of 145
        (100, 2),
    ],
)
def test_neighbours_that_share_little_are_two_faces(apart: float, count: int) -> None:
    (found,) = detector((100, 100, 100, 100, 0.7), (100 + apart, 100, 100, 100, 0.9)).find([canvas_of(640, 640)])
    assert len(found) == count


@pytest.mark.parametrize(("shift", "count"), [(0, 1), (7, 1), (11, 2)])
def test_a_box_mostly_inside_a_better_one_is_its_part(shift: float, count: int) -> None:
    """A 40-pixel box of which 100 %, 82 % and 72 % lie in a 200-pixel box."""
    (found,) = detector((100, 100, 200, 200, 0.9), (100 - shift, 180, 40, 40, 0.8)).find([canvas_of(640, 640)])
    assert len(found) == count


def test_a_chain_is_cut_where_its_middle_falls_out() -> None:
    """The middle one overlaps both ends, which do not overlap each other: suppressed, it suppresses nothing."""
    chain = [(100, 100, 100, 100, 0.9), (135, 100, 100, 100, 0.8), (170, 100, 100, 100, 0.7)]
    (found,) = detector(*chain).find([canvas_of(640, 640)])
    assert sorted(face.box[0] for face in found) == pytest.approx([100, 170])


def test_a_face_in_many_cells_is_one_face() -> None:
    random = np.random.default_rng(0)
    cells = [(x * 8, y * 8) for x in range(20) for y in range(20)]
    # 400 guesses of one face, each answered by its own cell
    guesses = [
        (x + 4 - w / 2, y + 4 - w / 2, w, w, float(random.uniform(0.5, 1)))
        for (x, y), w in zip(cells, random.uniform(395, 405, 400), strict=True)
    ]
    best = max(guesses, key=lambda guess: guess[4])
    (found,) = detector(*guesses).find([canvas_of(640, 640)])
    assert found[0].score == pytest.approx(best[4])
    assert len(found) == 1


def test_a_crowd_is_counted_to_its_last_face() -> None:
    """Three cells see each of 150 faces; those of the least sure come last."""
    places = [(40.0 * x, 40.0 * y) for x in range(15) for y in range(10)]
    moves = ((0, 0), (8, 0), (0, 8))
    cells = [
        (x + across, y + down, 24, 24, 0.9 - 0.002 * which - 0.0001 * (across + down))
        for which, (x, y) in enumerate(places)
        for across, down in moves
    ]
    (found,) = detector(*cells).find([canvas_of(640, 480)])
    assert sorted(tuple(box[:2]) for box in boxes(found)) == sorted(places)


# ---- batches


def test_photos_of_one_shape_run_together_and_answers_keep_their_order() -> None:
    def widths(canvas: Pixels) -> Places:
        return [(10, 10, float(canvas[0, 0, 0]) - 110, 50, 0.9)]

    model = detector_model(widths)
    images = [canvas_of(320, 192), canvas_of(192, 320), canvas_of(320, 192), canvas_of(310, 190)]
    for image, width in zip(images, (30, 40, 50, 60), strict=True):
        image[:] = 110 + width
    found = Detector(model).find(images)
    assert [round(float(faces[0].box[2])) for faces in found] == [30, 40, 50, 60]
    assert sorted(model.shapes) == [(1, 320, 192, 3), (3, 192, 320, 3)]


def test_only_photos_without_a_face_are_looked_at_again() -> None:
    model = detector_model(lambda canvas: one_in_the_middle(canvas) if canvas[0, 0, 0] == 150 else [])
    dark = np.zeros((192, 320, 3), np.uint8)
    found = Detector(model).find([canvas_of(320, 192), dark, dark])
    assert [len(faces) for faces in found] == [1, 0, 0]
    assert [shape[0] for shape in model.shapes] == [3, 2]


def test_no_photos_no_runs() -> None:
    model = detector_model(one_in_the_middle)
    assert Detector(model).find([]) == []
    assert model.shapes == []
