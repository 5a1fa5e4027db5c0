"""The hard photos of each gallery, what is expected of each, and whether what was said is that."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np

from facecore.report import Face, Field

from . import drawn, moves, portrait
from .moves import Shot
from .portrait import Image, Points

LIVE, SYNTHETIC = 0.3, 0.00048  # the thresholds that the contracts advise
CLOSE = 0.1  # of the distance between the eyes: how far off points may be on average
TURN = 8.0  # degrees by which the roll may be off
COVERED = 0.3  # share of a part
NOTHING = "no face found"
SPEAKING = ("gender", "expression", "face_type")  # their classes say what they are of

Judge = Callable[[tuple[Face, ...], Shot], tuple[str, bool]]


@dataclass(frozen=True, slots=True)
class Case:
    """One hard photo.

    Attributes:
        name: What was done.
        shot: The photo.
        expected: In words.
        judge: Of the faces that were found: what was said, in words, and whether it is what was expected.
    """

    name: str
    shot: Shot
    expected: str
    judge: Judge


@dataclass(frozen=True, slots=True)
class Gallery:
    """The cases of one model.

    Attributes:
        model: Its name in the registry.
        want: What is asked of facecore.
        zoom: The pictures show so many times the distance between the eyes around the marks; 0 shows all.
        cases: Makes them.
    """

    model: str
    want: frozenset[Field]
    zoom: float
    cases: Callable[[], Iterator[Case]]


def _plain(image: Image) -> Shot:
    """A photo whose face, if there is one, is not the portrait's, or has no marked places."""
    return Shot(image, np.empty((0, 2)), 0.0)


@cache
def _varied() -> Mapping[str, Shot]:
    """Photos of the portrait in which light, focus, size or place are bad, but which are photos of a living face."""
    image = portrait.portrait()
    return {
        "as it is": moves.upright(),
        "mirrored": moves.mirrored(),
        "dark: 15 % of the light": moves.changed(portrait.lit(image, 0.15)),
        "dark: 5 %, noisy": moves.changed(portrait.noisy(portrait.lit(image, 0.05), 4)),
        "overexposed twice": moves.changed(portrait.lit(image, 2.0)),
        "lit from one side": moves.changed(portrait.half_lit(image)),
        "out of focus, 3 px": moves.changed(portrait.blurred(image, 3)),
        "out of focus, 7 px": moves.changed(portrait.blurred(image, 7)),
        "shaken by 15 px": moves.changed(portrait.shaken(image, 15)),
        "noise of 40 levels": moves.changed(portrait.noisy(image, 40)),
        "JPEG at quality 5": moves.changed(portrait.compressed(image, 5)),
        "black and white": moves.changed(portrait.grey(image)),
        "turned by 20°": moves.turned(20),
        "turned by 45°": moves.turned(45),
        "seen from the side": moves.tilted(((70, 34), (440, 0), (440, 511), (70, 476))),
        "face of 40 px": moves.small(40),
        "sunglasses": moves.changed(portrait.sunglasses(image)),
        "mask": moves.changed(portrait.masked(image)),
        "hand over one side": moves.changed(portrait.hand(image)),
        "nothing but the face": moves.cut(174, 72, 278, 188),
    }


# ---- detector


def _faces(count: int) -> tuple[str, Judge]:
    def judge(faces: tuple[Face, ...], shot: Shot) -> tuple[str, bool]:
        right = len(faces) == count
        if count == 1 and faces and len(shot.marks):
            box, nose = faces[0].box, shot.marks[2]
            inside = box.left < nose[0] < box.left + box.width and box.top < nose[1] < box.top + box.height
            if not inside:
                return "somewhere else", False
        surest = f", {faces[0].probability:.2f}" if len(faces) == 1 else ""
        return (_count(len(faces)) + surest if faces else NOTHING), right

    return _count(count), judge


def _count(number: int) -> str:
    return "1 face" if number == 1 else f"{number or 'no'} faces"


def _detector() -> Iterator[Case]:
    shots = dict(_varied())
    shots |= {
        "turned by 90°": moves.turned(90),
        "upside down": moves.turned(180),
        "face of 24 px": moves.small(24),
        "face of 16 px": moves.small(16),
        "cut in half, image left": moves.cut(left=225),
        "cut in half, image right": moves.cut(right=226),
        "cut above the mouth": moves.cut(bottom=132),
        "cut below the brows": moves.cut(top=94),
        "eyes behind a bar": moves.changed(portrait.patched(portrait.portrait(), (176, 88, 276, 116))),
        "on paper": moves.changed(drawn.print_shot()),
        "on a screen": moves.changed(drawn.screen_shot()),
        "a comic face": _plain(drawn.comic()),
    }
    for name, shot in shots.items():
        if name in ("on paper", "on a screen"):
            shot = _plain(shot.image)
        yield Case(name, shot, *_faces(1))
    yield Case("four in a row", _plain(moves.crowd(4, 4)), *_faces(4))
    yield Case("twelve, ever smaller", _plain(moves.crowd(12, 4)), *_faces(12))
    yield Case("a cup of coffee", _plain(portrait.read(str(portrait.NO_FACE))), *_faces(0))
    yield Case("a wall socket", _plain(drawn.socket()), *_faces(0))


# ---- face


def _told(**expected: str) -> tuple[str, Judge]:
    """Points near the marks, the roll, a woman, and what is given: class names, or parts of the face that are covered.

    Args:
        expected: ``glasses``, ``face_type``: a class; ``covered``: names of parts, separated by commas.
    """

    def judge(faces: tuple[Face, ...], shot: Shot) -> tuple[str, bool]:
        if not faces:
            return NOTHING, False
        words: list[str] = []
        wrong: list[str] = []
        for word, fine in _looked_at(faces[0], shot, expected):
            (words if fine else wrong).append(word)
        return ", ".join([*(f"! {word}" for word in wrong), *words]), not wrong

    said = [f"{text} covered" if name == "covered" else f"glasses {text}" if name == "glasses" else text
            for name, text in expected.items()]  # fmt: skip
    return ", ".join(said), judge


def _looked_at(face: Face, shot: Shot, expected: Mapping[str, str]) -> Iterator[tuple[str, bool]]:
    if len(shot.marks):
        off = points_off(face, shot.marks)
        yield f"points {100 * off:.0f} % off", off <= CLOSE
        assert face.pose is not None
        turn = (face.pose.roll - shot.roll + 180) % 360 - 180
        yield f"roll {face.pose.roll:.0f}°", abs(turn) <= TURN
    for name, text in expected.items():
        if name == "covered":
            assert face.quality is not None
            shares = {part.replace("_", " "): share for part, share in face.quality.occlusion.items()}
            for part in text.split(", "):
                yield f"{part} {100 * shares[part]:.0f} %", shares[part] >= COVERED
        else:
            choice = getattr(face, name)
            what = f"{'' if name in SPEAKING else name + ' '}{choice.type} {100 * choice.probability:.0f} %"
            yield what, choice.type in text.split(" or ")


def points_off(face: Face, marks: Points) -> float:
    """The mean distance of six of the 72 points to their marked places, over the distance between the eyes."""
    assert face.landmarks is not None
    found = np.array([face.landmarks[index] for index in portrait.MARKED])
    return float(np.linalg.norm(found - marks, axis=1).mean() / np.linalg.norm(marks[1] - marks[0]))


def _face() -> Iterator[Case]:
    shots = _varied()
    alike = {"gender": "female", "expression": "smile or laugh", "glasses": "none"}
    special = {
        "sunglasses": {"gender": "female", "expression": "smile or laugh", "glasses": "sun"},
        "mask": {"gender": "female", "glasses": "none", "covered": "nose, mouth, chin"},
        "hand over one side": {"gender": "female", "glasses": "none", "covered": "right cheek"},
    }
    for name, shot in shots.items():
        yield Case(name, shot, *_told(**special.get(name, alike)))
    yield Case("turned by 90°", moves.turned(90), *_told(**alike))
    yield Case("upside down", moves.turned(180), *_told(**alike))
    yield Case("face of 24 px", moves.small(24), *_told(**alike))
    yield Case("on paper", _plain(drawn.print_shot()), *_told(**alike))
    yield Case("on a screen", _plain(drawn.screen_shot()), *_told(**alike))
    yield Case("a comic face", _plain(drawn.comic()), *_told(face_type="cartoon", expression="smile or laugh"))
    dark = drawn.comic(skin=(70, 98, 140), hair=(26, 22, 20))
    yield Case("another comic face", _plain(dark), *_told(face_type="cartoon", expression="smile or laugh"))
    grey = _plain(portrait.grey(drawn.comic()))
    yield Case("a comic face, grey", grey, *_told(face_type="cartoon", expression="smile or laugh"))


# ---- liveness and synthetic


def _scored(field: Field, threshold: float, names: tuple[str, str], high: bool) -> tuple[str, Judge]:
    """A score on the right side of its threshold.

    Args:
        field: Whose score.
        threshold: Between the two.
        names: Of the low and of the high side.
        high: Whether the score should be above.
    """

    def judge(faces: tuple[Face, ...], shot: Shot) -> tuple[str, bool]:
        if not faces:
            return NOTHING, False
        score = float(getattr(faces[0], field.value))
        shown = f"{score:.3f}" if threshold > 0.01 else f"{score:.2g}"
        return f"{names[score > threshold]}, {shown}", (score > threshold) == high

    return names[high], judge


def _liveness() -> Iterator[Case]:
    def live(high: bool) -> tuple[str, Judge]:
        return _scored(Field.LIVENESS, LIVE, ("attack", "live"), high)

    for name, shot in _varied().items():
        yield Case(name, shot, *live(True))
    beyond = ((-60, -24), (566, -40), (584, 566), (-76, 556))
    shots = {
        "print, dots": drawn.print_shot(),
        "print, fine dots": drawn.print_shot(1, inks=8),
        "print without edge": drawn.print_shot(2, inks=20, corners=beyond),
        "print, blurred": portrait.blurred(drawn.print_shot(3, inks=20), 2.5),
        "print, small": portrait.lit(
            drawn.print_shot(4, corners=((180, 160), (340, 150), (350, 340), (172, 344))), 0.8
        ),
        "screen": drawn.screen_shot(),
        "screen, finer": drawn.screen_shot(1, pitch=6),
        "screen with a lamp": drawn.screen_shot(2, glare=True),
        "screen without edge": drawn.screen_shot(3, corners=beyond),
        "screen, blurred": portrait.blurred(drawn.screen_shot(4), 2.5),
        "screen, JPEG at quality 15": portrait.compressed(drawn.screen_shot(5), 15),
        "screen, black and white": portrait.grey(drawn.screen_shot(6)),
    }
    for name, image in shots.items():
        yield Case(name, _plain(image), *live(False))


def _synthetic() -> Iterator[Case]:
    def made(high: bool) -> tuple[str, Judge]:
        return _scored(Field.SYNTHETIC, SYNTHETIC, ("photographed", "synthetic"), high)

    left_out = ("turned by 45°", "nothing but the face", "seen from the side")
    for name, shot in _varied().items():
        if name not in left_out:
            yield Case(name, shot, *made(False))
    yield Case("skin smoothed", moves.changed(portrait.smoothed(portrait.portrait())), *made(False))
    yield Case("on paper", _plain(drawn.print_shot()), *made(False))
    yield Case("on a screen", _plain(drawn.screen_shot()), *made(False))
    shots = {
        "two left halves": moves.symmetric(),
        "eyes magnified": moves.large_eyes(),
        "parts put in, hard edges": moves.patchwork(False),
        "parts put in, blended": moves.patchwork(True),
        "with its mirror image": moves.averaged(),
        "a generator's grid, simulated": moves.checkered(),
        "the same, JPEG at 60": portrait.compressed(moves.checkered(), 60),
    }
    for name, image in shots.items():
        yield Case(name, moves.changed(image), *made(True))


GALLERIES = (
    Gallery("detector", frozenset(), 0, _detector),
    Gallery(
        "face",
        frozenset({
            Field.LANDMARKS, Field.POSE, Field.GENDER, Field.EXPRESSION, Field.GLASSES, Field.FACE_TYPE, Field.QUALITY,
        }),
        5.0,
        _face,
    ),
    Gallery("liveness", frozenset({Field.LIVENESS}), 0, _liveness),
    Gallery("synthetic", frozenset({Field.SYNTHETIC}), 5.0, _synthetic),
)  # fmt: skip
