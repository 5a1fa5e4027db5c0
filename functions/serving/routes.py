"""A contract's routes: bare for a function that starts cold, with their OpenAPI page for the standalone server.

FastAPI and its models of OpenAPI take longer to import than numpy, OpenCV and the model runtime together. A gateway
leads to the contract's own paths alone, so that a function serves the same endpoints through Starlette, on which
FastAPI stands.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route as StarletteRoute

if TYPE_CHECKING:
    from fastapi import FastAPI

Endpoint = Callable[[Request], Awaitable[Response]]
Lost = Callable[[Request, Any], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Route:
    """One of a contract's routes.

    Attributes:
        method: The HTTP method.
        path: The path.
        endpoint: What answers; its name and docstring are told on the OpenAPI page.
    """

    method: str
    path: str
    endpoint: Endpoint


@dataclass(frozen=True, slots=True)
class Routes:
    """All that a contract answers.

    Attributes:
        routes: Its routes.
        lost: Answers what no route takes; told the request and Starlette's HTTPException.
    """

    routes: Sequence[Route]
    lost: Lost


def bare(found: Routes) -> Starlette:
    """The routes and nothing else."""
    taken = [StarletteRoute(route.path, route.endpoint, methods=[route.method]) for route in found.routes]
    for route in taken:
        (route.methods or set()).discard("HEAD")  # which Starlette adds to GET, and FastAPI does not
    app = Starlette(routes=taken, exception_handlers={HTTPException: found.lost})
    app.router.redirect_slashes = False  # a redirect would name the caller's Host and repeat its secrets
    return app


def described(app: FastAPI, found: Routes, told: Mapping[str, Mapping[str, Any]]) -> FastAPI:
    """Puts the routes into a FastAPI app.

    Args:
        app: Where.
        found: The routes.
        told: For each endpoint, by its name, what its page tells: arguments of FastAPI's ``add_api_route``.
    """
    from fastapi.routing import APIRoute

    class Bare(APIRoute):
        """A route whose endpoint reads the request itself; FastAPI would take the query apart first, however long."""

        def get_route_handler(self) -> Any:
            return self.endpoint

    app.router.route_class = Bare
    app.router.redirect_slashes = False
    for route in found.routes:
        more = told[route.endpoint.__name__]
        app.add_api_route(route.path, route.endpoint, methods=[route.method], **more)
    app.add_exception_handler(HTTPException, found.lost)
    return app
