"""What the contract tests share: an analyzer that says what it is told, a gate with three clients, signed requests."""

from __future__ import annotations

import base64
import hashlib
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from ipaddress import ip_address
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import uvicorn

from facecore.errors import ImageError, NoFace
from facecore.intake import read_photo
from facecore.report import (
    ALL,
    EXPRESSIONS,
    FACE_SHAPES,
    FACE_TYPES,
    GENDERS,
    GLASSES,
    OCCLUSION_PARTS,
    RACES,
    Box,
    Choice,
    Face,
    Field,
    Pose,
    Quality,
    Report,
)
from gatekeeper import Contract, Gate, credentials, tencent
from gatekeeper.sqlite import SqliteLedger
from gatekeeper.vault import Vault
from serving.fetch import Fetcher
from serving.service import Analyses, Service, Settings
from standalone import server
from standalone.app import Server
from tests import photos

KEY = bytes(range(32))
START = 1_790_000_000.0


class Clock:
    """A clock that the test sets."""

    def __init__(self) -> None:
        self.at = START

    def __call__(self) -> float:
        return self.at


class FakeAnalyzer:
    """Reads photos as facecore does, and finds in them what it is told, or else a face made of the photo's digest.

    Attributes:
        scripts: What to find in a photo, by its bytes: a face, or an error to raise.
        broken: An error that every call ends with.
        asked: The wants of all calls, one for each photo.
        hook: Called with every photo before it is read.
    """

    def __init__(self) -> None:
        self.scripts: dict[bytes, Face | Exception] = {}
        self.broken: Exception | None = None
        self.asked: list[frozenset[Field]] = []
        self.hook: Callable[[bytes], None] = lambda image: None
        thresholds = {"frr_1e-4": 0.05, "frr_1e-3": 0.3, "frr_1e-2": 0.9}
        self.registry = {"liveness": SimpleNamespace(facts={"calibration": {"thresholds": thresholds}})}

    def warm_up(self, want: frozenset[Field] = ALL) -> None:
        """Nothing to load."""

    def analyse(self, image: bytes, want: frozenset[Field] = ALL, faces: int | None = None) -> Report:
        report = self.analyse_batch([image], want, faces)[0]
        if isinstance(report, ImageError):
            raise report
        return report

    def analyse_batch(
        self, images: Sequence[bytes], want: frozenset[Field] = ALL, faces: int | None = None
    ) -> list[Report | ImageError]:
        if self.broken is not None:
            raise self.broken
        assert faces == 1
        return [self._one(image, want) for image in images]

    def _one(self, image: bytes, want: frozenset[Field]) -> Report | ImageError:
        self.hook(image)
        self.asked.append(want)
        try:
            photo = read_photo(image)
        except ImageError as error:
            return error
        found = self.scripts.get(image) or face_of(image)
        if isinstance(found, ImageError):
            return found
        if isinstance(found, Exception):
            raise found
        return Report(photo.width, photo.height, (only(found, want),))


def face_of(image: bytes, liveness: float | None = None, size: float = 120.0) -> Face:
    """A face whose numbers are drawn from the photo's digest."""
    digest = hashlib.sha256(image).digest()
    part = [value / 255 for value in digest]
    return Face(
        box=Box(10.25 + part[0], 20.5, size, size + 8, -3.4),
        probability=0.99871,
        pose=Pose(10.16, -2.24, -3.42),
        landmarks=tuple((30.0 + index, 40.0 + 2 * index) for index in range(72)),
        age=20 + 40 * part[1],
        beauty=100 * part[2],
        gender=choice(GENDERS, part[3]),
        race=choice(RACES, part[4]),
        expression=choice(EXPRESSIONS, part[5]),
        glasses=choice(GLASSES, part[6]),
        face_shape=choice(FACE_SHAPES, part[7]),
        face_type=choice(FACE_TYPES, part[8]),
        quality=Quality(part[9], 255 * part[10], 1, {name: part[11 + at] for at, name in enumerate(OCCLUSION_PARTS)}),
        liveness=part[20] if liveness is None else liveness,
        synthetic=1.226133719e-7,
    )


def choice(names: Sequence[str], part: float) -> Choice:
    first = 0.5 + part / 2
    return Choice({name: first if at == 0 else (1 - first) / (len(names) - 1) for at, name in enumerate(names)})


def only(face: Face, want: frozenset[Field]) -> Face:
    """The face with the fields that were asked for, as facecore gives it."""
    wanted = {name.value for name in want} | {"box", "probability"}
    return Face(**{name: getattr(face, name) for name in Face.__slots__ if name in wanted})


def no_face() -> NoFace:
    return NoFace("no face was found")


@dataclass
class Bench:
    """A standalone server under test, and the credentials of its three clients."""

    service: Service
    gate: Gate
    clock: Clock
    analyzer: FakeAnalyzer
    http: httpx.Client
    stop: Callable[[], None]
    secrets: dict[Contract, Mapping[str, str]] = field(default_factory=dict)
    clients: dict[Contract, str] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)

    # ---- market

    def appcode(self) -> dict[str, str]:
        return {"Authorization": f"APPCODE {self.secrets[Contract.MARKET]['appcode']}"}

    def market(self, data: Any = None, **more: Any) -> Any:
        headers = {**self.appcode(), **more.pop("headers", {})}
        return self.http.post("/market/liveness", data=data, headers=headers, **more)

    # ---- tencent

    def signature(self, **changes: Any) -> str:
        secrets = self.secrets[Contract.TENCENT]
        start = int(self.clock())
        parts: dict[str, Any] = {
            "appid": secrets["appid"],
            "secret_id": secrets["secret_id"],
            "secret": secrets["secret_key"].encode(),
            "start": start,
            "end": start + 600,
            "random": 12345,
        } | changes
        return tencent.sign(**parts)

    def tencent(self, **more: Any) -> Any:
        headers = {"Authorization": self.signature(), **more.pop("headers", {})}
        return self.http.post("/face/livedetectpicture", headers=headers, **more)

    # ---- baidu

    def grant(self, **changes: str) -> Any:
        secrets = self.secrets[Contract.BAIDU]
        params = {
            "grant_type": "client_credentials",
            "client_id": secrets["api_key"],
            "client_secret": secrets["secret_key"],
        } | changes
        return self.http.get("/oauth/2.0/token", params=params)

    def token(self) -> str:
        return str(self.grant().json()["access_token"])

    def baidu(self, items: Any = None, **more: Any) -> Any:
        params = {"access_token": self.token(), **more.pop("params", {})}
        if items is not None:
            more["json"] = items
        return self.http.post("/rest/2.0/face/v3/faceverify", params=params, **more)

    # ---- bookkeeping

    def usage(self, contract: Contract) -> dict[tuple[str, bool], int]:
        """Calls of the contract's client by outcome and whether they are billed."""
        rows = self.gate.ledger.usage("0000-00-00", "9999-99-99")
        return {(row.outcome, row.billable): row.calls for row in rows if row.client == self.clients[contract]}

    def taken(self, contract: Contract) -> int:
        """Units of quota that the contract's client holds or has spent."""
        return self.gate.ledger.used(self.clients[contract], self.gate.day(self.clock()))[0]

    def change(self, contract: Contract, **changes: Any) -> None:
        """Changes the contract's client."""
        credentials.change(self.gate, self.clients[contract], lambda client: replace(client, **changes))

    def renew(self) -> None:
        """Three new clients, a clock at its start, and an analyzer that was told nothing."""
        self.clock.at = START
        self.analyzer.__init__()  # type: ignore[misc]  # the apps hold on to this very object
        self.names.clear()
        for contract in Contract:
            issued = credentials.add(self.gate, contract, "test")
            self.secrets[contract], self.clients[contract] = issued.secrets, issued.client.id


@contextmanager
def bench(folder: Path, real: Analyses | None = None, **settings: Any) -> Iterator[Bench]:
    """A server with one client for each contract, and an analyzer that does as it is told or the real one."""
    clock, analyzer = Clock(), FakeAnalyzer()
    gate = Gate(SqliteLedger(folder / "ledger.sqlite"), Vault(KEY), clock)
    names: dict[str, str] = {}
    service = Service(gate, real or analyzer, Settings(**{"fetcher": local_fetcher(names)} | settings))
    with (
        serving(Server(service)) as (base, stop),
        httpx.Client(base_url=base, timeout=30, trust_env=False) as http,
    ):
        made = Bench(service, gate, clock, analyzer, http, stop, names=names)
        made.renew()
        yield made


@contextmanager
def serving(app: Server) -> Iterator[tuple[str, Callable[[], None]]]:
    """Serves an app on a free port of this machine, as the command does; gives its address and what stops it."""
    running = uvicorn.Server(server.config(app, "127.0.0.1", 0))
    thread = threading.Thread(target=running.run, name="server", daemon=True)
    thread.start()

    def stop() -> None:
        running.should_exit = True

    try:
        wait_for(lambda: running.started)
        yield f"http://127.0.0.1:{running.servers[0].sockets[0].getsockname()[1]}", stop
    finally:
        stop()
        thread.join(40)


def local_fetcher(names: dict[str, str], ports: frozenset[int] | None = None) -> Fetcher:
    """A fetcher whose names are looked up in a table and lead to this machine."""

    class AnyPort(frozenset[int]):
        def __contains__(self, port: object) -> bool:
            return True

    def resolver(host: str, port: int) -> list[str]:
        try:
            return [str(ip_address(host))]
        except ValueError:
            pass
        if host not in names:
            raise OSError("unknown name")
        return [names[host]]

    def public(address: str) -> bool:
        return address == "127.0.0.1"

    return Fetcher(seconds=2.0, resolver=resolver, public=public, ports=ports or AnyPort())


def portrait() -> bytes:
    return photos.PORTRAIT.read_bytes()


def b64(image: bytes) -> str:
    return base64.b64encode(image).decode()


def wait_for(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    """Returns when the condition holds.

    Raises:
        TimeoutError: It does not in time.
    """
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > until:
            raise TimeoutError
        time.sleep(0.01)


def workers(parent: int) -> list[int]:
    """The process ids of a server's workers."""
    listed = subprocess.run(["ps", "-ww", "-eo", "pid,ppid,args"], capture_output=True, text=True, check=True).stdout
    rows = [line.split(None, 2) for line in listed.splitlines()[1:]]
    return [int(row[0]) for row in rows if int(row[1]) == parent and "spawn_main" in row[-1]]
