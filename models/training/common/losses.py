"""The loss of heads that tell two classes."""

from __future__ import annotations

from typing import TypeVar

import torch.nn.functional as F
from torch import Tensor

Label = TypeVar("Label", float, Tensor)


def softened(label: Label) -> Label:
    """A label, 0 to 1, moved a little towards a half: from 0.02 to 0.98."""
    return label * 0.96 + 0.02


def two_class(out: Tensor, label: Tensor, counted: Tensor | None = None) -> Tensor:
    """Mean binary cross-entropy with labels softened to 0.02 and 0.98.

    Args:
        out: (n, cells) logits, each of which is to tell its sample's label or its own.
        label: (n,) 0 to 1, or (n, cells) where cells differ.
        counted: (n,) how much each sample counts; all of them once if not given.
    """
    target = softened(label if label.ndim == 2 else label[:, None]).expand_as(out)
    if counted is None:
        return F.binary_cross_entropy_with_logits(out.float(), target)
    each = F.binary_cross_entropy_with_logits(out.float(), target, reduction="none").mean(1)
    return (each * counted).mean()
