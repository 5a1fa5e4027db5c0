"""From a trained module to a committed file: ONNX with half-precision weights, and the registry's entry for it.

Weights are stored as float16 and cast to float32 by the graph; the runtime folds the casts when it loads the model,
so the arithmetic stays float32 and the file is half the size.
"""

from __future__ import annotations

import hashlib
import json
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from .packs import MODELS

REGISTRY = MODELS / "registry.json"


def export(
    model: nn.Module,
    inputs: dict[str, Tensor],
    outputs: tuple[str, ...],
    axes: dict[str, dict[int, str]],
    name: str,
) -> Path:
    """Writes models/NAME.onnx; ``axes`` names the dynamic axes of inputs and outputs."""
    model = model.to(memory_format=torch.contiguous_format).eval()
    path = MODELS / f"{name}.onnx"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            model,
            tuple(inputs.values()),
            str(path),
            input_names=list(inputs),
            output_names=list(outputs),
            dynamic_axes=axes,
            opset_version=17,
            dynamo=False,
        )
    tidy(onnx.load(str(path)), path)
    return path


def tidy(graph: onnx.ModelProto, path: Path) -> None:
    """Saves a model with half-precision weights and without its makers' notes."""
    _halve(graph)
    del graph.metadata_props[:]
    for node in graph.graph.node:
        node.doc_string = ""
        node.name = ""
    graph.producer_name, graph.producer_version, graph.doc_string = "facegate", "", ""
    onnx.checker.check_model(graph)
    onnx.save(graph, str(path))


def _halve(graph: onnx.ModelProto) -> None:
    casts = []
    for weight in graph.graph.initializer:
        if weight.data_type != TensorProto.FLOAT or len(weight.dims) < 2 or np.prod(weight.dims) < 256:
            continue
        name = weight.name
        half = numpy_helper.from_array(numpy_helper.to_array(weight).astype(np.float16), f"{name}.half")
        weight.CopyFrom(half)
        casts.append(helper.make_node("Cast", [half.name], [name], to=TensorProto.FLOAT))
    nodes = list(graph.graph.node)
    del graph.graph.node[:]
    graph.graph.node.extend(casts + nodes)


def register(name: str, path: Path, entry: Mapping[str, Any], figures: Mapping[str, float] | None = None) -> None:
    """Sets the registry's entry ``name`` to ``entry``, the file's name, size and SHA-256, and its figures if any."""
    models: dict[str, Any] = json.loads(REGISTRY.read_text())["models"] if REGISTRY.exists() else {}
    content = path.read_bytes()
    facts = {"file": path.name, "sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
    models[name] = facts | dict(entry)
    if figures is not None:
        models[name]["figures"] = {key: round(value, 5) for key, value in figures.items()}
    registry = {"version": 1, "models": dict(sorted(models.items()))}
    REGISTRY.write_text(json.dumps(registry, indent=2, ensure_ascii=False) + "\n")


def averaged(checkpoint: Path, net: nn.Module) -> dict[str, Any]:
    """Loads a checkpoint's averaged weights into ``net``; returns the whole checkpoint."""
    saved: dict[str, Any] = torch.load(checkpoint, weights_only=False)
    net.load_state_dict(saved["net"])
    net.eval()
    return saved
