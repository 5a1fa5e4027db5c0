"""The contract as a Lambda function."""

from __future__ import annotations

from typing import TYPE_CHECKING

from market.want import WANT
from serving.aws import lambda_handler

if TYPE_CHECKING:
    from serving.routes import Routes
    from serving.service import Service


def routes(service: Service) -> Routes:
    """What the contract answers; imported while the models load."""
    from market import app

    return app.routes(service)


handler = lambda_handler(routes, WANT)
