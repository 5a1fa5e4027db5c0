"""Leave one source out: a net is trained without each source and measured on it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import TypeVar

from torch import nn

from .export import averaged
from .leaving import left_out, remember_left_out
from .trainer import Recipe, Task, train

Net = TypeVar("Net", bound=nn.Module)


def leave_each_out(
    name: str,
    sources: Mapping[str, str],
    trained: Callable[[str], Net],
    measure: Callable[[str, Net], dict[str, float]],
) -> None:
    """Trains what is not trained yet, measures it and remembers the figures.

    Args:
        name: Of the model.
        sources: The name that each has in the card.
        trained: The net of which training did not see a source, see ``without``.
        measure: Figures on a source, of the net that never saw it.
    """
    for source, words in sources.items():
        if words not in left_out(name):
            remember_left_out(name, words, measure(source, trained(source)))


def without(source: str, recipe: Recipe, task: Callable[[str], Task], net: Net) -> Net:
    """``net`` as trained without a source, in evaluation.

    Args:
        source: What training is not to see.
        recipe: How it is trained; only the last epoch is validated.
        task: What to train, given the source.
        net: What the weights belong to.
    """
    shorter = replace(recipe, name=f"{recipe.name}-without-{source}", every=recipe.epochs)
    averaged(train(partial(task, source), shorter), net)
    return net
