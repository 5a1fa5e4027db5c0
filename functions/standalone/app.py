"""The three contracts on one port, with /livez and /healthz for operators and the playground at / for people."""

from __future__ import annotations

import asyncio
import os
import threading
from urllib.parse import unquote

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

import baidu.app
import market.app
import tencent.app
from facecore.errors import ModelError
from facecore.report import ALL
from gatekeeper import GatekeeperError, LedgerUnavailable
from gatekeeper.request import origin_form
from serving.journal import describe, logger
from serving.service import Service, default_service
from standalone import metrics
from standalone.playground import Playground

RETRY_SECONDS = 5.0
"""How long the start waits before it tries again to make what was not there."""


class Server:
    """An ASGI app that hands every request to its contract by the path alone.

    The Host header plays no part: clients send their vendor's. A target in absolute form, as clients send it to a
    proxy, counts as its path.

    Args:
        service: What the contracts work with; closed when the server stops.
        playground: What serves its page; None leaves it out.
        numbers: What is shown at /metrics; None shows nothing there.
    """

    def __init__(
        self, service: Service, playground: Playground | None = None, numbers: metrics.Prometheus | None = None
    ) -> None:
        self._service = service
        self._playground = playground
        self._numbers = numbers
        self._missing = "models"  # what the start still waits for; empty when it is over
        self._closing = threading.Event()
        baidu_app = baidu.app.create_app(service)
        self._contracts: tuple[tuple[str, ASGIApp], ...] = (
            ("/market/", market.app.create_app(service)),
            ("/face/", tencent.app.create_app(service)),
            ("/rest/2.0/", baidu_app),
            ("/oauth/2.0/", baidu_app),
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves a request, or the start and the end of the process."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            scope = _with_path(scope)
            await self._app(scope["path"])(scope, receive, send)

    def _app(self, path: str) -> ASGIApp:
        asked = "/" + path.lstrip("/")  # one slash more is no path of a contract's, which says so in its vendor's words
        for prefix, app in self._contracts:
            if asked.startswith(prefix):
                return app
        if self._playground is not None and self._playground.takes(path):
            return self._playground
        if path == "/livez":
            return JSONResponse({"status": "alive"})
        if path == "/healthz":
            return self._health
        if path == metrics.PATH and self._numbers is not None:
            return self._numbers
        return JSONResponse({"error": "not found"}, 404)

    async def _health(self, scope: Scope, receive: Receive, send: Send) -> None:
        problem = await asyncio.to_thread(self._problem)
        answer = {"status": "ready"} if not problem else {"status": "not ready", "problem": problem}
        await JSONResponse(answer, 503 if problem else 200)(scope, receive, send)

    def _problem(self) -> str:
        """What keeps the process from answering calls; empty when nothing does."""
        try:
            self._service.gate.ledger.ready()
        except GatekeeperError as error:
            return _named(error)
        return self._missing

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        threading.Thread(target=self._warm_up, name="warm-up", daemon=True).start()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        self._closing.set()
        await asyncio.to_thread(self._service.close)
        await send({"type": "lifespan.shutdown.complete"})

    def _warm_up(self) -> None:
        """Makes everything, again and again until it is there: what was away at the start may come back."""
        told = ""
        while not self._closing.is_set():
            try:
                self._service.warm_up(ALL)
            except (ModelError, GatekeeperError) as error:
                self._missing, fault = _named(error), describe(error)
                if fault != told:
                    told = fault
                    logger().error("start", extra={"fault": fault})
                self._closing.wait(RETRY_SECONDS)
            else:
                self._missing = ""
                return


def _named(error: ModelError | GatekeeperError) -> str:
    """What /healthz calls a problem."""
    if isinstance(error, ModelError):
        return "models"
    if str(error).startswith("FACEGATE_KEY"):
        return "key"
    return "ledger" if isinstance(error, LedgerUnavailable) else "settings"


def create_app() -> Server:
    """The server that the environment describes; what uvicorn's workers call."""
    meter, numbers = metrics.from_env(os.environ)
    service = default_service(meter)
    return Server(service, Playground.from_env(service, os.environ), numbers)


def _with_path(scope: Scope) -> Scope:
    """The scope with an absolute-form target (RFC 9112, 3.2.2) reduced to its path."""
    path: str = scope["path"]
    target = scope.get("raw_path", path.encode()).decode("latin-1")
    raw = origin_form(target)
    return scope if raw == target else {**scope, "path": unquote(raw), "raw_path": raw.encode("latin-1")}
