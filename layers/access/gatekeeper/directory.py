"""The DynamoDB ledger's clients and keys, and how its tables are read."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from gatekeeper.dynamo import connect, failed_condition, transact, translated, update
from gatekeeper.items import client_item, item_client, item_key, key_item, n, s, tables, text
from gatekeeper.types import Client, Conflict, Contract, Key, KeyKind, LedgerUnavailable, possible

if TYPE_CHECKING:
    from gatekeeper.items import Item, Value

DAYS_KEPT = 31
DAYS_MOST = 40
_DAY = re.compile(r"d\d{8}", re.ASCII)
_OPTIONAL = ("expires", "rate", "quota_total", "quota_day")


class Directory:
    """Clients and keys; the base of `gatekeeper.dynamodb.DynamoLedger`.

    Args:
        prefix: Of the tables' names.
        region: AWS region; None: the environment's.
        endpoint: Another endpoint than AWS's; None: the environment's.

    Raises:
        LedgerUnavailable: No region can be made out.
    """

    def __init__(self, prefix: str, region: str | None = None, endpoint: str | None = None) -> None:
        self._db = connect(region, endpoint)
        self._prefix = prefix
        self._clients, self._calls, self._usage = (f"{prefix}-{name}" for name in ("clients", "calls", "usage"))

    def create(self) -> None:
        """Make the tables that are missing, and wait until they answer (a deployment's template makes its own)."""
        with translated():
            for table in tables(self._prefix):
                with suppress(self._db.exceptions.ResourceInUseException):  # it is there
                    self._db.create_table(**table)
            for name in (self._clients, self._calls, self._usage):
                self._db.get_waiter("table_exists").wait(TableName=name)
            expiry = self._db.describe_time_to_live(TableName=self._calls)["TimeToLiveDescription"]
            if expiry["TimeToLiveStatus"] not in ("ENABLED", "ENABLING"):
                self._db.update_time_to_live(
                    TableName=self._calls, TimeToLiveSpecification={"Enabled": True, "AttributeName": "ttl"}
                )

    def save(self, client: Client, add: Sequence[Key] = (), end: Mapping[str, float] | None = None) -> Client:
        """See `Ledger.save`."""
        item = client_item(client)
        writes: list[Any] = [self._new(client, item) if client.version == 0 else self._changed(client, item)]
        for key in add:
            pointer = {"pk": s(f"C#{client.id}"), "sk": s(f"key#{key.lookup}"), "lookup": s(key.lookup)}
            writes.append({"Put": self._named(key, client.id)})
            writes.append({"Put": {"TableName": self._clients, "Item": pointer}})
        for lookup, at in (end or {}).items():
            writes.append(
                update(self._clients, f"K#{lookup}", "key", "SET expires = :at", "#client = :client",
                        {":at": n(at), ":client": s(client.id)}, {"#client": "client"})
            )  # fmt: skip
        if transact(self._db, writes) is not None:
            raise Conflict(f"{client.id} was changed meanwhile, or it or one of its keys exists already")
        return item_client(item)

    def _named(self, key: Key, client_id: str) -> dict[str, Any]:
        """A key under a name that is free: never used, or a bucket's whose key has ended."""
        return {
            "TableName": self._clients, "Item": key_item(key, client_id),
            "ConditionExpression": "attribute_not_exists(pk) OR (kind = :bucket AND expires <= :created)",
            "ExpressionAttributeValues": {":bucket": s(KeyKind.BUCKET.value), ":created": n(key.created)},
        }  # fmt: skip

    def _new(self, client: Client, item: dict[str, Value]) -> dict[str, Any]:
        whole_item = {**item, "pk": s(f"C#{client.id}"), "sk": s("client"), "used": n(0)}
        return {
            "Put": {"TableName": self._clients, "Item": whole_item, "ConditionExpression": "attribute_not_exists(pk)"}
        }

    def _changed(self, client: Client, item: dict[str, Value]) -> dict[str, Any]:
        names = {f"#{name}": name for name in item} | {f"#{name}": name for name in _OPTIONAL}
        gone = [f"#{name}" for name in _OPTIONAL if name not in item]
        change = "SET " + ", ".join(f"#{name} = :{name}" for name in item)
        change += f" REMOVE {', '.join(gone)}" if gone else ""
        values = {f":{name}": value for name, value in item.items()} | {":before": n(client.version)}
        return update(self._clients, f"C#{client.id}", "client", change, "#version = :before", values, names)

    def client(self, client_id: str) -> Client | None:
        """See `Ledger.client`."""
        item = self._get(self._clients, f"C#{client_id}", "client")
        return item_client(item) if item else None

    def clients(self, contract: Contract | None = None) -> Iterator[Client]:
        """See `Ledger.clients`; in no particular order."""
        for item in self._scan(self._clients, "sk = :client", {":client": s("client")}):
            if contract is None or text(item, "contract") == contract:
                yield item_client(item)

    def keys(self, client_id: str) -> list[Key]:
        """See `Ledger.keys`."""
        found: list[Key] = []
        for pointer in self._query(self._clients, f"C#{client_id}"):
            if "lookup" in pointer and text(pointer, "sk") != "client":
                item = self._get(self._clients, f"K#{text(pointer, 'lookup')}", "key")
                if item and text(item, "client") == client_id:  # a bucket may have gone to another client
                    found.append(item_key(item))
        return sorted(found, key=lambda key: (key.created, key.lookup))

    def find(self, lookup: str) -> tuple[Key, Client] | None:
        """See `Ledger.find`."""
        if not possible(lookup):
            return None
        named = self._get(self._clients, f"K#{lookup}", "key")
        found = self._get(self._clients, f"C#{text(named, 'client')}", "client") if named else {}
        client = item_client(found) if found else None
        # The key is read once more, after its client: a change in between can only make the pair look newer than it
        # is, never an old key with a new client's version.
        item = self._get(self._clients, f"K#{lookup}", "key") if client else {}
        if not client or not item or text(item, "client") != client.id:
            return None
        self._forget_days(client.id, found)
        return item_key(item), client

    def _forget_days(self, client_id: str, item: Item) -> None:
        """Take a client's oldest days away when there are many.

        They are counted, not measured against a clock: one that jumps forward and back adds a day or two, and takes
        none away that it comes back to. A failure is left to the next time.
        """
        days = sorted(name for name in item if _DAY.fullmatch(name))
        if len(days) > DAYS_MOST:
            gone = f"REMOVE {', '.join(days[:-DAYS_KEPT][:100])}"  # an expression has 4 KB
            key = {"pk": s(f"C#{client_id}"), "sk": s("client")}
            with suppress(LedgerUnavailable), translated():
                self._db.update_item(TableName=self._clients, Key=key, UpdateExpression=gone)

    def ready(self) -> None:
        """See `Ledger.ready`."""
        for table in (self._clients, self._calls, self._usage):
            self._get(table, "ready", "ready")

    def close(self) -> None:
        """See `Ledger.close`."""
        self._db.close()

    def _get(self, table: str, pk: str, sk: str) -> Item:
        with translated():
            answer = self._db.get_item(TableName=table, Key={"pk": s(pk), "sk": s(sk)}, ConsistentRead=True)
        return answer.get("Item", {})

    def _conditional(self, write: Any, body: Mapping[str, Any]) -> bool:
        with translated():
            try:
                write(**body)
            except ClientError as error:
                if failed_condition(error):
                    return False
                raise
        return True

    def _query(self, table: str, pk: str) -> Iterator[Item]:
        pages = self._db.get_paginator("query").paginate(
            TableName=table, ConsistentRead=True, KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": s(pk)},
        )  # fmt: skip
        with translated():
            for page in pages:
                yield from page["Items"]

    def _scan(
        self,
        table: str,
        only: str,
        values: Mapping[str, Value],
        index: str = "",
        names: Mapping[str, str] | None = None,
    ) -> Iterator[Item]:
        more: Any = {"IndexName": index} if index else {"ConsistentRead": True}
        more |= {"ExpressionAttributeNames": names} if names else {}
        pages = self._db.get_paginator("scan").paginate(
            TableName=table, FilterExpression=only, ExpressionAttributeValues=values, **more
        )
        with translated():
            for page in pages:
                yield from page["Items"]
