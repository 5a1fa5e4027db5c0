"""What a hostile photo costs: each is sent to a contract in a process of its own, which measures itself.

``python -m tests.hostile.measure [NAME ...]`` prints a line of JSON for each: how it was answered, the peak of the
memory above what the process had before, and the processor time.
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx

import tencent.app
from gatekeeper import Contract, Gate, credentials
from gatekeeper.sqlite import SqliteLedger
from gatekeeper.tencent import sign
from gatekeeper.vault import Vault
from serving.journal import logger
from serving.service import Service
from tests.contract.kit import FakeAnalyzer
from tests.hostile.images import IMAGES

PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class Cost:
    """What one photo cost.

    Attributes:
        name: Which of IMAGES.
        bytes: Its length.
        code: The contract's answer.
        peak: MB (10^6 bytes) above what the process held before the request.
        seconds: Processor seconds.
    """

    name: str
    bytes: int
    code: int
    peak: float
    seconds: float


def measure(names: list[str]) -> Iterator[Cost]:
    """The costs of photos; every one in a fork of this process, which must not have threads."""
    for name in names:
        reading, writing = os.pipe()
        image = IMAGES[name].make()
        child = os.fork()
        if child == 0:
            status = 1
            try:
                os.write(writing, json.dumps(asdict(_cost(name, image))).encode())
                status = 0
            finally:
                os._exit(status)
        os.close(writing)
        with os.fdopen(reading, "rb") as told:
            text = told.read()
        _, status = os.waitpid(child, 0)
        if status:
            raise RuntimeError(f"{name}: the process ended with {status}")
        yield Cost(**json.loads(text))


def _cost(name: str, image: bytes) -> Cost:
    with TemporaryDirectory() as folder:
        gate = Gate(SqliteLedger(Path(folder) / "ledger.sqlite"), Vault(bytes(32)))
        issued = credentials.add(gate, Contract.TENCENT)
        app = tencent.app.create_app(Service(gate, FakeAnalyzer()))
        now = int(time.time())
        secret = issued.secrets["secret_key"].encode()
        signature = sign(issued.secrets["appid"], issued.secrets["secret_id"], secret, now, now + 600, 1)

        async def send() -> int:
            transport = httpx.ASGITransport(app)
            async with httpx.AsyncClient(transport=transport, base_url="http://here") as http:
                head = {"Authorization": signature}
                files = {"image": ("photo.jpg", image, "image/jpeg")}
                answer = await http.post("/face/livedetectpicture", headers=head, files=files)
            return int(answer.json()["code"])

        held = int(Path("/proc/self/statm").read_text().split()[1]) * PAGE
        spent = time.process_time()
        code = asyncio.run(send())
        spent = time.process_time() - spent
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 - held
    return Cost(name, len(image), code, round(max(peak, 0) / 1e6, 1), round(spent, 2))


def main() -> None:
    logger().setLevel("CRITICAL")
    for cost in measure(sys.argv[1:] or list(IMAGES)):
        sys.stdout.write(json.dumps(asdict(cost)) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
