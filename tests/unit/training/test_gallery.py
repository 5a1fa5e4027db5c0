"""The galleries of hard photos: places are kept track of, judgements are right, what is shown is of these models."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from facecore.registry import default_models
from facecore.report import Box, Choice, Face, Pose, Quality
from tests import photos
from tests.unit.facecore.kit import Pixels
from training.gallery import __main__ as gallery
from training.gallery import cases, drawn, moves, portrait
from training.gallery.cases import GALLERIES, Case
from training.gallery.sheet import COLUMNS, GAP, TILE, Judged, lines, sheet

CARDS = default_models() / "cards"


def dots() -> Pixels:
    """A black picture with a blob at every mark, each of its own grey."""
    image = np.zeros((512, 512, 3), np.uint8)
    for number, (x, y) in enumerate(portrait.MARKS):
        cv2.circle(image, (int(x), int(y)), 4, (250 - 20 * number,) * 3, cv2.FILLED)
    return image


@pytest.mark.parametrize(
    "move",
    [
        lambda: moves.turned(33),
        lambda: moves.turned(-120),
        lambda: moves.small(97, 512),
        lambda: moves.small(150, 400),
        lambda: moves.cut(left=150, top=60, right=300),
        lambda: moves.tilted(((70, 34), (440, 0), (440, 511), (70, 476))),
    ],
    ids=["turned", "far", "small", "large", "cut", "tilted"],
)
def test_marks_move_with_their_pixels(move: Callable[[], moves.Shot], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(portrait, "portrait", dots)
    shot = move()
    for number, (x, y) in enumerate(shot.marks):
        if 0 <= x < shot.image.shape[1] and 0 <= y < shot.image.shape[0]:
            assert abs(int(shot.image[round(y), round(x), 1]) - (250 - 20 * number)) < 8
    across = shot.marks[1] - shot.marks[0]
    assert np.degrees(np.arctan2(across[1], across[0])) == pytest.approx(shot.roll, abs=0.5)


def test_mirrored_marks_keep_their_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(portrait, "portrait", dots)
    shot = moves.mirrored()
    greys = [int(shot.image[round(y), round(x), 1]) for x, y in shot.marks]
    assert greys == [230, 250, 210, 170, 190, 150], "the eye at the image left is the right one again"
    assert shot.marks[0][0] < shot.marks[1][0]


# ---- judgements


def face(**changes: Any) -> Face:
    """A face whose points lie on the portrait's marks."""
    points = np.zeros((72, 2))
    points[list(portrait.MARKED)] = portrait.MARKS
    made = Face(
        Box(180, 60, 90, 115, 3), 0.9, Pose(0, 0, portrait.ROLL), tuple((float(x), float(y)) for x, y in points),
        gender=Choice({"female": 0.9, "male": 0.1}), expression=Choice({"smile": 0.8, "none": 0.2}),
        glasses=Choice({"none": 0.9, "sun": 0.1}), face_type=Choice({"human": 1.0}),
        quality=Quality(0, 100, 1, {"nose": 0.5, "mouth": 0.5, "chin": 0.1}), liveness=0.5, synthetic=0.0001,
    )  # fmt: skip
    return replace(made, **changes)


@cache
def cases_of(model: str) -> list[Case]:
    return next(list(made.cases()) for made in GALLERIES if made.model == model)


def case(model: str, name: str) -> Case:
    return next(made for made in cases_of(model) if made.name == name)


def test_faces_are_counted_and_have_to_be_in_place() -> None:
    one = case("detector", "as it is")
    assert one.judge((face(),), one.shot) == ("1 face, 0.90", True)
    assert one.judge((), one.shot) == ("no face found", False)
    assert one.judge((face(), face()), one.shot) == ("2 faces", False)
    assert one.judge((face(box=Box(0, 0, 50, 50, 0)),), one.shot) == ("somewhere else", False)
    none = case("detector", "a wall socket")
    assert none.judge((), none.shot) == ("no face found", True)
    assert not none.judge((face(),), none.shot)[1]


@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        ({}, ""),
        ({"gender": Choice({"male": 0.6, "female": 0.4})}, "! male 60 %"),
        ({"glasses": Choice({"sun": 0.6, "none": 0.4})}, "! glasses sun 60 %"),
        ({"pose": Pose(0, 0, portrait.ROLL + 40)}, "! roll 44°"),
        ({"landmarks": tuple((float(x), float(y)) for x, y in np.zeros((72, 2)))}, "! points"),
    ],
)
def test_what_is_wrong_of_a_face_comes_first(changes: dict[str, Any], wrong: str) -> None:
    upright = case("face", "as it is")
    said, right = upright.judge((face(**changes),), upright.shot)
    assert said.startswith(wrong)
    assert right == (not wrong)


def test_covered_parts() -> None:
    masked = case("face", "mask")
    said, right = masked.judge((face(),), masked.shot)
    assert not right
    assert said.startswith("! chin 10 %")


@pytest.mark.parametrize(("score", "said", "right"), [(0.5, "live, 0.500", False), (0.3, "attack, 0.300", True)])
def test_scores_are_held_to_the_advised_threshold(score: float, said: str, right: bool) -> None:
    attack = case("liveness", "screen")
    assert attack.judge((face(liveness=score),), attack.shot) == (said, right)
    alive = case("liveness", "as it is")
    assert alive.judge((face(liveness=score),), alive.shot) == (said, not right)


# ---- pictures


def test_a_sheet_holds_every_photo_and_its_words() -> None:
    rows = [
        Judged(made, (), "no face found", bool(number % 2))
        for number, made in enumerate(cases_of("detector")[: COLUMNS + 1])
    ]
    made = sheet("detector", rows, 0)
    assert made.width == COLUMNS * (TILE + GAP) + GAP
    assert made.height > 2 * TILE
    pixels = np.asarray(made)
    second = pixels[pixels.shape[0] // 2 + 40 :, TILE + 2 * GAP :]
    assert (second == 255).all(), "one photo stands in the second row"


def test_long_words_are_broken_into_lines() -> None:
    text = "points 6 % off, roll 3°, female 88 %, laugh 71 %, glasses none 99 %"
    made = lines(text)
    assert len(made) > 1
    assert " ".join(made) == text


def test_recaptures_and_drawings_are_pictures() -> None:
    for made in (drawn.comic(), drawn.socket(), drawn.print_shot(), drawn.screen_shot(glare=True)):
        assert made.dtype == np.uint8
        assert made.std() > 10
    assert np.array_equal(drawn.screen_shot(3), drawn.screen_shot(3)), "the same every time"


# ---- what is committed


@pytest.fixture(scope="module")
def told() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((CARDS / "pictures" / gallery.RESULTS).read_text(encoding="utf-8"))
    return found


def test_the_galleries_are_of_the_committed_models(told: dict[str, Any]) -> None:
    registry = json.loads((CARDS.parent / "registry.json").read_text(encoding="utf-8"))["models"]
    assert told["models"] == {name: facts["sha256"] for name, facts in registry.items()}, "run make gallery"


@pytest.mark.parametrize("model", [made.model for made in GALLERIES])
def test_the_galleries_show_what_the_code_makes(told: dict[str, Any], model: str) -> None:
    wanted = cases_of(model)
    assert len({made.name for made in wanted}) == len(wanted) >= 24
    kept = [(row["photo"], row["expected"]) for row in told["galleries"][model]]
    assert kept == [(made.name, made.expected) for made in wanted], "run make gallery"


@pytest.mark.parametrize("model", [made.model for made in GALLERIES])
def test_the_cards_show_them(model: str) -> None:
    card = (CARDS / f"{model}.md").read_text(encoding="utf-8")
    section = card.split("\n## Hard photos\n")[1].split("\n## ")[0]
    assert f"pictures/{gallery.picture_of(model)}" in section
    picture = CARDS / "pictures" / gallery.picture_of(model)
    assert picture.stat().st_size < 300_000


def test_the_cards_pictures_are_there() -> None:
    for card in CARDS.glob("*.md"):
        for target in re.findall(r"\]\(([^)#]+)\)", card.read_text(encoding="utf-8")):
            assert (CARDS / target).is_file(), f"{card.name}: {target}"


def test_only_our_own_photos_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = set()
    read = cv2.imread

    def watched(path: str, *rest: Any) -> Any:
        seen.add(Path(path))
        return read(path, *rest)

    monkeypatch.setattr(cv2, "imread", watched)
    cases._varied.cache_clear()
    for made in GALLERIES:
        for _ in made.cases():
            pass
    assert seen == {portrait.FILE, portrait.NO_FACE}
    assert {path.parent for path in seen} == {photos.DATA}
