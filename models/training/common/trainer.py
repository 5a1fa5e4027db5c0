"""One training loop for all models: several single-threaded processes, bfloat16, averaged weights, resume.

Two processes with one thread each and averaged gradients use two cores fully; threads inside one process spin
against each other. Each process draws its own batches (seeded by run, epoch and process), so the result depends
on ``processes`` but neither on timing nor on interruptions. bfloat16 is where the processor has it; see
``nets.shortened``.
"""

from __future__ import annotations

import math
import os
import random
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import cv2
import numpy as np
import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from torch import Tensor, nn
from tqdm import tqdm

from .nets import shortened
from .packs import BUILD

Batch = dict[str, Tensor]
Figures = dict[str, float]


class Task(Protocol):
    """What a model gives the loop. Built once per process, after seeding."""

    net: nn.Module

    def steps(self, size: int, processes: int) -> int:
        """Steps of one epoch, the same for every process."""

    def batches(self, rng: np.random.Generator, size: int) -> Iterator[Batch]:
        """Endless batches drawn with ``rng``."""

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        """Named losses, already weighted; their sum is minimised."""

    def validate(self, net: nn.Module) -> Figures:
        """Figures of the averaged weights on the validation split."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """How long and how hard to train.

    Attributes:
        name: Folder under build/training.
        epochs: Passes; an epoch is what Task.batches says it is.
        batch: Samples per step and process.
        rate: Peak learning rate of AdamW; one warm-up epoch, then a cosine to zero.
        decay: Weight decay of weights with two or more axes.
        average: Decay of the exponential moving average that is validated and exported.
        processes: Single-threaded processes.
        seed: Of weights, order and augmentation.
        every: Epochs between validations.
    """

    name: str
    epochs: int
    batch: int = 64
    rate: float = 2e-3
    decay: float = 0.05
    average: float = 0.998
    processes: int = 2
    seed: int = 7
    every: int = 2

    @property
    def folder(self) -> Path:
        return BUILD / self.name


def train(make: Callable[[], Task], recipe: Recipe) -> Path:
    """Trains or resumes; returns the path of the finished checkpoint (keys ``net``, ``figures``, ``epoch``)."""
    recipe.folder.mkdir(parents=True, exist_ok=True)
    path = recipe.folder / "last.pt"
    if path.exists() and torch.load(path, weights_only=False)["epoch"] >= recipe.epochs:
        return path
    with tempfile.TemporaryDirectory() as folder:
        store = f"file://{folder}/store"
        if recipe.processes == 1:
            _process(0, make, recipe, store)
        else:
            mp.spawn(_process, args=(make, recipe, store), nprocs=recipe.processes)
    return path


def _process(rank: int, make: Callable[[], Task], recipe: Recipe, store: str) -> None:
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    random.seed(recipe.seed + rank)
    np.random.seed(recipe.seed + rank)
    torch.manual_seed(recipe.seed)
    if recipe.processes > 1:
        os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")
        dist.init_process_group("gloo", init_method=store, rank=rank, world_size=recipe.processes)
        _check_averaging(rank, recipe.processes)
    task = make()
    net = task.net.to(memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(_groups(net, recipe.decay), lr=recipe.rate, fused=True)
    average = {name: value.detach().clone() for name, value in net.state_dict().items()}
    path = recipe.folder / "last.pt"
    first, history = 0, []
    if path.exists():
        saved = torch.load(path, weights_only=False)
        net.load_state_dict(saved["raw"])
        optimizer.load_state_dict(saved["optimizer"])
        average, first, history = saved["net"], saved["epoch"], saved["history"]
    started = time.time()
    for epoch in range(first, recipe.epochs):
        figures = _epoch(rank, epoch, task, net, optimizer, average, recipe)
        if rank == 0:
            if (epoch + 1) % recipe.every == 0 or epoch + 1 == recipe.epochs:
                raw = {name: value.clone() for name, value in net.state_dict().items()}
                net.load_state_dict(average)
                net.eval()
                with torch.inference_mode():
                    figures |= task.validate(net)
                net.load_state_dict(raw)
            history.append({"epoch": epoch + 1, **figures})
            minutes = (time.time() - started) / 60
            print(f"{recipe.name} {epoch + 1}/{recipe.epochs} {minutes:.1f} min", _worded(figures), flush=True)
            state: dict[str, Any] = {"net": average, "raw": net.state_dict(), "optimizer": optimizer.state_dict()}
            torch.save(state | {"epoch": epoch + 1, "history": history}, path.with_suffix(".new"))
            path.with_suffix(".new").rename(path)
        if recipe.processes > 1:
            dist.barrier()
    if recipe.processes > 1:
        dist.destroy_process_group()


def _epoch(
    rank: int,
    epoch: int,
    task: Task,
    net: nn.Module,
    optimizer: torch.optim.Optimizer,
    average: dict[str, Tensor],
    recipe: Recipe,
) -> Figures:
    net.train()
    seed = np.random.SeedSequence([recipe.seed, epoch, rank])
    rng = np.random.default_rng(seed)
    torch.manual_seed(int(seed.generate_state(1)[0]))
    total_steps = task.steps(recipe.batch, recipe.processes)
    sums: dict[str, float] = {}
    steps = 0
    bar = tqdm(
        task.batches(rng, recipe.batch),
        total=total_steps,
        desc=f"{recipe.name} {epoch + 1}",
        disable=None if rank == 0 else True,
    )
    for step, batch in zip(range(total_steps), bar, strict=False):
        progress = epoch + step / total_steps
        for group in optimizer.param_groups:
            group["lr"] = recipe.rate * _schedule(progress, recipe.epochs)
        with shortened():
            losses = task.loss(batch)
        total = torch.stack(list(losses.values())).sum()
        optimizer.zero_grad(set_to_none=True)
        total.backward()
        if recipe.processes > 1:
            _average_gradients(net, recipe.processes)
        nn.utils.clip_grad_norm_(net.parameters(), 5.0)
        optimizer.step()
        decay = min(recipe.average, (1 + progress * total_steps) / (10 + progress * total_steps))
        with torch.no_grad():
            state = net.state_dict()
            floats = [name for name, value in state.items() if value.is_floating_point()]
            torch._foreach_lerp_([average[name] for name in floats], [state[name] for name in floats], 1 - decay)
        for name, loss in losses.items():
            sums[name] = sums.get(name, 0.0) + float(loss.detach())
        steps += 1
    return {f"loss_{name}": value / steps for name, value in sums.items()}


def _groups(net: nn.Module, decay: float) -> list[dict[str, Any]]:
    heavy = [p for p in net.parameters() if p.ndim > 1]
    light = [p for p in net.parameters() if p.ndim <= 1]
    return [{"params": heavy, "weight_decay": decay}, {"params": light, "weight_decay": 0.0}]


def _schedule(progress: float, epochs: int) -> float:
    if progress < 1:
        return 0.02 + 0.98 * progress
    return 0.5 * (1 + math.cos(math.pi * (progress - 1) / max(1, epochs - 1)))


def _average_gradients(net: nn.Module, processes: int) -> None:
    parameters = [p for p in net.parameters() if p.requires_grad]
    flat = torch.cat([(p.grad if p.grad is not None else torch.zeros_like(p)).reshape(-1) for p in parameters])
    dist.all_reduce(flat)
    flat /= processes
    offset = 0
    for parameter in parameters:
        size = parameter.numel()
        # in the parameter's own memory layout: the fused optimizer walks raw memory
        parameter.grad = torch.empty_like(parameter).copy_(flat[offset : offset + size].view_as(parameter))
        offset += size


def _check_averaging(rank: int, processes: int) -> None:
    """Makes one step with averaged gradients and one by the book, before hours are spent on the former.

    Raises:
        RuntimeError: They differ: averaging and the fused optimizer do not agree on the gradients' memory layout.
    """
    start = torch.arange(108.0).view(4, 3, 3, 3)
    slope = torch.sin(start)
    ours = nn.Parameter(start.contiguous(memory_format=torch.channels_last))
    book = nn.Parameter(start.clone())
    ours.grad, book.grad = slope * (rank + 1) * 2 / (processes + 1), slope  # over the ranks these average to slope
    _average_gradients(nn.ParameterList([ours]), processes)
    torch.optim.AdamW([ours], lr=0.1, fused=True).step()
    torch.optim.AdamW([book], lr=0.1).step()
    if not (torch.allclose(ours.grad, slope, atol=1e-5) and torch.allclose(ours, book, atol=1e-3)):
        raise RuntimeError("a step with averaged gradients is not the optimizer's step")


def _worded(figures: Figures) -> str:
    return " ".join(f"{name}={value:.4g}" for name, value in figures.items())
