"""Weights as a committed model's file holds them: in half precision, or in 8 bits with scales."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper

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
