"""The Lambda authorizer of faceverify."""

from __future__ import annotations

import os
from contextlib import suppress
from functools import cache
from typing import Any

from gatekeeper import Contract, Gate, LedgerUnavailable, baidu, doors


@cache
def gate() -> Gate:
    """The process's gate, made while the instance starts."""
    return Gate.from_env()


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Allows the call and tells the function what the gate says of it; see `gatekeeper.doors`."""
    return doors.answer(event, context, baidu.verdict, Contract.BAIDU, gate)


if "AWS_LAMBDA_FUNCTION_NAME" in os.environ:
    with suppress(LedgerUnavailable):  # the next call asks again, and is told so in the vendor's words
        gate()
