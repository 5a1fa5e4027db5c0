"""The ledger: everything the access layer remembers, behind one protocol.

Two implementations pass one test suite: `gatekeeper.sqlite` (one file, several processes) and
`gatekeeper.dynamodb` (several machines). No method reads a clock: every moment is handed in as Unix seconds.

The life of a billed call:

1. ``admit`` takes one unit of the client's quota and writes down the request id, in one atomic step.
2. ``settle`` ends it, once: billed (the unit stays taken) or not (the unit is given back), and counts it in the
   usage table in the same atomic step. The answer is delivered only after a billable ``settle`` succeeded.
3. A call that is never settled (its worker was killed) holds its unit until ``lease`` seconds have passed;
   then it is given back and counted as ``lost``, not billed. A settle that comes later takes a unit again, or says
   ``EXHAUSTED`` when there is none.

Each step may be repeated with the same request id any number of times: it counts once, as long as the call is
remembered (``KEEP`` seconds after it ended, ``KEEP_REFUSED`` if it was never admitted). A call that ended unbilled
may be admitted again under its id and then takes a unit like a new one. Request ids are made by the gateway or the
server, never taken from a caller.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Protocol

from gatekeeper.types import Admission, Client, Contract, Key, Settled, UsageRow

LEASE = 300.0
"""Seconds that a call may take before its unit is given back."""

KEEP = 86_400.0
"""Seconds for which an ended call's request id is remembered."""

KEEP_REFUSED = 600.0
"""Seconds for which one is remembered that was refused and never admitted: no limit bounds how many of those come."""

SKEW_SECONDS = 2
"""How far apart two machines' clocks may be without a rate window being started twice."""

LOST = "lost"
"""The outcome of a call that was admitted and never settled."""


class Ledger(Protocol):
    """Credentials, quotas, rates, nonces, usage and face tokens.

    Every method raises `LedgerUnavailable` (or its kind `LedgerBusy`) when the store does not answer, and only
    that: a caller need not know which store it is.

    Attributes:
        sweep_rows: How many rows a sweep takes in no noticeable time, while a caller waits for his verdict.
    """

    sweep_rows: int

    def save(self, client: Client, add: Sequence[Key] = (), end: Mapping[str, float] | None = None) -> Client:
        """Write a client and change its keys, all or nothing.

        Args:
            client: With version 0 it is created; otherwise it replaces the stored one of the same version.
            add: New keys of this client. A bucket may be added whose key has ended when the new one is created, a
                former client's, too; every other name can be taken once.
            end: Lookup to Unix seconds: existing keys of this client and when they stop to be live.

        Returns:
            The client with its new version.

        Raises:
            Conflict: The stored version is another, the client exists or is missing, or a key's name is taken.
        """

    def client(self, client_id: str) -> Client | None:
        """The client of this id."""

    def clients(self, contract: Contract | None = None) -> Iterator[Client]:
        """All clients, of one contract or of all, ordered by id where the store can."""

    def keys(self, client_id: str) -> list[Key]:
        """All keys of a client, ended ones too, oldest first."""

    def find(self, lookup: str) -> tuple[Key, Client] | None:
        """The key of this lookup name and its client, whatever their state; None when there is none."""

    def admit(self, client: Client, request_id: str, day: str, at: float, lease: float = LEASE) -> Admission:
        """Let one call in and reserve its unit, or say why not.

        Checked in this order: the client's version, the request id, the rate, the total quota, the day's quota.
        A refused call takes no unit of any quota; it may have counted towards the rate.

        Args:
            client: As it was read; its limits apply, and its version must still be the stored one.
            request_id: 1 to 128 characters.
            day: ``YYYY-MM-DD``: where the call counts.
            at: Unix seconds. The rate counts calendar seconds of this clock, or of another machine's that is up to
                two seconds ahead and has begun a later one.
            lease: Seconds until an unsettled call's unit is given back.
        """

    def settle(
        self, request_id: str, client_id: str, contract: Contract, outcome: str, billable: bool, day: str, at: float
    ) -> Settled:
        """End one call and count it, once.

        A call that was never admitted can be settled as not billable (a refusal that is worth counting).
        Repeating gives the first answer again and counts nothing.
        """

    def burn(self, nonce: str, request_id: str, expires: float, at: float) -> bool:
        """Use a nonce up.

        Returns:
            True for the first request id that comes with it, however often that one asks; False for any other
            until ``expires``.
        """

    def put_face(self, client_id: str, token: str, body: bytes, expires: float) -> None:
        """Keep a face's report under the client's token, replacing an earlier one. Body at most 300 KB."""

    def face(self, client_id: str, token: str, at: float) -> bytes | None:
        """The report under this client's token, unless it has expired."""

    def used(self, client_id: str, day: str) -> tuple[int, int]:
        """Units taken by this client: in all, and on this day. Reserved calls are included."""

    def usage(self, first: str, last: str) -> Iterable[UsageRow]:
        """The usage of the days ``first`` to ``last``, both included, ordered by day."""

    def sweep(self, at: float, limit: int = 200) -> int:
        """Give back what dead calls hold and forget what has expired, at most ``limit`` rows; returns how many."""

    def ready(self) -> None:
        """Returns when the store answers and has its tables."""

    def close(self) -> None:
        """Let go of files and connections."""
