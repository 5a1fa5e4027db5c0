"""The DynamoDB ledger's tables, and how clients, keys and calls lie in an item."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from gatekeeper.types import Client, Contract, Key, KeyKind, Settings, State

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef, CreateTableInputTypeDef

    Item = Mapping[str, AttributeValueTypeDef]
    Value = AttributeValueTypeDef

OPEN_INDEX = "open"
"""Sparse index of table ``calls``: only calls that have not ended are in it."""


def tables(prefix: str) -> list[CreateTableInputTypeDef]:
    """The three tables, on demand, as ``create_table`` and the deployment template describe them.

    ``clients`` holds clients with their counters, and keys. ``calls`` holds calls, nonces, rate windows and faces;
    its time to live is the attribute ``ttl``. ``usage`` holds one item per day, client, contract, outcome and
    whether it is billed. All have the string keys ``pk`` and ``sk``.

    Args:
        prefix: Tables are ``<prefix>-clients``, ``<prefix>-calls`` and ``<prefix>-usage``.
    """
    keys: Any = [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}]
    names: Any = [{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")]
    index: Any = {
        "IndexName": OPEN_INDEX,
        "KeySchema": [
            {"AttributeName": "open", "KeyType": "HASH"},
            {"AttributeName": "until", "KeyType": "RANGE"},
        ],
        "Projection": {"ProjectionType": "KEYS_ONLY"},
    }
    more: Any = [{"AttributeName": "open", "AttributeType": "S"}, {"AttributeName": "until", "AttributeType": "N"}]
    return [
        {
            "TableName": f"{prefix}-clients",
            "BillingMode": "PAY_PER_REQUEST",
            "KeySchema": keys,
            "AttributeDefinitions": names,
        },
        {
            "TableName": f"{prefix}-calls",
            "BillingMode": "PAY_PER_REQUEST",
            "KeySchema": keys,
            "AttributeDefinitions": names + more,
            "GlobalSecondaryIndexes": [index],
        },
        {
            "TableName": f"{prefix}-usage",
            "BillingMode": "PAY_PER_REQUEST",
            "KeySchema": keys,
            "AttributeDefinitions": names,
        },
    ]


def s(text: str) -> Value:
    """A string value."""
    return {"S": text}


def n(number: float) -> Value:
    """A number value, exact for every float."""
    return {"N": repr(number)}


def text(item: Item, name: str) -> str:
    """A string of an item."""
    return item[name]["S"]


def whole(item: Item, name: str, default: int = 0) -> int:
    """An integer of an item."""
    value = item.get(name)
    return int(value["N"]) if value is not None else default


def client_item(client: Client) -> dict[str, Value]:
    """A client's attributes, without keys and counters, its version counted up; unset ones are left out."""
    item: dict[str, Value] = {
        "id": s(client.id),
        "contract": s(client.contract.value),
        "name": s(client.name),
        "account": s(client.account),
        "state": s(client.state.value),
        "created": n(client.created),
        "settings": s(client.settings.to_json()),
        "generation": n(client.generation),
        "version": n(client.version + 1),
    }
    for name in ("expires", "rate", "quota_total", "quota_day"):
        value = getattr(client, name)
        if value is not None:
            item[name] = n(value)
    return item


def item_client(item: Item) -> Client:
    """The client in an item."""
    return Client(
        id=text(item, "id"),
        contract=Contract(text(item, "contract")),
        name=text(item, "name"),
        account=text(item, "account"),
        state=State(text(item, "state")),
        created=float(item["created"]["N"]),
        expires=float(item["expires"]["N"]) if "expires" in item else None,
        rate=whole(item, "rate") if "rate" in item else None,
        quota_total=whole(item, "quota_total") if "quota_total" in item else None,
        quota_day=whole(item, "quota_day") if "quota_day" in item else None,
        settings=Settings.from_json(text(item, "settings")),
        generation=whole(item, "generation"),
        version=whole(item, "version"),
    )


def key_item(key: Key, client_id: str) -> dict[str, Value]:
    """A key's attributes with its primary key."""
    item: dict[str, Value] = {
        "pk": s(f"K#{key.lookup}"),
        "sk": s("key"),
        "lookup": s(key.lookup),
        "client": s(client_id),
        "kind": s(key.kind.value),
        "public": s(key.public),
        "sealed": {"B": key.sealed},
        "created": n(key.created),
    }
    if key.expires is not None:
        item["expires"] = n(key.expires)
    return item


def item_key(item: Item) -> Key:
    """The key in an item."""
    return Key(
        lookup=text(item, "lookup"),
        client=text(item, "client"),
        kind=KeyKind(text(item, "kind")),
        public=text(item, "public"),
        sealed=bytes(item["sealed"]["B"]),
        created=float(item["created"]["N"]),
        expires=float(item["expires"]["N"]) if "expires" in item else None,
    )
