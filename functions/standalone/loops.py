"""An event loop for workers that share a listening socket."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

from standalone.protocol import PatientProtocol

STEP_BACK = 0.002
"""Seconds for every connection that a worker holds, in which it leaves new ones to others."""
MOST = 0.05


class SharingLoop(asyncio.SelectorEventLoop):
    """Accepts one connection at a time and then steps back, the longer the more it holds.

    asyncio accepts all that wait at once, so that the first worker to wake would take every connection of a proxy that
    keeps its connections open, and answer all calls alone.
    """

    def _accept_connection(
        self, factory: Any, sock: socket.socket, ssl: Any = None, server: Any = None, backlog: int = 1, *rest: Any
    ) -> None:
        super()._accept_connection(factory, sock, ssl, server, 1, *rest)  # type: ignore[misc]  # typeshed hides it
        self.remove_reader(sock.fileno())
        pause = min(STEP_BACK * (PatientProtocol.held + 1), MOST)
        self.call_later(pause, self._again, factory, sock, ssl, server, backlog, *rest)

    def _again(self, factory: Any, sock: socket.socket, *rest: Any) -> None:
        if sock.fileno() >= 0:  # it was not closed meanwhile
            self._start_serving(factory, sock, *rest)  # type: ignore[attr-defined]  # typeshed hides it
