"""Whether somebody's own ONNX file fits one of facecore's roles, in plain words."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from facecore.align import Image, face_square
from facecore.detector import STRIDES, Detector, Found
from facecore.errors import ModelError
from facecore.registry import ModelEntry, Registry
from facecore.report import ANCESTRIES, EXPRESSIONS, FACE_TYPES, GENDERS, GLASSES, OCCLUSION_PARTS
from facecore.sessions import Model, Models
from standalone.doctor.findings import Finding, fail, ok, warn

Arrays = Mapping[str, NDArray[Any]]
Shape = tuple[int | str, ...]

_RUNS = 15
_SLOW = 3.0
_SAME = 1e-3
_STILL = 1e-6
_DEFAULT_SIDE = 112


@dataclass(frozen=True, slots=True)
class Role:
    """What facecore gives to a model and takes from it.

    Attributes:
        inputs: Name to shape; all are uint8, channels last, BGR, 0..255. ``n`` is any number of faces or photos, ``s``
            one fixed side in pixels, ``h`` and ``w`` any multiple of 64.
        outputs: Name to shape; all are float32. ``k`` is the number of the detector's cells.
        limits: Name to the least and the greatest value that makes sense.
        shares: The outputs that are probabilities of classes.
    """

    inputs: Mapping[str, Shape]
    outputs: Mapping[str, Shape]
    limits: Mapping[str, tuple[float, float]]
    shares: tuple[str, ...] = ()


def _classes(*names: tuple[str, ...]) -> tuple[Shape, ...]:
    return tuple(("n", len(group)) for group in names)


_CHOICES = dict(
    zip(
        ("gender", "ancestry", "expression", "glasses", "face_type"),
        _classes(GENDERS, ANCESTRIES, EXPRESSIONS, GLASSES, FACE_TYPES),
        strict=True,
    )
)
ROLES: dict[str, Role] = {
    "detector": Role(
        {"image": ("n", "h", "w", 3)},
        {"scores": ("n", "k"), "distances": ("n", "k", 4), "points": ("n", "k", 10)},
        {"scores": (0, 1)},
    ),
    "face": Role(
        {"crop": ("n", "s", "s", 3)},
        {"landmarks": ("n", 72, 2), "pose": ("n", 2), "age": ("n",), "beauty": ("n",), "blur": ("n",), "face": ("n",),
         "occlusion": ("n", len(OCCLUSION_PARTS)), **_CHOICES},
        {"pose": (-180, 180), "age": (0, 120), "beauty": (0, 100), "blur": (0, 1), "face": (0, 1), "occlusion": (0, 1)}
        | dict.fromkeys(_CHOICES, (0, 1)),
        tuple(_CHOICES),
    ),
    "liveness": Role({"context": ("n", "s", "s", 3), "face": ("n", "s", "s", 3)}, {"live": ("n",)}, {}),
    "synthetic": Role({"face": ("n", "s", "s", 3)}, {"synthetic": ("n",)}, {}),
}  # fmt: skip


def fits(file: Path, role: str, photo: bytes, models: Path | None = None) -> Iterator[Finding]:
    """All findings on a file, one after the other; nothing more is asked of it after the first that makes it unusable.

    Args:
        file: The ONNX file.
        role: One of ROLES.
        photo: A photo of a face, JPEG, PNG or BMP.
        models: The folder with the models to compare with; None takes FACEGATE_MODELS or the repository's.

    Raises:
        facecore.errors.ImageError: The photo can not be read.
    """
    wanted = ROLES[role]
    try:
        content = file.read_bytes()
    except OSError as error:
        yield fail("file", f"{file}: {error.strerror}", "name an ONNX file")
        return
    try:
        session = _session(content)
    except Exception as error:  # onnxruntime raises plain and private types
        told = str(error).split("\n")[0][:200]
        yield fail(
            "file", f"the runtime does not load it: {told}", "export it whole (weights inside), opset 21 or older"
        )
        return
    yield ok("file", f"{len(content) / 1e6:.2f} MB, loads in onnxruntime {ort.__version__}")
    findings = [*_inputs(session, wanted), *_outputs(session, wanted)]
    yield from findings
    if any(finding.level == "fail" for finding in findings):
        return
    try:
        yield from _tried(content, session, file, role, photo, models)
    except ModelError as error:
        yield fail("run", str(error), "see whether it runs on these inputs where it was made")


def _session(content: bytes) -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 4
    return ort.InferenceSession(content, options, providers=["CPUExecutionProvider"])


def _inputs(session: ort.InferenceSession, role: Role) -> Iterator[Finding]:
    given = {value.name: value for value in session.get_inputs()}
    if given.keys() != role.inputs.keys():
        told = f"its inputs are {_names(given)}, facecore gives {_names(role.inputs)}"
        yield fail("inputs", told, "rename them, and fold what facecore does not give into the graph")
        return
    for name, wanted in role.inputs.items():
        shape, kind = list(given[name].shape), given[name].type
        if kind != "tensor(uint8)":
            yield fail(
                "inputs", f"{name} takes {kind}, facecore gives uint8 pixels, BGR, 0..255",
                "begin the graph with a Cast and the normalisation",
            )  # fmt: skip
        elif len(shape) != 4 or (shape[1] == 3 and shape[3] != 3):
            told = f"{name} has the shape {_shape(shape)}, facecore gives {_shape(wanted)}, channels last"
            yield fail("inputs", told, "begin the graph with a Transpose to channels first")
        elif isinstance(shape[3], int) and shape[3] != 3:
            yield fail("inputs", f"{name} takes {shape[3]} channels, facecore gives 3 (BGR)", "take three channels")
        elif isinstance(shape[0], int):
            yield fail(
                "inputs", f"{name} takes exactly {shape[0]} at a time, facecore gives any number at once",
                "export it with a dynamic first axis",
            )  # fmt: skip
        elif "h" in wanted and (isinstance(shape[1], int) or isinstance(shape[2], int)):
            told = f"{name} takes {_shape(shape)} only, facecore gives photos of any shape in multiples of 64"
            yield fail("inputs", told, "export it with dynamic height and width")
        elif "s" in wanted and shape[1] != shape[2] and isinstance(shape[1], int):
            yield fail("inputs", f"{name} takes {shape[1]} x {shape[2]}, facecore gives squares", "take a square")
        else:
            yield ok("inputs", f"{name}: uint8 {_shape(shape)}")


def _outputs(session: ort.InferenceSession, role: Role) -> Iterator[Finding]:
    given = {value.name: value for value in session.get_outputs()}
    if missing := role.outputs.keys() - given.keys():
        told = f"it gives {_names(given)}, facecore needs {_names(role.outputs)}; missing: {_names(missing)}"
        yield fail("outputs", told, "rename or add them")
        return
    for name in role.outputs:
        if given[name].type != "tensor(float)":
            yield fail("outputs", f"{name} is {given[name].type}, facecore takes float32", "end the graph with a Cast")
    if extra := given.keys() - role.outputs.keys():
        yield warn("outputs", f"nobody reads {_names(extra)}", "leave them out: they cost time")
    else:
        yield ok("outputs", _names(role.outputs))


def sides(session: ort.InferenceSession) -> dict[str, int]:
    """The side in pixels of every input that has a fixed one."""
    return {value.name: value.shape[1] for value in session.get_inputs() if isinstance(value.shape[1], int)}


def entry_for(file: Path, content: bytes, role: str, registered: Mapping[str, Any]) -> ModelEntry:
    """A registry entry for a file in the place of the one that is registered.

    Args:
        file: The ONNX file.
        content: Its bytes.
        role: Its role.
        registered: The facts of the model that it replaces; its framing (heights, share, threshold) is kept, the sides
            are the file's own.
    """
    facts = {key: value for key, value in registered.items() if key not in ("figures", "card")}
    facts |= {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest(), "file": f"{role}.onnx"}
    for name, side in sides(_session(content)).items():
        if role == "liveness":
            facts[name] = dict(facts[name]) | {"side": side}
        elif role != "detector":
            facts["side"] = side
    return ModelEntry(role, file, facts["sha256"], facts)


def _tried(
    content: bytes, session: ort.InferenceSession, file: Path, role: str, photo: bytes, models: Path | None
) -> Iterator[Finding]:
    """Runs it: values, batches, speed."""
    from facecore.intake import read_photo

    registry = Registry(models)
    image = read_photo(photo).bgr
    ours = Models(registry, 1)
    found = (Detector(ours["detector"]).find([image]) if role != "detector" else [[]])[0]
    if role != "detector" and not found:
        raise ModelError("our detector finds no face in the sample photo: name another with --photo")
    registered = registry[role].facts
    entry = entry_for(file, content, role, registered)
    face = max(found, key=lambda face: face.score, default=None)
    give = _giver(role, entry.facts, face)
    variants = _variants(image)
    run = Model(entry, 1)
    answers = [run(**_batch([give(variant)])) for variant in variants]
    findings = [*_shapes(role, answers[0], give(image)), *_values(role, answers)]
    if role == "detector":
        wide = {"image": np.zeros((192, 448, 3), np.uint8)}
        findings += [finding for finding in _shapes(role, run(**_batch([wide])), wide) if finding.level != "ok"]
    yield from findings
    if any(finding.level == "fail" for finding in findings):
        return
    yield _batches(run, [give(variant) for variant in variants], answers)
    give_ours = _giver(role, registered, face)
    mine, theirs = _milliseconds((run, _batch([give(image)])), (ours[role], _batch([give_ours(image)])))
    told = f"{mine:.2f} ms a run, one thread; ours {theirs:.2f} ms: {mine / theirs:.1f} x"
    if mine > _SLOW * theirs:
        yield warn("speed", told, "every call pays for it; a smaller side or a leaner net is quicker")
    else:
        yield ok("speed", told)


def _giver(role: str, facts: Mapping[str, Any], face: Found | None) -> Callable[[Image], Arrays]:
    """What facecore gives to the model for one photo, without the first axis."""
    from facecore.align import cut
    from facecore.face_net import softened
    from facecore.spoofing import crops, scales

    if face is None:
        return lambda image: {"image": cv2.resize(image, (256, 320), interpolation=cv2.INTER_AREA)}
    if role == "liveness":
        inputs = scales(facts)
        return lambda image: dict(zip(inputs, crops(image, face.box, *inputs.values()), strict=True))
    square = face_square(face.points).scaled(float(facts["share"]))
    (name,), side = ROLES[role].inputs, int(facts.get("side", _DEFAULT_SIDE))
    if role == "face":
        return lambda image: {name: softened(cut(image, square, side))}
    return lambda image: {name: cut(image, square, side)}


def _variants(image: Image) -> list[Image]:
    """The photo, darkened, blurred, mirrored, noisy."""
    noise = np.random.default_rng(1).normal(0, 25, image.shape)
    return [
        image,
        (image * 0.4).astype(np.uint8),
        np.asarray(cv2.GaussianBlur(image, (0, 0), 4), np.uint8),
        np.ascontiguousarray(image[:, ::-1]),
        np.clip(image + noise, 0, 255).astype(np.uint8),
    ]


def _batch(parts: list[Arrays]) -> dict[str, NDArray[Any]]:
    return {name: np.stack([part[name] for part in parts]) for name in parts[0]}


def _shapes(role: str, answer: Arrays, given: Arrays) -> Iterator[Finding]:
    """What came out against what facecore reads."""
    wrong = False
    for name, wanted in ROLES[role].outputs.items():
        shape = tuple(1 if part == "n" else part for part in wanted)
        if role == "detector":
            height, width = given["image"].shape[:2]
            cells = sum((height // stride) * (width // stride) for stride in STRIDES)
            shape = tuple(cells if part == "k" else part for part in shape)
        if answer[name].shape != shape:
            wrong = True
            told = f"{name} has the shape {_shape(answer[name].shape)} for one, facecore reads {_shape(shape)}"
            yield fail("shapes", told, "reshape it at the graph's end")
    if not wrong:
        yield ok("shapes", "as facecore reads them")


def _values(role: str, answers: list[Arrays]) -> Iterator[Finding]:
    """Finite, in range, and not the same for everything."""
    spec, clean = ROLES[role], True
    for name in spec.outputs:
        values = np.stack([answer[name] for answer in answers])
        low, high = float(values.min()), float(values.max())
        least, most = spec.limits.get(name, (-np.inf, np.inf))
        if not np.isfinite(values).all():
            clean = False
            yield fail("values", f"{name} is not finite on the sample photo", "look for an overflow or a division by 0")
        elif low < least - _SAME or high > most + _SAME:
            clean = False
            told = f"{name} is {low:.3g} to {high:.3g}, facecore takes {least:g} to {most:g}"
            yield fail("values", told, "bring it to that scale at the graph's end")
        elif name in spec.shares and np.abs(values.sum(-1) - 1).max() > 0.01:
            clean = False
            yield fail("values", f"{name} does not sum to 1 over its classes", "end it with a Softmax")
        elif not spec.limits and float(np.ptp(values)) < _STILL:
            clean = False
            yield fail("values", f"{name} is the same for five different photos", "see whether its weights were saved")
        elif not spec.limits and ((values == 0) | (values == 1)).any():
            clean = False
            told = f"{name} reaches 0 or 1 exactly: a saturated probability can not be calibrated"
            yield warn("values", told, "give the logit instead, without the sigmoid")
    if clean:
        shown = ", ".join(f"{name} {float(answers[0][name].flat[0]):.3g}" for name in list(spec.outputs)[:3])
        yield ok("values", f"finite and in range on the sample photo and four variants ({shown} ...)")


def _batches(run: Model, parts: list[Arrays], alone: list[Arrays]) -> Finding:
    """Whether a face gets the same answer alone and among others."""
    together = run(**_batch(parts))
    worst = max(
        float((np.abs(together[name][row] - answer[name][0]) / (1 + np.abs(answer[name][0]))).max())
        for row, answer in enumerate(alone)
        for name in answer
    )
    if worst > _SAME:
        told = f"a face gets another answer among others than alone (off by {worst:.2g} of its size)"
        return fail("batch", told, "keep faces apart in the graph: no statistics over the first axis")
    return ok("batch", f"five at once answer as each alone (off by {worst:.1g} at most)")


def _milliseconds(*trials: tuple[Model, dict[str, NDArray[Any]]]) -> list[float]:
    """The quickest run of each, taken in turns, so that what else the machine does strikes all alike."""
    times: list[list[float]] = [[] for _ in trials]
    for _ in range(_RUNS + 1):
        for (run, inputs), taken in zip(trials, times, strict=True):
            started = time.perf_counter()
            run(**inputs)
            taken.append(time.perf_counter() - started)
    return [min(taken[1:]) * 1e3 for taken in times]


def _names(names: Any) -> str:
    return ", ".join(sorted(names))


def _shape(shape: Any) -> str:
    return "(" + ", ".join(str(part) if part is not None else "?" for part in shape) + ")"
