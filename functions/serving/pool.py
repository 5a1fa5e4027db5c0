"""Threads for work that would hold up the event loop, with a bound on what waits for them."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Result = TypeVar("Result")


class Overloaded(Exception):
    """More work waits than the service will finish in good time."""


class Pool:
    """A fixed number of threads and a bounded line in front of them.

    Args:
        name: Names the threads.
        threads: How many; 0 runs everything in the caller's thread, for a process that serves one request at a time.
        waiting: How many calls may wait for a thread.

    Attributes:
        inside: How many calls are at work or wait.
    """

    def __init__(self, name: str, threads: int, waiting: int) -> None:
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix=name) if threads else None
        self._room = threads + waiting
        self.inside = 0
        self._lock = threading.Lock()

    async def run(self, work: Callable[[], Result]) -> Result:
        """Does the work and gives its result.

        Raises:
            Overloaded: The line is full.
        """
        if self._executor is None:
            return work()
        with self._lock:
            if self.inside >= self._room:
                raise Overloaded
            self.inside += 1
        future = self._executor.submit(work)
        future.add_done_callback(self._leave)
        return await asyncio.wrap_future(future)

    def _leave(self, _: object) -> None:
        with self._lock:
            self.inside -= 1

    def close(self) -> None:
        """Lets the threads finish what they have."""
        if self._executor is not None:
            self._executor.shutdown(wait=True, cancel_futures=True)
