"""Writes small networks byte by byte: ONNX files are protocol buffers; the tests need no package that makes them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

FLOAT, UINT8, INT64, DOUBLE = 1, 2, 7, 11
_KINDS = {np.dtype(np.float32): FLOAT, np.dtype(np.uint8): UINT8, np.dtype(np.int64): INT64}


def _varint(value: int) -> bytes:
    value &= (1 << 64) - 1
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes((*out, value))


def message(*fields: tuple[int, int | str | bytes]) -> bytes:
    """Protocol buffer fields, (number, value)."""
    out = b""
    for number, value in fields:
        if isinstance(value, int):
            out += _varint(number << 3) + _varint(value)
        else:
            body = value.encode() if isinstance(value, str) else value
            out += _varint(number << 3 | 2) + _varint(len(body)) + body
    return out


def tensor(name: str, array: Array) -> bytes:
    dims: list[tuple[int, int | str | bytes]] = [(1, size) for size in array.shape]
    return message(*dims, (2, _KINDS[array.dtype]), (8, name), (9, array.tobytes()))


def node(kind: str, inputs: Sequence[str], output: str, **attributes: int | Sequence[int]) -> bytes:
    fields: list[tuple[int, int | str | bytes]] = [(1, name) for name in inputs]
    fields += [(2, output), (4, kind)]
    for name, value in attributes.items():
        if isinstance(value, int):
            fields.append((5, message((1, name), (3, value), (20, 2))))
        else:
            fields.append((5, message((1, name), *((8, part) for part in value), (20, 7))))
    return message(*fields)


def port(name: str, kind: int, shape: Sequence[int | str]) -> bytes:
    dims = [(1, message((1, size) if isinstance(size, int) else (2, size))) for size in shape]
    return message((1, name), (2, message((1, message((1, kind), (2, message(*dims)))))))


def model(nodes: Sequence[bytes], inputs: Sequence[bytes], outputs: Sequence[bytes], **constants: Array) -> bytes:
    parts = [(1, made) for made in nodes] + [(2, "net")]
    parts += [(5, tensor(name, array)) for name, array in constants.items()]
    parts += [(11, made) for made in inputs] + [(12, made) for made in outputs]
    return message((1, 8), (7, message(*parts)), (8, message((1, ""), (2, 17))))


def floats(*values: float) -> Array:
    return np.array(values, np.float32)
