"""A really started server: its workers, their memory, their end, and everything that it printed."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx

from tests.contract.kit import wait_for

COMMAND = str(Path(sys.executable).with_name("facegate"))


class Server:
    """`facegate serve` with workers, in a folder of its own.

    Args:
        folder: Where its ledger lies and its log is written.
        environ: Its settings beside this process's environment.
        workers: How many.
    """

    def __init__(self, folder: Path, environ: dict[str, str], workers: int) -> None:
        self.log = folder / "server.log"
        self.workers = workers
        self.base = f"http://127.0.0.1:{_free_port()}"
        command = [COMMAND, "serve", "--port", self.base.rpartition(":")[2], "--workers", str(workers)]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [*command, "--no-demo", "--metrics", "on"],
                cwd=folder, stdout=log, stderr=log, env={**os.environ, **environ},
            )  # fmt: skip
        self.killed = 0

    def wait_until_ready(self, seconds: float) -> None:
        """Returns when it answers that it is ready."""
        with httpx.Client(base_url=self.base, trust_env=False, timeout=5) as http:

            def ready() -> bool:
                assert self.process.poll() is None, self.log.read_text()
                try:
                    return http.get("/healthz").status_code == 200
                except httpx.TransportError:
                    return False

            wait_for(ready, seconds)

    def children(self) -> list[int]:
        """The workers' process ids."""
        try:
            text = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        except OSError:
            return []
        return [pid for pid in map(int, text.split()) if b"resource_tracker" not in _command_line(pid)]

    def kill_one(self, which: int) -> None:
        """Kills a worker where it stands."""
        found = self.children()
        if found:
            try:
                os.kill(found[which % len(found)], signal.SIGKILL)
            except ProcessLookupError:
                return
            self.killed += 1

    def megabytes(self) -> float:
        """Resident memory of the server and its workers, MB."""
        page = os.sysconf("SC_PAGE_SIZE")
        total = 0
        for pid in (self.process.pid, *self.children()):
            try:
                total += int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * page
            except OSError:
                continue
        return total / 1e6

    def stop(self, seconds: float = 60.0) -> int:
        """Asks it to end and waits; its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            for pid in (*self.children(), self.process.pid):
                os.kill(pid, signal.SIGKILL)
            return self.process.wait(10)


def _command_line(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
