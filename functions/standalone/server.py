"""Runs the standalone app under uvicorn."""

from __future__ import annotations

import signal
import socket
from collections.abc import Callable
from types import FrameType
from typing import Any

import uvicorn
from uvicorn.config import LOGGING_CONFIG
from uvicorn.supervisors import Multiprocess

from standalone.parent import end_with_parent
from standalone.protocol import PatientProtocol

MAX_HEAD = 3 * 1024 * 1024
"""Bytes of a request's line and headers: a GET may hold a whole photo in its query."""
GRACE_SECONDS = 30
BACKLOG = 512
_QUIET = {"handlers": ["default"], "level": "WARNING", "propagate": False}
_LOGGING = {**LOGGING_CONFIG, "loggers": {"uvicorn": _QUIET}}


class _Config(uvicorn.Config):
    """Settings that every process loads before it serves."""

    def load(self) -> None:
        """Makes what serves, in a worker that does not outlive its parent."""
        end_with_parent()
        super().load()


def config(app: Callable[..., Any] | str, host: str, port: int, workers: int = 1) -> uvicorn.Config:
    """How the app is served.

    Args:
        app: The app, or the import name of what makes it.
        host: The address to listen on.
        port: The port; 0 takes a free one.
        workers: Processes; each has its own models.
    """
    return _Config(
        app,
        factory=isinstance(app, str),
        host=host,
        port=port,
        workers=workers,
        http=PatientProtocol,
        ws="none",  # whatever is installed: no contract has a WebSocket
        loop="asyncio" if workers == 1 else "standalone.loops:SharingLoop",
        lifespan="on",
        interface="asgi3",
        access_log=False,  # its lines hold queries, and those hold tokens and photos
        log_config=_LOGGING,
        server_header=False,
        h11_max_incomplete_event_size=MAX_HEAD,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=GRACE_SECONDS,
        backlog=BACKLOG,
    )


def listen(host: str, port: int) -> socket.socket:
    """A socket that takes connections from now on; they wait until somebody serves.

    Raises:
        OSError: The address is not this machine's, or the port is taken.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.create_server((host, port), family=family, backlog=BACKLOG)
    # An answer is written in two parts; the second would wait for the first one's receipt, which clients put off by 40
    # ms. Connections inherit this; asyncio sees to it only for sockets that it makes itself.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening


def _leave(number: int, frame: FrameType | None) -> None:
    """Ends the process as an exit does, so that whoever called is told and cleans up."""
    raise SystemExit(0)


class _Workers(Multiprocess):
    """Lets go of the listening socket with its workers: while one holder is left, it takes connections for nobody."""

    def terminate_all(self) -> None:
        """Ends the workers."""
        for listening in self.sockets:
            listening.close()
        super().terminate_all()


def serve(listening: socket.socket, workers: int) -> None:
    """Serves until a signal ends it: no new connections, calls in progress are answered, then the ledger is closed.

    Args:
        listening: See `listen`.
        workers: Processes; each has its own models.
    """
    host, port = listening.getsockname()[:2]
    settings = config("standalone.app:create_app", host, port, workers)
    server = uvicorn.Server(settings)
    if workers == 1:
        signal.signal(signal.SIGTERM, _leave)  # uvicorn raises it again when it is done
        server.run([listening])
    else:
        _Workers(settings, [listening]).run()
