"""Trains a deeper net, better at generators, and publishes it beside the committed narrow one.

``make train MODEL=synthetic.deep``. The narrow one looks at the face, the deeper one at its mirror image.
"""

from __future__ import annotations

from functools import partial

from ..common.export import averaged
from ..common.trainer import train
from .net import DEEP_SHAPE, SyntheticNet, deep
from .publish import publish
from .recipe import DEEP, ONWARD
from .task import GENERATED, SyntheticTask, stored

if __name__ == "__main__":
    net = SyntheticNet(*DEEP_SHAPE)
    averaged(train(partial(SyntheticTask, start=deep, shares=GENERATED), DEEP), net)
    print(publish([stored(0), net], [ONWARD, DEEP]))
