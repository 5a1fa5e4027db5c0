"""Making, changing and ending credentials. A secret's plain text is given out once, when it is made."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar

from gatekeeper.gate import Gate
from gatekeeper.types import Client, Conflict, Contract, GatekeeperError, Key, KeyKind, Settings, State

T = TypeVar("T")
_ATTEMPTS = 5
_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"


class UnknownClientError(GatekeeperError):
    """There is no client of this id."""


@dataclass(frozen=True, slots=True)
class Issued:
    """A client with the plain text of the credentials that were just made for it.

    Attributes:
        client: As stored.
        secrets: By name: the market's ``appcode``, ``app_key``, ``app_secret``; Tencent's ``appid``, ``secret_id``,
            ``secret_key``; Baidu's ``app_id``, ``api_key``, ``secret_key``.
    """

    client: Client
    secrets: Mapping[str, str] = field(repr=False)


def fresh(contract: Contract, account: str = "") -> dict[str, str]:
    """New random credentials in the vendor's shape.

    Args:
        contract: Which vendor.
        account: Keep this APPID or app id; empty: a new one.
    """
    if contract is Contract.MARKET:
        return {
            "appcode": secrets.token_hex(16),
            "app_key": "2" + _digits(8),
            "app_secret": secrets.token_hex(16),
        }
    if contract is Contract.TENCENT:
        return {
            "appid": account or "125" + _digits(7),
            "secret_id": "AKID" + _letters(32),
            "secret_key": _letters(32),
        }
    return {"app_id": account or "1" + _digits(7), "api_key": _letters(24), "secret_key": _letters(32)}


def add(
    gate: Gate,
    contract: Contract,
    name: str = "",
    client_id: str = "",
    *,
    expires: float | None = None,
    rate: int | None = None,
    quota_total: int | None = None,
    quota_day: int | None = None,
    settings: Settings | None = None,
    given: Mapping[str, str] | None = None,
) -> Issued:
    """Create a client with one set of credentials.

    A new number that another client already has is drawn again: they are short (seven digits of Tencent's APPID).

    Args:
        gate: Where.
        contract: What its credentials open.
        name: The owner's label.
        client_id: 1 to 64 letters, digits, ``-`` or ``_``; empty: one is made.
        expires: See `Client`, like the limits and settings that follow.
        rate: Calls per second.
        quota_total: Calls in all.
        quota_day: Calls per day.
        settings: See `Settings`.
        given: Credentials to use instead of new ones, in the shape of `fresh`.

    Raises:
        Conflict: The id, an account or a key is taken.
        ValueError: A value is out of its range; the message names it.
    """
    for attempt in range(_ATTEMPTS):
        texts = dict(given) if given is not None else fresh(contract)
        at = gate.now()
        client = Client(
            id=client_id or f"{contract}-{secrets.token_hex(6)}",
            contract=contract,
            name=name,
            account=texts.get("appid", texts.get("app_id", "")),
            created=at,
            expires=expires,
            rate=rate,
            quota_total=quota_total,
            quota_day=quota_day,
            settings=settings or Settings(),
        )
        keys = [*_public_keys(client, at), *_secret_keys(gate, client, texts, at)]
        try:
            return Issued(gate.ledger.save(client, keys), texts)
        except Conflict:
            if given is not None or attempt == _ATTEMPTS - 1 or (client_id and gate.ledger.client(client_id)):
                raise
    raise AssertionError  # pragma: no cover


def rotate(gate: Gate, client_id: str, grace: float = 0.0) -> Issued:
    """Give a client new secrets and end its old ones.

    Args:
        gate: Where.
        client_id: Whose.
        grace: Seconds for which the old ones still work. Without grace Baidu's tokens end with them; with grace they
            run to their own end, unless `revoke` ends them.

    Raises:
        UnknownClientError: There is none.
    """

    def step(client: Client) -> Issued:
        at = gate.now()
        texts = fresh(client.contract, client.account)
        ended = {
            key.lookup: at + grace
            for key in gate.ledger.keys(client.id)
            if key.kind not in (KeyKind.ACCOUNT, KeyKind.BUCKET) and key.live(at + grace)
        }
        changed = client if grace > 0 else replace(client, generation=client.generation + 1)
        return Issued(gate.ledger.save(changed, _secret_keys(gate, client, texts, at), ended), texts)

    return _retried(gate, client_id, step)


def change(gate: Gate, client_id: str, edit: Callable[[Client], Client]) -> Client:
    """Change a client's limits, state or settings. A bucket that it no longer names is free for other clients.

    Args:
        gate: Where.
        client_id: Whose.
        edit: From the client as stored to the client wanted; may be called again if somebody else changed it.

    Raises:
        UnknownClientError: There is none.
        ValueError: The edit makes an impossible client.
    """

    def step(client: Client) -> Client:
        wanted, at = edit(client), gate.now()
        held = {key.lookup: key.kind for key in gate.ledger.keys(client_id) if key.live(at)}
        named = {key.lookup: key for key in _public_keys(wanted, at)}
        ended = {name: at for name, kind in held.items() if kind is KeyKind.BUCKET and name not in named}
        return gate.ledger.save(wanted, [key for name, key in named.items() if name not in held], ended)

    return _retried(gate, client_id, step)


def set_state(gate: Gate, client_id: str, state: State) -> Client:
    """Disable, suspend or enable a client; it takes effect with the next call."""
    return change(gate, client_id, lambda client: replace(client, state=state))


def revoke(gate: Gate, client_id: str) -> Client:
    """Make all of a Baidu client's tokens invalid; its API key stays.

    Raises:
        UnknownClientError: There is none.
        ValueError: It is another contract's: those have no tokens.
    """

    def edit(client: Client) -> Client:
        if client.contract is not Contract.BAIDU:
            raise ValueError(f"{client.id} is a {client.contract} client and has no tokens: rotate or disable it")
        return replace(client, generation=client.generation + 1)

    return change(gate, client_id, edit)


def _retried(gate: Gate, client_id: str, step: Callable[[Client], T]) -> T:
    for attempt in range(_ATTEMPTS):
        client = gate.ledger.client(client_id)
        if client is None:
            raise UnknownClientError(f"no client {client_id}")
        try:
            return step(client)
        except Conflict:
            if attempt == _ATTEMPTS - 1:
                raise
    raise AssertionError  # pragma: no cover


def _public_keys(client: Client, at: float) -> list[Key]:
    """The rows that lead from a public number or name to its client."""
    named = [(KeyKind.ACCOUNT, client.account)] if client.account else []
    named += [(KeyKind.BUCKET, bucket) for bucket in client.settings.buckets]
    return [Key(f"{client.contract}:{kind}:{name}", client.id, kind, name, created=at) for kind, name in named]


def _secret_keys(gate: Gate, client: Client, texts: Mapping[str, str], at: float) -> list[Key]:
    if client.contract is Contract.MARKET:
        code = texts["appcode"]
        lookup = f"market:{KeyKind.APPCODE}:{gate.vault.code_hash(code)}"
        plain = Key(lookup, client.id, KeyKind.APPCODE, code[:4] + "...", created=at)
        return [plain, _signing_key(gate, client, KeyKind.APPKEY, texts["app_key"], texts["app_secret"], at)]
    if client.contract is Contract.TENCENT:
        return [_signing_key(gate, client, KeyKind.SECRET_ID, texts["secret_id"], texts["secret_key"], at)]
    return [_signing_key(gate, client, KeyKind.API_KEY, texts["api_key"], texts["secret_key"], at)]


def _signing_key(gate: Gate, client: Client, kind: KeyKind, public: str, secret: str, at: float) -> Key:
    lookup = f"{client.contract}:{kind}:{public}"
    return Key(lookup, client.id, kind, public, gate.vault.seal(secret.encode(), lookup), at)


def _digits(count: int) -> str:
    return "".join(secrets.choice("0123456789") for _ in range(count))


def _letters(count: int) -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(count))
