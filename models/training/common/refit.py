"""Fits a quantised model's last layers anew, so that they answer on 8-bit features what the float model answers.

Most of what 8 bits change in a feature goes along with the other features, and a linear layer that stays in float can
take it back: ridge regression from the features to what is missing (after Nagel et al., 2019, "Data-free quantization
through weight equalization and bias correction", who correct the biases alone). It costs the model nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from .quantise import Inputs

RIDGE = 0.01  # over the features' mean square


def refit(path: Path, plain: onnx.ModelProto, inputs: Iterable[Inputs], but: str = "") -> None:
    """Replaces the weights and biases of a quantised model's linear layers, each by itself.

    Args:
        path: The quantised model, whose linear layers are in float (``Gemm``) and feed no other linear layer.
        plain: The model before it was quantised.
        inputs: Training inputs, many more than a layer has features.
        but: Layers with this in their output's name stay: those whose answers are steep sigmoids of what is fitted, of
            which the far ends would weigh most.
    """
    small, rows = onnx.load(str(path)), list(inputs)
    gemms = [node for node in small.graph.node if node.op_type == "Gemm"]
    linear = [node for node in gemms if not but or but not in node.output[0]]
    features = _values(small, [node.input[0] for node in linear], rows)
    wanted = _values(plain, [node.output[0] for node in linear], rows)
    casts = {node.output[0]: node.input[0] for node in small.graph.node if node.op_type == "Cast"}
    stored = {each.name: each for each in small.graph.initializer}
    for node, x, y in zip(linear, features, wanted, strict=True):
        weight, bias = (stored[casts.get(name, name)] for name in node.input[1:3])
        before = np.c_[numpy_helper.to_array(weight), numpy_helper.to_array(bias)].astype(np.float64)
        x = np.c_[x, np.ones(len(x))].astype(np.float64)
        square = x.T @ x / len(x)
        ridge = np.eye(len(square)) * RIDGE * np.diag(square)[:-1].mean()
        ridge[-1, -1] = 0
        after = before + np.linalg.solve(square + ridge, x.T @ (y - x @ before.T) / len(x)).T
        for kept, value in ((weight, after[:, :-1]), (bias, after[:, -1])):
            kept.CopyFrom(numpy_helper.from_array(value.astype(numpy_helper.to_array(kept).dtype), kept.name))
    onnx.checker.check_model(small)
    onnx.save(small, str(path))


def _values(model: onnx.ModelProto, names: list[str], rows: list[Inputs]) -> list[NDArray[np.float32]]:
    """What a model computes under these names, over all rows."""
    whole = onnx.ModelProto()
    whole.CopyFrom(model)
    del whole.graph.output[:]
    whole.graph.output.extend(helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in names)
    options = ort.SessionOptions()
    options.log_severity_level = 3
    session = ort.InferenceSession(whole.SerializeToString(), options, providers=["CPUExecutionProvider"])
    parts = [session.run(names, dict(row)) for row in rows]
    return [np.concatenate(each) for each in zip(*parts, strict=True)]
