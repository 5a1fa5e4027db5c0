"""Workers that share a listening socket share the connections."""

from __future__ import annotations

import asyncio
import multiprocessing
import socket
import threading
from multiprocessing.connection import Connection

from standalone.loops import SharingLoop
from standalone.protocol import PatientProtocol

CALLERS = 24


class _Counting(asyncio.Protocol):
    """As the server's protocol counts."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        PatientProtocol.held += 1
        transport.write(b"x")  # type: ignore[attr-defined]  # a stream's is


def _work(listening: socket.socket, told: Connection) -> None:
    """A worker: serves until it is told to say how many connections it holds."""
    loop = SharingLoop()

    async def serve() -> int:
        server = await loop.create_server(_Counting, sock=listening, backlog=64)
        told.send("ready")
        await loop.run_in_executor(None, told.recv)
        server.close()
        await asyncio.sleep(0.1)  # a worker that still steps back meets a closed socket
        return PatientProtocol.held

    told.send(loop.run_until_complete(serve()))
    loop.close()


def test_no_worker_takes_all_connections() -> None:
    context = multiprocessing.get_context("spawn")
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listening:
        pipes = [context.Pipe() for _ in range(2)]
        workers = [context.Process(target=_work, args=(listening, there)) for _, there in pipes]
        for worker in workers:
            worker.start()
        assert [here.recv() for here, _ in pipes] == ["ready"] * 2
        callers = [socket.create_connection(listening.getsockname(), 10) for _ in range(CALLERS)]
        assert [caller.recv(1) for caller in callers] == [b"x"] * CALLERS, "each is accepted, however many step back"
        for here, _ in pipes:
            here.send("how many?")
        held = [here.recv() for here, _ in pipes]
        for caller in callers:
            caller.close()
        for worker in workers:
            worker.join(20)
    assert sum(held) == CALLERS
    assert min(held) >= 1
    assert [worker.exitcode for worker in workers] == [0, 0]


def test_it_ends_while_it_steps_back() -> None:
    loop, threads = SharingLoop(), threading.active_count()

    async def serve() -> None:
        server = await loop.create_server(asyncio.Protocol, "127.0.0.1", 0)
        _, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        await asyncio.sleep(0)
        server.close()
        await asyncio.sleep(0.1)
        writer.close()
        await writer.wait_closed()

    loop.run_until_complete(serve())
    loop.close()
    assert threading.active_count() == threads
