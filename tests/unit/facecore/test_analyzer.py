"""The analyzer over stand-ins for the models: blue patches are faces, and the green in them gives the answers."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from facecore import Analyzer
from facecore.errors import CorruptImage, ImageError, ImageTooLarge, ModelError, NoFace, UnsupportedFormat
from facecore.registry import Registry, needed
from facecore.report import ALL, Face, Field, Report
from facecore.sessions import Models
from tests import photos
from tests.unit.facecore.kit import (
    Fakes,
    blue_photo,
    drawn_points,
    models_folder,
    moved,
    png,
)

FACE_NET = ALL - {Field.LIVENESS, Field.SYNTHETIC}


@pytest.fixture
def analyzer(faked: Analyzer) -> Analyzer:
    return faked


ONE = blue_photo((40, 30, 60, 80, 100))
THREE = blue_photo((10, 20, 50, 60, 30), (100, 10, 90, 110, 120), (220, 40, 70, 80, 210))
NONE = blue_photo()


# ---- only what is asked for


@pytest.mark.parametrize(
    ("want", "loaded"),
    [
        (frozenset(), ("detector",)),
        (frozenset({Field.LIVENESS}), ("detector", "liveness")),
        (frozenset({Field.SYNTHETIC}), ("detector", "synthetic")),
        (frozenset({Field.LIVENESS, Field.QUALITY}), ("detector", "face", "liveness")),
        (ALL, ("detector", "face", "liveness", "synthetic")),
        *((frozenset({field}), ("detector", "face")) for field in sorted(FACE_NET)),
    ],
)
def test_only_what_is_wanted_is_loaded(analyzer: Analyzer, want: frozenset[Field], loaded: tuple[str, ...]) -> None:
    assert analyzer.loaded == ()
    analyzer.analyse(png(ONE), want)
    assert analyzer.loaded == loaded


@pytest.mark.parametrize("want", [frozenset(), frozenset({Field.LIVENESS}), frozenset({Field.AGE}), ALL])
def test_warming_up_loads_what_a_report_needs(analyzer: Analyzer, fakes: Fakes, want: frozenset[Field]) -> None:
    analyzer.warm_up(want)
    loaded = analyzer.loaded
    analyzer.analyse(png(ONE), want)
    assert analyzer.loaded == loaded == tuple(sorted(needed(want)))


def test_warming_up_begins_at_the_end(analyzer: Analyzer, fakes: Fakes) -> None:
    """Who loads the models in the order in which they run meets it halfway."""
    analyzer.warm_up(ALL, threads=1)
    assert fakes.asked == ["synthetic", "liveness", "face", "detector"] == [*reversed(needed(ALL))]


def test_an_analyzer_shares_models_that_are_loading_already(tmp_path: Path) -> None:
    models = Models(Registry(models_folder(tmp_path)), 1)
    analyzer = Analyzer(models)
    _ = models["cast"]
    assert analyzer.registry is models.registry
    assert analyzer.loaded == ("cast",)


def test_a_photo_that_does_not_read_loads_nothing(analyzer: Analyzer) -> None:
    with pytest.raises(UnsupportedFormat):
        analyzer.analyse(b"GIF89a")
    assert analyzer.loaded == ()


def test_a_photo_without_a_face_loads_the_detector_only(analyzer: Analyzer) -> None:
    with pytest.raises(NoFace):
        analyzer.analyse(png(NONE))
    assert analyzer.loaded == ("detector",)


@pytest.mark.parametrize("field", sorted(ALL))
def test_a_field_that_was_not_asked_for_is_none(analyzer: Analyzer, field: Field) -> None:
    (face,) = analyzer.analyse(png(ONE), frozenset({field})).faces
    given = {f.name for f in fields(Face) if getattr(face, f.name) is not None}
    assert given == {"box", "probability", field.value} | ({"ancestry"} if field is Field.RACE else set())


def test_every_field_is_given_when_all_are_asked_for(analyzer: Analyzer) -> None:
    (face,) = analyzer.analyse(png(ONE)).faces
    assert [f.name for f in fields(Face) if getattr(face, f.name) is None] == []


# ---- what a report says


def test_numbers_go_where_they_belong(analyzer: Analyzer) -> None:
    report = analyzer.analyse(png(ONE))
    (face,) = report.faces
    assert (report.width, report.height) == (320, 240)
    box = face.box
    assert (box.left, box.top, box.width, box.height) == pytest.approx((40, 30, 60, 80))
    assert face.probability == pytest.approx(0.9)
    # the stand-ins answer with the patch's green, 100
    assert face.age == pytest.approx(100 / 3)
    assert face.beauty == pytest.approx(100 / 2.55)
    assert face.pose is not None
    assert (face.pose.yaw, face.pose.pitch) == pytest.approx((-28, 10 * 100 / 255))
    assert face.quality is not None
    assert face.quality.blur == pytest.approx(1 - 100 / 255)
    assert face.quality.completeness == 1
    assert 0.587 * 100 * 0.5 < face.quality.illumination < 0.587 * 100 + 0.114 * 255
    # logits of 100/255 and -100/255 between knots at -1 and 1
    assert face.liveness == pytest.approx(0.5 + 50 / 255)
    assert face.synthetic == pytest.approx(0.5 - 50 / 255)


def test_landmarks_lie_in_the_box(analyzer: Analyzer) -> None:
    (face,) = analyzer.analyse(png(ONE), frozenset({Field.LANDMARKS})).faces
    assert face.landmarks is not None
    assert len(face.landmarks) == 72
    eyes_middle = tuple((face.landmarks[21][i] + face.landmarks[38][i]) / 2 for i in (0, 1))
    # eyes at 0.4, mouth at 0.75 of the box's height: the framing's middle, and the drawn eyes 17.3/128 of it above
    side = max(3.4 * 0.4 * 60, 3.7 * 0.35 * 80)
    assert eyes_middle == pytest.approx((40 + 30, 30 + 80 * 0.575 - 17.3 / 128 * side), abs=1.5)


def test_the_box_turns_as_the_face_does(analyzer: Analyzer, fakes: Fakes) -> None:
    run = fakes.models["face"].run
    turned = np.asarray((moved(drawn_points(), 4) - 64) / 110 * 112 + 56, np.float32)
    fakes.models["face"].run = lambda crop: {**run(crop=crop), "landmarks": turned[None]}
    (face,) = analyzer.analyse(png(ONE), frozenset({Field.POSE})).faces
    assert face.pose is not None
    assert face.pose.roll == pytest.approx(4, abs=0.1)
    assert face.box.rotation == face.pose.roll


def test_without_the_face_net_the_box_turns_with_the_five_points(analyzer: Analyzer) -> None:
    (face,) = analyzer.analyse(png(ONE), frozenset()).faces
    assert face.box.rotation == pytest.approx(0)
    assert face.pose is None


def test_faces_come_largest_first_with_their_own_answers(analyzer: Analyzer) -> None:
    report = analyzer.analyse(png(THREE))
    assert [round(face.box.width) for face in report.faces] == [90, 70, 50]
    assert [face.age for face in report.faces] == pytest.approx([40, 70, 10])
    assert [face.liveness for face in report.faces] == pytest.approx([0.5 + g / 510 for g in (120, 210, 30)])


@pytest.mark.parametrize(("most", "widths"), [(1, [90]), (2, [90, 70]), (3, [90, 70, 50]), (9, [90, 70, 50])])
def test_at_most_so_many_faces_are_reported_and_looked_at(
    analyzer: Analyzer, fakes: Fakes, most: int, widths: list[int]
) -> None:
    report = analyzer.analyse(png(THREE), faces=most)
    assert [round(face.box.width) for face in report.faces] == widths
    assert fakes.models["face"].shapes == [(len(widths), 112, 112, 3)]
    assert fakes.models["synthetic"].shapes == [(len(widths), 128, 128, 3)]


@pytest.mark.parametrize("most", [0, -1])
def test_no_faces_cannot_be_asked_for(analyzer: Analyzer, most: int) -> None:
    with pytest.raises(ValueError, match="faces"):
        analyzer.analyse(png(THREE), faces=most)
    with pytest.raises(ValueError, match="faces"):
        analyzer.analyse_image(THREE, faces=most)


def test_a_face_over_the_border_is_incomplete(analyzer: Analyzer) -> None:
    image = blue_photo((0, 30, 60, 80, 100))
    (face,) = analyzer.analyse(png(image), frozenset({Field.QUALITY})).faces
    assert face.quality is not None
    assert face.quality.completeness == 0, "the drawn face's contour is wider than its box"


# ---- photos


def test_a_large_photo_is_reported_in_its_own_pixels(analyzer: Analyzer) -> None:
    """3400 pixels are decoded at half their size; box and points count in the photo's pixels."""
    large = cv2.resize(ONE, None, fx=6.25, fy=6.25, interpolation=cv2.INTER_NEAREST)
    photo = cv2.copyMakeBorder(large, 0, 0, 0, 1400, cv2.BORDER_CONSTANT)
    analyzer = Analyzer(analyzer.registry.folder, max_pixels=8_000_000)
    report = analyzer.analyse(png(photo))  # type: ignore[arg-type]
    assert (report.width, report.height) == (3400, 1500)
    (face,) = report.faces
    assert (face.box.left, face.box.top) == pytest.approx((250, 187.5), abs=6)
    assert (face.box.width, face.box.height) == pytest.approx((375, 500), abs=12)
    assert face.landmarks is not None
    middle = [sum(point[i] for point in face.landmarks[:13]) / 13 for i in (0, 1)]
    assert middle[0] == pytest.approx(250 + 187, abs=12)
    assert 187 < middle[1] < 187 + 500


@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_is_undone_before_anything_is_seen(analyzer: Analyzer, orientation: int) -> None:
    report = analyzer.analyse(photos.with_orientation(ONE, orientation, "PNG"))
    assert (report.width, report.height) == (320, 240)
    box = report.faces[0].box
    assert (box.left, box.top, box.width, box.height) == pytest.approx((40, 30, 60, 80))


def test_a_decoded_image_gives_the_same_report(analyzer: Analyzer) -> None:
    assert analyzer.analyse_image(THREE) == analyzer.analyse(png(THREE))
    with pytest.raises(NoFace):
        analyzer.analyse_image(NONE)


def test_the_pixel_cap_is_settable(analyzer: Analyzer) -> None:
    with pytest.raises(ImageTooLarge):
        analyzer.analyse(png(blue_photo(width=2001, height=2000)))


# ---- batches


def test_a_batch_says_what_its_photos_say_alone(analyzer: Analyzer) -> None:
    images = [ONE, THREE, blue_photo((30, 30, 99, 99, 77), width=200, height=310), ONE[:, ::-1]]
    files = [png(image) for image in images]
    alone = [analyzer.analyse(file) for file in files]
    assert analyzer.analyse_batch(files) == alone


def test_a_lane_runs_each_model_once_over_all_faces(analyzer: Analyzer, fakes: Fakes) -> None:
    Analyzer(analyzer.registry.folder, lanes=1).analyse_batch([png(ONE), png(THREE), png(ONE)])
    assert fakes.models["detector"].shapes == [(3, 256, 320, 3)]
    assert fakes.models["face"].shapes == [(5, 112, 112, 3)]
    assert fakes.models["liveness"].shapes == [(5, 128, 128, 3)] * 2
    assert fakes.models["synthetic"].shapes == [(5, 128, 128, 3)]


def test_a_face_that_fills_its_photo_is_looked_at_closer_where_its_points_matter(
    analyzer: Analyzer, fakes: Fakes
) -> None:
    photo = png(blue_photo((30, 40, 120, 130, 77), width=180, height=200))
    analyzer.analyse(photo, frozenset({Field.LIVENESS}))
    assert fakes.models["detector"].shapes == [(1, 256, 192, 3)]
    for field in (Field.SYNTHETIC, Field.AGE):
        analyzer.analyse(photo, frozenset({field}))
        assert fakes.models["detector"].shapes[-2:] == [(1, 256, 192, 3), (1, 192, 192, 3)]
    analyzer.analyse(png(ONE))
    assert fakes.models["detector"].shapes[-1] == (1, 256, 320, 3)


@pytest.mark.parametrize("lanes", [1, 2, 3, 9])
def test_the_lanes_keep_the_order_and_the_errors(analyzer: Analyzer, fakes: Fakes, lanes: int) -> None:
    files = [png(ONE), b"GIF89a", png(THREE), png(NONE), png(ONE[:, ::-1])]
    whole = Analyzer(analyzer.registry.folder, lanes=1).analyse_batch(files)
    results = Analyzer(analyzer.registry.folder, lanes=lanes).analyse_batch(files)
    assert kinds(results) == kinds(whole) == [Report, UnsupportedFormat, Report, NoFace, Report]
    assert [results[i] for i in (0, 2, 4)] == [whole[i] for i in (0, 2, 4)]


def test_opencv_has_as_many_threads_as_a_model(analyzer: Analyzer) -> None:
    before = cv2.getNumThreads()
    try:
        Analyzer(analyzer.registry.folder, threads=2)
        assert cv2.getNumThreads() == 2
        Analyzer(analyzer.registry.folder)
        assert cv2.getNumThreads() == 1
    finally:
        cv2.setNumThreads(before)


def test_what_breaks_in_a_lane_is_raised(analyzer: Analyzer, fakes: Fakes) -> None:
    del fakes.models["detector"]
    with pytest.raises(KeyError, match="detector"):
        Analyzer(analyzer.registry.folder, lanes=3).analyse_batch([png(ONE)] * 3)


def kinds(results: Sequence[Report | ImageError]) -> list[type]:
    return [type(result) for result in results]


def test_bad_photos_do_not_stop_the_others(analyzer: Analyzer) -> None:
    files = [
        b"",
        png(ONE),
        b"GIF89a",
        png(NONE),
        png(THREE)[:-100],
        png(blue_photo(width=3000, height=3000)),
        png(THREE),
    ]
    results = analyzer.analyse_batch(files)
    assert kinds(results) == [UnsupportedFormat, Report, UnsupportedFormat, NoFace, CorruptImage, ImageTooLarge, Report]
    assert results[1] == analyzer.analyse(files[1])
    assert results[6] == analyzer.analyse(files[6])


def test_a_batch_limits_the_faces_of_every_photo(analyzer: Analyzer) -> None:
    results = analyzer.analyse_batch([png(THREE), png(ONE), png(THREE)], faces=2)
    assert [len(result.faces) for result in results if isinstance(result, Report)] == [2, 1, 2]


def test_a_batch_of_bad_photos_and_an_empty_one(analyzer: Analyzer) -> None:
    assert kinds(analyzer.analyse_batch([b"", b"BM"])) == [UnsupportedFormat, CorruptImage]
    assert analyzer.analyse_batch([]) == []
    assert analyzer.loaded == ()


# ---- models


def test_there_must_be_a_registry(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"registry\.json"):
        Analyzer(tmp_path)


@pytest.mark.parametrize(
    ("name", "facts", "missing"),
    [
        ("detector", {"side": 640}, "threshold"),
        ("detector", {"side": 640, "threshold": 0.5}, "sure"),
        ("detector", {"side": "wide", "threshold": 0.5, "sure": 0.8}, "wide"),
        ("face", {"side": 112, "share": 0.86}, "face_shape"),
        ("liveness", {"calibration": {"knots": [[0, 0], [1, 1]]}}, "context"),
        ("synthetic", {"side": 128, "share": 0.88}, "knots"),
    ],
)
def test_what_a_registry_entry_lacks_is_named(
    analyzer: Analyzer, fakes: Fakes, name: str, facts: dict[str, Any], missing: str
) -> None:
    fakes.models[name].facts = facts
    with pytest.raises(ModelError, match=missing):
        analyzer.analyse(png(ONE))


def test_a_report_is_json(analyzer: Analyzer) -> None:
    report = analyzer.analyse(png(THREE))
    assert Report.from_dict(json.loads(json.dumps(report.as_dict()))) == report


# ---- faces that are turned far


def unknown(fakes: Fakes, known: Sequence[int], chance: float = 0.5) -> list[int]:
    """Has the face net know a face in these of the eight views of it alone; gives how many views each look was of."""
    run, shown = fakes.models["face"].run, []

    def look(crop: Any) -> Any:
        shown.append(len(crop))
        faces = np.full(len(crop), chance, np.float32)
        if len(crop) == 8:
            faces[list(known)] = 0.999
        return {**run(crop=crop), "face": faces}

    fakes.models["face"].run = look
    return shown


def test_a_face_that_the_net_does_not_know_is_looked_at_every_way_up(analyzer: Analyzer, fakes: Fakes) -> None:
    shown = unknown(fakes, [3])
    (face,) = analyzer.analyse(png(ONE), FACE_NET).faces
    assert shown[:2] == [1, 8]
    assert face.pose is not None
    assert face.pose.roll == pytest.approx(135, abs=1)
    assert face.box.rotation == face.pose.roll


def test_a_face_that_is_known_no_way_up_stays_as_it_was(analyzer: Analyzer, fakes: Fakes) -> None:
    shown = unknown(fakes, [])
    (face,) = analyzer.analyse(png(ONE), FACE_NET).faces
    assert shown.count(8) >= 1
    assert face.pose is not None
    assert face.pose.roll == pytest.approx(0, abs=1)


def test_a_face_that_the_net_knows_is_looked_at_once(analyzer: Analyzer, fakes: Fakes) -> None:
    shown = unknown(fakes, [3], chance=0.995)
    analyzer.analyse(png(ONE), FACE_NET)
    assert set(shown) == {1}


def test_others_are_looked_at_every_way_up_after_one_that_was_turned(analyzer: Analyzer, fakes: Fakes) -> None:
    shown = unknown(fakes, [2])
    faces = analyzer.analyse(png(THREE), FACE_NET).faces
    assert shown.count(8) == 3
    assert [round(face.box.rotation) for face in faces] == [90, 90, 90]
    shown = unknown(fakes, [])
    analyzer.analyse(png(THREE), FACE_NET)
    assert shown.count(8) == 1, "the largest was not turned, so nobody asks about the rest"
