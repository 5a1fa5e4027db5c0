"""The Lambda authorizer of the market API."""

from __future__ import annotations

import os
from functools import cache
from typing import Any

from gatekeeper import Gate, doors, market


@cache
def gate() -> Gate:
    """The process's gate, made while the instance starts."""
    return Gate.from_env()


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Allows the call and tells the function what the gate says of it; see `gatekeeper.doors.authorize`."""
    return doors.authorize(event, market.verdict, gate())


if "AWS_LAMBDA_FUNCTION_NAME" in os.environ:
    gate()
