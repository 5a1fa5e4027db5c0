"""One log line for every call: an allow-list of fields, so that nothing else can get out.

A line never holds an image, a credential, a token, an address or a query. What went wrong inside is told by the type
of the error and the lines of code that it passed, never by its text, which may hold what a caller sent.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from types import TracebackType

from aws_lambda_powertools import Logger

from facecore.errors import ModelError
from serving import loglevel
from serving.meter import Meter

_FRAMES = 6
_complained: set[str] = set()


@dataclass(slots=True)
class Entry:
    """What is told of one call.

    Attributes:
        contract: Which contract was called.
        request_id: This service's own id of the call.
        caller_id: The id that the caller gave the call, if it is one.
        told_id: The id that the answer's body tells, where that is another one.
        client: The client's id, empty while it is not known.
        code: The vendor's code that was answered.
        status: The HTTP status.
        billed: Whether the call counts towards what the client pays for.
        bytes_in: Length of the body in bytes, 0 when it was not read.
        images: How many photos were asked about.
        ms: Milliseconds from the request's arrival to its answer.
        ms_work: Milliseconds of them spent on photos.
        fault: The type of an error inside, with the places that it passed.
    """

    contract: str
    request_id: str
    caller_id: str = ""
    told_id: str = ""
    client: str = ""
    code: str = ""
    status: int = 0
    billed: bool = False
    bytes_in: int = 0
    images: int = 0
    ms: float = 0.0
    ms_work: float = 0.0
    fault: str = ""


def describe(error: BaseException) -> str:
    """An error's type and the places it passed, innermost last; with its text only if that speaks of our own files."""
    told = f"{type(error).__name__} at {' > '.join(_places(error.__traceback__))}"
    return f"{told}: {error}" if isinstance(error, ModelError) else told


def _places(trace: TracebackType | None) -> list[str]:
    places = []
    while trace is not None:
        code = trace.tb_frame.f_code
        places.append(f"{Path(code.co_filename).name}:{trace.tb_lineno}:{code.co_name}")
        trace = trace.tb_next
    return places[-_FRAMES:]


def level(environ: Mapping[str, str]) -> str:
    """The least level that is written down; what names none counts as INFO, since no call may end by it."""
    named = loglevel.named(environ)
    return named if loglevel.known(named) else "INFO"


@cache
def logger() -> Logger:
    """The process's structured logger. Its level is POWERTOOLS_LOG_LEVEL, INFO by default."""
    return Logger(service="facegate", level=level(os.environ))


def aside(work: Callable[..., object], *args: object) -> None:
    """Does what is beside a call: a line, a number. That it fails changes no answer, and is told once on stderr."""
    try:
        work(*args)
    except Exception as error:
        told = describe(error)
        if told in _complained:
            return
        _complained.add(told)
        with suppress(Exception):
            sys.stderr.write(f"facegate: a line or a number of calls is lost: {told}\n")


class Journal:
    """Where calls are written down.

    Args:
        meter: Told of every call, too.
    """

    def __init__(self, meter: Meter) -> None:
        self._meter = meter

    def write(self, entry: Entry) -> None:
        """Writes one call down. Never fails: by now the call may be booked."""
        aside(self._print, entry)
        aside(self._meter.call, entry)

    def _print(self, entry: Entry) -> None:
        line = {field.name: getattr(entry, field.name) for field in fields(entry)}
        line["ms"], line["ms_work"] = round(entry.ms, 2), round(entry.ms_work, 2)
        told = {name: value for name, value in line.items() if value != ""}
        if entry.fault:
            logger().error("call", extra=told)
        else:
            logger().info("call", extra=told)
