"""The words of the access layer: contracts, clients, keys, outcomes and what can go wrong."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import Any

MAX_SKEW = 86_400.0
"""Largest clock skew that a client may be granted, seconds."""


class GatekeeperError(Exception):
    """Base of every error that gatekeeper raises on purpose."""


class LedgerUnavailable(GatekeeperError):
    """The ledger could not be reached, or did not answer in time. Every verdict then fails closed."""


class LedgerBusy(LedgerUnavailable):
    """The ledger answered, but is over its own limits (throttled, locked for too long)."""


class ConfigError(GatekeeperError):
    """The environment does not describe a usable ledger or key."""


class Conflict(GatekeeperError):
    """A client changed between reading and saving it, or a key with this name already exists."""


class Contract(StrEnum):
    """The three contracts that are served."""

    MARKET = "market"
    TENCENT = "tencent"
    BAIDU = "baidu"


class State(StrEnum):
    """Whether a client may call at all.

    ``SUSPENDED`` is a billing stop that the vendor words on its own (Tencent's code 3, the market's invalid
    subscription); ``DISABLED`` is the owner's switch.
    """

    ACTIVE = "active"
    SUSPENDED = "suspended"
    DISABLED = "disabled"


class KeyKind(StrEnum):
    """What a key is, and therefore how its secret is kept.

    ``APPCODE`` has no stored secret at all: its lookup is a keyed hash of the code. ``ACCOUNT`` is not a secret
    but a public number (Tencent's APPID, Baidu's app id) that leads to its client, ``BUCKET`` a public name that
    does. The other kinds keep their signing secret encrypted.
    """

    APPCODE = "appcode"
    APPKEY = "appkey"
    SECRET_ID = "secretid"
    API_KEY = "apikey"
    ACCOUNT = "account"
    BUCKET = "bucket"


class Admission(StrEnum):
    """The ledger's answer to one call that wants in."""

    GRANTED = "granted"
    REPEATED = "repeated"
    """This request id already holds (or has spent) a unit: nothing more was taken."""
    STALE = "stale"
    """The client changed since it was read: read it again and decide again. Nothing was taken."""
    THROTTLED = "throttled"
    DAY_EXHAUSTED = "day_exhausted"
    TOTAL_EXHAUSTED = "total_exhausted"
    FOREIGN = "foreign"
    """The request id belongs to another client's call. Nothing was taken."""


class Settled(StrEnum):
    """The ledger's answer to the end of a call."""

    BILLED = "billed"
    UNBILLED = "unbilled"
    EXHAUSTED = "exhausted"
    """The reservation had run out and been given back, and the quota is now used up: do not deliver."""
    UNKNOWN = "unknown"
    """A billable end of a call that was never admitted, or is too old to be known: do not deliver."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What one client may have otherwise than the default.

    Attributes:
        bare_body: Baidu: answer the document's bare ``result`` object instead of the envelope.
        query_appcode: Market: accept the AppCode in the query, too.
        clock_skew: Seconds, 0..86400, by which the caller's clock may differ from ours: Tencent's ``e`` and
            ``t``, Baidu's ``bce-auth-v1`` timestamp. The market's 15 minutes are fixed by its gateway.
        buckets: Tencent: the buckets that a signature of this client may name; empty: any.
        scope: Baidu: the ``scope`` of its access tokens, words separated by spaces.
    """

    bare_body: bool = False
    query_appcode: bool = False
    clock_skew: float = 300.0
    buckets: tuple[str, ...] = ()
    scope: str = "public brain_all_scope"

    def __post_init__(self) -> None:
        if not 0 <= self.clock_skew <= MAX_SKEW:
            raise ValueError(f"clock_skew: 0 to {MAX_SKEW:.0f} seconds")
        if not all(re.fullmatch(r"[A-Za-z0-9._-]{1,64}", bucket) for bucket in self.buckets):
            raise ValueError("buckets: letters, digits, '.', '_' and '-', at most 64 of them each")
        if not re.fullmatch(r"[\w. ]{0,512}", self.scope, re.ASCII):
            raise ValueError("scope: words separated by spaces, at most 512 characters")

    def to_json(self) -> str:
        """What differs from the defaults, as a JSON object."""
        return json.dumps(
            {f.name: getattr(self, f.name) for f in fields(self) if getattr(self, f.name) != f.default},
            separators=(",", ":"),
        )

    @classmethod
    def from_json(cls, text: str) -> Settings:
        """The settings that `to_json` wrote.

        Raises:
            ValueError: The text is no JSON object of known settings with values of their types.
        """
        return cls.parse(json.loads(text))

    @classmethod
    def parse(cls, given: object) -> Settings:
        """Settings from a mapping; strings (``"true"``, ``"60"``, ``"a,b"``) are read as the setting's type.

        Raises:
            ValueError: A name is unknown or a value does not fit; the message names it.
        """
        if not isinstance(given, Mapping):
            raise ValueError("settings: an object of names and values")
        values: dict[str, Any] = {}
        for name, value in given.items():
            reader = _READERS.get(name)
            if reader is None:
                raise ValueError(f"{name}: no such setting; there are {', '.join(sorted(_READERS))}")
            values[name] = reader(name, value)
        return cls(**values)


def _flag(name: str, value: object) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in {"true", "false"}:
        return value.lower() == "true"
    raise ValueError(f"{name}: true or false")


def _seconds(name: str, value: object) -> float:
    if not isinstance(value, bool) and isinstance(value, int | float | str):
        try:
            return float(value)
        except ValueError:
            pass
    raise ValueError(f"{name}: a number of seconds")


def _names(name: str, value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        return tuple(part for part in value.split(",") if part)
    if isinstance(value, list | tuple) and all(isinstance(part, str) for part in value):
        return tuple(value)
    raise ValueError(f"{name}: names separated by commas")


def _text(name: str, value: object) -> str:
    if isinstance(value, str):
        return value
    raise ValueError(f"{name}: a text")


_READERS = {
    "bare_body": _flag,
    "query_appcode": _flag,
    "clock_skew": _seconds,
    "buckets": _names,
    "scope": _text,
}


@dataclass(frozen=True, slots=True)
class Client:
    """One customer of one contract.

    Attributes:
        id: Ours, ``<contract>-<12 hex>`` or a name that the owner chose; letters, digits, ``-`` and ``_``.
        contract: The contract that its keys open. A customer of two contracts is two clients.
        name: The owner's label; never used in a decision.
        account: Tencent's APPID or Baidu's app id, decimal digits; empty for the market.
        state: See `State`.
        created: Unix seconds.
        expires: Unix seconds at which the subscription ends; None: never.
        rate: Calls per second, >= 1; None: no limit.
        quota_total: Calls in all, >= 0; None: no limit.
        quota_day: Calls per day (the ledger's day, see `Gate.day`), >= 0; None: no limit.
        settings: See `Settings`.
        generation: Baidu: tokens carry a mark of the generation that they were made in; a higher number makes
            every earlier token invalid.
        version: 0 before it is saved, then 1, 2, ... with every change to it or to its keys.
    """

    id: str
    contract: Contract
    name: str = ""
    account: str = ""
    state: State = State.ACTIVE
    created: float = 0.0
    expires: float | None = None
    rate: int | None = None
    quota_total: int | None = None
    quota_day: int | None = None
    settings: Settings = field(default_factory=Settings)
    generation: int = 1
    version: int = 0

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", self.id):
            raise ValueError("id: 1 to 64 letters, digits, '-' or '_'")
        if not re.fullmatch(r"\d{0,20}", self.account, re.ASCII):
            raise ValueError("account: up to 20 digits")
        for name, least in (("rate", 1), ("quota_total", 0), ("quota_day", 0)):
            value: int | None = getattr(self, name)
            if value is not None and not least <= value < 2**53:
                raise ValueError(f"{name}: {least} or more")

    def expired(self, at: float) -> bool:
        """Whether the subscription has ended at this Unix time."""
        return self.expires is not None and self.expires <= at


def possible(lookup: str) -> bool:
    """Whether a key can have this name at all; what a caller sent as his may be anything."""
    return len(lookup) <= 512 and lookup.isascii() and lookup.isprintable()


@dataclass(frozen=True, slots=True)
class Key:
    """One credential of a client.

    Attributes:
        lookup: The flat name under which a verdict finds it, ``<contract>:<kind>:<public id or keyed hash>``.
        client: The client's id.
        kind: See `KeyKind`.
        public: What may be shown: the AppKey, SecretId, API key or number itself; for an AppCode its first four
            characters and an ellipsis.
        sealed: The signing secret, encrypted (`gatekeeper.vault`); empty where there is none.
        created: Unix seconds.
        expires: Unix seconds from which it opens nothing any more (a rotated key's grace, or an end that was
            set); None: never.
    """

    lookup: str
    client: str
    kind: KeyKind
    public: str
    sealed: bytes = b""
    created: float = 0.0
    expires: float | None = None

    def __post_init__(self) -> None:
        if not possible(self.lookup):
            raise ValueError("a key's name has at most 512 printable ASCII characters")

    def live(self, at: float) -> bool:
        """Whether it still opens something at this Unix time."""
        return self.expires is None or at < self.expires


@dataclass(frozen=True, slots=True)
class UsageRow:
    """How many calls ended how.

    Attributes:
        day: ``YYYY-MM-DD``, the ledger's day on which the call was admitted (or refused).
        client: The client's id.
        contract: The contract.
        outcome: The vendor's code that was answered; ``lost`` for a call whose worker died before it ended.
        billable: Whether these calls are billed.
        calls: How many, >= 1.
    """

    day: str
    client: str
    contract: Contract
    outcome: str
    billable: bool
    calls: int
