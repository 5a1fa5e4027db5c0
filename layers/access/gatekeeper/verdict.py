"""The answer to "may this caller call?", and how it travels from an authorizer to a function."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from gatekeeper.types import Contract, Settings

Scalar = str | int | float | bool
CONTEXT_VERSION = 1
MESSAGE_LIMIT = 2048
"""Longest message in characters; a longer one is cut (it travels in a header and in the authorizer's context)."""

PENDING = "pending"


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a request may be served, decided before its body is read.

    Attributes:
        allowed: The only field that opens the door. False while ``pending``.
        contract: The contract that was asked.
        client: The client's id; empty while it is not known who calls (a wrong secret proves nobody).
        account: The client's APPID (Tencent) or app id (Baidu); empty otherwise.
        request_id: The gateway's or server's own id of this request; the quota unit is held under it.
        code: The vendor's own key of the refusal, e.g. ``A400AC``, ``13``, ``110``; empty when allowed.
        message: The vendor's words for it, parameters filled in. The market's is one line of printable ASCII (safe as
            a header value); Tencent's are the Chinese words of its table.
        params: The parameters in the message, by name (such as ``StringToSign``), for a contract that words it
            itself.
        status: The HTTP status that the vendor's gateway sends with it; 200 when allowed.
        consumed: What this decision took: ``rate``, ``nonce``, ``quota``. A held quota unit is given back by
            settling the request as not billable.
        settings: The client's settings; the defaults while it is not known who calls.
        pending: The decision needs the body: `gatekeeper.market.complete` finishes it. Nothing was consumed yet.
    """

    allowed: bool
    contract: Contract
    request_id: str
    client: str = ""
    account: str = ""
    code: str = ""
    message: str = ""
    params: tuple[tuple[str, str], ...] = ()
    status: int = 200
    consumed: tuple[str, ...] = ()
    settings: Settings = field(default_factory=Settings)
    pending: bool = False

    def __post_init__(self) -> None:
        if self.allowed and (self.code or self.pending or not self.client):
            raise ValueError("an allowed verdict names its client, has no error code and is not pending")
        if not self.allowed and not self.code and not self.pending:
            raise ValueError("a refusal has a code")

    def to_context(self) -> dict[str, Scalar]:
        """The verdict as flat scalars, for the ``context`` of a Lambda authorizer's answer.

        The client's secret, key or token is never in it. ``auth_error`` is the vendor's code, empty when allowed.
        """
        return {
            "verdict": CONTEXT_VERSION,
            "allowed": self.allowed,
            "pending": self.pending,
            "contract": self.contract.value,
            "client": self.client,
            "account": self.account,
            "request_id": self.request_id,
            "auth_error": self.code,
            "auth_message": self.message,
            "auth_status": self.status,
            "consumed": ",".join(self.consumed),
            "settings": self.settings.to_json(),
        }

    @classmethod
    def from_context(cls, context: object, contract: Contract, request_id: str = "") -> Verdict:
        """The verdict that an authorizer sent, or a refusal.

        API Gateway hands every value on as a string, a local emulator as the scalar it was: both are read. A
        context that is missing, incomplete, of another contract or another request, or contradicts itself gives
        the contract's "service unavailable" refusal: no authorizer, no answer. The one exception to the round trip
        is ``params``, which stays behind.

        Args:
            context: ``event["requestContext"]["authorizer"]``, or None.
            contract: The contract of the function that asks.
            request_id: ``event["requestContext"]["requestId"]``; when given it must match.
        """
        from gatekeeper.refusals import unavailable

        try:
            verdict = _read(context)
        except (ValueError, TypeError):
            return unavailable(contract, request_id)
        if verdict.contract is not contract or (request_id and verdict.request_id != request_id):
            return unavailable(contract, request_id)
        return verdict


def _read(context: object) -> Verdict:
    if not isinstance(context, Mapping):
        raise TypeError("no context")
    if _whole(context, "verdict") != CONTEXT_VERSION:
        raise ValueError("another version")
    consumed = tuple(filter(None, _text(context, "consumed", r"[a-z,]{0,40}").split(",")))
    if not set(consumed) <= {"rate", "nonce", "quota"}:
        raise ValueError("consumed")
    status = _whole(context, "auth_status")
    if not 100 <= status <= 599:
        raise ValueError("auth_status")
    return Verdict(
        allowed=_flag(context, "allowed"),
        contract=Contract(_text(context, "contract")),
        request_id=_text(context, "request_id", r".{1,128}"),
        client=_text(context, "client", r"[A-Za-z0-9_-]{0,64}"),
        account=_text(context, "account", r"[0-9]{0,20}"),
        code=_text(context, "auth_error", r"[A-Z0-9]{0,8}"),
        message=_text(context, "auth_message"),
        status=status,
        consumed=consumed,
        settings=Settings.from_json(_text(context, "settings")),
        pending=_flag(context, "pending"),
    )


def _text(context: Mapping[object, object], name: str, shape: str = r"(?s:.*)") -> str:
    value = context.get(name)
    if not isinstance(value, str) or not re.fullmatch(shape, value):
        raise ValueError(name)
    return value


def _whole(context: Mapping[object, object], name: str) -> int:
    value = context.get(name)
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise ValueError(name)
    return int(value)


def _flag(context: Mapping[object, object], name: str) -> bool:
    value = context.get(name)
    if value is True or value == "true":
        return True
    if value is False or value == "false":
        return False
    raise ValueError(name)


def printable(text: str) -> str:
    """The text as one header-safe line: newlines as ``#``, what is not printable ASCII as ``?``, cut at the limit."""
    line = "".join("#" if c == "\n" else c if " " <= c <= "~" else "?" for c in text[: MESSAGE_LIMIT + 1])
    return line if len(line) <= MESSAGE_LIMIT else line[: MESSAGE_LIMIT - 3] + "..."
