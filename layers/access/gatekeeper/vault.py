"""Secrets at rest: a master key, a derived key for each use, and older master keys while something still needs them.

An AppCode is stored as a keyed hash (HMAC-SHA256), so that it is found with one look-up and cannot be read back or
guessed without the key. A signing secret has to be used again and is encrypted with AES-256-GCM, bound to the name
that it is stored under: a ciphertext moved to another row does not open.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import hashlib
import hmac
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gatekeeper.store import ledger_region
from gatekeeper.types import ConfigError, GatekeeperError, LedgerBusy, LedgerUnavailable

KEY_BYTES = 32
_FORMAT = b"\x01"
_NONCE_BYTES = 12
_BUSY = frozenset({"ThrottlingException", "LimitExceededException", "RequestLimitExceeded"})
_AWAY = frozenset({"KMSInternalException", "DependencyTimeoutException", "KeyUnavailableException"})


class VaultError(GatekeeperError):
    """A sealed secret does not open with this key: it was altered, moved, or sealed with another key."""


@dataclass(frozen=True, slots=True)
class _Keys:
    """What is derived from one master key."""

    seal: bytes
    code: bytes
    token: bytes
    face: bytes
    demo: bytes

    @classmethod
    def of(cls, master: bytes) -> _Keys:
        if len(master) != KEY_BYTES:
            raise ConfigError(f"the key must be {KEY_BYTES} bytes")
        uses = (b"seal", b"code", b"token", b"face", b"demo")
        return cls(*(hmac.digest(master, b"facegate 1 " + use, "sha256") for use in uses))


class Vault:
    """What needs the master key. Whatever is made is made with the newest; the older ones only open and recognise.

    Args:
        master: 32 random bytes.
        older: Master keys of before, the newest of them first.
    """

    __slots__ = ("_decoy", "_keys")

    def __init__(self, master: bytes, *older: bytes) -> None:
        self._keys = tuple(_Keys.of(each) for each in (master, *older))
        self._decoy = b""

    def code_hash(self, code: str) -> str:
        """The name under which an AppCode is stored: 64 hex digits."""
        return self.code_hashes(code)[0]

    def code_hashes(self, code: str) -> tuple[str, ...]:
        """The names under which it may be stored, the newest key's first."""
        text = code.encode("utf-8", "surrogatepass")
        return tuple(hmac.digest(keys.code, text, "sha256").hex() for keys in self._keys)

    def token_mark(self, kind: str, account: str, expires: int) -> str:
        """The first 16 hex digits of a Baidu token's mark, which need no ledger to be checked."""
        return _half(self._keys[0].token, f"{kind}|{account}|{expires}")

    def token_seal(self, kind: str, account: str, expires: int, generation: int) -> str:
        """The other 16 hex digits, which also cover the client's generation."""
        return _half(self._keys[0].token, f"{kind}|{account}|{expires}|{generation}")

    def knows_mark(self, mark: str, kind: str, account: str, expires: int) -> bool:
        """Whether these are the first 16 hex digits under one of the keys, in constant time."""
        return self._knows(mark, f"{kind}|{account}|{expires}")

    def knows_seal(self, seal: str, kind: str, account: str, expires: int, generation: int) -> bool:
        """Whether these are the other 16 hex digits under one of the keys, in constant time."""
        return self._knows(seal, f"{kind}|{account}|{expires}|{generation}")

    def _knows(self, given: str, text: str) -> bool:
        return sum(hmac.compare_digest(_half(keys.token, text), given) for keys in self._keys) > 0

    def derived(self, purpose: str, length: int = 32) -> str:
        """Hex digits (at most 64) that only the key's holder can compute, the same every time.

        The oldest key makes them, so that what was derived before a newer key came stays as it is.
        """
        return hmac.digest(self._keys[-1].demo, purpose.encode(), "sha256").hex()[:length]

    def face_token(self, client_id: str, image: bytes) -> str:
        """The 32 hex digits that stand for this image towards this client.

        The same image gives the same token; two clients get different ones for it, so that a token neither tells a
        client what another one has sent nor can be tried by whoever holds the photo.
        """
        digest = hashlib.sha256(image).digest()
        return _half(self._keys[0].face, client_id.encode() + b"\0" + digest, 32)

    def seal(self, secret: bytes, bound: str) -> bytes:
        """Encrypt, bound to a name."""
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        nonce = os.urandom(_NONCE_BYTES)
        return _FORMAT + nonce + AESGCM(self._keys[0].seal).encrypt(nonce, secret, bound.encode())

    def decoy(self) -> bytes:
        """A secret that belongs to nobody, opened like a stored one.

        A signature under an unknown key is checked against it, so that the answer takes as long as for a wrong one.
        """
        if not self._decoy:
            self._decoy = self.seal(os.urandom(32), "decoy")
        return self.open(self._decoy, "decoy")

    def open(self, sealed: bytes, bound: str) -> bytes:
        """Decrypt what `seal` made for the same name.

        Raises:
            VaultError: It does not open.
        """
        return self._open(sealed, bound)[0]

    def age(self, sealed: bytes, bound: str) -> int:
        """Which key opens it: 0 the newest, 1 the one before.

        Raises:
            VaultError: None does.
        """
        return self._open(sealed, bound)[1]

    def _open(self, sealed: bytes, bound: str) -> tuple[bytes, int]:
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        if sealed[:1] != _FORMAT or len(sealed) < 1 + _NONCE_BYTES + 16:
            raise VaultError("not a sealed secret")
        nonce, text = sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :]
        for age, keys in enumerate(self._keys):
            try:
                return AESGCM(keys.seal).decrypt(nonce, text, bound.encode()), age
            except InvalidTag:
                continue
        raise VaultError("a sealed secret does not open with this key") from None


def _half(key: bytes, text: str | bytes, length: int = 16) -> str:
    """The first hex digits of an HMAC."""
    return hmac.digest(key, text.encode() if isinstance(text, str) else text, "sha256").hex()[:length]


def load_keys(
    environ: Mapping[str, str], beside: Path | None, new: Callable[[], bool] = lambda: True
) -> tuple[bytes, ...]:
    """The master keys, the newest first.

    ``FACEGATE_KEY`` is 32 bytes as 64 hex digits or base64, or ``kms:<base64 ciphertext>`` that AWS KMS decrypts (in
    AWS's default region, else in the ledger's); older keys may follow it, separated by commas or spaces. Without it,
    and with an SQLite ledger, a key is made once, while the ledger is new, and kept in a file beside the database that
    only its owner may read (0600); older keys may follow there, too. The database without its key file opens nothing.

    Args:
        environ: The environment.
        beside: The SQLite database file; None for any other ledger.
        new: Asked, where there is no key, whether one may be made: whether the ledger has no clients yet.

    Raises:
        ConfigError: There is no key and none may be made, or one is malformed, or KMS refuses to decrypt it, or the key
            file is open to others.
        LedgerUnavailable: KMS does not answer; `LedgerBusy` where it is over its limits. It may answer later.
    """
    given = environ.get("FACEGATE_KEY", "").replace(",", " ").split()
    if given:
        region = ledger_region(environ.get("FACEGATE_LEDGER", ""))
        return tuple(_from_kms(text[4:], region) if text.startswith("kms:") else _decode(text) for text in given)
    if beside is None:
        raise ConfigError("FACEGATE_KEY is missing: 32 random bytes as hex or base64, or kms:<ciphertext>")
    return _key_file(beside, beside.with_name(beside.name + ".key"), new)


def _decode(text: str) -> bytes:
    for decode in (bytes.fromhex, lambda t: base64.b64decode(t, validate=True)):
        try:
            key = decode(text)
        except ValueError:
            continue
        if len(key) == KEY_BYTES:
            return key
    raise ConfigError("FACEGATE_KEY must be 32 bytes, as 64 hex digits or base64")


def _from_kms(text: str, region: str | None) -> bytes:
    import botocore.session
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, NoRegionError

    # An answer or none within the time that a Lambda has to start.
    config = Config(connect_timeout=1.0, read_timeout=2.0, retries={"mode": "standard", "total_max_attempts": 2})
    try:
        blob = base64.b64decode(text, validate=True)
        session = botocore.session.get_session()
        if region and not session.get_config_variable("region"):
            session.set_config_variable("region", region)
        kms: Any = session.create_client("kms", config=config)
        return bytes(kms.decrypt(CiphertextBlob=blob)["Plaintext"])
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "")
        told = f"FACEGATE_KEY: KMS does not decrypt it ({code})"
        if code in _BUSY:
            raise LedgerBusy(told) from None
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        raise (LedgerUnavailable if status >= 500 or code in _AWAY else ConfigError)(told) from None
    except (NoRegionError, NoCredentialsError, binascii.Error) as error:
        raise ConfigError(f"FACEGATE_KEY: KMS does not decrypt it ({type(error).__name__})") from None
    except BotoCoreError as error:
        raise LedgerUnavailable(f"FACEGATE_KEY: KMS does not answer ({type(error).__name__})") from None


def _key_file(database: Path, path: Path, new: Callable[[], bool]) -> tuple[bytes, ...]:
    try:
        if not path.exists():
            if new():
                _make_key(path)
            elif not path.exists():  # looked for again: another process may have made it, and the first client, since
                raise ConfigError(
                    f"{database.name} has no key beside it, and FACEGATE_KEY is not set: put {path.name} back, without"
                    " it no stored secret opens"
                )
        if path.stat().st_mode & 0o077:
            raise ConfigError(f"{path.name} may be read by others: chmod 600 it")
        keys = tuple(_decode(text) for text in path.read_text("ascii").replace(",", " ").split())
        if not keys:
            raise ConfigError(f"{path.name} is empty")
        return keys
    except OSError as error:
        raise ConfigError(f"{path.name}: {error.strerror}") from None


def _make_key(path: Path) -> None:
    """Written whole under another name, then linked: whoever comes first wins, nobody reads half a key."""
    fresh = path.with_name(f"{path.name}.{os.getpid()}.{os.urandom(4).hex()}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(os.urandom(KEY_BYTES).hex().encode())
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(fresh, path)
    finally:
        fresh.unlink()
