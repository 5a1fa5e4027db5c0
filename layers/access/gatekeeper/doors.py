"""The two doors to a contract: a Lambda authorizer, and a server that calls the function itself.

Both call the same verdict function with the same kind of request, so both say the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from gatekeeper.gate import Gate
from gatekeeper.refusals import unavailable
from gatekeeper.request import Request
from gatekeeper.types import Contract
from gatekeeper.verdict import Verdict

Judge = Callable[[Request, Gate], Verdict]


def authorize(event: Mapping[str, Any], judge: Judge, gate: Gate) -> dict[str, Any]:
    """A REQUEST authorizer's whole answer: always Allow, with the verdict in ``context``.

    A deny could not be worded as the vendors word it (one static status per API); the function refuses instead,
    before it reads the body. The answer must not be cached: a verdict takes a unit of quota and may use up a nonce.

    Args:
        event: The REQUEST authorizer event of a REST API.
        judge: ``verdict`` of `gatekeeper.market`, `gatekeeper.tencent` or `gatekeeper.baidu`.
        gate: The process's gate.
    """
    found = judge(Request.from_rest_event(event), gate)
    return {
        "principalId": found.client or "unknown",
        "policyDocument": {
            "Version": "2012-10-17",
            "Statement": [{"Action": "execute-api:Invoke", "Effect": "Allow", "Resource": event["methodArn"]}],
        },
        "context": found.to_context(),
    }


def request(scope: Mapping[str, Any], request_id: str | None = None) -> Request:
    """The request of an ASGI scope: of the Lambda event inside it, if it came through Mangum.

    Args:
        scope: The ASGI scope.
        request_id: The server's own id, used when there is no Lambda event; None makes one.
    """
    event = scope.get("aws.event")
    if isinstance(event, Mapping):
        return Request.from_rest_event(event)
    return Request.from_asgi(scope, request_id)


def verdict(scope: Mapping[str, Any], asked: Request, judge: Judge, contract: Contract, gate: Gate) -> Verdict:
    """The verdict for an ASGI scope: the authorizer's if this is a Lambda, else decided here and now.

    On Lambda nothing is decided again: without an authorizer's verdict the answer is the contract's "unavailable".

    Args:
        scope: The ASGI scope.
        asked: The same scope's `request`.
        judge: The contract's verdict function.
        contract: The contract.
        gate: The process's gate.
    """
    if "aws.event" not in scope:
        return judge(asked, gate)
    event = scope["aws.event"]
    try:
        context = event["requestContext"].get("authorizer")
    except (KeyError, TypeError, AttributeError):
        return unavailable(contract, asked.request_id)
    return Verdict.from_context(context, contract, asked.request_id)
