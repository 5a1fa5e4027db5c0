"""Photos that are turned by a quarter or by half, without a note that says so."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from facecore import Analyzer
from facecore.align import face_square, quarter
from facecore.detector import Detector, Found
from facecore.errors import NoFace
from facecore.report import Field
from facecore.seen import KNOWN
from facecore.spoofing import crops
from tests import photos
from tests.unit.facecore.kit import FIVE, Fakes, Pixels, Places, Shown, blue_patches, blue_photo, detector_model, png

FACE = (60, 80, 90, 120, 150)  # left, top, width, height, green
RED = (0, 0, 255)
TURNS = [1, 2, 3]


def upright() -> Pixels:
    """A photo with a face, and a red stripe along its top."""
    image = blue_photo(FACE)
    image[:20] = RED
    return image


def turned(image: Pixels, turns: int) -> Pixels:
    """Turned against the clock by so many quarters."""
    return np.ascontiguousarray(np.rot90(image, turns))


def only_upright(canvas: Pixels, score: float = 0.9) -> Places:
    """A detector that sees faces below the stripe alone."""
    return blue_patches(canvas, score) if (canvas[5, 5] == RED).all() and (canvas[5, 200] == RED).all() else []


@pytest.mark.parametrize("turns", TURNS)
def test_the_detector_finds_the_way_up(turns: int) -> None:
    image = turned(upright(), turns)
    (found,) = Detector(detector_model(only_upright)).any_way_up(image)
    left, top, width, height = found.box.tolist()
    patch = np.zeros(image.shape[:2], bool)
    patch[round(top) : round(top + height), round(left) : round(left + width)] = True
    assert np.array_equal(patch, image[:, :, 0] == 255)
    eyes, mouth = found.points[:2].mean(0), found.points[3:].mean(0)
    down = {1: (1, 0), 2: (0, -1), 3: (-1, 0)}[turns]
    assert (mouth - eyes) / np.linalg.norm(mouth - eyes) == pytest.approx(down, abs=0.01)
    assert face_square(found.points).angle % 360 == pytest.approx(-90 * turns % 360, abs=0.1)


def test_the_surest_way_up_is_taken() -> None:
    def find(canvas: Pixels) -> Places:
        return blue_patches(canvas, 0.95 if only_upright(canvas) else 0.85)

    (found,) = Detector(detector_model(find)).any_way_up(turned(upright(), 1))
    assert found.score == pytest.approx(0.95)


def test_doubtful_faces_are_no_reason_to_turn() -> None:
    find = Shown(lambda canvas: only_upright(canvas, 0.79))
    assert Detector(detector_model(find)).any_way_up(turned(upright(), 1)) == []
    assert len(find.canvases) == 4


def test_large_photos_are_looked_at_in_small_and_small_faces_there_left_out() -> None:
    find = Shown(lambda canvas: blue_patches(canvas))
    image = blue_photo((0, 0, 120, 150, 100), width=1280, height=960)  # 30 by 37 of 320 by 240 pixels
    (found,) = Detector(detector_model(find)).any_way_up(image)
    assert {max(canvas.shape[:2]) for canvas in find.canvases} == {320}
    assert found.box == pytest.approx([0, 0, 120, 150], abs=4)
    assert Detector(detector_model(find)).any_way_up(blue_photo((0, 0, 100, 110, 9), width=1280, height=960)) == []


@pytest.fixture
def blind(faked: Analyzer, fakes: Fakes) -> Analyzer:
    """An analyzer that finds no faces but upright ones."""
    fakes.models["detector"] = detector_model(only_upright)
    return faked


@pytest.mark.parametrize("turns", TURNS)
def test_a_turned_photo_is_reported_as_it_lies(blind: Analyzer, fakes: Fakes, turns: int) -> None:
    image = turned(upright(), turns)
    (face,) = blind.analyse(png(image)).faces
    (there,) = blind.analyse(png(upright())).faces
    assert face.box.rotation % 360 == pytest.approx(-90 * turns % 360, abs=1)
    assert (face.box.width, face.box.height) == pytest.approx((120, 90) if turns % 2 else (90, 120), abs=1)
    for name in ("age", "liveness", "synthetic", "beauty"):
        assert getattr(face, name) == pytest.approx(getattr(there, name), abs=0.01), name


def test_nobody_turns_a_photo_in_which_there_is_a_face(blind: Analyzer, fakes: Fakes) -> None:
    shown = Shown(only_upright)
    fakes.models["detector"] = detector_model(shown)
    blind.analyse(png(upright()))
    assert all((canvas[5, 5] == RED).all() for canvas in shown.canvases)


@pytest.mark.parametrize("face", [KNOWN - 0.01, KNOWN + 0.005])
def test_the_face_net_has_to_know_it(blind: Analyzer, fakes: Fakes, face: float) -> None:
    run = fakes.models["face"].run
    fakes.models["face"].run = lambda **inputs: {**run(**inputs), "face": np.array([face], np.float32)}
    image = png(turned(upright(), 1))
    if face < KNOWN:
        with pytest.raises(NoFace):
            blind.analyse(image, frozenset({Field.LIVENESS}))
    else:
        assert blind.analyse(image, frozenset({Field.LIVENESS})).faces[0].liveness is not None


def test_a_batch_turns_what_has_to_be_turned(blind: Analyzer) -> None:
    files = [png(upright()), png(turned(upright(), 2)), png(np.full((240, 320, 3), 90, np.uint8))]
    one, other, none = blind.analyse_batch(files, frozenset({Field.LIVENESS}))
    rolls = [report.faces[0].box.rotation for report in (one, other)]  # type: ignore[union-attr]
    assert np.abs(rolls) == pytest.approx([0, 180], abs=1)
    assert isinstance(none, NoFace)


# ---- parts


@pytest.mark.parametrize(
    ("angle", "nearest"),
    [(0, 0), (44, 0), (-44, 0), (46, 90), (134, 90), (-46, 270), (-90, 270), (180, 180), (-180, 180), (350, 0)],
)
def test_quarters(angle: float, nearest: float) -> None:
    assert quarter(angle) == nearest


@pytest.mark.parametrize("degrees", [-35, -10, 20, 44])
def test_crops_of_a_leaning_face_are_upright(degrees: float) -> None:
    image = photos.portrait()
    box = np.array([179, 57, 89, 115], np.float32)
    middle = (float(box[0] + box[2] / 2), float(box[1] + box[3] / 2))
    matrix = cv2.getRotationMatrix2D(middle, -degrees, 1)
    leaning = np.asarray(cv2.warpAffine(image, matrix, image.shape[1::-1]), np.uint8)
    (plain,) = crops(image, box, (128, 1.25))
    (again,) = crops(leaning, box, (128, 1.25), turn=degrees)
    assert np.abs(plain.astype(int) - again).mean() < 4


@pytest.mark.parametrize("turns", TURNS)
def test_crops_of_a_turned_face_are_upright(turns: int) -> None:
    image = photos.portrait()
    height, width = image.shape[0] - 1, image.shape[1] - 1  # boxes' middles are in pixels' middles here
    left, top, across, down = 179.0, 57.0, 89.0, 115.0
    there = {
        1: (top, width - left - across, down, across),
        2: (width - left - across, height - top - down, across, down),
        3: (height - top - down, left, down, across),
    }[turns]
    scales = (128, 2.7), (128, 1.25)
    plain = crops(image, np.array([left, top, across, down], np.float32), *scales)
    again = crops(turned(image, turns), np.array(there, np.float32), *scales, turn=quarter(-90 * turns))
    for one, other in zip(plain, again, strict=True):
        assert np.abs(one.astype(int) - other).mean() < 4


def test_a_closer_look_at_a_turned_face_is_upright() -> None:
    image = turned(upright(), 1)
    shown = Shown(lambda canvas: blue_patches(canvas))
    box = np.array([80, 320 - 60 - 90, 120, 90], np.float32)
    points = np.array([(100, 240), (100, 200), (150, 220), (180, 235), (180, 205)], np.float32)
    (better,) = Detector(detector_model(shown)).closer([(image, Found(box, points, 0.9))])
    across, down = FIVE[:, 0] * 90 + 60, FIVE[:, 1] * 120 + 80
    assert better.points == pytest.approx(np.stack([down, 320 - across], 1), abs=1.5)
