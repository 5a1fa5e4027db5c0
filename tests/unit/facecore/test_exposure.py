"""Dark pictures are brightened before a net looks at them."""

from __future__ import annotations

import numpy as np
import pytest

from facecore.align import Square
from facecore.detector import Detector
from facecore.exposure import BLACK, MOST, WHITE, WHITE_FACE, WHITE_PHOTO, brightened
from facecore.face_net import FaceNet
from facecore.spoofing import Synthetic, crops
from tests import photos
from tests.unit.facecore.kit import FakeModel, Pixels, Shown, detector_model, face_run, fake_models


def darker(image: Pixels, share: float) -> Pixels:
    return np.asarray(np.rint(image * share), np.uint8)


def level(image: Pixels) -> float:
    return float(np.percentile(image.max(2), 98))


@pytest.fixture
def portrait() -> Pixels:
    return photos.portrait()


@pytest.mark.parametrize("share", [0.1, 0.3, 0.6])
def test_a_dark_picture_gets_as_bright_as_asked(portrait: Pixels, share: float) -> None:
    assert level(brightened(darker(portrait, share))) == pytest.approx(WHITE, abs=8)


def test_a_bright_picture_stays_as_it_is(portrait: Pixels) -> None:
    assert level(portrait) > WHITE
    assert brightened(portrait) is portrait
    assert brightened(darker(portrait, 0.7), 100).max() == darker(portrait, 0.7).max()


def test_what_is_brightened_looks_like_what_was_never_dark(portrait: Pixels) -> None:
    same = darker(portrait, WHITE / level(portrait))
    assert np.abs(brightened(darker(same, 0.25)).astype(int) - same).mean() < 3


def test_colours_stay() -> None:
    picture = np.full((50, 50, 3), (20, 40, 60), np.uint8)
    blue, green, red = brightened(picture)[0, 0].tolist()
    assert (blue, green, red) == pytest.approx((WHITE / 3, WHITE * 2 / 3, WHITE), abs=1)


def test_what_lies_outside_the_photo_says_nothing_about_its_light() -> None:
    picture = np.zeros((100, 100, 3), np.uint8)
    picture[40:50, 40:50] = 100
    out = brightened(picture)
    assert out[45, 45].tolist() == [WHITE] * 3
    assert not out[:40].any()


def test_nearly_black_pictures_stay_black() -> None:
    black = np.full((60, 60, 3), BLACK, np.uint8)
    assert brightened(black) is black
    assert brightened(np.full((60, 60, 3), BLACK + 1, np.uint8)).max() <= MOST * (BLACK + 1)


def test_pictures_of_any_shape() -> None:
    for shape in ((1, 1, 3), (1, 500, 3), (500, 1, 3), (3, 2, 3)):
        assert (brightened(np.full(shape, 95, np.uint8)) == WHITE).all()


# ---- who looks at brightened pictures


def test_the_detector() -> None:
    seen = Shown(lambda canvas: [(20, 20, 100, 100, 0.9)])
    Detector(detector_model(seen)).find([np.full((192, 320, 3), 30, np.uint8), np.full((192, 320, 3), 125, np.uint8)])
    assert [canvas.max() for canvas in seen.canvases] == [WHITE_PHOTO, 125]


def test_the_face_net_but_not_what_judges_the_light(portrait: Pixels) -> None:
    shown = []

    def run(crop: Pixels) -> object:
        shown.append(crop.copy())
        return face_run(crop)

    net = FaceNet(FakeModel({"side": 112, "share": 0.86, "face_shape": {}}, run))  # type: ignore[arg-type]
    (answers,) = net.look([(darker(portrait, 0.2), Square(224, 115, 160, 0))])
    assert level(shown[0][0]) == pytest.approx(WHITE_FACE, abs=8)
    assert level(answers.crop) < 60


def test_both_crops_of_the_liveness_net_by_one_factor(portrait: Pixels) -> None:
    box = np.array([179, 57, 89, 115], np.float32)
    scales = (128, 2.7), (128, 1.25)
    bright = crops(portrait, box, *scales)
    for one, other in zip(bright, crops(darker(portrait, 0.25), box, *scales), strict=True):
        gain = float(other.mean()) / float(one.mean())
        assert 0.7 < gain < 1.1


def test_the_synthetic_net(portrait: Pixels) -> None:
    shown = []

    def run(face: Pixels) -> object:
        shown.append(face)
        return {"synthetic": np.zeros(len(face), np.float32)}

    facts = fake_models()["synthetic"].facts
    Synthetic(FakeModel(facts, run)).raw([(darker(portrait, 0.2), Square(224, 115, 160, 0))])  # type: ignore[arg-type]
    assert level(shown[0][0]) == pytest.approx(WHITE_FACE, abs=8)
