"""Networks whose first convolutions and mirrored pictures are rewritten answer as they did."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime as ort
import pytest
from onnx import TensorProto, helper, numpy_helper

from training.common.stems import MIRRORED, TOP, lean, rounded, undone
from training.common.stored import Stored

Array = npt.NDArray[np.float32]
STEP = np.float32(0.02)  # of every map's bytes


def pictures(side: int = 24, count: int = 6) -> npt.NDArray[np.uint8]:
    """Waves of several lengths, each picture and colour its own."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:side, :side]
    across, down, at = rng.uniform(0, 0.9, (3, count, 3, 1, 1))
    waves = 127 + 120 * np.sin(across * x + down * y + 9 * at)
    return np.asarray(waves.transpose(0, 2, 3, 1), np.uint8)


class Net:
    """Five convolutions, in 8 bits but for the first; then their map's mean, and the map."""

    def __init__(self, mirrored: bool = False, stride: int = 2, side: int = 24) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.held: list[onnx.TensorProto] = []
        rng = np.random.default_rng(1)
        name = self.add("Transpose", "picture", perm=[0, 3, 1, 2])
        name = self.add("Cast", name, to=TensorProto.FLOAT)
        name = self.add("Sub", name, self.keep(np.float32(127.5)))
        name = self.add("Div", name, self.keep(np.float32(127.5)))
        if mirrored:
            last = np.iinfo(np.int64).min
            name = self.add("Slice", name, *(self.keep(np.array([each])) for each in (-1, last, 3, -1)))
        weight = rng.normal(0, 0.3, (8, 3, 3, 3)).astype(np.float32)
        name = self.convolved(name, self.keep(weight), stride, 8)
        for channels, skip in ((8, 1), (8, 2), (8, 2), (16, 1)):
            steps = self.keep(rng.integers(-60, 60, (channels, 8, 3, 3)).astype(np.int8))
            scale, zero = np.full(channels, 0.004, np.float32), np.zeros(channels, np.int8)
            name = self.convolved(
                name, self.add("DequantizeLinear", steps, self.keep(scale), self.keep(zero), axis=0), skip, channels
            )
        self.add("GlobalAveragePool", name, to_name="mean")
        self.add("Flatten", name, to_name="map")
        picture = helper.make_tensor_value_info("picture", TensorProto.UINT8, ["n", side, side, 3])
        shapes: dict[str, list[str | int | None]] = {"mean": ["n", 16, 1, 1], "map": ["n", "places"]}
        outputs = [helper.make_tensor_value_info(each, TensorProto.FLOAT, shape) for each, shape in shapes.items()]
        graph = helper.make_graph(self.nodes, "net", [picture], outputs, self.held)
        self.model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)

    def keep(self, value: npt.ArrayLike) -> str:
        self.held.append(numpy_helper.from_array(np.asarray(value), f"held{len(self.held)}"))
        return self.held[-1].name

    def add(self, kind: str, *inputs: str, to_name: str = "", **facts: Any) -> str:
        name = to_name or f"made{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [name], **facts))
        return name

    def convolved(self, name: str, weight: str, stride: int, channels: int) -> str:
        bias = self.keep(np.linspace(-0.1, 0.1, channels, dtype=np.float32))
        facts: dict[str, Any] = {"kernel_shape": [3, 3], "strides": [stride] * 2, "pads": [1] * 4}
        name = self.add("Relu", self.add("Conv", name, weight, bias, **facts))
        scale, zero = self.keep(STEP), self.keep(np.uint8(0))
        return self.add("DequantizeLinear", self.add("QuantizeLinear", name, scale, zero), scale, zero)


def answers(model: onnx.ModelProto, shown: npt.NDArray[np.uint8]) -> list[Array]:
    onnx.checker.check_model(model)
    options = ort.SessionOptions()
    options.log_severity_level = 3
    session = ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    mean, places = session.run(["mean", "map"], {"picture": shown})
    return [mean, places]


def kinds(model: onnx.ModelProto) -> set[str]:
    return {node.op_type for node in model.graph.node}


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("side", [24, 32, 20])  # whose halves are even, and odd sooner or later
def test_the_answers_stay(mirrored: bool, side: int) -> None:
    model, shown = Net(mirrored, side=side).model, pictures(side)
    mean, places = answers(model, shown)
    assert places.std() > 5 * STEP
    lean(model, {"picture": shown})
    lean_mean, lean_places = answers(model, shown)
    assert {"Cast", "Sub", "Div"}.isdisjoint(kinds(model))
    assert np.abs(lean_places - places).mean() < STEP
    assert np.abs(lean_mean - mean).mean() < STEP / 2
    assert np.corrcoef(lean_places.ravel(), places.ravel())[0, 1] > 0.999


def test_a_mirrored_picture_gives_other_answers_than_the_picture() -> None:
    shown = pictures()
    plain, mirrored = (answers(Net(flip).model, shown)[1] for flip in (False, True))
    assert np.corrcoef(plain.ravel(), mirrored.ravel())[0, 1] < 0.99


def test_a_mirrored_map_is_turned_back_only_where_its_order_counts() -> None:
    model = Net(mirrored=True).model
    lean(model, {"picture": pictures()})
    (turned,) = (node for node in model.graph.node if node.op_type == "Slice")
    assert [node.op_type for node in model.graph.node if turned.output[0] in node.input] == ["Flatten"]


def test_a_first_convolution_that_does_not_halve_the_side_stays() -> None:
    model = Net(stride=1).model
    before = model.SerializeToString()
    lean(model, {"picture": pictures()})
    assert model.SerializeToString() == before


def test_a_picture_that_is_changed_before_is_left_alone() -> None:
    model = Net().model
    (first,) = (node for node in model.graph.node if node.op_type == "Div")
    changed = helper.make_node("Abs", [first.output[0]], ["changed"])
    for node in model.graph.node:
        node.input[:] = ["changed" if name == first.output[0] else name for name in node.input]
    model.graph.node.insert(list(model.graph.node).index(first) + 1, changed)
    before = model.SerializeToString()
    lean(model, {"picture": pictures()})
    assert model.SerializeToString() == before


@pytest.mark.parametrize("mirrored", [False, True])
def test_the_convolutions_before_can_be_read_from_those_after(mirrored: bool) -> None:
    model = Net(mirrored).model
    stored = Stored(model.graph)
    before = [[stored.value(name) for name in node.input[1:3]] for node in model.graph.node if node.op_type == "Conv"]
    lean(model, {"picture": pictures()})
    stored = Stored(model.graph)
    nodes = [node for node in model.graph.node if node.op_type == "Conv"]
    after = [undone(node, *map(stored.value, node.input[1:3])) for node in nodes]
    assert [weight.shape for weight, _ in after] == [weight.shape for weight, _ in before]
    assert all(node.input[1].endswith(MIRRORED) == mirrored for node in nodes)
    for (weight, bias), (was, offset) in zip(after, before, strict=True):
        step = np.abs(was).max((1, 2, 3)) / TOP
        assert (np.abs(weight - was) <= 2.5 * step[:, None, None, None]).all()
        assert np.allclose(bias, offset, atol=1e-3)
    assert all((weight == was).all() for (weight, _), (was, _) in zip(after[1:], before[1:], strict=True))


def test_weights_are_rounded_for_what_they_see() -> None:
    rng = np.random.default_rng(2)
    alike = rng.normal(0, 1, (4000, 1)) + 0.1 * rng.normal(0, 1, (4000, 27))
    power = alike.T @ alike / len(alike)
    weights = rng.normal(0, 1, (12, 27)).astype(np.float32)
    steps, scale = rounded(weights, power)
    assert np.abs(steps).max() <= TOP
    change = steps * scale[:, None] - weights
    plain = np.abs(weights).max(1) / TOP
    nearest = np.round(weights / plain[:, None]) * plain[:, None] - weights
    cost, before = (np.einsum("ki,ij,kj->k", each, power, each) for each in (change, nearest))
    assert (cost <= before).all()
    assert cost.mean() < before.mean() / 10


def test_rounded_weights_round_to_themselves() -> None:
    rng = np.random.default_rng(3)
    seen = rng.normal(0, 1, (500, 27))
    once, scale = rounded(rng.normal(0, 1, (6, 27)).astype(np.float32), seen.T @ seen)
    again, same = rounded((once * scale[:, None]).astype(np.float32), seen.T @ seen)
    assert np.allclose(again * same[:, None], once * scale[:, None], rtol=1e-5)


def test_a_kernel_of_nothing_stays_one() -> None:
    steps, scale = rounded(np.zeros((1, 27), np.float32), np.eye(27))
    assert not steps.any()
    assert scale > 0
