"""Trains on from the committed model's first net, which the model teaches what people did not label.

``make train MODEL=face.onward`` publishes the net as it has become and as it was, for the mirror image: the mean of
both answers. What it was is kept beside the checkpoint, so that publishing again publishes the same, though the
committed model is another by then.
"""

from __future__ import annotations

from functools import partial

import torch

from ..common.export import averaged
from ..common.trainer import train
from .net import FaceNet
from .publish import publish
from .recipe import ONWARD, RECIPE
from .task import FaceTask, stored

if __name__ == "__main__":
    before = ONWARD.folder / "before.pt"
    if not before.exists():
        ONWARD.folder.mkdir(parents=True, exist_ok=True)
        torch.save({"net": stored(0).state_dict()}, before)
    newest, older = FaceNet(), FaceNet()
    saved = averaged(train(partial(FaceTask, onward=True), ONWARD), newest)
    averaged(before, older)
    print(publish([newest, older], [RECIPE, ONWARD], saved["history"]))
