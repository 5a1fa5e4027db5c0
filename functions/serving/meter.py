"""Where a process's numbers go: calls, stages, loads of models, errors of the ledger. Nothing of clients or photos."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, cast

from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit
from aws_lambda_powertools.metrics.functions import is_metrics_disabled

from gatekeeper import Gate, Ledger, LedgerBusy, LedgerUnavailable

if TYPE_CHECKING:
    from serving.journal import Entry

LOAD = "load."
"""What facecore puts before a model's name when it tells of a load."""


class Meter:
    """Takes numbers and forgets them; the base of the meters that keep them."""

    def call(self, entry: Entry) -> None:
        """A call was answered."""

    def stage(self, name: str, seconds: float) -> None:
        """A stage of a call took this long.

        Args:
            name: ``verdict``, ``fetch``, ``words`` or ``booking``; or facecore's ``intake`` (each photo), ``detect``,
                ``face``, ``liveness``, ``synthetic`` (each batch of a call), or ``load.MODEL``.
            seconds: How long.
        """

    def ledger_error(self, step: str, kind: str) -> None:
        """The ledger did not do a step; ``kind`` is ``busy`` (over its own limits) or ``unavailable``."""


class EmfMeter(Meter):
    """Prints a line in CloudWatch's embedded metric format for every call.

    Stages, loads and errors go out with the call that ends next: on Lambda that is the call they belong to, because an
    instance works on one at a time. Everything has the dimension contract; the count of calls also has contract and
    code together, so that the codes do not multiply what the other metrics cost.
    """

    def __init__(self) -> None:
        self._metrics = EphemeralMetrics(namespace="facegate", service="facegate")
        self._stages: list[tuple[str, float]] = []
        self._lock = threading.Lock()  # a thread whose call was given up may still tell of a stage

    def call(self, entry: Entry) -> None:
        """See `Meter.call`."""
        with self._lock:
            line = self._line(entry)
        if not is_metrics_disabled():
            sys.stdout.write(json.dumps(line, separators=(",", ":")) + "\n")

    def _line(self, entry: Entry) -> dict[str, Any]:
        add = self._metrics.add_metric
        self._metrics.add_dimension("contract", entry.contract)
        for name, ms in self._stages:
            if name.startswith(LOAD):
                add("ModelLoads", MetricUnit.Count, 1)
                add("ModelLoad", MetricUnit.Milliseconds, ms)
            else:
                add(name.capitalize(), MetricUnit.Milliseconds, ms)
        self._stages.clear()
        add("Calls", MetricUnit.Count, 1)
        add("Billed", MetricUnit.Count, int(entry.billed))
        add("Faults", MetricUnit.Count, int(bool(entry.fault)))
        if entry.ms:  # requests that are no call are not timed
            add("Latency", MetricUnit.Milliseconds, round(entry.ms, 2))
            add("Work", MetricUnit.Milliseconds, round(entry.ms_work, 2))
        self._metrics.add_metadata("request_id", entry.request_id)
        self._metrics.add_metadata("code", entry.code)
        line = cast(dict[str, Any], self._metrics.serialize_metric_set())
        self._metrics.clear_metrics()
        line["_aws"]["CloudWatchMetrics"].append(
            {
                "Namespace": "facegate",
                "Dimensions": [["service", "contract", "code"]],
                "Metrics": [{"Name": "Calls", "Unit": "Count"}],
            }
        )
        return line

    def stage(self, name: str, seconds: float) -> None:
        """See `Meter.stage`."""
        with self._lock:  # told when the call ends: what runs between the models finds none of its code in the caches
            self._stages.append((name, round(seconds * 1e3, 2)))

    def ledger_error(self, step: str, kind: str) -> None:
        """See `Meter.ledger_error`."""
        with self._lock:
            self._metrics.add_metric("LedgerErrors", MetricUnit.Count, 1)


class WatchedLedger:
    """A ledger whose failures are counted; otherwise as the one inside.

    Args:
        ledger: The one inside.
        meter: Told of every step that ends in LedgerUnavailable.
    """

    def __init__(self, ledger: Ledger, meter: Meter) -> None:
        self._ledger = ledger
        self._meter = meter

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._ledger, name)
        if callable(found):
            found = _counted(name, found, self._meter)
            setattr(self, name, found)
        return found


def watched(make: Callable[[], Gate], meter: Meter) -> Callable[[], Gate]:
    """The same maker of a gate, with the failures of its ledger counted, those of opening it too."""

    def made() -> Gate:
        gate: Gate = _counted("open", make, meter)()
        gate.ledger = cast(Ledger, WatchedLedger(gate.ledger, meter))
        return gate

    return made


def _counted(step: str, work: Callable[..., Any], meter: Meter) -> Callable[..., Any]:
    def counted(*args: Any, **kwargs: Any) -> Any:
        try:
            return work(*args, **kwargs)
        except LedgerUnavailable as error:
            with suppress(Exception):  # a number that is not written down changes no answer
                meter.ledger_error(step, "busy" if isinstance(error, LedgerBusy) else "unavailable")
            raise

    return counted
