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
    recipe: Recipe,
    sources: Mapping[str, str],
    task: Callable[[str], Task],
    net: Callable[[], Net],
    measure: Callable[[str, Net], dict[str, float]],
) -> None:
    """Trains what is not trained yet, measures it and remembers the figures.

    Args:
        recipe: How each net is trained; only the last epoch is validated.
        sources: The name that each has in the card.
        task: What to train, given the source that it is not to see.
        net: Makes the net that the weights belong to.
        measure: Figures on a source, of the net that never saw it.
    """
    for source, words in sources.items():
        if words in left_out(recipe.name):
            continue
        shorter = replace(recipe, name=f"{recipe.name}-without-{source}", every=recipe.epochs)
        path = train(partial(task, source), shorter)
        made = net()
        averaged(path, made)
        remember_left_out(recipe.name, words, measure(source, made))
