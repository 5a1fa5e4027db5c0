"""What a verdict may look at: the request line and the headers, never the body."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

Pairs = tuple[tuple[str, str], ...]

FORM = "application/x-www-form-urlencoded"

MAX_PAIRS = 256
"""Names and values that a query or a form may hold: no call needs a tenth of them, and taking millions apart lasts."""


def new_id() -> str:
    """A fresh request id: an upper-case UUID, as the market's gateway writes them."""
    import uuid

    return str(uuid.uuid4()).upper()


class Ambiguous(ValueError):
    """A header or query parameter that decides came more than once, with different values."""


class Crowded(ValueError):
    """A query or a form holds more than `MAX_PAIRS` names and values."""


@dataclass(frozen=True, slots=True)
class Request:
    """A request without its body.

    Attributes:
        method: Upper case.
        path: Decoded, without query, as the caller addressed it: with a stage or a mount prefix, if there is one,
            because callers sign the path that they call.
        query: Decoded names and values in the order they came, repeated ones included.
        headers: Names in the case they came in, and values without outer whitespace.
        request_id: The gateway's or server's own id, never one that the caller chose: a caller who could choose it
            could have two calls counted as one.
    """

    method: str
    path: str
    query: Pairs = ()
    headers: Pairs = ()
    request_id: str = field(default_factory=new_id)
    _named: Mapping[str, list[str]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        named: dict[str, list[str]] = {}
        for name, value in self.headers:
            named.setdefault(name.lower(), []).append(value)
        object.__setattr__(self, "_named", named)  # callers choose how many headers come and how many are asked for

    def header(self, name: str) -> str | None:
        """The value of a header, None when it is missing.

        Raises:
            Ambiguous: It came more than once, with different values.
        """
        return _single(name, self._named.get(name.lower(), ()))

    def parameter(self, name: str) -> str | None:
        """The value of a query parameter (exact name), None when it is missing.

        Raises:
            Ambiguous: It came more than once, with different values.
        """
        return _single(name, (value for key, value in self.query if key == name))

    @classmethod
    def from_asgi(cls, scope: MutableMapping[str, Any] | Mapping[str, Any], request_id: str | None = None) -> Request:
        """The request of an ASGI scope.

        An absolute-form target (``POST http://host/path``), as some PHP clients send it through a proxy setting, is
        reduced to its path.

        Args:
            scope: ``type`` http.
            request_id: The server's own id; None makes one (an upper-case UUID).

        Raises:
            Crowded: The query holds too much.
        """
        raw = scope.get("raw_path") or scope["path"].encode()
        target = origin_form(raw.decode("latin-1"))
        query = scope.get("query_string", b"").decode("latin-1")
        headers = tuple((k.decode("latin-1"), v.decode("latin-1").strip()) for k, v in scope["headers"])
        made = {} if request_id is None else {"request_id": request_id}
        return cls(scope["method"].upper(), unquote(target.split("?", 1)[0]), pairs(query), headers, **made)

    @classmethod
    def from_rest_event(cls, event: Mapping[str, Any]) -> Request:
        """The request of an API Gateway REST API event (proxy or REQUEST authorizer, payload 1.0).

        The path is ``requestContext.path``, which still has the stage. The id is ``requestContext.requestId``: the
        same for the authorizer and the function.
        """
        context: Mapping[str, Any] = event["requestContext"]
        path = context.get("path") or event["path"]
        return cls(
            method=str(event["httpMethod"]).upper(),
            path=unquote(str(path)),
            query=tuple(_multi(event, "multiValueQueryStringParameters", "queryStringParameters")),
            headers=tuple((k, v.strip()) for k, v in _multi(event, "multiValueHeaders", "headers")),
            request_id=str(context["requestId"]),
        )


def _single(name: str, values: Iterable[str]) -> str | None:
    found = set(values)
    if len(found) > 1:
        raise Ambiguous(name)
    return found.pop() if found else None


def pairs(text: str) -> Pairs:
    """The decoded names and values of a query or a form.

    Raises:
        Crowded: There are more than `MAX_PAIRS`.
    """
    if text.count("&") >= MAX_PAIRS:
        raise Crowded(f"more than {MAX_PAIRS} parameters")
    return tuple(parse_qsl(text, keep_blank_values=True, errors="replace"))


def origin_form(target: str) -> str:
    """A request's target without scheme and host, if it has them (RFC 9112, 3.2.2); one that is no url stays as is."""
    if target.startswith("/") or "://" not in target:
        return target
    try:
        return urlsplit(target).path or "/"
    except ValueError:
        return target


def _multi(event: Mapping[str, Any], many: str, one: str) -> Iterable[tuple[str, str]]:
    lists = event.get(many)
    if lists:
        return ((str(k), str(v)) for k, values in lists.items() for v in values)
    return ((str(k), str(v)) for k, v in (event.get(one) or {}).items())
