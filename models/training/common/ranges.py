"""What range of a tensor's values 256 steps should span."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Range = tuple[float, float]

STEPS = 255
SHARES = (100, 99.999, 99.99, 99.98, 99.97, 99.96, 99.95, 99.93, 99.9, 99.87, 99.83, 99.8, 99.7, 99.5, 99.2)
"""Per cent of the values that lie below a range's end."""


def best_range(values: NDArray[np.float32]) -> Range:
    """The range (lowest <= 0, highest >= 0) whose steps change the values least.

    What is changed in an input counts as a share of what that input gives, and as all of it at the most. A crop that is
    no face may give a hundred times as much as a face does, and wide steps for its sake would blur every face; a
    covered face gives more than a free one, and what is cut off of it is lost.

    Args:
        values: (inputs, values) of one tensor.
    """
    power = (values**2).mean(1) + 1e-6 * (values**2).mean() + 1e-12
    found: list[tuple[float, Range]] = []
    for share in SHARES:
        low, high = min(0.0, float(np.percentile(values, 100 - share))), max(0.0, float(np.percentile(values, share)))
        if high > low:
            change = ((stepped(values, (low, high)) - values) ** 2).mean(1)
            found.append((float(np.minimum(change / power, 1).mean()), (low, high)))
    return min(found, default=(0.0, (0.0, 1.0)))[1]


def stepped(values: NDArray[np.float32], span: Range) -> NDArray[np.float32]:
    """Values as 8 bits tell them that span a range; zero stays zero, what lies outside becomes the nearer end."""
    step = (span[1] - span[0]) / STEPS
    zero = round(-span[0] / step)
    return np.asarray((np.clip(np.round(values / step) + zero, 0, STEPS) - zero) * step, np.float32)
