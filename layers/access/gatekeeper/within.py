"""Work that has no time limit of its own, given one."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


class OutOfTime(TimeoutError):
    """The work did not end in time; it goes on in its thread, unheard."""


def within(seconds: float, work: Callable[[], T], name: str) -> T:
    """What the work gives, done in a thread.

    Args:
        seconds: How long it may take.
        work: Takes nothing.
        name: The thread's.

    Raises:
        OutOfTime: It takes longer. What the work itself raises is raised here.
    """
    made: list[T] = []
    failed: list[BaseException] = []

    def run() -> None:
        try:
            made.append(work())
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=run, name=name, daemon=True)
    thread.start()
    thread.join(seconds)
    if failed:
        raise failed[0]
    if not made:
        raise OutOfTime
    return made[0]
