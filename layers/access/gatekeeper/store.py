"""Which ledger a URL names."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from gatekeeper.ledger import Ledger
from gatekeeper.types import ConfigError


def sqlite_path(url: str) -> Path | None:
    """The database file of an ``sqlite:///`` URL (three slashes: relative, four: absolute); None for any other."""
    parts = urlsplit(url)
    if parts.scheme != "sqlite":
        return None
    name = unquote(parts.path[1:])
    if parts.netloc or not name:
        raise ConfigError("FACEGATE_LEDGER: sqlite:///relative/file or sqlite:////absolute/file")
    return Path(name)


def ledger_region(url: str) -> str | None:
    """The AWS region that a FACEGATE_LEDGER URL names, if it names one."""
    return dict(parse_qsl(urlsplit(url).query)).get("region")


def open_ledger(url: str, environ: Mapping[str, str] | None = None) -> Ledger:
    """Open the ledger of a FACEGATE_LEDGER URL.

    ``sqlite:///path[?timeout=5&sync=full]`` or ``dynamodb://prefix[?region=...&endpoint=...]``.

    Args:
        url: The URL. DynamoDB tables are named ``<prefix>-clients``, ``<prefix>-calls`` and ``<prefix>-usage``.
        environ: The environment, asked whether this is a Lambda.

    Raises:
        ConfigError: The URL is missing or malformed, or names SQLite on Lambda (whose disk is lost with the instance,
            so that quotas and nonces would not hold).
        LedgerUnavailable: An SQLite file cannot be opened. A DynamoDB table is first asked for when it is needed.
    """
    environ = os.environ if environ is None else environ
    path = sqlite_path(url)
    options = dict(parse_qsl(urlsplit(url).query))
    if path is not None:
        if environ.get("AWS_LAMBDA_FUNCTION_NAME"):
            raise ConfigError("FACEGATE_LEDGER: SQLite cannot hold a ledger on Lambda; use dynamodb://")
        from gatekeeper.sqlite import SqliteLedger

        timeout, sync = options.pop("timeout", "5"), options.pop("sync", "normal")
        if options or sync not in {"normal", "full"} or not timeout.replace(".", "", 1).isdecimal():
            raise ConfigError("FACEGATE_LEDGER: sqlite knows ?timeout=SECONDS and ?sync=normal|full")
        return SqliteLedger(path, float(timeout), sync)
    parts = urlsplit(url)
    if parts.scheme == "dynamodb" and parts.netloc and not parts.path.strip("/"):
        from gatekeeper.dynamodb import DynamoLedger

        region, endpoint = options.pop("region", None), options.pop("endpoint", None)
        if options:
            raise ConfigError("FACEGATE_LEDGER: dynamodb knows ?region= and ?endpoint=")
        return DynamoLedger(parts.netloc, region, endpoint)
    raise ConfigError("FACEGATE_LEDGER: sqlite:///file or dynamodb://prefix?region=...")
