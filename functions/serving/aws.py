"""A contract's app as a Lambda function behind an API Gateway REST API."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from facecore.errors import ModelError
from facecore.registry import needed
from facecore.report import Field
from serving.vision import new_analyzer, new_models

if TYPE_CHECKING:
    from mangum import Mangum

    from serving.routes import Routes
    from serving.service import Service

Handler = Callable[[dict[str, Any], Any], dict[str, Any]]
Observe = Callable[[str, float], None]


def lambda_handler(routes: Callable[[Service], Routes], want: frozenset[Field]) -> Handler:
    """The handler of a contract's function.

    On Lambda the app, the ledger's client and the models are made now, while the instance starts; anywhere else with
    the first event. A model or a ledger that is not there is told to the callers in the vendor's words; a configuration
    that can not work ends the start.

    Args:
        routes: Makes the contract's routes, and imports only then what they stand on.
        want: What the contract needs of a face.
    """
    made: list[Mangum] = []

    def app() -> Mangum:
        if not made:
            made.append(_start(routes, want))
        return made[0]

    def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
        return app()(event, context)

    if "AWS_LAMBDA_FUNCTION_NAME" in os.environ:
        app()
    return handler


def _start(routes: Callable[[Service], Routes], want: frozenset[Field]) -> Mangum:
    """The app, made so that the first caller waits least.

    Imports hold the interpreter, loading models hardly does: so what loads models is imported first, and everything
    else while one thread loads them. When all is imported, this thread loads from the other end what is still left.
    More threads would only be in each other's way.
    """
    early = _Early()
    models = cache(lambda: new_models(early))
    analyzer = cache(lambda: new_analyzer(early, models()))
    with suppress(ModelError):
        models()
    with _yielding(), ThreadPoolExecutor(1, "models") as ahead:
        loading = ahead.submit(lambda: [models()[name] for name in needed(want)])

        from mangum import Mangum

        from gatekeeper import LedgerUnavailable
        from serving.journal import aside, describe, logger
        from serving.routes import bare
        from serving.service import default_service

        service = default_service(analyzer=analyzer)
        early.tell(partial(aside, service.meter.stage))
        app = Mangum(bare(routes(service)), lifespan="off")
        try:
            _ = service.gate
            analyzer().warm_up(want, threads=1)
            loading.result()
        except (ModelError, LedgerUnavailable) as error:
            logger().error("start", extra={"fault": describe(error)})
    return app


@contextmanager
def _yielding() -> Iterator[None]:
    """Lets a thread that now and then needs the interpreter have it at once, not after the usual 5 ms."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(5e-5)
    try:
        yield
    finally:
        sys.setswitchinterval(usual)


class _Early:
    """Keeps what an Analyzer tells until there is somebody to listen, then passes it on."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: list[tuple[str, float]] = []
        self._listener: Observe | None = None

    def __call__(self, stage: str, seconds: float) -> None:
        with self._lock:
            if self._listener is None:
                self._kept.append((stage, seconds))
                return
        self._listener(stage, seconds)

    def tell(self, listener: Observe) -> None:
        """From now on."""
        with self._lock:
            self._listener = listener
        for stage, seconds in self._kept:
            listener(stage, seconds)
