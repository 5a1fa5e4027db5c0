"""First convolutions on a picture's bytes as they come, and nets of the mirror image that need no mirrored picture.

What a net's first convolution costs is little beside what it costs to bring the picture before it in floats and its
answer to the next one in bytes. The runtime's 8-bit convolutions take channels by fours; three it copies for each place
of a kernel by themselves, which costs more than the floats. So four pixels next to each other become one of twelve
channels, and the kernels, moved by two pixels within these, answer for two places at once: both are the same bytes as
before, in another shape.

The weights of all convolutions have as many steps. Here each is rounded so that its kernel's answers change least on
pictures, whose neighbouring pixels are nearly alike: a kernel that looks for differences keeps a sum of nearly zero.
Rounded by themselves, they cost liveness two points of the attacks found.

A net with mirrored kernels gives the mirrored maps of what the net gives for the mirrored picture, if convolutions that
leave out every other place leave out the others.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from .stored import Floats, Stored

PIXELS = 4  # that become one
TOP = 64  # the largest step that weights may have, either way: they use 7 bits
SCALES = range(56, TOP + 1)  # what a kernel's largest weight may be, of these steps
PATCHES = 100_000
NOISE = 0.01  # of what is seen, as if pixels also differed so much by themselves: fine traces are rare in pictures
STEP, ZERO = np.float32(1 / 127.5), 128  # of a pixel's byte; what it stands for is half a step more
HALF = np.float32(0.5 / 127.5)
MIRRORED = ".mirrored"  # ends the names of mirrored weights
ALIKE = {"Relu", "QuantizeLinear", "DequantizeLinear", "Cast"}  # do the same to every place
FROM_PIXELS = ["Div", "Sub", "Cast", "Transpose"]


def lean(model: onnx.ModelProto, pictures: Mapping[str, NDArray[np.uint8]]) -> None:
    """Replaces a model's first convolutions by 8-bit ones, and mirrored pictures by mirrored kernels.

    A first convolution takes what ``FromPixels`` gives, or its mirror image, and halves its sides, which are multiples
    of four; a Relu follows, then 8 bits. Others stay as they are.

    Args:
        model: 8-bit convolutions but for the first.
        pictures: (n, height, width, 3) BGR by the input's name, which weights are rounded for.
    """
    widths = _widths(model)
    graph = model.graph
    for node in list(graph.node):
        if node.op_type == "Conv" and (stem := _stem(node, Stored(graph))) is not None:
            _replace(graph, stem, pictures[stem.picture])
            if stem.mirrored:
                _mirror(graph, stem.quantise.output[0], widths)
    _forget(graph)


def undone(node: onnx.NodeProto, weight: Floats, bias: Floats) -> tuple[Floats, Floats]:
    """Weight (out, in, height, width) and bias (out,) of the convolution that `lean` made into this one.

    Args:
        node: As the file has it.
        weight: Its own, which is returned where `lean` left it alone.
        bias: Its own.
    """
    mirrored = node.input[1].endswith(MIRRORED)
    if weight.shape[1:] == (3 * PIXELS, 3, 2):
        weight = _narrow(weight, mirrored)
        bias = bias[: len(weight)] - weight.sum((1, 2, 3)) * HALF
    return (np.ascontiguousarray(weight[..., ::-1]) if mirrored else weight), bias


def rounded(weights: Floats, power: NDArray[np.float64]) -> tuple[NDArray[np.int8], Floats]:
    """Weights as steps, so that answers change least.

    From the nearest steps on, one weight or two are moved by a step as long as that helps, for every scale.

    Args:
        weights: (kernels, places).
        power: (places, places), the mean product of what two places see.

    Returns:
        Steps (kernels, places) and what a step is (kernels,).
    """
    trials = ([_settled(row, np.abs(row).max() / top, power) for top in SCALES] for row in weights)
    found = [min(each, key=itemgetter(0)) for each in trials]
    return np.stack([steps for _, steps, _ in found]), np.array([scale for _, _, scale in found], np.float32)


@dataclass(frozen=True, slots=True)
class _Stem:
    """A first convolution: where its picture comes from, whether mirrored, and what makes 8 bits of its answer."""

    node: onnx.NodeProto
    picture: str
    mirrored: bool
    quantise: onnx.NodeProto


def _stem(node: onnx.NodeProto, stored: Stored) -> _Stem | None:
    name, before = node.input[0], []
    while (maker := stored.maker.get(name)) is not None:
        before.append(maker)
        name = maker.input[0]
    mirrored = [maker.op_type for maker in before] == ["Slice", *FROM_PIXELS] and _flips(before[0], stored)
    if not mirrored and [maker.op_type for maker in before] != FROM_PIXELS:
        return None
    facts = {each.name: helper.get_attribute_value(each) for each in node.attribute}
    if facts["strides"] != [2, 2] or facts["pads"] != [1] * 4 or facts["kernel_shape"] != [3, 3]:
        return None
    (relu,) = stored.takers(node.output[0])
    (quantise,) = stored.takers(relu.output[0])
    return _Stem(node, name, mirrored, quantise)


def _flips(node: onnx.NodeProto, stored: Stored) -> bool:
    axes, steps = (stored.value(name).tolist() for name in node.input[3:5])
    return bool(axes == [3] and steps == [-1])


def _replace(graph: onnx.GraphProto, stem: _Stem, pictures: NDArray[np.uint8]) -> None:
    stored = Stored(graph)
    weight, bias = (stored.value(name) for name in stem.node.input[1:3])
    seen = _patches(pictures[:, :, ::-1] if stem.mirrored else pictures)
    power = seen.T @ seen / len(seen)
    power += NOISE * power.diagonal().mean() * np.eye(len(power))
    steps, scale = rounded(weight.reshape(len(weight), -1), power)
    kernels = steps.reshape(weight.shape)
    bias = bias + (kernels * scale[:, None, None, None]).sum((1, 2, 3)) * HALF
    kernels = _wide(kernels[..., ::-1], True) if stem.mirrored else _wide(kernels, False)
    scale, bias = np.tile(scale, 2), np.tile(bias, 2)
    made: list[onnx.NodeProto] = []

    def keep(value: NDArray[np.generic], what: str) -> str:
        graph.initializer.append(numpy_helper.from_array(value, f"{stem.node.output[0]}.{what}"))
        return graph.initializer[-1].name

    def add(kind: str, inputs: list[str], what: str, **facts: Any) -> str:
        made.append(helper.make_node(kind, inputs, [f"{stem.node.output[0]}{what}"], **facts))
        return made[-1].output[0]

    def floats(steps: str, step: NDArray[np.float32], zero: NDArray[np.generic], what: str) -> str:
        inputs = [steps, keep(step, f"{what}.step"), keep(zero, f"{what}.zero")]
        return add("DequantizeLinear", inputs, f".{what}", axis=0)

    fours = add("Reshape", [stem.picture, keep(np.array([0, 0, -1, 3 * PIXELS]), "four")], ".fours")
    pixels = add("Transpose", [fours], ".planes", perm=[0, 3, 1, 2])
    inputs = [
        floats(pixels, np.array(STEP), np.array(ZERO, np.uint8), "pixels"),
        floats(keep(kernels, "steps"), scale, np.zeros(len(scale), np.int8), "weight" + MIRRORED * stem.mirrored),
        floats(
            keep(np.round(bias / (scale * STEP)).astype(np.int32), "offsets"),
            scale * STEP,
            np.zeros(len(scale), np.int32),
            "bias",
        ),
    ]
    pads = [1, 0, 1, 1] if stem.mirrored else [1, 1, 1, 0]
    pairs = add("Relu", [add("Conv", inputs, "", kernel_shape=[3, 2], strides=[2, 1], pads=pads)], ".relu")
    pairs = add("QuantizeLinear", [pairs, *stem.quantise.input[1:3]], ".bytes")
    pairs = add("Transpose", [pairs], ".pairs", perm=[0, 2, 3, 1])
    ones = add("Reshape", [pairs, keep(np.array([0, 0, -1, len(weight)]), "one")], ".ones")
    made.append(helper.make_node("Transpose", [ones], list(stem.quantise.output), perm=[0, 3, 1, 2]))
    at = list(graph.node).index(stem.quantise)
    for node in reversed(made):
        graph.node.insert(at, node)
    graph.node.remove(stem.quantise)
    graph.node.remove(stem.node)


def _places(mirrored: bool) -> Iterator[tuple[int, int, int, int]]:
    """Which half of the answers, which place of a kernel's row, in which of two fours of pixels, at which of them."""
    for half in range(2):
        for place in range(3):
            four, pixel = divmod(2 * half + place + (0 if mirrored else PIXELS - 1), PIXELS)
            yield half, place, four, pixel


def _wide(kernels: NDArray[np.int8], mirrored: bool) -> NDArray[np.int8]:
    """Kernels (out, 3, 3, 3) as (2 out, 12, 3, 2): for places side by side, over two fours of pixels side by side."""
    wide = np.zeros((2, len(kernels), PIXELS, 3, 3, 2), kernels.dtype)
    for half, place, four, pixel in _places(mirrored):
        wide[half, :, pixel, :, :, four] = kernels[..., place]
    return wide.reshape(2 * len(kernels), 3 * PIXELS, 3, 2)


def _narrow(wide: Floats, mirrored: bool) -> Floats:
    """What `_wide` was given."""
    each = wide.reshape(2, -1, PIXELS, 3, 3, 2)
    kernels = np.zeros((each.shape[1], 3, 3, 3), wide.dtype)
    for half, place, four, pixel in _places(mirrored):
        if half == 0:
            kernels[..., place] = each[half, :, pixel, :, :, four]
    return kernels


def _patches(pictures: NDArray[np.uint8]) -> NDArray[np.float64]:
    """What a kernel sees at places drawn at random: (PATCHES, 27), channels first, about -1 to 1."""
    rng = np.random.default_rng(53)
    which = rng.integers(len(pictures), size=PATCHES)
    tops, lefts = (rng.integers(side - 2, size=PATCHES) for side in pictures.shape[1:3])
    seen = np.lib.stride_tricks.sliding_window_view(pictures, (3, 3), (1, 2))[which, tops, lefts]
    return np.asarray((seen.reshape(PATCHES, -1) - 127.5) / 127.5, np.float64)


def _settled(weights: Floats, scale: float, power: NDArray[np.float64]) -> tuple[float, NDArray[np.int8], float]:
    """How much the answers change, the steps and what a step is."""
    scale = float(scale) or 1.0
    steps = np.round(weights / scale)
    places = np.tile(np.arange(len(weights)), 2)
    moves = np.repeat([1.0, -1.0], len(weights))
    both = np.outer(moves, moves) * power[np.ix_(places, places)] * scale**2
    while True:
        change = steps * scale - weights
        one = 2 * scale * moves * (power @ change)[places] + both.diagonal()
        one[np.abs(steps[places] + moves) > TOP] = np.inf
        two = one[:, None] + one[None, :] + 2 * both
        two[places[:, None] == places[None, :]] = np.inf
        pair = np.unravel_index(two.argmin(), two.shape)
        chosen = [one.argmin()] if one.min() <= two.min() else list(pair)
        if min(one.min(), two.min()) > -1e-9 * both.diagonal().max():
            return float(change @ power @ change), steps.astype(np.int8), scale
        for move in chosen:
            steps[places[move]] += moves[move]


def _mirror(graph: onnx.GraphProto, start: str, widths: Mapping[str, int]) -> None:
    """Mirrors the kernels of everything behind a mirrored map; what asks for more than a map's mean gets it back."""
    mirrored = {start}
    for node in list(graph.node):
        taken = mirrored.intersection(node.input)
        if not taken or _of_all_places(node):
            continue
        if node.op_type == "Conv":
            _mirror_kernels(graph, node, widths)
        elif node.op_type not in ALIKE and not (node.op_type == "Add" and mirrored.issuperset(node.input)):
            for name in taken:
                _back(graph, node, name)
            continue
        mirrored.update(node.output)


def _mirror_kernels(graph: onnx.GraphProto, node: onnx.NodeProto, widths: Mapping[str, int]) -> None:
    stored = Stored(graph)
    floats = stored.maker[node.input[1]]
    weight = stored.held[floats.input[0]]
    kernels = numpy_helper.to_array(weight)
    if kernels.shape[3] == 1:
        return
    if len(list(stored.takers(node.input[1]))) > 1:
        raise ValueError(f"{node.input[1]} is the weight of two convolutions")
    weight.CopyFrom(numpy_helper.from_array(np.ascontiguousarray(kernels[..., ::-1]), weight.name))
    floats.output[0] += MIRRORED
    node.input[1] = floats.output[0]
    facts = {each.name: each for each in node.attribute}
    if facts["strides"].ints[1] == 2 and widths[node.input[0]] % 2 == 0:
        top, left, bottom, right = facts["pads"].ints
        facts["pads"].ints[:] = [top, left - 1, bottom, right]


def _of_all_places(node: onnx.NodeProto) -> bool:
    """Whether the node answers with the mean of a map."""
    facts = {each.name: helper.get_attribute_value(each) for each in node.attribute}
    return node.op_type == "GlobalAveragePool" or (
        node.op_type == "ReduceMean" and 3 in [axis % 4 for axis in facts["axes"]]
    )


def _back(graph: onnx.GraphProto, node: onnx.NodeProto, name: str) -> None:
    """Lets the node take the mirror image of a map."""
    held = {each.name for each in graph.initializer}
    for what, value in (("from", -1), ("to", np.iinfo(np.int64).min), ("along", 3), ("by", -1)):
        if f"mirror.{what}" not in held:
            graph.initializer.append(numpy_helper.from_array(np.array([value], np.int64), f"mirror.{what}"))
    if (made := f"{name}.back") not in {each for other in graph.node for each in other.output}:
        parts = [f"mirror.{what}" for what in ("from", "to", "along", "by")]
        graph.node.insert(list(graph.node).index(node), helper.make_node("Slice", [name, *parts], [made]))
    node.input[:] = [made if each == name else each for each in node.input]


def _widths(model: onnx.ModelProto) -> dict[str, int]:
    """The widths of all maps (n, channels, height, width) that are known."""
    known = onnx.shape_inference.infer_shapes(model).graph.value_info
    shapes = {each.name: each.type.tensor_type.shape.dim for each in known}
    return {name: shape[3].dim_value for name, shape in shapes.items() if len(shape) == 4}


def _forget(graph: onnx.GraphProto) -> None:
    """Takes out what nothing takes, and the shapes that were noted of what lies between."""
    del graph.value_info[:]
    outputs = {each.name for each in graph.output}
    while True:
        taken = outputs.union(*(node.input for node in graph.node))
        if not (left := [node for node in graph.node if taken.isdisjoint(node.output)]):
            break
        for node in left:
            graph.node.remove(node)
    for each in [each for each in graph.initializer if each.name not in taken]:
        graph.initializer.remove(each)
