"""The two doors to a contract: a Lambda authorizer, and a server that calls the function itself.

Both call the same verdict function with the same kind of request, so both say the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from gatekeeper.gate import Gate
from gatekeeper.refusals import busy, unavailable
from gatekeeper.request import Request, new_id
from gatekeeper.types import Contract, LedgerBusy, LedgerUnavailable
from gatekeeper.verdict import Verdict
from gatekeeper.within import OutOfTime, within

Judge = Callable[[Request, Gate], Verdict]
GateT = TypeVar("GateT", bound=Gate | None)

MARGIN_SECONDS = 1.0
"""How long before its end a Lambda authorizer answers without having heard from the ledger."""


def authorize(event: Mapping[str, Any], judge: Callable[[Request, GateT], Verdict], gate: GateT) -> dict[str, Any]:
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


def answer(
    event: Mapping[str, Any], context: object, judge: Judge, contract: Contract, gate: Callable[[], Gate]
) -> dict[str, Any]:
    """A Lambda authorizer's answer, in the contract's words whatever the ledger and the key's keeper do.

    An authorizer that fails or is cut off would be answered by the API's gateway, with a body that no client of the
    vendor's reads. A unit that was taken meanwhile is given back when its lease ends.

    Args:
        event: The REQUEST authorizer event of a REST API.
        context: Lambda's, which tells how much time is left; without it there is no limit.
        judge: The contract's verdict function.
        contract: The contract.
        gate: Gives the process's gate, or raises LedgerUnavailable.
    """

    def decide() -> dict[str, Any]:
        return authorize(event, judge, gate())

    try:
        return _in_time(decide, seconds_left(context))
    except LedgerBusy:
        refuse = busy
    except LedgerUnavailable:
        refuse = unavailable
    return authorize(event, lambda asked, _: refuse(contract, asked.request_id), None)


def seconds_left(context: object) -> float | None:
    """The seconds until Lambda cuts the invocation off; None where nobody says."""
    remaining = getattr(context, "get_remaining_time_in_millis", None)
    return remaining() / 1000 if callable(remaining) else None


def _in_time(work: Callable[[], dict[str, Any]], left: float | None) -> dict[str, Any]:
    """What the work gives; LedgerUnavailable where it is not there a margin before the time is over."""
    if left is None:
        return work()
    try:
        return within(left - min(MARGIN_SECONDS, left / 4), work, "verdict")
    except OutOfTime:
        raise LedgerUnavailable("the time is over") from None


def request_id(scope: Mapping[str, Any]) -> str:
    """The id that `request` finds in an ASGI scope's Lambda event; a new one where there is none."""
    event = scope.get("aws.event")
    return str(event["requestContext"]["requestId"]) if isinstance(event, Mapping) else new_id()


def request(scope: Mapping[str, Any], request_id: str | None = None) -> Request:
    """The request of an ASGI scope: of the Lambda event inside it, if it came through Mangum.

    Args:
        scope: The ASGI scope.
        request_id: The server's own id, used when there is no Lambda event; None makes one.

    Raises:
        Crowded: The query holds too much.
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
