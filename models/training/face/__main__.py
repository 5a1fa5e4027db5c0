"""Trains the first net, exports and measures the model and writes its card: ``make train MODEL=face``.

Until ``make train MODEL=face.onward`` has added the second, the first one looks at face and mirror image.
"""

from __future__ import annotations

from ..common.export import averaged
from ..common.trainer import train
from .net import FaceNet
from .publish import publish
from .recipe import RECIPE
from .task import FaceTask

if __name__ == "__main__":
    net = FaceNet()
    saved = averaged(train(FaceTask, RECIPE), net)
    print(publish([net, net], [RECIPE], saved["history"]))
