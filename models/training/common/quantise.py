"""Eight-bit integer form of an exported model: two to three times faster on CPUs, half the size.

Convolutions and what lies between them run on 8 bits (Jacob et al., 2018), one scale per output channel of the
weights, activations scaled by what is seen on training inputs: the extremes, or the range that costs the least. Weights
use 7 of their 8 bits: CPUs without dot-product instructions add two products in 16 bits and would overflow on more.
Convolutions of a picture's three channels are left to `stems.lean`. Sums of answers stay in float: they would come in
steps.
"""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
from numpy.typing import NDArray
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantFormat, QuantType, quantize_static

from .export import tidy
from .ranges import Range, best_range
from .stems import lean
from .stored import inside
from .trainer import Task

Inputs = Mapping[str, NDArray[np.uint8]]
OPERATORS = ("Conv", "Relu", "Add", "Resize")
EACH = 4000  # activations of a tensor and input that ranges are chosen on
AT_ONCE = 12  # tensors that are held in memory


def quantise(path: Path, inputs: Iterable[Inputs], last: bool = True, fitted: bool = False) -> None:
    """Replaces an exported model by its 8-bit form.

    Args:
        path: The exported file; the quantised one takes its place.
        inputs: Training inputs by name, to see the activations on.
        last: Whether convolutions that nothing but shapes and exponentials follow are quantised too.
        fitted: Whether ranges are chosen as `ranges.best_range` says; else from the least to the largest activation.
    """
    inputs = list(inputs)
    logging.getLogger().setLevel(logging.ERROR)  # the tool advises a preprocessing that was done
    with tempfile.TemporaryDirectory() as folder:
        plain, small = Path(folder) / "plain.onnx", Path(folder) / "small.onnx"
        model = _folded(path, plain)
        kept = [node.name for node in model.graph.node if _kept(node, model, last)]
        onnx.save(model, str(plain))
        found = _ranges(model, kept, inputs) if fitted else {}
        chosen = {name: [{"rmin": np.float32(low), "rmax": np.float32(high)}] for name, (low, high) in found.items()}
        quantize_static(
            str(plain),
            str(small),
            _Reader(inputs),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=list(OPERATORS),
            per_channel=True,
            reduce_range=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            calibrate_method=CalibrationMethod.MinMax,
            nodes_to_exclude=kept,
            extra_options={"ActivationSymmetric": False, "WeightSymmetric": True, "TensorQuantOverrides": chosen},
        )
        made = onnx.load(str(small))
        lean(made, {name: np.concatenate([row[name] for row in inputs]) for name in inputs[0]})
        tidy(made, path)


def samples(task: Task, names: Mapping[str, str], count: int = 320) -> list[Inputs]:
    """Training inputs of a task for ``quantise``: ``names`` maps a batch's arrays to the model's inputs."""
    found: list[Inputs] = []
    for batch in task.batches(np.random.default_rng(51), 16):
        found.append({to: batch[name].numpy() for name, to in names.items()})
        if len(found) * 16 >= count:
            return found
    raise ValueError("a task's batches never end")


def _ranges(model: onnx.ModelProto, kept: list[str], rows: list[Inputs]) -> dict[str, Range]:
    """The best range of everything that the nodes other than ``kept`` take and give."""
    initial = {each.name for each in model.graph.initializer} | {each.name for each in model.graph.input}
    nodes = [node for node in model.graph.node if node.op_type in OPERATORS and node.name not in kept]
    names = sorted({name for node in nodes for name in (*node.input, *node.output) if name} - initial)
    rng, found = np.random.default_rng(52), {}
    for first in range(0, len(names), AT_ONCE):
        some = names[first : first + AT_ONCE]
        for name, values in zip(some, _computed(model, some, rows), strict=True):
            flat = values.reshape(len(values), -1)
            if flat.shape[1] > EACH:
                flat = flat[:, rng.choice(flat.shape[1], EACH, replace=False)]
            found[name] = best_range(flat)
    return found


def _computed(model: onnx.ModelProto, names: list[str], rows: list[Inputs]) -> list[NDArray[np.float32]]:
    """What a model computes under these names, over all rows."""
    session = inside(model, names)
    parts = [session.run(names, dict(row)) for row in rows]
    return [np.concatenate(each) for each in zip(*parts, strict=True)]


def _folded(path: Path, to: Path) -> onnx.ModelProto:
    """The model with float32 weights, batch normalisation and constants folded, every node named."""
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.optimized_model_filepath = str(to)
    options.log_severity_level = 3
    ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    model = onnx.load(str(to))
    for index, node in enumerate(model.graph.node):
        node.name = f"{node.op_type}_{index}"
    return model


def _kept(node: onnx.NodeProto, model: onnx.ModelProto, last: bool) -> bool:
    """Whether the node stays in float, as a Relu does with the convolution before it, or a linear layer.

    So does a sum of no convolution's.
    """
    makers = [maker for maker in model.graph.node if set(node.input) & set(maker.output)]
    if node.op_type == "Relu":
        return any(m.op_type == "Gemm" or (m.op_type == "Conv" and _kept(m, model, last)) for m in makers)
    if node.op_type == "Add":
        return not any(maker.op_type == "Conv" for maker in makers)
    if node.op_type != "Conv":
        return False
    weights = {each.name: each.dims for each in model.graph.initializer}
    if weights[node.input[1]][1] == 3:
        return True
    users = {user.op_type for user in model.graph.node if node.output[0] in user.input}
    return not last and not {"Relu", "Add", "Conv"} & users


class _Reader(CalibrationDataReader):
    """Gives the quantiser its inputs, one sample at a time."""

    def __init__(self, inputs: Iterable[Inputs]) -> None:
        self._inputs = inputs
        self._rows = self._each()

    def get_next(self) -> dict[str, Any] | None:
        return next(self._rows, None)

    def rewind(self) -> None:
        self._rows = self._each()

    def _each(self) -> Iterator[dict[str, Any]]:
        for batch in self._inputs:
            for i in range(len(next(iter(batch.values())))):
                yield {name: value[i : i + 1] for name, value in batch.items()}
