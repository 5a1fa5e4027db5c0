"""Answers age, beauty, gender, race and whether there is a face anew from all that the nets see, learnt last.

The nets learn many things at once, some from a few photos among many of others, and answer each by a linear layer of
their own. Their pooled features tell more: of beauty, of which few faces have a label, above all. ``publish`` fits
a small net to them, with the nets that it is given as they are in 8 bits. Whether there is a face has a hidden layer of
its own, fitted on what the detector is not sure of (see ``doubtful``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import cast

import numpy as np
import onnx
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn
from tqdm import tqdm

from facecore.face_net import softened
from facecore.seen import SECOND_OPINION

from ..common import augment
from ..common.packs import Image
from ..common.stored import Stored, inside
from .doubtful import Doubtful
from .labels import SHARE, Labels, centre_crop, crop_matrix, load_faces
from .net import REFINED, FaceNet, Refinement
from .task import age_loss, cropped, photometric

VIEWS, FIXED = 4, 2  # of every face, half of them mirrored; so many as they are, the others changed
EPOCHS, BATCH, RATE, DECAY = 12, 128, 1e-3, 0.1
OFTEN = 2.0  # how much more often than one of UTKFace a face of SCUT-FBP5500 is drawn
BEAUTY = 3.0  # weight of its loss
FITS = 2  # whose mean answers are given
HIDDEN, PASSES = 64, 10  # the layer that tells faces, and how often it is shown the doubtful ones
FORGOT, SHRANK = 0.5, 0.3  # its dropout and weight decay
FACES = 0.15  # what the doubtful faces weigh together in its loss, over what the others do
ENOUGH = 2.5  # a little less than what facecore's analyzer takes for enough: see the detector's card
THREADS = 2

Look = Callable[[Image], dict[str, Tensor]]  # what nets see and say of crops, by name


def refinement(path: Path, doubtful: Doubtful) -> Refinement:
    """Fits the net that answers anew, on training faces of known age or beauty, with the nets as a file has them.

    Args:
        path: An exported ``FaceModel`` with a refinement, say `blank`: in 8 bits nets see a little else than in floats.
        doubtful: What the detector is not sure of in training scenes.
    """
    pixels, labels = load_faces()
    known = ~labels.val & (labels.cartoon != 1) & ((labels.sets == "utk") | (labels.sets == "scut"))
    index = np.flatnonzero(known)
    look = _looking(path)
    seen = [_seen(look, pixels, index, view) for view in range(VIEWS)]
    found = merged([fitted(seen, labels, index, seed) for seed in range(FITS)])
    starts = tqdm(range(0, len(doubtful.crops), BATCH), desc="doubtful", disable=None)
    shown = _looked(look, (doubtful.crops[start : start + BATCH] for start in starts))
    told = merged([telling(shown, doubtful, found, seed) for seed in range(FITS)])
    return beside([found, told])  # each leaves as it is what the other answers


def blank(nets: Sequence[FaceNet]) -> Refinement:
    """One of no use, with none of the zeros and ones that an export would leave out."""
    wide = sum(net.heads.in_features + net.blur.in_features for net in nets)
    net = Refinement(torch.rand(wide) + 0.5, torch.rand(wide) + 0.5)
    for parameter in net.parameters():
        nn.init.uniform_(parameter, 0.1, 0.2)
    return net.eval()


def fitted(seen: list[dict[str, Tensor]], labels: Labels, index: NDArray[np.int64], seed: int = 0) -> Refinement:
    """The refinement that answers best for the faces ``index``, by what the nets say of each of their views."""
    torch.manual_seed(seed)
    first = seen[0]["seen"].float()
    net = Refinement(first.mean(0), first.std(0) + 0.01)
    optimiser = torch.optim.AdamW(net.parameters(), lr=RATE, weight_decay=DECAY)
    rng = np.random.default_rng(seed)
    chances = np.where(labels.sets[index] == "scut", OFTEN, 1.0)
    chances /= chances.sum()

    def loss() -> Tensor:
        rows = rng.choice(len(index), BATCH, p=chances)
        view = {name: each[rows].float() for name, each in seen[int(rng.integers(len(seen)))].items()}
        return _loss(net(view["seen"], view), labels, index[rows])

    _descend(optimiser, loss, EPOCHS * (len(index) // BATCH), "refine")
    return net.eval()


def telling(shown: dict[str, Tensor], doubtful: Doubtful, like: Refinement, seed: int = 0) -> Refinement:
    """A refinement that answers ``real`` alone anew, so that facecore's question tells the doubtful faces best.

    Args:
        shown: What the nets see of them and say, by name.
        doubtful: The same crops, and what they are.
        like: Whose mean and spread are taken.
        seed: Of weights and order.
    """
    torch.manual_seed(seed)
    net = Refinement(like.mean, like.spread, HIDDEN, FORGOT)
    sharpness = nn.Parameter(torch.zeros(()))
    optimiser = torch.optim.AdamW(
        [{"params": net.parameters(), "weight_decay": SHRANK}, {"params": [sharpness], "weight_decay": 0.0}], lr=RATE
    )
    truth, scores = torch.from_numpy(doubtful.faces).float(), torch.from_numpy(doubtful.scores)
    weights = torch.where(truth > 0, FACES * (1 - truth).sum() / truth.sum(), 1.0)
    rows = torch.Generator().manual_seed(seed)

    def loss() -> Tensor:
        batch = torch.randint(len(truth), (BATCH,), generator=rows)
        view = dict.fromkeys(REFINED, shown["real"][batch])  # the others' answers are not looked at
        real = net(shown["seen"][batch], view)["real"][:, 0]
        sure = sharpness.exp() * (scores[batch] + SECOND_OPINION * real - ENOUGH)
        return F.binary_cross_entropy_with_logits(sure, truth[batch], weights[batch])

    _descend(optimiser, loss, PASSES * len(truth) // BATCH, "tell")
    return net.eval()


def beside(nets: Sequence[Refinement]) -> Refinement:
    """One net, its hidden layer as wide as those of all, that adds what each adds and multiplies by what each does."""
    inner, outer = zip(*map(_layers, nets), strict=True)
    net = Refinement(nets[0].mean, nets[0].spread, sum(layer.out_features for layer in inner))
    with torch.no_grad():
        ours, last = _layers(net)
        ours.weight.copy_(torch.cat([layer.weight for layer in inner]))
        ours.bias.copy_(torch.cat([layer.bias for layer in inner]))
        last.weight.copy_(torch.cat([layer.weight for layer in outer], 1))
        last.bias.copy_(torch.stack([layer.bias for layer in outer]).sum(0))
        net.scales.copy_(torch.stack([each.scales for each in nets]).sum(0))
    return net.eval()


def merged(fits: Sequence[Refinement]) -> Refinement:
    """One net that gives the mean of all fits' answers."""
    net = beside(fits)
    with torch.no_grad():
        net.outer.weight.div_(len(fits))
        net.outer.bias.div_(len(fits))
        net.scales.copy_(torch.stack([fit.scales.exp() for fit in fits]).mean(0).log())
    return net


def _descend(optimiser: torch.optim.Optimizer, loss: Callable[[], Tensor], steps: int, words: str) -> None:
    """Brings a loss down, by a rate that falls to zero."""
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    for _ in tqdm(range(steps), desc=words, disable=None):
        optimiser.zero_grad()
        loss().backward()
        optimiser.step()
        schedule.step()


def _layers(net: Refinement) -> tuple[nn.Linear, nn.Linear]:
    return cast(nn.Linear, net.inner[1]), net.outer


def _loss(out: dict[str, Tensor], labels: Labels, index: NDArray[np.int64]) -> Tensor:
    """Of age, gender and race by UTKFace's labels, and of beauty by SCUT-FBP5500's."""
    utk = torch.from_numpy(labels.sets[index] == "utk")
    age = torch.from_numpy(labels.age[index])
    beauty = torch.from_numpy((labels.beauty[index] - 50) / 15)
    rated = ~beauty.isnan()
    loss = age_loss(out["age"][utk], age[utk])
    for name, truth in (("gender", labels.gender), ("race", labels.race)):
        loss = loss + F.cross_entropy(out[name][utk], torch.from_numpy(truth[index])[utk], ignore_index=-1)
    if rated.any():
        loss = loss + F.mse_loss(out["beauty"][rated, 0], beauty[rated]) * BEAUTY
    return loss


def _looking(path: Path) -> Look:
    """What a file's nets see and say, under ``seen`` and REFINED, of crops."""
    model = onnx.load(str(path))
    stored = Stored(model.graph)
    (centred,) = stored.takers("refinement.mean")
    scaled = [f"/refinement/Mul{f'_{i}' if i else ''}_output_0" for i in range(len(REFINED))]
    names = [centred.input[0], *(stored.maker[name].input[0] for name in scaled)]
    session = inside(model, names, THREADS)

    def look(crops: Image) -> dict[str, Tensor]:
        found = map(torch.from_numpy, session.run(names, {"crop": crops}))
        return dict(zip(("seen", *REFINED), found, strict=True))

    return look


def _seen(look: Look, pixels: Image, index: NDArray[np.int64], view: int) -> dict[str, Tensor]:
    """What the nets see and say of one view of each face, in half precision: see FIXED."""
    rng = np.random.default_rng(100 + view)
    starts = tqdm(range(0, len(index), BATCH), desc=f"view {view + 1} of {VIEWS}", disable=None)
    batches = (
        np.stack([_view(np.array(pixels[i]), view, rng) for i in index[start : start + BATCH]]) for start in starts
    )
    return {name: each.half() for name, each in _looked(look, batches).items()}


def _looked(look: Look, batches: Iterable[Image]) -> dict[str, Tensor]:
    """What the nets see and say of all crops of these batches."""
    parts = list(map(look, batches))
    return {name: torch.cat([part[name] for part in parts]) for name in parts[0]}


def _view(frame: Image, view: int, rng: np.random.Generator) -> Image:
    if view < FIXED:
        crop = centre_crop(frame)
    else:
        if rng.random() < 0.3:
            frame = augment.soften(frame, rng, 3.0)
        matrix = crop_matrix(
            rng.normal(0, 5), rng.uniform(SHARE - 0.06, SHARE + 0.06), (rng.normal(0, 0.016), rng.normal(0, 0.016))
        )
        crop = softened(photometric(cropped(frame, matrix), rng))
    return augment.mirrored(crop) if view % 2 else crop
