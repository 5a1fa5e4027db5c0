"""Event loops of tests: what is made is closed."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def returned_to(loop: asyncio.AbstractEventLoop) -> Iterator[None]:
    """Runs with ``loop`` as the thread's, and comes back to it.

    Mangum takes the thread's loop, or makes one, and closes none; ``asyncio.run`` leaves the thread without any. What
    was made in between is closed, lest it is found unclosed in whatever test the collector comes by.
    """
    asyncio.set_event_loop(loop)
    try:
        yield
    finally:
        try:
            left = asyncio.get_event_loop()
        except RuntimeError:
            left = loop
        asyncio.set_event_loop(loop)
        if left is not loop:
            left.close()
