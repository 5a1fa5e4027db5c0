"""Reads a request's body without holding more of it than its contract allows."""

from __future__ import annotations

import asyncio

from starlette.requests import ClientDisconnect, Request

_DRAIN_FACTOR = 2
_DRAIN_SECONDS = 5.0


class BodyTooLarge(Exception):
    """The body is longer than the contract's limit."""


class BodyTimeout(Exception):
    """The body did not arrive in time."""


async def read_body(request: Request, limit: int, seconds: float) -> bytes:
    """The whole body.

    Args:
        request: Whose body.
        limit: Bytes, the longest that is read.
        seconds: How long the client may take to send it.

    Raises:
        BodyTooLarge: It is longer, or its Content-Length says so.
        BodyTimeout: It did not arrive in time, or the client went away.
    """
    if announced(request) > limit:
        raise BodyTooLarge
    parts: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(seconds):
            async for part in request.stream():
                size += len(part)
                if size > limit:
                    raise BodyTooLarge
                parts.append(part)
    except (TimeoutError, ClientDisconnect):
        raise BodyTimeout from None
    return parts[0] if len(parts) == 1 else b"".join(parts)


async def drain(request: Request, limit: int) -> None:
    """Takes in and forgets a body that is refused unread, so that its sender lives to read the answer.

    A server that answers and closes while the client still sends makes the network drop the answer. What is taken in
    is bounded in bytes and in time; a client that waits for "100 Continue" sends nothing and is not waited for.
    """
    if "expect" in request.headers or announced(request) == 0 or announced(request) > limit * _DRAIN_FACTOR:
        return
    size = 0
    try:
        async with asyncio.timeout(_DRAIN_SECONDS):
            async for part in request.stream():
                size += len(part)
                if size > limit * _DRAIN_FACTOR:
                    return
    except (TimeoutError, ClientDisconnect, RuntimeError):  # RuntimeError: the stream was begun and given up
        return


def announced(request: Request) -> int:
    """The Content-Length, -1 when a body comes without one, 0 when there is none."""
    length = request.headers.get("content-length", "")
    if length.isascii() and length.isdigit():
        return int(length[:12])
    return -1 if "transfer-encoding" in request.headers else 0
