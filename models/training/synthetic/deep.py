"""Trains the deeper net in two runs and publishes it beside the committed narrow one.

``make train MODEL=synthetic.deep``. The narrow one looks at the face, the deeper one at its mirror image. Its few
hundred generated faces are made harder, or it would learn them by heart. ``synthetic.paired`` goes on from it.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

from torch import Tensor

from ..common.export import averaged
from ..common.trainer import train
from .net import SyntheticNet, deep, shaped, stored
from .publish import publish
from .recipe import DEEP, DEEP_ONWARD, ONWARD
from .task import GENERATED, MOSTLY_GENERATED, SyntheticTask


def of(checkpoint: Path, _: Tensor | None = None) -> SyntheticNet:
    """The deeper net of a checkpoint, in evaluation, whatever the inputs."""
    net = shaped(1)
    averaged(checkpoint, net)
    return net


if __name__ == "__main__":
    begun = train(partial(SyntheticTask, start=deep, shares=GENERATED, harder=True), DEEP)
    onward = partial(SyntheticTask, start=partial(of, begun), shares=MOSTLY_GENERATED, harder=True)
    print(publish([stored(0), of(train(onward, DEEP_ONWARD))], [ONWARD, DEEP, DEEP_ONWARD]))
