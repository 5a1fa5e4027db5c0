"""A drawn face's 72 points, a models folder with one small network, and stand-ins for the models."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from facecore.detector import Found
from facecore.registry import Registry
from facecore.report import ANCESTRIES, EXPRESSIONS, FACE_TYPES, GENDERS, GLASSES, OCCLUSION_PARTS
from facecore.sessions import Model
from tests import photos
from tests.onnxfile import FLOAT, UINT8, model, node, port

Pixels = npt.NDArray[np.uint8]
Points = npt.NDArray[np.float32]
Places = list[tuple[float, float, float, float, float]]  # left, top, width, height, score

# ---- a face

FRAME = 128  # the framing's side in which the drawn face lies


def drawn_points() -> Points:
    """The 72 points of a symmetric face that looks into the camera, in the framing at 128 pixels."""
    steps = np.arange(13) * np.pi / 12
    contour = np.stack([64 - 44 * np.cos(steps), 50 + 58 * np.sin(steps)], 1)
    ring = np.pi - np.arange(8) * np.pi / 4

    def oval(x: float, y: float, across: float, down: float) -> npt.NDArray[np.float64]:
        return np.stack([x + across * np.cos(ring), y - down * np.sin(ring)], 1)

    nose_x, nose_y = np.array([4, 5, 7, 9, 4.0]), np.array([48, 56, 62, 68, 71.0])
    right_nose = np.stack([64 - nose_x, nose_y], 1)
    left_nose = np.stack([64 + nose_x, nose_y], 1)[::-1]
    inner = np.array([(57, 80.3), (64, 80.3), (71, 80.3), (71, 82.3), (64, 82.3), (57, 82.3)])
    parts = [
        contour,
        oval(45.2, 46.7, 8, 4),
        [(45.2, 46.7)],
        oval(45.2, 34.7, 12, 3),
        oval(82.8, 46.7, 8, 4),
        [(82.8, 46.7)],
        oval(82.8, 34.7, 12, 3),
        right_nose,
        left_nose,
        [(64, 66)],
        oval(64, 81.3, 15, 6),
        inner,
    ]
    return np.concatenate([np.asarray(part, np.float32) for part in parts]).astype(np.float32)


def moved(points: Points, degrees: float = 0.0, scale: float = 1.0, shift: tuple[float, float] = (0, 0)) -> Points:
    """Turned clockwise about the frame's middle, scaled, shifted."""
    a = np.radians(degrees)
    turn = np.array([[np.cos(a), -np.sin(a)], [np.sin(a), np.cos(a)]])
    return np.asarray((points - 64) @ turn.T * scale + 64 + np.array(shift), np.float32)


# ---- a models folder


def onnx_file(source: str = "x", target: str = "y") -> bytes:
    """A model that casts uint8 ``source`` (n, 2) to float32 ``target`` (n, 2)."""
    cast = node("Cast", [source], target, to=FLOAT)
    return model([cast], [port(source, UINT8, ["n", 2])], [port(target, FLOAT, ["n", 2])])


def models_folder(folder: Path, content: bytes | None = None, **facts: Any) -> Path:
    """A models folder with one model, ``cast``; ``facts`` overwrite its registry entry, None takes one out."""
    content = onnx_file() if content is None else content
    (folder / "cast.onnx").write_bytes(content)
    entry: dict[str, Any] = {
        "file": "cast.onnx",
        "sha256": hashlib.sha256(content).hexdigest(),
        "inputs": {"x": "uint8 (n, 2)"},
        "outputs": {"y": "(n, 2)"},
    }
    entry = {key: value for key, value in (entry | facts).items() if value is not None}
    (folder / "registry.json").write_text(json.dumps({"version": 1, "models": {"cast": entry}}))
    return folder


# ---- stand-ins for the models

Run = Callable[..., Mapping[str, npt.NDArray[np.float32]]]


class FakeModel(Model):
    """A model without a file: facts and a function."""

    def __init__(self, facts: Mapping[str, Any], run: Run) -> None:
        self.facts = facts
        self.run = run
        self.shapes: list[tuple[int, ...]] = []

    def __call__(self, **inputs: npt.NDArray[Any]) -> Mapping[str, npt.NDArray[np.float32]]:
        self.shapes += [value.shape for value in inputs.values()]
        return self.run(**inputs)


# Five points of a face by shares of its box: image-left eye, image-right eye, nose, mouth corners.
FIVE = np.array([(0.3, 0.4), (0.7, 0.4), (0.5, 0.55), (0.35, 0.75), (0.65, 0.75)])


def cells_of(canvas: Pixels) -> list[tuple[int, int, int]]:
    """(x, y, stride) of every cell, in the order in which the detector answers."""
    height, width = canvas.shape[:2]
    return [(x, y, s) for s in (8, 16, 32, 64) for y in range(height // s) for x in range(width // s)]


def place(canvas: Pixels, faces: Iterable[tuple[float, float, float, float, float]]) -> dict[str, Any]:
    """What a detector would answer for faces (left, top, width, height, score) in a canvas's pixels.

    Each goes into the cell of stride 8 at its middle.
    """
    cells = {cell: i for i, cell in enumerate(cells_of(canvas))}
    scores = np.zeros(len(cells), np.float32)
    distances, points = np.ones((len(cells), 4), np.float32), np.zeros((len(cells), 10), np.float32)
    for left, top, width, height, score in faces:
        x, y = int((left + width / 2) // 8), int((top + height / 2) // 8)
        i, middle = cells[x, y, 8], np.array([(x + 0.5) * 8, (y + 0.5) * 8])
        near, far = np.array([left, top]), np.array([left + width, top + height])
        scores[i] = score
        distances[i] = np.concatenate([middle - near, far - middle]) / 8
        points[i] = ((near + FIVE * (width, height) - middle) / 8).reshape(-1)
    return {"scores": scores, "distances": distances, "points": points}


def detector_model(find: Callable[[Pixels], Iterable[tuple[float, float, float, float, float]]]) -> FakeModel:
    """A detector that finds what ``find`` says of each canvas."""

    def run(image: npt.NDArray[np.uint8]) -> Mapping[str, npt.NDArray[np.float32]]:
        answers = [place(canvas, find(canvas)) for canvas in image]
        return {name: np.stack([answer[name] for answer in answers]) for name in answers[0]}

    return FakeModel({"side": 640, "threshold": 0.5, "sure": 0.8}, run)


def blue_patches(canvas: Pixels, score: float = 0.9) -> list[tuple[float, float, float, float, float]]:
    """Every bright blue patch is a face."""
    blue = (canvas[:, :, 0] > 200).astype(np.uint8)
    _, _, stats, _ = cv2.connectedComponentsWithStats(blue)
    return [(float(x), float(y), float(w), float(h), score) for x, y, w, h, _ in stats[1:]]


def blue_photo(*patches: tuple[int, int, int, int, int], width: int = 320, height: int = 240) -> Pixels:
    """A photo with "faces": blue patches (left, top, width, height, green); ``green`` tells them apart."""
    image = np.zeros((height, width, 3), np.uint8)
    for left, top, across, down, green in patches:
        image[top : top + down, left : left + across] = (255, green, 0)
    return image


def png(pixels: Pixels) -> bytes:
    """A photo's file."""
    return photos.encoded(pixels, "PNG")


NOT_A_FACE = 5  # a patch with no more green than this is none to the face net
FACE_SHAPE = {
    "classes": ["square", "oval", "heart", "round"],
    "mean": [0.9, 0.8, 0.6, 0.3, 0.8, 1.4],
    "scale": [0.02, 0.02, 0.02, 0.02, 0.05, 0.1],
    "weights": (np.arange(24).reshape(4, 6) % 7 / 10 - 0.3).tolist(),
    "bias": [0.1, 0.2, -0.1, -0.2],
    "triangle": [0.845, 120.0],
}


def face_run(crop: npt.NDArray[np.uint8]) -> Mapping[str, npt.NDArray[np.float32]]:
    """Answers that follow from the green in the crop's middle, so that every patch gets its own."""
    green = crop[:, 46:66, 46:66, 1].mean((1, 2)).astype(np.float32)
    share = green / 255

    def classes(names: tuple[str, ...]) -> npt.NDArray[np.float32]:
        first = 0.2 + share / 2
        rest = np.repeat((1 - first)[:, None] / (len(names) - 1), len(names) - 1, 1)
        return np.concatenate([first[:, None], rest], 1).astype(np.float32)

    n = len(crop)
    points = (drawn_points() - 64) / (0.86 * FRAME) * 112 + 56
    return {
        "landmarks": np.repeat(points[None], n, 0).astype(np.float32),
        "pose": np.stack([green - 128, share * 10], 1).astype(np.float32),
        "age": green / 3,
        "beauty": share * 100,
        "gender": classes(GENDERS),
        "ancestry": classes(ANCESTRIES),
        "expression": classes(EXPRESSIONS),
        "glasses": classes(GLASSES),
        "face_type": classes(FACE_TYPES),
        "occlusion": np.repeat(share[:, None], len(OCCLUSION_PARTS), 1),
        "blur": 1 - share,
        "face": (green > NOT_A_FACE).astype(np.float32),
    }


def fake_models() -> dict[str, FakeModel]:
    """All four: faces are blue patches, and the answers follow from the green in them."""

    def green(pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        side = pixels.shape[1]
        return np.asarray(pixels[:, side // 2, side // 2, 1] / 255, np.float32)

    knots = {"knots": [[-1.0, 0.0], [1.0, 1.0]]}
    views = {"context": {"side": 128, "heights": 2.7}, "face": {"side": 128, "heights": 1.25}}
    return {
        "detector": detector_model(blue_patches),
        "face": FakeModel({"side": 112, "share": 0.86, "face_shape": FACE_SHAPE}, face_run),
        "liveness": FakeModel(views | {"calibration": knots}, lambda context, face: {"live": green(face)}),
        "synthetic": FakeModel(
            {"side": 128, "share": 0.88, "calibration": knots}, lambda face: {"synthetic": -green(face)}
        ),
    }


class Fakes:
    """Stands in for facecore.sessions.Models."""

    def __init__(self) -> None:
        self.models = fake_models()
        self.asked: list[str] = []
        self.registry: Registry | None = None

    def __getitem__(self, name: str) -> FakeModel:
        self.asked.append(name)
        return self.models[name]

    @property
    def loaded(self) -> tuple[str, ...]:
        return tuple(sorted(set(self.asked)))


class Shown:
    """A model that finds nothing, or one face at the canvas's middle, and keeps what it was shown."""

    def __init__(self, finds: Callable[[Pixels], Places]) -> None:
        self.canvases: list[Pixels] = []
        self._finds = finds

    def __call__(self, canvas: Pixels) -> Places:
        self.canvases.append(canvas)
        return self._finds(canvas)


def canvas_of(width: int, height: int) -> Pixels:
    return np.full((height, width, 3), 150, np.uint8)


def boxes(found: list[Found]) -> list[list[float]]:
    return [[round(float(v), 3) for v in face.box] for face in found]
