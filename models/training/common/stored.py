"""What a model's file holds: weights in half precision or in 8 bits with scales, and what it computes on its way."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import onnx
import onnxruntime as ort
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

Floats = NDArray[np.float32]


class Stored:
    """What makes, takes and holds the tensors of a graph, by their names, as it is now."""

    def __init__(self, graph: onnx.GraphProto) -> None:
        self.held = {each.name: each for each in graph.initializer}
        self.maker = {name: node for node in graph.node for name in node.output}
        self._nodes = graph.node

    def takers(self, name: str) -> Iterator[onnx.NodeProto]:
        """The nodes that a tensor goes into."""
        return (node for node in self._nodes if name in node.input)

    def value(self, name: str) -> Floats:
        """A stored tensor, or what is made of one by casts and scales alone.

        Raises:
            ValueError: It is made of something else.
        """
        if name in self.held:
            return numpy_helper.to_array(self.held[name]).astype(np.float32)
        node = self.maker.get(name)
        if node is None or node.op_type not in {"Cast", "DequantizeLinear"}:
            raise ValueError(f"{name} is not a stored weight")
        whole = self.value(node.input[0])
        if node.op_type == "Cast":
            return whole
        scale, zero = (self.value(each).reshape(-1, *[1] * (whole.ndim - 1)) for each in node.input[1:3])
        return np.asarray((whole - zero) * scale, np.float32)


def inside(model: onnx.ModelProto, names: Sequence[str], threads: int = 0) -> ort.InferenceSession:
    """A session of a model that answers with these of its float tensors; ``threads`` 0 is as many as there are."""
    whole = onnx.ModelProto()
    whole.CopyFrom(model)
    del whole.graph.output[:]
    whole.graph.output.extend(helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in names)
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    return ort.InferenceSession(whole.SerializeToString(), options, providers=["CPUExecutionProvider"])
