"""The ledger in DynamoDB, for any number of machines: see `gatekeeper.items.tables`.

Every step is one conditional write or one transaction, so that a limit cannot be passed by callers that come at the
same time. DynamoDB deletes expired items late: every expiry is checked here. Reads are strongly consistent.

A client's counters lie in its own item (``used``, and ``d<day>`` for the last weeks), so that an admission checks
its version, its limits and its counters in one write. One client's calls therefore share an item, which takes about
500 admissions a second.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from itertools import islice
from typing import Any

from gatekeeper.directory import Directory
from gatekeeper.dynamo import Refused, transact, translated, update
from gatekeeper.items import OPEN_INDEX, n, s, text, whole
from gatekeeper.ledger import KEEP, KEEP_REFUSED, LEASE, LOST, SKEW_SECONDS
from gatekeeper.types import Admission, Client, Contract, LedgerBusy, Settled, UsageRow

FACE_BYTES = 300_000
_ROOM = (
    "(attribute_not_exists(quota_total) OR #used < quota_total) AND (attribute_not_exists(quota_day)"
    " OR (quota_day > :none AND (attribute_not_exists(#day) OR #day < quota_day)))"
)


class DynamoLedger(Directory):
    """See `gatekeeper.ledger.Ledger`. Safe to share between threads.

    Args:
        prefix: Of the tables' names.
        region: AWS region; None: the environment's.
        endpoint: Another endpoint than AWS's; None: the environment's.

    Raises:
        LedgerUnavailable: No region can be made out.
    """

    sweep_rows = 5  # each is a read and a transaction

    def admit(self, client: Client, request_id: str, day: str, at: float, lease: float = LEASE) -> Admission:
        """See `Ledger.admit`."""
        if client.rate is not None and not self._within_rate(client.id, client.rate, request_id, at):
            return self._throttled(client, request_id)
        for again in (True, False):
            refused = transact(self._db, self._admission(client, request_id, day, at + lease))
            if refused is None:
                return Admission.GRANTED
            answer = _why(refused, client, day)
            if answer is Admission.STALE and client.rate is not None:
                self._uncount(client.id, request_id)
            dead = again and answer in (Admission.TOTAL_EXHAUSTED, Admission.DAY_EXHAUSTED)
            if not dead or not self._revive(self._open_calls(client.id, at), at, self.sweep_rows):
                return answer
        return answer

    def _admission(self, client: Client, request_id: str, day: str, until: float) -> list[Any]:
        names = {"#used": "used", "#day": _day(day), "#version": "version"}
        taken = update(
            self._clients, f"C#{client.id}", "client", "ADD #used :one, #day :one",
            f"#version = :version AND {_ROOM}",
            {":one": n(1), ":none": n(0), ":version": n(client.version)}, names,
        )  # fmt: skip
        held = {
            "pk": s(f"R#{request_id}"), "sk": s("call"), "client": s(client.id), "contract": s(client.contract.value),
            "day": s(day), "state": s("held"), "outcome": s(""), "until": n(until), "open": s(client.id),
        }  # fmt: skip
        put = {
            "TableName": self._calls,
            "Item": held,
            "ConditionExpression": "attribute_not_exists(pk) OR (#client = :client AND #state IN (:unbilled, :lost))",
            "ExpressionAttributeNames": {"#client": "client", "#state": "state"},
            "ExpressionAttributeValues": {":client": s(client.id), ":unbilled": s("unbilled"), ":lost": s("lost")},
        }
        return [taken, {"Put": put}]

    def _throttled(self, client: Client, request_id: str) -> Admission:
        stored = self.client(client.id)
        if stored is None or stored.version != client.version:
            return Admission.STALE
        call = self._get(self._calls, f"R#{request_id}", "call")
        if call and text(call, "client") != client.id:
            return Admission.FOREIGN
        return Admission.REPEATED if call and text(call, "state") in ("held", "billed") else Admission.THROTTLED

    def _within_rate(self, client_id: str, rate: int, request_id: str, at: float) -> bool:
        second = int(at // 1)
        names = {"#second": "second", "#calls": "calls", "#last": "last"}
        late = {":second": n(second), ":late": n(second + SKEW_SECONDS), ":last": s(request_id)}
        current = "#second BETWEEN :second AND :late"
        count = ("ADD #calls :one SET #last = :last", f"{current} AND #calls < :rate",
                 late | {":one": n(1), ":rate": n(rate)})  # fmt: skip
        start = ("SET #second = :second, #calls = :one, #ttl = :ttl, #last = :last",
                 f"attribute_not_exists(pk) OR NOT ({current})",
                 late | {":one": n(1), ":ttl": n(second + 3600)})  # fmt: skip
        for step in (count, start, count):
            used = names | ({"#ttl": "ttl"} if step is start else {})
            write: Any = update(self._calls, f"T#{client_id}", "rate", *step, used)["Update"]
            if self._conditional(self._db.update_item, write):
                return True
        return False

    def _uncount(self, client_id: str, request_id: str) -> None:
        """Take the last call of the rate window back, if it is this one: then it is the same window still."""
        names = {"#calls": "calls", "#last": "last"}
        values = {":back": n(-1), ":last": s(request_id)}
        write: Any = update(
            self._calls, f"T#{client_id}", "rate", "ADD #calls :back REMOVE #last", "#last = :last", values, names
        )["Update"]
        self._conditional(self._db.update_item, write)

    def settle(
        self, request_id: str, client_id: str, contract: Contract, outcome: str, billable: bool, day: str, at: float
    ) -> Settled:
        """See `Ledger.settle`."""
        for _ in range(8):
            call = self._get(self._calls, f"R#{request_id}", "call")
            state = text(call, "state") if call else ""
            if call and text(call, "client") != client_id:
                return Settled.UNKNOWN
            if state in ("billed", "unbilled"):
                return Settled.BILLED if state == "billed" else Settled.UNBILLED
            if not call and billable:
                return Settled.UNKNOWN
            admitted = text(call, "day") if call else day
            ended = {"state": "billed" if billable else "unbilled", "outcome": outcome}
            tallies = {(outcome, billable): 1}
            writes = [self._state(request_id, client_id, contract, admitted, state, ended, at)]
            if state == "held" and not billable:
                writes.append(self._units(client_id, admitted, -1))
            if state == "lost":
                tallies[LOST, False] = tallies.get((LOST, False), 0) - 1
                if billable:
                    writes.append(self._units(client_id, admitted, 1, _ROOM))
            writes += self._tallies(admitted, client_id, contract, tallies)
            refused = transact(self._db, writes)
            if refused is None:
                return Settled.BILLED if billable else Settled.UNBILLED
            if refused.items[0] is None:
                return Settled.EXHAUSTED
        raise LedgerBusy("DynamoDB: a call keeps changing")

    def _state(
        self, request_id: str, client_id: str, contract: str, day: str, before: str, after: dict[str, str], at: float
    ) -> dict[str, Any]:
        """Move a call to another state if it still is in the one that was read (empty: it does not exist)."""
        until = at + (KEEP if before else KEEP_REFUSED)
        values = {
            ":client": s(client_id), ":contract": s(contract), ":day": s(day), ":until": n(until),
            ":ttl": n(int(until)), **{f":{name}": s(value) for name, value in after.items()},
        }  # fmt: skip
        if before:
            values[":before"] = s(before)
        fields = ("client", "contract", "day", "until", "ttl", *after)
        return update(
            self._calls, f"R#{request_id}", "call",
            f"SET {', '.join(f'#{name} = :{name}' for name in fields)} REMOVE #open",
            "#state = :before" if before else "attribute_not_exists(pk)",
            values, {f"#{name}": name for name in (*fields, "open")},
        )  # fmt: skip

    def _units(self, client_id: str, day: str, units: int, condition: str = "attribute_exists(pk)") -> dict[str, Any]:
        values = {":units": n(units)} | ({":none": n(0)} if condition == _ROOM else {})
        names = {"#used": "used", "#day": _day(day)}
        return update(
            self._clients, f"C#{client_id}", "client", "ADD #used :units, #day :units", condition, values, names
        )

    def _tallies(
        self, day: str, client_id: str, contract: str, counts: Mapping[tuple[str, bool], int]
    ) -> Iterator[dict[str, Any]]:
        for (outcome, billable), calls in counts.items():
            if calls:
                fields = {"client": s(client_id), "contract": s(contract), "outcome": s(outcome)}
                values = {f":{name}": value for name, value in fields.items()}
                yield update(
                    self._usage, f"U#{day}", f"{client_id}#{contract}#{outcome}#{int(billable)}",
                    f"SET {', '.join(f'#{name} = :{name}' for name in fields)} ADD #calls :calls", None,
                    values | {":calls": n(calls)}, {f"#{name}": name for name in (*fields, "calls")},
                )  # fmt: skip

    def burn(self, nonce: str, request_id: str, expires: float, at: float) -> bool:
        """See `Ledger.burn`."""
        put = {
            "TableName": self._calls,
            "Item": {
                "pk": s(f"N#{nonce}"), "sk": s("nonce"), "request": s(request_id), "expires": n(expires),
                "ttl": n(int(expires) + 1),
            },
            "ConditionExpression": "attribute_not_exists(pk) OR #request = :request OR #expires <= :at",
            "ExpressionAttributeNames": {"#request": "request", "#expires": "expires"},
            "ExpressionAttributeValues": {":request": s(request_id), ":at": n(at)},
        }  # fmt: skip
        return self._conditional(self._db.put_item, put)

    def put_face(self, client_id: str, token: str, body: bytes, expires: float) -> None:
        """See `Ledger.put_face`."""
        if len(body) > FACE_BYTES:
            raise ValueError(f"a face's report has at most {FACE_BYTES} bytes")
        with translated():
            self._db.put_item(
                TableName=self._calls,
                Item={
                    "pk": s(f"F#{client_id}#{token}"), "sk": s("face"), "body": {"B": body}, "expires": n(expires),
                    "ttl": n(int(expires) + 1),
                },
            )  # fmt: skip

    def face(self, client_id: str, token: str, at: float) -> bytes | None:
        """See `Ledger.face`."""
        item = self._get(self._calls, f"F#{client_id}#{token}", "face")
        return bytes(item["body"]["B"]) if item and at < float(item["expires"]["N"]) else None

    def used(self, client_id: str, day: str) -> tuple[int, int]:
        """See `Ledger.used`."""
        item = self._get(self._clients, f"C#{client_id}", "client")
        return (whole(item, "used"), whole(item, _day(day))) if item else (0, 0)

    def usage(self, first: str, last: str) -> Iterable[UsageRow]:
        """See `Ledger.usage`."""
        day, end = date.fromisoformat(first), date.fromisoformat(last)
        while day <= end:
            for item in self._query(self._usage, f"U#{day}"):
                if whole(item, "calls") > 0:
                    contract = Contract(text(item, "contract"))
                    billable = text(item, "sk").endswith("#1")
                    yield UsageRow(
                        str(day), text(item, "client"), contract, text(item, "outcome"), billable, whole(item, "calls")
                    )
            day += timedelta(days=1)

    def sweep(self, at: float, limit: int = 200) -> int:
        """See `Ledger.sweep`. What has merely expired is deleted by DynamoDB itself."""
        due = (
            text(item, "pk")
            for item in self._scan(self._calls, "#until <= :at", {":at": n(at)}, OPEN_INDEX, {"#until": "until"})
        )
        return self._revive(islice(due, limit), at, limit)

    def _open_calls(self, client_id: str, at: float) -> Iterator[str]:
        with translated():
            found = self._db.query(
                TableName=self._calls, IndexName=OPEN_INDEX, KeyConditionExpression="#open = :client AND #until <= :at",
                ExpressionAttributeNames={"#open": "open", "#until": "until"},
                ExpressionAttributeValues={":client": s(client_id), ":at": n(at)}, Limit=100,
            )  # fmt: skip
        return (text(item, "pk") for item in found["Items"])

    def _revive(self, calls: Iterable[str], at: float, most: int) -> int:
        """Give back what dead calls hold, of at most so many; returns how many there were."""
        given = 0
        for pk in calls:
            if given >= most:
                break
            call = self._get(self._calls, pk, "call")
            if not call or text(call, "state") != "held" or float(call["until"]["N"]) > at:
                continue
            client_id, contract, day = text(call, "client"), text(call, "contract"), text(call, "day")
            writes = [
                self._state(pk[2:], client_id, contract, day, "held", {"state": "lost", "outcome": LOST}, at),
                self._units(client_id, day, -1),
                *self._tallies(day, client_id, contract, {(LOST, False): 1}),
            ]
            given += transact(self._db, writes) is None
        return given


def _why(refused: Refused, client: Client, day: str) -> Admission:
    stored, call = refused.items
    if stored is not None and whole(stored, "version") != client.version:
        return Admission.STALE
    if call is not None:
        return Admission.REPEATED if text(call, "client") == client.id else Admission.FOREIGN
    if stored is not None and client.quota_total is not None and whole(stored, "used") >= client.quota_total:
        return Admission.TOTAL_EXHAUSTED
    return Admission.DAY_EXHAUSTED


def _day(day: str) -> str:
    return "d" + day.replace("-", "")
