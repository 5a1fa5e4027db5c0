"""The standalone server under load: requests a second of one and of two workers, and how long they take at 70 %."""

from __future__ import annotations

import asyncio
import http.client
import os
import random
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from gatekeeper import Contract, Gate, credentials
from gatekeeper.sqlite import SqliteLedger
from gatekeeper.vault import Vault
from tests.bench import calls, scenes
from tests.bench.timing import percentile

SECONDS, QUICK = 20.0, 1.5
ROUNDS = 3
AT_ONCE = 4
"""Calls in progress for each worker while the most is measured."""
SHARE = 0.7
KEY = "00" * 32


@dataclass(frozen=True, slots=True)
class Load:
    """A request, ready to be sent, and where to."""

    port: int
    request: bytes


def measure(quick: bool) -> dict[str, float]:
    """Requests a second and milliseconds, over connections that stay open, one for each call in progress.

    The most is the best of a few turns, in which each call follows the last one's answer; the load at 70 % comes at
    random moments (a Poisson process), and once more at even ones (``even_``). ``one_caller_ms`` is what a call takes
    of one caller that asks one worker again and again. The photo is a JPEG of 640 x 480; what loads runs beside the
    servers and is part of what the two cores do.
    """
    seconds, rounds = (QUICK, 1) if quick else (SECONDS, ROUNDS)
    best, chance = {1: 0.0, 2: 0.0}, random.Random(1)
    with serving(1) as one, serving(2) as two:
        alone = 1e3 / asyncio.run(_most(one, 1, seconds / 4))
        for _ in range(rounds):
            for workers, load in ((1, one), (2, two)):
                best[workers] = max(best[workers], asyncio.run(_most(load, AT_ONCE * workers, seconds)))
        rate = SHARE * best[2]
        lasting = max(seconds * rounds, 40 / rate)
        p50, p99 = _shares(asyncio.run(_open(two, lambda: chance.expovariate(rate), lasting)))
        even50, even99 = _shares(asyncio.run(_open(two, lambda: 1 / rate, lasting / 2)))
    return {
        "one_caller_ms": alone,
        "one_worker_per_s": best[1],
        "two_workers_per_s": best[2],
        "two_workers_to_one": best[2] / best[1],
        "p50_ms": p50,
        "p99_ms": p99,
        "p99_to_p50": p99 / p50,
        "even_p50_ms": even50,
        "even_p99_ms": even99,
        "even_p99_to_p50": even99 / even50,
    }


@contextmanager
def serving(workers: int) -> Iterator[Load]:
    """A server of its own, warm, with one photo thread for each worker."""
    with TemporaryDirectory() as folder:
        ledger = Path(folder) / "ledger.sqlite"
        gate = Gate(SqliteLedger(ledger), Vault(bytes.fromhex(KEY)))
        code = credentials.add(gate, Contract.MARKET).secrets["appcode"]
        gate.ledger.close()
        env = os.environ | {"FACEGATE_LEDGER": f"sqlite:///{ledger}", "FACEGATE_KEY": KEY, "FACEGATE_THREADS": "1"}
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        command = [sys.executable, "-m", "standalone", "serve", "--port", str(port), "--workers", str(workers)]
        with (Path(folder) / "log.txt").open("wb") as log:
            process = subprocess.Popen([*command, "--no-demo"], cwd=folder, env=env, stdout=log, stderr=log)
        try:
            kind, body = calls.market_body(scenes.frame(640, 480))
            head = f"POST /market/liveness HTTP/1.1\r\nHost: a\r\nAuthorization: APPCODE {code}\r\n"
            head += f"Content-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
            load = Load(port, (head + body).encode())
            _wait(port, process)
            asyncio.run(_most(load, AT_ONCE * workers, 1.0))
            yield load
        finally:
            process.terminate()
            process.wait(60)


def _wait(port: int, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 120
    while time.monotonic() < until and process.poll() is None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", "/healthz")
            if connection.getresponse().status == 200:
                return
        except OSError:
            pass
        finally:
            connection.close()
        time.sleep(0.1)
    raise RuntimeError(f"the server did not become ready (exit status {process.poll()})")


class Connection:
    """One connection, which carries one call at a time."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def call(self) -> None:
        """Sends the request and reads its answer.

        Raises:
            RuntimeError: It is not an answered call.
        """
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self._load.port)
        reader, writer = self._streams
        writer.write(self._load.request)
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        body = await reader.readexactly(int(length.split(b":")[1]))
        if not head.startswith(b"HTTP/1.1 200") or b"livemapscore" not in body:
            raise RuntimeError(f"{head!r} {body!r}")

    async def close(self) -> None:
        """Ends it."""
        if self._streams is not None:
            self._streams[1].close()


async def _most(load: Load, at_once: int, seconds: float) -> float:
    """Requests a second when each of so many callers asks again at once."""
    until, done = time.perf_counter() + seconds, 0

    async def caller() -> None:
        nonlocal done
        connection = Connection(load)
        while time.perf_counter() < until:
            await connection.call()
            done += 1
        await connection.close()

    started = time.perf_counter()
    await asyncio.gather(*(caller() for _ in range(at_once)))
    return done / (time.perf_counter() - started)


async def _open(load: Load, pause: Callable[[], float], seconds: float) -> list[float]:
    """Seconds that each call took, from the moment it was due; ``pause`` gives the seconds from one to the next."""
    idle: list[Connection] = []
    every: list[Connection] = []
    times: list[float] = []

    async def call(due: float) -> None:
        if not idle:
            idle.append(Connection(load))
            every.append(idle[-1])
        connection = idle.pop()
        await connection.call()
        times.append(time.perf_counter() - due)
        idle.append(connection)

    started = due = time.perf_counter()
    tasks = []
    while due - started < seconds:
        due += pause()
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        tasks.append(asyncio.create_task(call(due)))
    await asyncio.gather(*tasks)
    for connection in every:
        await connection.close()
    return times


def _shares(times: list[float]) -> tuple[float, float]:
    """The median and the 99th percentile in milliseconds."""
    return 1e3 * percentile(times, 0.5), 1e3 * percentile(times, 0.99)
