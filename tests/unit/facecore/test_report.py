from __future__ import annotations

import dataclasses
import json

import pytest

from facecore.report import (
    ALL,
    ANCESTRIES,
    EXPRESSIONS,
    FACE_SHAPES,
    FACE_TYPES,
    GENDERS,
    GLASSES,
    OCCLUSION_PARTS,
    RACES,
    Box,
    Choice,
    Face,
    Field,
    Pose,
    Quality,
    Report,
)


def spread(names: tuple[str, ...]) -> Choice:
    total = len(names) * (len(names) + 1) / 2
    return Choice({name: (i + 1) / total for i, name in enumerate(names)})


BARE = Face(Box(-3.5, 4.25, 100, 120.5, -12), 0.875)
FULL = dataclasses.replace(
    BARE,
    pose=Pose(-10.5, 3.25, -12),
    landmarks=tuple((i / 2, i / 4) for i in range(72)),
    age=31.5,
    beauty=64.25,
    gender=spread(GENDERS),
    race=spread(RACES),
    ancestry=spread(ANCESTRIES),
    expression=spread(EXPRESSIONS),
    glasses=spread(GLASSES),
    face_shape=spread(FACE_SHAPES),
    face_type=spread(FACE_TYPES),
    quality=Quality(0.25, 120.5, 1, {part: i / 8 for i, part in enumerate(OCCLUSION_PARTS)}),
    liveness=0.0,
    synthetic=0.00048,
)


def test_a_report_survives_json() -> None:
    report = Report(640, 480, (FULL, BARE))
    assert Report.from_dict(json.loads(json.dumps(report.as_dict()))) == report


@pytest.mark.parametrize("name", [field.name for field in dataclasses.fields(Face)][2:])
def test_one_field_survives_alone(name: str) -> None:
    face = dataclasses.replace(BARE, **{name: getattr(FULL, name)})
    assert set(face.as_dict()) == {"box", "probability", name}
    assert Face.from_dict(json.loads(json.dumps(face.as_dict()))) == face


def test_every_field_that_can_be_asked_for_is_a_part_of_the_face() -> None:
    assert {field.value for field in ALL} <= {field.name for field in dataclasses.fields(Face)}
    assert len(ALL) == len(Field) == 13


def test_fields_that_were_not_asked_for_are_left_out() -> None:
    assert BARE.as_dict() == {
        "box": {"left": -3.5, "top": 4.25, "width": 100, "height": 120.5, "rotation": -12},
        "probability": 0.875,
    }


def test_zero_is_not_left_out() -> None:
    assert dataclasses.replace(BARE, liveness=0.0, age=0.0).as_dict().items() >= {"liveness": 0.0, "age": 0.0}.items()


@pytest.mark.parametrize("name", ["box", "probability"])
def test_a_face_needs_a_box_and_a_probability(name: str) -> None:
    body = FULL.as_dict()
    del body[name]
    with pytest.raises(KeyError):
        Face.from_dict(body)


def test_a_choice_is_its_most_probable_class() -> None:
    chosen = Choice({"none": 0.2, "smile": 0.5, "laugh": 0.3})
    assert (chosen.type, chosen.probability) == ("smile", 0.5)


@pytest.mark.parametrize("part", [FULL, FULL.box, FULL.pose, FULL.quality, FULL.gender, Report(1, 1, ())])
def test_reports_are_frozen_and_slotted(part: object) -> None:
    assert not hasattr(part, "__dict__")
    first = dataclasses.fields(part)[0].name  # type: ignore[arg-type]
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(part, first, None)
