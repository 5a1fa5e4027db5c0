"""Uvicorn's HTTP/1.1 protocol, with an end to its patience with clients that never finish their request's head."""

from __future__ import annotations

import asyncio
from typing import Any, ClassVar

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_SECONDS = 15.0
"""How long a client may take to send a request's line and headers."""


class PatientProtocol(H11Protocol):
    """Closes a connection whose request's head is not whole in time; bodies have a limit of their own.

    Attributes:
        held: How many connections this process has open.
    """

    held: ClassVar[int] = 0

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self._head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own
        """A client has connected and owes a head."""
        super().connection_made(transport)
        PatientProtocol.held += 1
        self._await_head()

    def data_received(self, data: bytes) -> None:
        """Some of a request came: the head is whole, or is still owed."""
        super().data_received(data)
        if self.conn.their_state is h11.IDLE:
            self._await_head()
        else:
            self._end_wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """The client has gone."""
        PatientProtocol.held -= 1
        self._end_wait()
        super().connection_lost(exc)

    def _await_head(self) -> None:
        if self._head_timer is None:
            self._head_timer = self.loop.call_later(HEAD_SECONDS, self._give_up)

    def _end_wait(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _give_up(self) -> None:
        self.transport.abort()
