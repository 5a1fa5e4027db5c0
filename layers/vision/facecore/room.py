"""How much may be unpacked at once, whoever asks."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Room:
    """Room for so many pixels, shared by all threads that unpack photos.

    Args:
        pixels: How many fit. One photo alone always does, however large.
    """

    def __init__(self, pixels: int) -> None:
        self._pixels = pixels
        self._taken = 0
        self._turn = threading.Lock()  # who waits for much room is not overtaken by all who need little
        self._changed = threading.Condition()

    @contextmanager
    def taken(self, pixels: int) -> Iterator[None]:
        """Waits until so many pixels fit, and keeps their room until the end of the block."""
        with self._turn, self._changed:
            self._changed.wait_for(lambda: not self._taken or self._taken + pixels <= self._pixels)
            self._taken += pixels
        try:
            yield
        finally:
            with self._changed:
                self._taken -= pixels
                self._changed.notify_all()
