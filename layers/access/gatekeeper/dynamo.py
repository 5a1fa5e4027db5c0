"""DynamoDB calls with the ledger's errors, and transactions that are tried again when they meet another."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from gatekeeper.items import s
from gatekeeper.types import LedgerBusy, LedgerUnavailable

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from gatekeeper.items import Item, Value

ATTEMPTS = 14
_BUSY = frozenset(
    {
        "ProvisionedThroughputExceededException",
        "ThrottlingException",
        "RequestLimitExceeded",
        "TransactionInProgressException",
        "LimitExceededException",
    }
)
_AGAIN = frozenset({"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"})


def connect(region: str | None, endpoint: str | None) -> DynamoDBClient:
    """A client that answers or gives up within a few seconds, well inside a Lambda authorizer's time.

    Args:
        region: None: the environment's.
        endpoint: None: AWS's.

    Raises:
        LedgerUnavailable: No region or no credentials can be made out.
    """
    config = Config(
        connect_timeout=1.0,
        read_timeout=2.0,
        retries={"mode": "standard", "total_max_attempts": 3},
        max_pool_connections=50,
    )
    with translated():
        session = botocore.session.get_session()
        made: Any = session.create_client("dynamodb", region_name=region, endpoint_url=endpoint, config=config)
    return made  # type: ignore[no-any-return]


@contextmanager
def translated() -> Iterator[None]:
    """Turn AWS errors into the ledger's."""
    try:
        yield
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "")
        raise (LedgerBusy if code in _BUSY else LedgerUnavailable)(f"DynamoDB: {code}") from error
    except BotoCoreError as error:
        raise LedgerUnavailable(f"DynamoDB: {type(error).__name__}") from error


def failed_condition(error: ClientError) -> bool:
    """Whether a single write was refused by its condition."""
    return error.response.get("Error", {}).get("Code") == "ConditionalCheckFailedException"


class Refused:
    """A transaction that was refused by a condition.

    Attributes:
        items: For each of its writes: None if its own condition held, otherwise the item as it stood (empty when there
            is none).
    """

    __slots__ = ("items",)

    def __init__(self, items: Sequence[Item | None]) -> None:
        self.items = items


def transact(client: DynamoDBClient, writes: Sequence[Any]) -> Refused | None:
    """Write all or nothing.

    A transaction that meets another on the same item is tried again, with growing random pauses; a second or two in
    all, then it is `LedgerBusy`.

    Args:
        client: See `connect`.
        writes: ``Put`` and ``Update`` entries; each is asked to show the item that fails its condition.

    Returns:
        None when written, otherwise which conditions failed.
    """
    for write in writes:
        for body in write.values():
            body["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
    for attempt in range(ATTEMPTS):
        try:
            with translated():
                try:
                    client.transact_write_items(TransactItems=writes)
                    return None
                except client.exceptions.TransactionCanceledException as error:
                    reasons: Any = error.response.get("CancellationReasons", [])
        except LedgerBusy:
            if attempt == ATTEMPTS - 1:
                raise
            reasons = [{"Code": "TransactionConflict"}]
        codes = [reason.get("Code", "None") for reason in reasons]
        if "ConditionalCheckFailed" in codes:
            failed = [r.get("Item", {}) if r.get("Code") == "ConditionalCheckFailed" else None for r in reasons]
            return Refused(failed)
        if not _AGAIN.intersection(codes):
            raise LedgerUnavailable(f"DynamoDB: transaction cancelled ({', '.join(codes)})")
        time.sleep(random.uniform(0, min(0.25, 0.005 * 2**attempt)))
    raise LedgerBusy("DynamoDB: too many transactions meet on one item")


def update(
    table: str,
    pk: str,
    sk: str,
    change: str,
    condition: str | None,
    values: Mapping[str, Value],
    names: Mapping[str, str],
) -> dict[str, Any]:
    """An ``Update`` entry of a transaction.

    Args:
        table: Its name.
        pk: Partition key.
        sk: Sort key.
        change: The update expression.
        condition: The condition expression; None: no condition.
        values: What its ``:names`` stand for.
        names: What its ``#names`` stand for.
    """
    body: dict[str, Any] = {
        "TableName": table,
        "Key": {"pk": s(pk), "sk": s(sk)},
        "UpdateExpression": change,
        "ExpressionAttributeValues": dict(values),
        "ExpressionAttributeNames": dict(names),
    }
    if condition is not None:
        body["ConditionExpression"] = condition
    return {"Update": body}
