"""What a contract's app works with: the gate, the analyzer, the threads, the journal."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol

from facecore.errors import ImageError, ModelError
from facecore.report import Field, Report
from gatekeeper import Gate
from serving.fetch import Fetcher
from serving.journal import Journal, aside
from serving.meter import EmfMeter, Meter, watched
from serving.pool import Pool
from serving.vision import new_analyzer


class Entry(Protocol):
    """A model's entry in the registry."""

    @property
    def facts(self) -> Mapping[str, Any]:
        """What the registry tells of the model."""


class Entries(Protocol):
    """The registry of models."""

    def __getitem__(self, name: str, /) -> Entry:
        """A model's entry; ModelError when there is none."""


class Analyses(Protocol):
    """What the contracts ask of facecore's Analyzer."""

    @property
    def registry(self) -> Entries:
        """The registry of its models."""

    def analyse(self, image: bytes, want: frozenset[Field] = ..., faces: int | None = ...) -> Report:
        """The report of one photo."""

    def analyse_batch(
        self, images: Sequence[bytes], want: frozenset[Field] = ..., faces: int | None = ...
    ) -> list[Report | ImageError]:
        """The reports of several photos."""

    def warm_up(self, want: frozenset[Field] = ...) -> None:
        """Makes what the first report would have to wait for."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How a process serves.

    Attributes:
        threads: Threads that work on photos; 0 works in the request's own thread.
        waiting: Calls that may wait for such a thread.
        body_seconds: How long a client may take to send a body.
        metrics: Whether metrics in CloudWatch's embedded format are printed.
        fetcher: How a photo behind a url is fetched.
    """

    threads: int = 1
    waiting: int = 64
    body_seconds: float = 30.0
    metrics: bool = False
    fetcher: Fetcher = field(default_factory=Fetcher)

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> Settings:
        """The settings for where this process runs: few threads on Lambda, else as FACEGATE_THREADS says."""
        if "AWS_LAMBDA_FUNCTION_NAME" in environ:
            return cls(threads=2, waiting=2, metrics=True)  # a thread that was given up leaves one for the next call
        return cls(threads=max(1, int(environ.get("FACEGATE_THREADS", "1"))))


class Service:
    """The parts of one process, each made when it is first needed and then kept.

    Args:
        gate: The access layer, or what makes it.
        analyzer: The inference core, or what makes it.
        settings: How the process serves.
        meter: Where its numbers go.
    """

    def __init__(
        self,
        gate: Gate | Callable[[], Gate],
        analyzer: Analyses | Callable[[], Analyses],
        settings: Settings | None = None,
        meter: Meter | None = None,
    ) -> None:
        self.settings = settings or Settings()
        self.meter = meter or Meter()
        self.journal = Journal(self.meter)
        inline = self.settings.threads == 0
        self.work = Pool("photo", self.settings.threads, self.settings.waiting)
        self.access = Pool("access", 0 if inline else 4, 1024)
        self.downloads = Pool("fetch", 16, self.settings.waiting)
        self._gate = gate
        self._analyzer = analyzer
        self._lock = threading.Lock()

    @property
    def gate(self) -> Gate:
        """The access layer.

        Raises:
            gatekeeper.LedgerUnavailable: Its ledger does not answer.
        """
        if not isinstance(self._gate, Gate):
            with self._lock:
                if not isinstance(self._gate, Gate):
                    self._gate = self._gate()
        return self._gate

    @property
    def analyzer(self) -> Analyses:
        """The inference core.

        Raises:
            facecore.errors.ModelError: A model file is missing or altered.
        """
        if callable(self._analyzer):
            with self._lock:
                if callable(self._analyzer):
                    self._analyzer = self._analyzer()
        return self._analyzer

    @property
    def thresholds(self) -> dict[str, float]:
        """The liveness below which a share of live faces is refused, by the share: frr_1e-4, frr_1e-3, frr_1e-2.

        Raises:
            facecore.errors.ModelError: The registry does not tell.
        """
        facts = self.analyzer.registry["liveness"].facts
        try:
            return {name: float(value) for name, value in facts["calibration"]["thresholds"].items()}
        except (KeyError, TypeError, ValueError) as error:
            raise ModelError("the registry entry of liveness has no thresholds") from error

    def warm_up(self, want: frozenset[Field]) -> None:
        """Makes everything now.

        Raises:
            facecore.errors.ModelError: A model file is missing or altered.
            gatekeeper.LedgerUnavailable: The ledger does not answer.
        """
        _ = self.gate
        self.analyzer.warm_up(want)

    def close(self) -> None:
        """Lets work in progress end, then lets go of the ledger."""
        for pool in (self.work, self.access, self.downloads):
            pool.close()
        if isinstance(self._gate, Gate):
            self._gate.ledger.close()


def default_service(meter: Meter | None = None, analyzer: Callable[[], Analyses] | None = None) -> Service:
    """The service that the environment describes.

    Args:
        meter: Where its numbers go; None prints CloudWatch's format on Lambda and keeps none elsewhere.
        analyzer: Makes the inference core; None makes one that tells the meter.
    """
    settings = Settings.from_env(os.environ)
    kept = meter or (EmfMeter() if settings.metrics else Meter())
    analyses = analyzer or partial(new_analyzer, partial(aside, kept.stage))
    return Service(watched(Gate.from_env, kept), analyses, settings, kept)
