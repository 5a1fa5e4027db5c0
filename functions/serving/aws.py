"""A contract's app as a Lambda function behind an API Gateway REST API."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from mangum import Mangum

from facecore.errors import ModelError
from facecore.report import Field
from gatekeeper import LedgerUnavailable
from serving.journal import describe, logger
from serving.routes import Routes, bare
from serving.service import Service, default_service

Handler = Callable[[dict[str, Any], Any], dict[str, Any]]


def lambda_handler(routes: Callable[[Service], Routes], want: frozenset[Field]) -> Handler:
    """The handler of a contract's function.

    On Lambda the app, the ledger's client and the models are made now, while the instance starts; anywhere else with
    the first event. A model or a ledger that is not there is told to the callers in the vendor's words; a configuration
    that can not work ends the start.

    Args:
        routes: Makes the contract's routes.
        want: What the contract needs of a face.
    """
    made: list[Mangum] = []

    def app() -> Mangum:
        if not made:
            service = default_service()
            made.append(Mangum(bare(routes(service)), lifespan="off"))
            try:
                service.warm_up(want)
            except (ModelError, LedgerUnavailable) as error:
                logger().error("start", extra={"fault": describe(error)})
        return made[0]

    def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
        return app()(event, context)

    if "AWS_LAMBDA_FUNCTION_NAME" in os.environ:
        app()
    return handler
