"""The course of every call, whatever its contract: verdict, body, work, booking, answer, one line in the journal."""

from __future__ import annotations

import re
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from starlette.requests import Request
from starlette.responses import Response

from facecore.errors import ImageError
from gatekeeper import Contract, LedgerUnavailable, Verdict, doors, refusals
from gatekeeper.request import Crowded, new_id
from serving.body import BodyTimeout, BodyTooLarge, drain, read_body
from serving.codes import Code, Failure
from serving.deadline import Deadline, OutOfTime, by
from serving.fetch import FetchError
from serving.journal import Entry, aside, describe
from serving.pool import Overloaded
from serving.service import Service

Result = TypeVar("Result")

_EXPECTED = (Failure, ImageError, FetchError, BodyTooLarge, BodyTimeout, Crowded)
_LONG = 1 << 20
_CALLER_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}")
_CALLER_ID_HEADERS = ("x-request-id", "x-ca-request-id", "x-bce-request-id")


@dataclass(frozen=True, slots=True)
class Words:
    """How a contract says no.

    Attributes:
        contract: Which contract.
        max_body: Bytes, the longest body that it takes.
        refusal: Makes the answer to a caller who may not call.
        failure: Makes the answer to a call that ends with a code; the second argument is the request's id.
        codes: The vendor's code for each type of error of a query, a body, a download, a photo or a model; a subtype's
            own entry goes before its base's, and Exception stands for anything unforeseen.
        told_id: The request's id as the body of the contract's answers tells it; empty when it tells none other.
    """

    contract: Contract
    max_body: int
    refusal: Callable[[Verdict], Response]
    failure: Callable[[Failure, str], Response]
    codes: Mapping[type[Exception], Code]
    told_id: Callable[[str], str] = lambda request_id: ""

    def name(self, error: Exception) -> Failure:
        """An error as a failure with the vendor's code."""
        if isinstance(error, Failure):
            return error
        return Failure(next(self.codes[kind] for kind in type(error).__mro__ if kind in self.codes))


class HungUp(BodyTimeout):
    """Nobody listens for the answer any more; told as a caller that goes away earlier, with its body half sent."""


class Refused(Exception):
    """Access is refused after all, once the body is known."""

    def __init__(self, verdict: Verdict) -> None:
        super().__init__(verdict.code)
        self.verdict = verdict


@dataclass(slots=True)
class Call:
    """One call in progress.

    Attributes:
        request: As it came, the body unread.
        request_id: The gateway's or this server's own id of it.
        verdict: May the caller call.
        service: What the app works with.
        entry: What will be told of the call.
    """

    request: Request
    request_id: str
    verdict: Verdict
    service: Service
    entry: Entry

    async def body(self, limit: int) -> bytes:
        """The body, at most `limit` bytes of it.

        Whether the caller is there is asked at once, too: the server stops listening to a connection while a long part
        of a body waits, and only hears of its end when somebody asks for more.

        Raises:
            BodyTooLarge, BodyTimeout: See `serving.body`.
        """
        body = await read_body(self.request, limit, self.service.settings.body_seconds)
        self.entry.bytes_in = len(body)
        await self.heard()
        return body

    async def read(self, read: Callable[[bytes], Result], body: bytes) -> Result:
        """Takes a body apart: a long one outside the event loop."""
        if len(body) < _LONG:
            return read(body)
        return await self.service.access.run(partial(read, body))

    async def download(self, url: str, max_bytes: int) -> bytes:
        """The photo behind a url.

        Raises:
            FetchError, Overloaded: See `serving.fetch` and `serving.pool`.
        """
        with self.stage("fetch"):
            return await self.service.downloads.run(partial(self.service.settings.fetcher.fetch, url, max_bytes))

    async def heard(self) -> None:
        """Goes on only if somebody still listens. On Lambda nobody can tell: the gateway waits for the answer.

        Raises:
            HungUp: The caller has closed the connection.
        """
        if "aws.event" not in self.request.scope and await self.request.is_disconnected():
            raise HungUp

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Tells the meter how long what is done inside takes, however it ends; names: see `serving.meter.Meter`."""
        started = time.perf_counter()
        try:
            yield
        finally:
            aside(self.service.meter.stage, name, time.perf_counter() - started)

    async def work(self, work: Callable[[], Result]) -> Result:
        """Does work on photos outside the event loop.

        Raises:
            Overloaded: Too much of it waits.
        """
        return await self.service.work.run(partial(self._timed, work))

    def _timed(self, work: Callable[[], Result]) -> Result:
        started = time.perf_counter()
        try:
            return work()
        finally:
            self.entry.ms_work += (time.perf_counter() - started) * 1e3


async def run(
    request: Request,
    service: Service,
    words: Words,
    judge: doors.Judge,
    answer: Callable[[Call], Awaitable[Response]],
) -> Response:
    """Takes a call from its verdict to its answer.

    The verdict comes before the body is read. An answer is only given once it is booked, and only booked while its
    caller is there to hear it; every other end is booked as not billable. What can not be finished before the call
    would be cut off ends as overload does.

    Args:
        request: The call.
        service: What the app works with.
        words: The contract's way of saying no.
        judge: The contract's verdict function.
        answer: Makes the answer of an allowed call; raises Refused, Failure or any other error.
    """
    started = time.perf_counter()
    request_id = doors.request_id(request.scope)
    entry = Entry(words.contract.value, request_id, caller_id(request), words.told_id(request_id))
    deadline = Deadline.of(request.scope)
    call = Call(request, request_id, refusals.unavailable(words.contract, request_id), service, entry)
    try:
        verdict = call.verdict = await _judged(call, words.contract, judge, deadline)
        if not verdict.allowed and not verdict.pending:
            raise Refused(verdict)
        async with by(deadline.work):
            response = await answer(call)
        await call.heard()
        booked = await _settle(call, "0", True, deadline)
        if not booked.allowed:
            raise Refused(booked)
        entry.code, entry.billed = "0", True
    except Refused as refused:
        entry.code = refused.verdict.code
        response = words.refusal(refused.verdict)
        await _settle(call, entry.code, False, deadline)
        await _drain(request, words)
    except Exception as error:
        failure = words.name(error)
        if not isinstance(error, _EXPECTED):
            entry.fault = describe(error)
        entry.code = str(failure.code.code)
        response = words.failure(failure, request_id)
        await _settle(call, entry.code, False, deadline)
        if isinstance(error, BodyTimeout):
            response.headers["Connection"] = "close"
        else:
            await _drain(request, words)
    entry.client = call.verdict.client
    response.headers["X-Request-Id"] = entry.caller_id or request_id
    entry.status, entry.ms = response.status_code, (time.perf_counter() - started) * 1e3
    service.journal.write(entry)
    return response


async def _judged(call: Call, contract: Contract, judge: doors.Judge, deadline: Deadline) -> Verdict:
    """May the caller call; where that can not be found out, the call keeps the verdict that it has.

    Raises:
        Crowded: The query holds more than anybody reads.
    """

    def decide() -> Verdict:
        asked = doors.request(call.request.scope, call.request_id)
        return doors.verdict(call.request.scope, asked, judge, contract, call.service.gate)

    try:
        with call.stage("verdict"):
            async with by(deadline.booking):
                return await call.service.access.run(decide)
    except Crowded:
        raise
    except Exception as error:  # whatever it is: nobody comes in without a verdict
        if not isinstance(error, LedgerUnavailable | Overloaded) or isinstance(error, OutOfTime):
            call.entry.fault = describe(error)
        return call.verdict


def caller_id(request: Request) -> str:
    """The id that the caller gave the call, if it is a sound one; it is told and sent back, and decides nothing."""
    for name in _CALLER_ID_HEADERS:
        value = request.headers.get(name, "")
        if _CALLER_ID.fullmatch(value):
            return value
    return ""


async def _drain(request: Request, words: Words) -> None:
    with suppress(OutOfTime):
        async with by(None):
            await drain(request, words.max_body)


async def _settle(call: Call, outcome: str, billable: bool, deadline: Deadline) -> Verdict:
    if not call.verdict.client:
        return call.verdict
    verdict = call.verdict
    try:
        with call.stage("booking"):
            async with by(deadline.booking):
                return await call.service.access.run(lambda: call.service.gate.settle(verdict, outcome, billable))
    except Exception as error:
        if billable:
            raise
        call.entry.fault = call.entry.fault or describe(error)  # the ledger gives the unit back in time
        return call.verdict


def lost(request: Request, service: Service, words: Words, code: Code, **fills: str) -> Response:
    """The answer to a request that no route takes, in the vendor's words, written down like any other."""
    request_id = new_id()
    response = words.failure(Failure(code, code.message.format(**fills)), request_id)
    entry = Entry(words.contract.value, request_id, told_id=words.told_id(request_id), code=str(code.code))
    return note(request, service, entry, response)


def note(request: Request, service: Service, entry: Entry, response: Response) -> Response:
    """Writes a request down that is no call, and tells its id in the answer."""
    entry.caller_id, entry.status = caller_id(request), response.status_code
    response.headers["X-Request-Id"] = entry.caller_id or entry.request_id
    service.journal.write(entry)
    return response
