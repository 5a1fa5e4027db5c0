"""The committed models on the public-domain portrait: what must hold for any good models."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from facecore import ALL, Analyzer, Face, Field, ModelError, NoFace, Report
from facecore.intake import read_photo
from facecore.registry import default_models
from tests import photos
from tests.unit.facecore.kit import Pixels

APART = photos.EYES[1][0] - photos.EYES[0][0]  # pixels between the portrait's eyes
RIGHT_EYE, LEFT_EYE, NOSE, CHIN, MOUTH_RIGHT, MOUTH_LEFT = 21, 38, 57, 6, 58, 62
PARTS = ("left_eye", "right_eye", "nose", "mouth", "chin")
MODELS = ("detector", "face", "liveness", "synthetic")
REGISTRY = default_models() / "registry.json"
MISSING = set(MODELS) - set(json.loads(REGISTRY.read_text())["models"] if REGISTRY.exists() else ())
pytestmark = pytest.mark.skipif(bool(MISSING), reason=f"not trained yet: {', '.join(sorted(MISSING))}")
Floats = npt.NDArray[np.float64]


def look(analyzer: Analyzer, pixels: Pixels) -> Face:
    """The largest face of a photo."""
    report = analyzer.analyse(photos.encoded(pixels), faces=1)
    assert (report.height, report.width) == pixels.shape[:2]
    return report.faces[0]


def points(face: Face) -> Floats:
    assert face.landmarks is not None
    return np.array(face.landmarks)


def numbers(part: Any, name: str = "") -> Mapping[str, float]:
    """Every number of a report by its path."""
    if isinstance(part, dict):
        part = part.items()
    elif isinstance(part, list):
        part = enumerate(part)
    else:
        return {name: float(part)}
    return {path: value for key, inner in part for path, value in numbers(inner, f"{name}.{key}").items()}


def assert_same(one: Report, other: Report, tolerance: float = 1e-3) -> None:
    """Numbers, all on their own scale, differ by rounding at most."""
    assert numbers(one.as_dict()) == pytest.approx(numbers(other.as_dict()), abs=tolerance, rel=tolerance)


@pytest.fixture(scope="module")
def portrait(analyzer: Analyzer) -> Face:
    return look(analyzer, photos.portrait())


# ---- the portrait as it is


def test_who_it_is(portrait: Face) -> None:
    assert portrait.gender is not None
    assert portrait.gender.type == "female"
    assert portrait.glasses is not None
    assert portrait.glasses.type == "none"
    assert portrait.face_type is not None
    assert portrait.face_type.type == "human"
    assert portrait.expression is not None
    assert portrait.expression.type in ("smile", "laugh")
    assert portrait.race is not None
    assert portrait.race.type == "white"
    assert portrait.age is not None
    assert 25 <= portrait.age <= 55
    assert portrait.probability > 0.8


def test_how_good_the_photo_is(portrait: Face) -> None:
    assert portrait.quality is not None
    assert portrait.quality.completeness == 1
    assert 100 < portrait.quality.illumination < 220
    assert portrait.quality.blur < 0.5
    assert max(portrait.quality.occlusion.values()) < 0.3
    assert portrait.pose is not None
    assert abs(portrait.pose.roll - 4) < 6
    assert abs(portrait.pose.yaw) < 25
    assert abs(portrait.pose.pitch) < 25


def test_the_box_holds_the_face(portrait: Face) -> None:
    left, top, width, height = photos.FACE
    box = portrait.box
    both = (min(left + width, box.left + box.width) - max(left, box.left)) * (
        min(top + height, box.top + box.height) - max(top, box.top)
    )
    assert both / (width * height + box.width * box.height - both) > 0.6
    over = (points(portrait) - (box.left, box.top)) / (box.width, box.height)
    assert ((over > -0.15) & (over < 1.15)).all()
    assert np.ptp(over, axis=0).min() > 0.6


@pytest.mark.parametrize(
    ("index", "place", "share"),
    [
        (RIGHT_EYE, photos.EYES[0], 0.1),
        (LEFT_EYE, photos.EYES[1], 0.1),
        (NOSE, photos.NOSE, 0.2),
        (MOUTH_RIGHT, photos.MOUTH[0], 0.2),
        (MOUTH_LEFT, photos.MOUTH[1], 0.2),
        (CHIN, photos.CHIN, 0.3),
    ],
)
def test_points_are_where_they_belong(portrait: Face, index: int, place: tuple[int, int], share: float) -> None:
    assert np.linalg.norm(points(portrait)[index] - place) < share * APART


def test_every_probability_is_one(portrait: Face) -> None:
    for name in ("gender", "race", "ancestry", "expression", "glasses", "face_shape", "face_type"):
        chances = getattr(portrait, name).probabilities.values()
        assert min(chances) >= 0
        assert sum(chances) == pytest.approx(1, abs=1e-3)


# ---- changed photos


@pytest.mark.parametrize(
    "pixels",
    [
        photos.portrait(),
        photos.portrait()[:, ::-1],
        photos.wide(),
        photos.darkened(0.3),
        photos.blurred(2),
        photos.rotated(-20),
        photos.rotated(20),
        photos.occluded("mouth"),
        photos.recaptured(),
    ],
    ids=["plain", "mirrored", "wide", "dark", "blurred", "left", "right", "masked", "recaptured"],
)
def test_one_face_is_one_face(analyzer: Analyzer, pixels: Pixels) -> None:
    assert len(analyzer.analyse(photos.encoded(pixels)).faces) == 1


@pytest.mark.parametrize("orientation", range(2, 9))
def test_turned_by_its_tag_it_is_the_same_photo(analyzer: Analyzer, portrait: Face, orientation: int) -> None:
    (face,) = analyzer.analyse(photos.with_orientation(photos.portrait(), orientation), faces=1).faces
    assert np.abs(points(face) - points(portrait)).max() < 0.06 * APART
    assert face.age == pytest.approx(portrait.age, abs=5)  # years: the net's own mean error


@pytest.mark.parametrize("degrees", [-30, -20, 20, 30])
def test_turned_in_its_pixels_the_face_turns(analyzer: Analyzer, portrait: Face, degrees: float) -> None:
    face = look(analyzer, photos.rotated(degrees))
    assert portrait.pose is not None
    assert face.pose is not None
    assert (face.pose.roll - portrait.pose.roll - degrees + 180) % 360 - 180 == pytest.approx(0, abs=4)
    assert (face.box.rotation - face.pose.roll + 180) % 360 - 180 == pytest.approx(0, abs=1e-3)
    a = np.radians(degrees)
    turn = np.array([[np.cos(a), np.sin(a)], [-np.sin(a), np.cos(a)]])
    there = (points(portrait) - 255.5) @ turn + 255.5
    assert np.linalg.norm(points(face) - there, axis=1).mean() < 0.08 * APART
    assert face.pose.yaw == pytest.approx(portrait.pose.yaw, abs=8)


@pytest.mark.parametrize("degrees", [60, 90, 120, 135, 180, 210, 240, 270, 300])
def test_turned_far_it_is_still_the_same_face(analyzer: Analyzer, portrait: Face, degrees: float) -> None:
    face = look(analyzer, photos.rotated(degrees))
    assert portrait.pose is not None
    assert face.pose is not None
    assert (face.pose.roll - portrait.pose.roll - degrees + 180) % 360 - 180 == pytest.approx(0, abs=6)
    assert face.gender is not None
    assert face.gender.type == "female"


def test_mirrored_left_is_right(analyzer: Analyzer, portrait: Face) -> None:
    face = look(analyzer, photos.portrait()[:, ::-1])
    assert portrait.pose is not None
    assert face.pose is not None
    assert face.pose.yaw == pytest.approx(-portrait.pose.yaw, abs=5)
    assert face.pose.roll == pytest.approx(-portrait.pose.roll, abs=3)
    assert face.pose.pitch == pytest.approx(portrait.pose.pitch, abs=5)
    there = points(portrait)[[LEFT_EYE, RIGHT_EYE, NOSE, CHIN, MOUTH_LEFT, MOUTH_RIGHT]] * (-1, 1) + (511, 0)
    here = points(face)[[RIGHT_EYE, LEFT_EYE, NOSE, CHIN, MOUTH_RIGHT, MOUTH_LEFT]]
    assert np.linalg.norm(here - there, axis=1).max() < 0.12 * APART


def test_in_the_dark_it_is_darker(analyzer: Analyzer, portrait: Face) -> None:
    face = look(analyzer, photos.darkened(0.3))
    assert portrait.quality is not None
    assert face.quality is not None
    assert face.quality.illumination == pytest.approx(0.3 * portrait.quality.illumination, rel=0.15)


def test_blurred_it_is_more_blurred(analyzer: Analyzer, portrait: Face) -> None:
    assert portrait.quality is not None
    blur = [portrait.quality.blur]
    for sigma in (2, 4, 6):
        face = look(analyzer, photos.blurred(sigma))
        assert face.quality is not None
        blur.append(face.quality.blur)
    assert blur == sorted(blur)
    assert blur[-1] > blur[0] + 0.4


@pytest.mark.parametrize("part", PARTS)
def test_what_is_covered_is_told(analyzer: Analyzer, portrait: Face, part: str) -> None:
    face = look(analyzer, photos.occluded(part))
    assert portrait.quality is not None
    assert face.quality is not None
    more = {name: face.quality.occlusion[name] - portrait.quality.occlusion[name] for name in PARTS}
    assert more[part] > 0.2
    assert max(more, key=lambda name: more[name]) == part


def test_cut_off_it_is_incomplete(analyzer: Analyzer) -> None:
    face = look(analyzer, photos.cut_off())
    assert face.quality is not None
    assert face.quality.completeness == 0
    assert face.box.left < 0 or min(points(face)[:, 0]) < 0


def test_several_faces_come_largest_first(analyzer: Analyzer) -> None:
    photo = photos.encoded(photos.several())
    faces = analyzer.analyse(photo).faces
    assert len(faces) == 4
    assert [face.box.left for face in faces] == sorted(face.box.left for face in faces)
    sizes = [face.box.width * face.box.height for face in faces]
    assert sizes == sorted(sizes, reverse=True)
    assert all(face.gender is not None and face.gender.type == "female" for face in faces)
    assert [face.box for face in analyzer.analyse(photo, faces=2).faces] == [face.box for face in faces[:2]]


def test_no_face_is_found_where_there_is_none(analyzer: Analyzer) -> None:
    with pytest.raises(NoFace):
        analyzer.analyse(photos.NO_FACE.read_bytes())


@pytest.mark.parametrize("scale", [0.5, 2.0, 7.0])
def test_size_changes_nothing_but_the_pixels(analyzer: Analyzer, portrait: Face, scale: float) -> None:
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    resized = np.asarray(cv2.resize(photos.portrait(), None, fx=scale, fy=scale, interpolation=way), np.uint8)
    face = look(analyzer, resized)
    assert points(face) / scale == pytest.approx(points(portrait), abs=0.12 * APART)
    assert face.box.width / scale == pytest.approx(portrait.box.width, rel=0.12)


@pytest.mark.parametrize("seed", range(3))
def test_recaptured_it_is_less_live(analyzer: Analyzer, portrait: Face, seed: int) -> None:
    face = look(analyzer, photos.recaptured(seed))
    assert portrait.liveness is not None
    assert face.liveness is not None
    assert face.liveness < portrait.liveness


# ---- one photo, many ways


def test_formats_do_not_matter(analyzer: Analyzer) -> None:
    reports = [analyzer.analyse(photos.encoded(photos.portrait(), kind)) for kind in ("PNG", "BMP")]
    reports.append(analyzer.analyse_image(photos.portrait()))
    assert reports[0] == reports[1] == reports[2]


def test_a_file_says_what_its_pixels_say(analyzer: Analyzer) -> None:
    file = photos.encoded(np.asarray(cv2.resize(photos.portrait(), (1300, 1300)), np.uint8))
    assert_same(analyzer.analyse(file), analyzer.analyse_image(read_photo(file).bgr))


def test_a_batch_says_what_its_photos_say_alone(analyzer: Analyzer) -> None:
    shots = [photos.portrait(), photos.wide(), photos.rotated(20), photos.blurred(2), photos.several(2)]
    files = [photos.encoded(shot) for shot in shots]
    for file, together in zip(files, analyzer.analyse_batch([*files, b"no photo"]), strict=False):
        assert isinstance(together, Report)
        assert_same(together, analyzer.analyse(file))


def test_threads_change_rounding_only(analyzer: Analyzer) -> None:
    photo = photos.encoded(photos.portrait())
    assert_same(Analyzer(threads=2).analyse(photo), analyzer.analyse(photo))


@pytest.mark.parametrize("field", Field)
def test_a_field_alone_is_what_it_is_among_others(analyzer: Analyzer, portrait: Face, field: Field) -> None:
    (face,) = analyzer.analyse(photos.encoded(photos.portrait()), want=frozenset({field}), faces=1).faces
    assert getattr(face, field.value) == getattr(portrait, field.value)
    assert all(getattr(face, other.value) is None for other in ALL - {field})


@pytest.mark.parametrize("name", MODELS)
def test_an_altered_model_is_named_with_its_hash(tmp_path: Path, name: str) -> None:
    folder = default_models()
    for file in ("registry.json", *(f"{model}.onnx" for model in MODELS)):
        (tmp_path / file).symlink_to(folder / file)
    altered = bytearray((folder / f"{name}.onnx").read_bytes())
    altered[len(altered) // 2] ^= 1
    (tmp_path / f"{name}.onnx").unlink()
    (tmp_path / f"{name}.onnx").write_bytes(altered)
    analyzer = Analyzer(tmp_path)
    with pytest.raises(ModelError, match=rf"{name}\.onnx is altered.*{analyzer.registry[name].sha256}"):
        analyzer.analyse(photos.encoded(photos.portrait()))
