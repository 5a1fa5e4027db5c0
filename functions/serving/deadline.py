"""The time that a call has left: on Lambda until the invocation is cut off, elsewhere until the server is stopped.

A call that is cut off is answered by the API's gateway, in words that no client of the vendor's reads. So the work ends
while there is still time to book, and the booking while there is still time to answer.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from gatekeeper.doors import seconds_left
from serving.pool import Overloaded

BOOKING_SECONDS = 3.0
"""How long before its end a call stops to work; a fifth of the time where that is less."""
ANSWER_SECONDS = 0.5
"""How long before its end a call stops to book; a tenth of the time where that is less."""


class OutOfTime(Overloaded):
    """What was asked can not be finished before the call is cut off."""


@dataclass(frozen=True, slots=True)
class Deadline:
    """When the parts of a call have to be over.

    Attributes:
        work: `time.monotonic` of the end of all work on photos; None: there is none.
        booking: The same of the ledger's part.
    """

    work: float | None = None
    booking: float | None = None

    @classmethod
    def of(cls, scope: Mapping[str, Any]) -> Deadline:
        """The deadline of an ASGI scope: its Lambda context's, if it came through Mangum."""
        left = seconds_left(scope.get("aws.context"))
        if left is None:
            return cls()
        end = time.monotonic() + left
        return cls(end - min(BOOKING_SECONDS, left / 5), end - min(ANSWER_SECONDS, left / 10))


@asynccontextmanager
async def by(end: float | None) -> AsyncIterator[None]:
    """Gives up what is done inside when the time has come. Work in a thread goes on there, unheard.

    The server cancels the calls that outlast its end's grace: their time has come, too, and they still get an answer.

    Args:
        end: `time.monotonic`; None: it has come when the call is cancelled.

    Raises:
        OutOfTime: It has come.
    """
    limit = asyncio.timeout(None if end is None else end - time.monotonic())
    try:
        async with limit:
            yield
    except TimeoutError:
        if limit.expired():
            raise OutOfTime from None
        raise
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if task is not None:
            task.uncancel()
        raise OutOfTime from None
