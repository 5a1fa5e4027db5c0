"""Begins a net with the convolutions of a committed model, so that it needs no checkpoint of that model's training.

In the file batch normalisation is part of the convolutions and most weights are 8-bit integers; here they are floats
again, each followed by a normalisation that undoes itself on the pictures at hand, so that training can go on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import onnx
import torch
from torch import Tensor, nn

from .stems import undone
from .stored import Floats, Stored


def layers(path: Path, within: tuple[str, ...], operator: str = "Conv") -> list[tuple[Floats, Floats]]:
    """Weights (out, in, height, width) and biases (out,) of a model's layers, in the order of computation.

    Args:
        path: An exported model, with half-precision or 8-bit weights.
        within: Beginnings of the layers' output names: which modules they belonged to, say ``/nets.0/low/``.
        operator: ``Conv`` for convolutions, ``Gemm`` for linear layers, whose weights are (out, in).
    """
    graph = onnx.load(str(path)).graph
    stored = Stored(graph)
    return [
        undone(node, *map(stored.value, node.input[1:3]))
        for node in graph.node
        if node.op_type == operator and node.output[0].startswith(within)
    ]


def begin(net: nn.Module, weights: list[tuple[Floats, Floats]], inputs: Tensor) -> None:
    """Gives the net's convolutions, each followed by a normalisation, these weights and biases.

    Args:
        net: Leaves evaluation on; computes what convolutions with biases and no normalisation would.
        weights: As ``layers`` gives them, in the order of the net's modules.
        inputs: What the net takes; the normalisations' means and variances are those on these.

    Raises:
        ValueError: The weights are not those of such a net.
    """
    matched = _matched(net, weights)
    net.eval()
    hooks = []
    for convolution, norm, weight, bias in matched:
        convolution.weight.data.copy_(weight)
        hooks.append(norm.register_forward_pre_hook(_undoing(bias)))
    with torch.inference_mode():
        net(inputs)
    for hook in hooks:
        hook.remove()


def put(layer: nn.Module, weight: Floats, bias: Floats) -> None:
    """Gives a linear layer, or a convolution without normalisation, this weight and bias."""
    layer.load_state_dict({"weight": torch.from_numpy(weight), "bias": torch.from_numpy(bias)})


def mix(net: nn.Module, weights: list[tuple[Floats, Floats]], share: float) -> None:
    """Moves a net's convolutions, each followed by a normalisation, towards those of the model that it began with.

    Weights between those of before and after a fine-tuning often do better than either (Wortsman et al., 2022, "Robust
    fine-tuning of zero-shot models").

    Args:
        net: In evaluation; its normalisations only add what the mixed convolutions are to add.
        weights: As of ``begin``.
        share: Of ``weights`` in the mean, 0 to 1.

    Raises:
        ValueError: The weights are not those of such a net.
    """
    with torch.no_grad():
        for convolution, norm, weight, bias in _matched(net, weights):
            assert norm.running_mean is not None
            assert norm.running_var is not None
            scale = norm.weight / (norm.running_var + norm.eps).sqrt()
            convolution.weight.mul_(scale[:, None, None, None]).lerp_(weight, share)
            norm.bias.sub_(norm.running_mean * scale).lerp_(bias, share)
            norm.weight.fill_(1)
            norm.running_mean.zero_()
            norm.running_var.fill_(1 - norm.eps)


def _matched(
    net: nn.Module, weights: list[tuple[Floats, Floats]]
) -> list[tuple[nn.Conv2d, nn.BatchNorm2d, Tensor, Tensor]]:
    """The net's convolutions and normalisations, each with its weight and bias of another."""
    pairs = list(_pairs(net))
    if [tuple(convolution.weight.shape) for convolution, _ in pairs] != [weight.shape for weight, _ in weights]:
        raise ValueError("the weights are of another net")
    return [(*pair, *map(torch.from_numpy, stored)) for pair, stored in zip(pairs, weights, strict=True)]


def _undoing(bias: Tensor) -> Callable[[nn.Module, tuple[Tensor, ...]], None]:
    """A hook that sets a normalisation to add ``bias`` to its inputs and nothing else."""

    def hook(norm: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        assert isinstance(norm, nn.BatchNorm2d)
        assert norm.running_mean is not None
        assert norm.running_var is not None
        mean, variance = inputs[0].mean((0, 2, 3)), inputs[0].var((0, 2, 3))
        norm.running_mean.copy_(mean)
        norm.running_var.copy_(variance)
        norm.weight.data.copy_((variance + norm.eps).sqrt())
        norm.bias.data.copy_(mean + bias)

    return hook


def _pairs(net: nn.Module) -> Iterator[tuple[nn.Conv2d, nn.BatchNorm2d]]:
    last = None
    for module in net.modules():
        if isinstance(module, nn.Conv2d):
            last = module
        elif isinstance(module, nn.BatchNorm2d):
            assert last is not None
            yield last, module
