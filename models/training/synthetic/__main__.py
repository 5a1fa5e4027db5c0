"""Trains the narrow net, exports and measures it and writes the card: ``make train MODEL=synthetic``.

Until ``make train MODEL=synthetic.deep`` has added the deeper one, it looks at the mirror image, too.
"""

from __future__ import annotations

from functools import partial

from ..common.export import averaged
from ..common.trainer import train
from .net import SyntheticNet
from .publish import publish
from .recipe import RECIPE
from .task import SyntheticTask
from .trunk import begun, trained

if __name__ == "__main__":
    trained()
    net = SyntheticNet()
    saved = averaged(train(partial(SyntheticTask, start=begun), RECIPE), net)
    print(publish([net, net], [RECIPE], saved["history"]))
