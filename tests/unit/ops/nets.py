"""Small networks, one for every role, and a models folder of them.

The detector finds a face wherever a cell of 64 x 64 pixels is red. The liveness net likes light faces, the synthetic
net dark ones. The face net says the same of everybody.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from tests.onnxfile import FLOAT, UINT8, Array, floats, model, node, port

Pixels = npt.NDArray[np.uint8]

STRIDES = (8, 16, 32, 64)


# ---- the four roles


def liveness(side: int = 32, output: str = "live", gain: float = 1 / 32, **changes: Any) -> bytes:
    """(mean of the face - 128) x gain; the context counts for nothing."""
    batch, kind = changes.get("batch", "n"), changes.get("kind", UINT8)
    shape = changes.get("shape", (batch, side, side, 3))
    return model(
        [
            node("Cast", ["face"], "f", to=FLOAT),
            node("Cast", ["context"], "c", to=FLOAT),
            node("ReduceMean", ["f"], "fm", axes=[1, 2, 3], keepdims=0),
            node("ReduceMean", ["c"], "cm", axes=[1, 2, 3], keepdims=0),
            node("Mul", ["cm", "nothing"], "cn"),
            node("Add", ["fm", "cn"], "m"),
            node("Sub", ["m", "middle"], "d"),
            node("Mul", ["d", "gain"], output),
        ],
        [port("context", kind, shape), port("face", kind, shape)],
        [port(output, FLOAT, [batch])],
        nothing=floats(0), middle=floats(128), gain=floats(gain),
    )  # fmt: skip


def synthetic(side: int = 32) -> bytes:
    return model(
        [
            node("Cast", ["face"], "f", to=FLOAT),
            node("ReduceMean", ["f"], "m", axes=[1, 2, 3], keepdims=0),
            node("Sub", ["middle", "m"], "d"),
            node("Mul", ["d", "gain"], "synthetic"),
        ],
        [port("face", UINT8, ("n", side, side, 3))],
        [port("synthetic", FLOAT, ["n"])],
        middle=floats(64), gain=floats(1 / 16),
    )  # fmt: skip


def detector() -> bytes:
    nodes = [
        node("Cast", ["image"], "f", to=FLOAT),
        node("Transpose", ["f"], "t", perm=[0, 3, 1, 2]),
        node("Conv", ["t", "redness"], "r"),
    ]
    for stride in STRIDES:
        nodes.append(node("AveragePool", ["r"], f"p{stride}", kernel_shape=[stride] * 2, strides=[stride] * 2))
        nodes.append(node("Reshape", [f"p{stride}", "flat"], f"f{stride}"))
        nodes.append(node("Mul", [f"f{stride}", f"w{stride}"], f"s{stride}"))
    nodes += [
        node("Concat", [f"s{stride}" for stride in STRIDES], "all", axis=1),
        node("Clip", ["all", "least", "most"], "scores"),
        node("Unsqueeze", ["scores", "last"], "u"),
        node("Mul", ["u", "nothing"], "z"),
        node("Add", ["z", "reach"], "distances"),
        node("Add", ["z", "places"], "points"),
    ]
    weights = {f"w{stride}": floats(1 if stride == 64 else 0) for stride in STRIDES}
    return model(
        nodes,
        [port("image", UINT8, ("n", "h", "w", 3))],
        [port("scores", FLOAT, "nk"), port("distances", FLOAT, ["n", "k", 4]), port("points", FLOAT, ["n", "k", 10])],
        redness=np.array([-1, 0, 1], np.float32).reshape(1, 3, 1, 1) / 128, flat=np.array([0, -1], np.int64),
        least=np.array(0, np.float32), most=np.array(1, np.float32), last=np.array([2], np.int64), nothing=floats(0),
        reach=np.full((1, 1, 4), 0.75, np.float32),
        places=floats(-0.25, -0.2, 0.25, -0.2, 0, 0, -0.2, 0.3, 0.2, 0.3).reshape(1, 1, 10), **weights,
    )  # fmt: skip


_NUMBERS = {"age": 30.0, "beauty": 50.0, "blur": 0.1, "face": 0.99}


def face(side: int = 32) -> bytes:
    """One face whatever it sees; 72 points on an oval."""
    turn = np.arange(72) * 2 * np.pi / 72
    says = {
        "landmarks": np.stack([side * (0.5 + 0.3 * np.cos(turn)), side * (0.5 + 0.4 * np.sin(turn))], 1),
        "pose": np.array([1.0, 2.0]),
        "gender": np.array([0.25, 0.75]),
        "ancestry": np.array([0.6, 0.1, 0.1, 0.1, 0.1]),
        "expression": np.array([0.8, 0.1, 0.1]),
        "glasses": np.array([0.8, 0.1, 0.1]),
        "face_type": np.array([0.99, 0.01]),
        "occlusion": np.full(7, 0.05),
    }
    nodes = [
        node("Cast", ["crop"], "f", to=FLOAT),
        node("ReduceMean", ["f"], "m", axes=[1, 2, 3], keepdims=0),
        node("Mul", ["m", "nothing"], "z"),
        *(node("Add", ["z", f"{name}_c"], name) for name in _NUMBERS),
    ]
    constants: dict[str, Array] = {f"{name}_c": floats(value) for name, value in _NUMBERS.items()}
    outputs = [port(name, FLOAT, ["n"]) for name in _NUMBERS]
    for name, value in says.items():
        axes = np.arange(1, value.ndim + 1).astype(np.int64)
        constants |= {f"{name}_a": axes, f"{name}_c": value[None].astype(np.float32)}
        nodes += [node("Unsqueeze", ["z", f"{name}_a"], f"{name}_z"), node("Add", [f"{name}_z", f"{name}_c"], name)]
        outputs.append(port(name, FLOAT, ["n", *value.shape]))
    return model(nodes, [port("crop", UINT8, ("n", side, side, 3))], outputs, nothing=floats(0), **constants)


KNOTS = [[-4.0, 0.0], [-2.0, 0.05], [-1.0, 0.3], [0.0, 0.9], [4.0, 1.0]]


def folder(where: Path, **changed: bytes | None) -> Path:
    """A models folder with all four roles; ``role=bytes`` puts another file in, ``role=None`` leaves a role out."""
    sides = {"context": {"side": 32, "heights": 2.7}, "face": {"side": 32, "heights": 1.25}}
    facts: dict[str, Mapping[str, Any]] = {
        "detector": {
            "side": 512, "threshold": 0.5, "sure": 0.5, "inputs": {"image": "uint8"},
            "outputs": {"scores": "", "distances": "", "points": ""},
        },
        "face": {
            "side": 32, "share": 0.86, "inputs": {"crop": "uint8"},
            "outputs": dict.fromkeys(("landmarks", "pose", "age", "beauty", "gender", "ancestry", "expression",
                                      "glasses", "face_type", "occlusion", "blur", "face"), ""),
            "face_shape": {
                "classes": ["square", "oval", "heart", "round"], "mean": [0.9, 0.8, 0.6, 0.3, 0.8, 1.4],
                "scale": [0.1] * 6, "weights": [[0.1] * 6] * 4, "bias": [0.0] * 4, "triangle": [0.845, 120.0],
            },
        },
        "liveness": sides | {
            "inputs": {"context": "uint8", "face": "uint8"}, "outputs": {"live": "logit"},
            "calibration": {"knots": KNOTS, "thresholds": {"frr_1e-4": 0.05, "frr_1e-3": 0.3, "frr_1e-2": 0.9}},
            "figures": {"auc": 0.5}, "card": "cards/liveness.md", "licence": "none",
        },
        "synthetic": {
            "side": 32, "share": 1.0, "inputs": {"face": "uint8"}, "outputs": {"synthetic": "logit"},
            "calibration": {"knots": [[-4.0, 0.0], [4.0, 1.0]], "threshold": 0.00048},
        },
    }  # fmt: skip
    files: dict[str, bytes | None] = {
        "detector": detector(), "face": face(), "liveness": liveness(), "synthetic": synthetic(),
    }  # fmt: skip
    files |= changed
    where.mkdir(parents=True, exist_ok=True)
    models = {}
    for role, content in files.items():
        if content is not None:
            (where / f"{role}.onnx").write_bytes(content)
            entry = {"file": f"{role}.onnx", "sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
            models[role] = entry | dict(facts[role])
    (where / "registry.json").write_text(json.dumps({"version": 1, "models": models}, indent=2))
    return where


def red_face(light: int, side: int = 320) -> Pixels:
    """A photo in which the detector finds one face, whose pixels are as light as said (0..255)."""
    image = np.zeros((side, side, 3), np.uint8)
    image[...] = light
    image[128:192, 128:192] = (light // 2, light, min(255, light // 2 + 160))
    return image


def jpeg(image: Pixels) -> bytes:
    return cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 95])[1].tobytes()
