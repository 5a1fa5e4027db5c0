"""What a batch is made of: sources, each with its share of all."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np


def drawn(shares: Mapping[str, float], rng: np.random.Generator, count: int) -> list[str]:
    """So many names, each as often as its share (0 or more, of any sum) of all."""
    names = list(shares)
    return [names[k] for k in rng.choice(len(names), count, p=np.array(list(shares.values())) / sum(shares.values()))]
