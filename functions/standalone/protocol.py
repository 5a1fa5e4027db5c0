"""Uvicorn's HTTP/1.1 protocol, with an end to its patience: with heads that never end, and with endless headers."""

from __future__ import annotations

import asyncio
import re
from typing import Any, ClassVar

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_SECONDS = 15.0
"""How long a client may take to send a request's line and headers."""
MAX_LINES = 256
"""Lines of a head: a request's line may be long, as it may hold a photo, but taking a million headers apart lasts."""
_END = re.compile(rb"\n\r?\n")
_REFUSAL = "Invalid HTTP request received."


class PatientProtocol(H11Protocol):
    """Closes a connection whose request's head is not whole in time or has too many lines; bodies have own limits.

    Attributes:
        held: How many connections this process has open.
    """

    held: ClassVar[int] = 0

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self._head_timer: asyncio.TimerHandle | None = None
        self._lines = 0  # that came, and may not have been taken apart yet

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own
        """A client has connected and owes a head."""
        super().connection_made(transport)
        PatientProtocol.held += 1
        self._await_head()

    def data_received(self, data: bytes) -> None:
        """Some of a request came: the head is whole, or is still owed."""
        self._lines += data.count(b"\n")
        super().data_received(data)
        if self.conn.their_state is h11.IDLE:
            self._await_head()
        else:
            self._end_wait()

    def handle_events(self) -> None:
        """Takes apart what has come, unless it is a head with too many lines."""
        if self._lines > MAX_LINES and self.conn.their_state is h11.IDLE:
            waiting = self.conn.trailing_data[0]
            self._lines = waiting.count(b"\n")
            if len(_END.split(waiting, 1)[0].splitlines()) > MAX_LINES:
                self.send_400_response(_REFUSAL)
                return
        super().handle_events()

    def send_400_response(self, msg: str) -> None:
        """Refuses what is no HTTP, with the header that market clients read: the contract can not be known."""
        body = msg.encode()
        headers = [
            ("Content-Type", "text/plain"),
            ("Content-Length", str(len(body))),
            ("X-Ca-Error-Message", msg),
            ("Connection", "close"),
        ]
        for event in (h11.Response(status_code=400, headers=headers), h11.Data(data=body), h11.EndOfMessage()):
            self.transport.write(self.conn.send(event) or b"")
        self.transport.close()

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
