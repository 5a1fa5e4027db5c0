"""``facegate models check``: what fits is told to fit, and each misfit is told in words that say what to do."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from facecore.registry import Registry
from standalone import fitness
from standalone.cli import main
from standalone.doctor.findings import Finding, Level
from tests.onnxfile import DOUBLE, FLOAT, UINT8, floats, model, node, port
from tests.unit.ops import nets

Output = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return nets.folder(tmp_path_factory.mktemp("models"))


def looked(models: Path, tmp_path: Path, content: bytes, role: str = "liveness", light: int = 150) -> list[Finding]:
    file = tmp_path / "own.onnx"
    file.write_bytes(content)
    return list(fitness.fits(file, role, nets.jpeg(nets.red_face(light)), models))


def failed(findings: list[Finding]) -> list[tuple[str, str]]:
    assert all(finding.todo for finding in findings if finding.level is not Level.OK)
    return [(finding.check, finding.told) for finding in findings if finding.level is Level.FAIL]


@pytest.mark.parametrize("role", list(fitness.ROLES))
def test_ours_fit(models: Path, tmp_path: Path, role: str) -> None:
    found = looked(models, tmp_path, (models / f"{role}.onnx").read_bytes(), role)
    assert failed(found) == []
    assert {finding.check for finding in found} == {"file", "inputs", "outputs", "shapes", "values", "batch", "speed"}


@pytest.mark.parametrize("role", list(fitness.ROLES))
def test_the_roles_are_those_of_the_registry(root: Path, role: str) -> None:
    """What is asked of others is what the committed models have."""
    registered = {entry.name: entry for entry in Registry(root / "models").entries()}
    if role not in registered:
        pytest.skip(f"not trained yet: {role}")
    facts = registered[role].facts
    assert set(fitness.ROLES[role].inputs) == set(facts["inputs"])
    assert set(fitness.ROLES[role].outputs) == set(facts["outputs"])
    if role in ("liveness", "synthetic"):
        photo = (root / "tests/data/eileen_collins.jpg").read_bytes()
        assert failed(list(fitness.fits(registered[role].path, role, photo, root / "models"))) == []


def test_another_side_fits(models: Path, tmp_path: Path) -> None:
    assert failed(looked(models, tmp_path, nets.liveness(side=48))) == []


def test_no_onnx(models: Path, tmp_path: Path) -> None:
    ((check, told),) = failed(looked(models, tmp_path, b"no model"))
    assert (check, "does not load" in told) == ("file", True)
    ((check, told),) = failed(list(fitness.fits(tmp_path / "gone.onnx", "liveness", b"", models)))
    assert (check, "No such file" in told) == ("file", True)


def chw(name: str = "face", kind: int = UINT8, shape: Any = ("n", 3, 32, 32), to: int = FLOAT) -> bytes:
    """A synthetic model with another input or output."""
    return model(
        [
            node("Cast", [name], "f", to=FLOAT),
            node("ReduceMean", ["f"], "m", axes=[1, 2, 3], keepdims=0),
            node("Cast", ["m"], "synthetic", to=to),
        ],
        [port(name, kind, shape)],
        [port("synthetic", to, [shape[0]])],
    )


@pytest.mark.parametrize(
    ("content", "check", "words"),
    [
        (chw("image", shape=("n", 32, 32, 3)), "inputs", "its inputs are image, facecore gives face"),
        (chw(kind=FLOAT, shape=("n", 32, 32, 3)), "inputs", "face takes tensor(float), facecore gives uint8"),
        (chw(), "inputs", "channels last"),
        (chw(shape=("n", 32, 32, 1)), "inputs", "takes 1 channels"),
        (chw(shape=(1, 32, 32, 3)), "inputs", "exactly 1 at a time"),
        (chw(shape=("n", 32, 48, 3)), "inputs", "gives squares"),
        (chw(shape=("n", 32, 32, 3), to=DOUBLE), "outputs", "synthetic is tensor(double)"),
    ],
)
def test_synthetic_misfits(models: Path, tmp_path: Path, content: bytes, check: str, words: str) -> None:
    found = failed(looked(models, tmp_path, content, "synthetic"))
    assert [name for name, _ in found] == [check]
    assert words in found[0][1]


def test_a_missing_and_an_unread_output(models: Path, tmp_path: Path) -> None:
    found = failed(looked(models, tmp_path, nets.liveness(output="score")))
    assert found == [("outputs", "it gives score, facecore needs live; missing: live")]
    extra = model(
        [
            node("Cast", ["face"], "f", to=FLOAT),
            node("ReduceMean", ["f"], "synthetic", axes=[1, 2, 3], keepdims=0),
            node("Mul", ["synthetic", "two"], "more"),
        ],
        [port("face", UINT8, ("n", 32, 32, 3))],
        [port("synthetic", FLOAT, ["n"]), port("more", FLOAT, ["n"])],
        two=floats(2),
    )
    found_all = looked(models, tmp_path, extra, "synthetic")
    assert failed(found_all) == []
    assert "nobody reads more" in [f.told for f in found_all if f.level is Level.WARN]


def test_a_fixed_photo_size(models: Path, tmp_path: Path) -> None:
    content = model(
        [node("Cast", ["image"], "scores", to=FLOAT), node("Cast", ["image"], "distances", to=FLOAT),
         node("Cast", ["image"], "points", to=FLOAT)],
        [port("image", UINT8, ("n", 640, 640, 3))],
        [port(name, FLOAT, ["n", 640, 640, 3]) for name in ("scores", "distances", "points")],
    )  # fmt: skip
    ((_, told),) = failed(looked(models, tmp_path, content, "detector"))
    assert "photos of any shape" in told


def detector_of(shape: Any) -> bytes:
    return model(
        [node("Cast", ["image"], name, to=FLOAT) for name in ("scores", "distances", "points")],
        [port("image", UINT8, shape)],
        [port(name, FLOAT, ["n", "h", "w", 3]) for name in ("scores", "distances", "points")],
    )


def test_shapes_that_facecore_does_not_read(models: Path, tmp_path: Path) -> None:
    found = failed(looked(models, tmp_path, detector_of(("n", "h", "w", 3)), "detector"))
    assert {check for check, _ in found} >= {"shapes"}
    assert any("scores has the shape (1, 320, 256, 3)" in told for _, told in found)


def scored(*nodes: bytes, **constants: Any) -> bytes:
    """A synthetic model that makes ``synthetic`` of the mean ``m``."""
    return model(
        [
            node("Cast", ["face"], "f", to=FLOAT),
            node("ReduceMean", ["f"], "m", axes=[1, 2, 3], keepdims=0),
            *nodes,
        ],
        [port("face", UINT8, ("n", 32, 32, 3))],
        [port("synthetic", FLOAT, ["n"])],
        **constants,
    )


@pytest.mark.parametrize(
    ("content", "level", "words"),
    [
        (scored(node("Mul", ["m", "zero"], "synthetic"), zero=floats(0)), Level.FAIL, "the same for five"),
        (scored(node("Div", ["m", "zero"], "synthetic"), zero=floats(0)), Level.FAIL, "not finite"),
        (scored(node("Sigmoid", ["m"], "synthetic")), Level.FAIL, "the same for five"),
        (
            scored(node("Sub", ["m", "c"], "d"), node("Clip", ["d", "low", "high"], "synthetic"), c=floats(100),
                   low=np.array(0, np.float32), high=np.array(1, np.float32)),
            Level.WARN, "saturated",
        ),
    ],
)  # fmt: skip
def test_values(models: Path, tmp_path: Path, content: bytes, level: Level, words: str) -> None:
    told = [f.told for f in looked(models, tmp_path, content, "synthetic") if f.level is level and f.check == "values"]
    assert len(told) == 1
    assert words in told[0]


def test_values_out_of_range(models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(nets._NUMBERS, "age", 400.0)
    assert failed(looked(models, tmp_path, nets.face(), "face")) == [
        ("values", "age is 400 to 400, facecore takes 0 to 120")
    ]


def test_faces_that_are_mixed_in_a_batch(models: Path, tmp_path: Path) -> None:
    """A mean over the whole batch is taken off: what batch normalisation does when it is left in training mode."""
    content = scored(
        node("ReduceMean", ["m"], "all", axes=[0], keepdims=1),
        node("Sub", ["m", "all"], "d"),
        node("Add", ["d", "m"], "synthetic"),
    )
    ((check, told),) = failed(looked(models, tmp_path, content, "synthetic"))
    assert (check, "another answer among others" in told) == ("batch", True)


def test_a_slow_one(models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fitness, "_SLOW", 0.0)
    found = looked(models, tmp_path, nets.liveness())
    assert [f.check for f in found if f.level is Level.WARN] == ["speed"]
    assert failed(found) == []


def test_a_photo_without_a_face(models: Path, tmp_path: Path) -> None:
    file = tmp_path / "own.onnx"
    file.write_bytes(nets.liveness())
    grey = nets.jpeg(np.full((320, 320, 3), 120, np.uint8))
    ((check, told),) = failed(list(fitness.fits(file, "liveness", grey, models)))
    assert (check, "--photo" in told) == ("run", True)


def test_a_photo_that_is_none(models: Path, tmp_path: Path, capsys: Output) -> None:
    (tmp_path / "own.onnx").write_bytes(nets.liveness())
    (tmp_path / "s.csv").write_text("photo,score\n")
    words = ["models", "--models", str(models), "check", str(tmp_path / "own.onnx"), "--role", "liveness"]
    assert main([*words, "--photo", str(tmp_path / "s.csv")]) == 2
    shown = capsys.readouterr()
    assert shown.err.startswith(f"facegate: {tmp_path}/s.csv: ")
    assert shown.err.endswith("; name a photo with --photo\n")
    assert "fit the role" not in shown.out, "nothing was found out about the model"


def test_the_command(models: Path, tmp_path: Path, capsys: Output) -> None:
    (tmp_path / "own.onnx").write_bytes(nets.liveness(48))
    (tmp_path / "face.jpg").write_bytes(nets.jpeg(nets.red_face(150)))
    words = [
        "models",
        "--models",
        str(models),
        "check",
        str(tmp_path / "own.onnx"),
        "--photo",
        str(tmp_path / "face.jpg"),
    ]
    assert main([*words, "--role", "liveness"]) == 0
    shown = capsys.readouterr().out
    assert "own.onnx fits the role liveness" in shown
    assert "ok    batch     five at once answer as each alone" in shown
    assert main([*words, "--role", "synthetic", "--json"]) == 1
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["check"] for line in lines if line["level"] == "fail"] == ["inputs", "outputs"]
    assert main([*words, "--role", "face"]) == 1
    assert capsys.readouterr().out.splitlines()[-1] == "own.onnx does not fit the role face"
    assert main(["models", "check", "x.onnx", "--role", "face", "--photo", str(tmp_path / "none.jpg")]) == 2
    assert "--photo" in capsys.readouterr().err
