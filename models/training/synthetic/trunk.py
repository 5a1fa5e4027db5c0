"""The trunk that training starts from: a thousand generated faces are few to learn faces from."""

from __future__ import annotations

from functools import partial

from torch import Tensor

from ..common.export import averaged
from ..common.trainer import train
from ..face.net import FaceNet
from ..face.task import FaceTask
from .net import SyntheticNet
from .recipe import BLOCKS, TRUNK, WIDTHS


def trained() -> None:
    """Trains a face net narrow enough for photos four times as large, where that is not done yet."""
    train(partial(FaceTask, WIDTHS, BLOCKS), TRUNK)


def begun(_: Tensor) -> SyntheticNet:
    """A net whose trunk is that of the trained face net, whatever the inputs.

    Raises:
        FileNotFoundError: ``trained`` was not called before.
    """
    face, net = FaceNet(WIDTHS, BLOCKS), SyntheticNet()
    averaged(TRUNK.folder / "last.pt", face)
    for ours, theirs in ((net.branch[0], face.low), (net.branch[1], face.high)):
        ours.load_state_dict(theirs.state_dict())
    return net
