"""What a batch is made of: sources, each with its share of all."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray


def drawn(shares: Mapping[str, float], rng: np.random.Generator, count: int) -> list[str]:
    """So many names, each as often as its share (0 or more, of any sum) of all."""
    names = list(shares)
    return [names[k] for k in rng.choice(len(names), count, p=np.array(list(shares.values())) / sum(shares.values()))]


def rooted(group: NDArray[np.str_]) -> NDArray[np.float64]:
    """How often to draw each of (n,) members, so that a group comes as the root of its number; of any sum."""
    _, which, count = np.unique(group, return_inverse=True, return_counts=True)
    return np.asarray(1 / np.sqrt(count[which]), np.float64)
