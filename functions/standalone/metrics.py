"""The operator's numbers in Prometheus' text format: counts and times, nothing of clients or photos.

prometheus-client keeps them: 0.6 MB and about 16 ms of import beside the server, in exchange for counters that add up
over worker processes (each writes to mapped files of its own; a page is the sum of the files) and survive a worker's
death. A number costs some 5 microseconds. The files get their room before they are mapped, since a write to a mapped
page for which the disk has no room ends the process; a process that gets none goes on without numbers.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

from gatekeeper import Contract
from serving.journal import Entry
from serving.meter import LOAD, Meter

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

SETTING = "FACEGATE_METRICS"
FOLDER = "PROMETHEUS_MULTIPROC_DIR"
PATH = "/metrics"
ROOM = 256 * 1024
"""Bytes of each file of a process; all numbers that there can be take less, so that it never grows."""
STAGES = ("verdict", "fetch", "intake", "detect", "face", "liveness", "synthetic", "words", "booking")
_CALL_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_STAGE_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_OFF = frozenset({"off", "0", "no", "false"})
_ON = frozenset({"on", "1", "yes", "true"})


class BadSetting(ValueError):
    """The setting is neither on nor off nor an address."""


def address_of(setting: str) -> tuple[str, int] | None:
    """The address that a setting names: ``127.0.0.1:9100``, ``[::1]:9100``; None for on and off.

    Raises:
        BadSetting: It is none of these.
    """
    if setting.lower() in _OFF | _ON:
        return None
    try:
        parts = urlsplit(f"//{setting}")
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host or port is None or parts.path:
        raise BadSetting(f"{SETTING}: on, off, or an address like 127.0.0.1:9100")
    return host, port


class Prometheus(Meter):
    """Keeps the numbers of this process, and of its siblings where `shared` is in force.

    Raises:
        OSError: There is no room for its files.
    """

    def __init__(self) -> None:
        from prometheus_client import CollectorRegistry, Counter, Histogram, disable_created_metrics

        if FOLDER in os.environ:
            _make_room(Path(os.environ[FOLDER]))
        disable_created_metrics()  # type: ignore[no-untyped-call]  # it has no annotation
        self._registry = own = CollectorRegistry()
        self._requests = Counter(
            "facegate_requests", "Requests answered, by contract and the vendor's code.", ["contract", "code"],
            registry=own,
        )  # fmt: skip
        self._billed = Counter("facegate_billed", "Requests that were billed.", ["contract"], registry=own)
        self._faults = Counter("facegate_faults", "Requests with an error inside.", ["contract"], registry=own)
        self._seconds = Histogram(
            "facegate_request_seconds", "From a request's arrival to its answer.", ["contract"],
            buckets=_CALL_SECONDS, registry=own,
        )  # fmt: skip
        self._stages = Histogram(
            "facegate_stage_seconds", "Time in a stage: intake of each photo, models of each batch.", ["stage"],
            buckets=_STAGE_SECONDS, registry=own,
        )  # fmt: skip
        self._loads = Counter("facegate_model_loads", "Models loaded.", ["model"], registry=own)
        self._ledger = Counter(
            "facegate_ledger_errors", "Steps that the ledger did not do.", ["step", "kind"], registry=own
        )
        for contract in Contract:
            for metric in (self._billed, self._faults, self._seconds):
                metric.labels(contract.value)
        for stage in STAGES:
            self._stages.labels(stage)

    def call(self, entry: Entry) -> None:
        """See `Meter.call`."""
        self._requests.labels(entry.contract, entry.code).inc()
        if entry.ms:  # requests that are no call are not timed
            self._seconds.labels(entry.contract).observe(entry.ms / 1e3)
        if entry.billed:
            self._billed.labels(entry.contract).inc()
        if entry.fault:
            self._faults.labels(entry.contract).inc()

    def stage(self, name: str, seconds: float) -> None:
        """See `Meter.stage`."""
        if name.startswith(LOAD):
            self._loads.labels(name.removeprefix(LOAD)).inc()
        else:
            self._stages.labels(name).observe(seconds)

    def ledger_error(self, step: str, kind: str) -> None:
        """See `Meter.ledger_error`."""
        self._ledger.labels(step, kind).inc()

    def page(self) -> bytes:
        """All numbers, in Prometheus' text format."""
        from prometheus_client import generate_latest

        if FOLDER in os.environ:
            try:
                return generate_latest(_every())
            except (OSError, ValueError):  # the folder was cleaned away: the numbers of this process are left
                pass
        return generate_latest(self._registry)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves the page."""
        response: Response
        if Request(scope).method in ("GET", "HEAD"):
            response = PlainTextResponse(self.page(), media_type="text/plain; version=0.0.4")
        else:
            response = PlainTextResponse("method not allowed\n", 405)
        response.headers["Cache-Control"] = "no-store"
        await response(scope, receive, send)


def from_env(environ: Mapping[str, str]) -> tuple[Meter, Prometheus | None]:
    """The meter that the environment asks for, and the page that the server shows at /metrics, if it shows one.

    Where the files of a process can not be made it keeps no numbers and says so; it answers calls all the same. Off
    unless the setting says otherwise, so that a server that the world can reach tells nothing by default.

    Raises:
        BadSetting: See `address_of`.
    """
    setting = environ.get(SETTING, "").strip() or "off"
    if setting.lower() in _OFF:
        return Meter(), None
    elsewhere = address_of(setting) is not None
    try:
        kept = Prometheus()
    except OSError as error:
        _go_without(error)
        return Meter(), None
    return kept, None if elsewhere else kept


def _make_room(folder: Path) -> None:
    """Makes the files that prometheus_client will map in this process, all their room taken."""
    folder.mkdir(mode=0o700, exist_ok=True)
    for kind in ("counter", "histogram"):
        file = folder / f"{kind}_{os.getpid()}.db"
        if file.exists():  # of a process before, with the same number
            continue
        making = file.with_suffix(".new")  # a page never reads half a file
        try:
            making.write_bytes(bytes(ROOM))
            making.replace(file)
        except OSError:
            making.unlink(missing_ok=True)
            raise


def _go_without(error: OSError) -> None:
    print(f"facegate: it goes on without numbers: {error}", file=sys.stderr, flush=True)


@contextmanager
def shared(setting: str) -> Iterator[None]:
    """Lets this process and those that it starts count together, and shows the page at the setting's own address.

    To be entered before anything imports prometheus_client; it reads its mode at import.

    Args:
        setting: ``on``, ``off`` or an address.

    Raises:
        BadSetting: See `address_of`.
        OSError: The address can not be listened on. That the temporary folder takes nothing only turns the numbers off.
    """
    address = address_of(setting)
    if setting.lower() in _OFF:
        yield
        return
    try:
        folder = tempfile.mkdtemp(prefix="facegate-metrics-")
    except OSError as error:
        _go_without(error)
        os.environ[SETTING] = "off"
        yield
        return
    os.environ[FOLDER] = folder
    try:
        with _shown(address):
            yield
    finally:
        del os.environ[FOLDER]
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _shown(address: tuple[str, int] | None) -> Iterator[None]:
    if address is None:
        yield
        return
    from prometheus_client import start_http_server

    running, thread = start_http_server(address[1], address[0], _every())
    try:
        yield
    finally:
        running.shutdown()
        running.server_close()
        thread.join(5)


def _every() -> CollectorRegistry:
    """The numbers of all processes."""
    from prometheus_client import CollectorRegistry
    from prometheus_client.multiprocess import MultiProcessCollector

    every = CollectorRegistry()
    MultiProcessCollector(every)  # type: ignore[no-untyped-call]  # it has no annotation
    return every
