"""Ends a worker whose parent is gone."""

from __future__ import annotations

import os
import signal
import threading
from multiprocessing import parent_process
from multiprocessing.connection import wait


def end_with_parent() -> None:
    """From now on this process ends as SIGTERM ends it when its parent does, killed or not; without a parent, never.

    A worker that outlives its parent would go on with the port in its hands, so that no other server could start there.
    """
    parent = parent_process()
    if parent is not None:
        threading.Thread(target=_follow, args=(parent.sentinel,), name="parent", daemon=True).start()


def _follow(sentinel: int) -> None:
    wait([sentinel])
    os.kill(os.getpid(), signal.SIGTERM)
