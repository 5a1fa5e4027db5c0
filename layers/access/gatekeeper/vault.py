"""Secrets at rest: one master key, a derived key for each use.

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
from collections.abc import Mapping
from pathlib import Path

from gatekeeper.types import ConfigError, GatekeeperError

KEY_BYTES = 32
_FORMAT = b"\x01"
_NONCE_BYTES = 12


class VaultError(GatekeeperError):
    """A sealed secret does not open with this key: it was altered, moved, or sealed with another key."""


class Vault:
    """What needs the master key.

    Args:
        master: 32 random bytes.
    """

    __slots__ = ("_code", "_decoy", "_demo", "_face", "_seal", "_token")

    def __init__(self, master: bytes) -> None:
        if len(master) != KEY_BYTES:
            raise ConfigError(f"the key must be {KEY_BYTES} bytes")
        self._seal, self._code, self._token, self._face, self._demo = (
            hmac.digest(master, b"facegate 1 " + use, "sha256")
            for use in (b"seal", b"code", b"token", b"face", b"demo")
        )
        self._decoy = b""

    def code_hash(self, code: str) -> str:
        """The name under which an AppCode is stored: 64 hex digits."""
        return hmac.new(self._code, code.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()

    def token_mark(self, kind: str, account: str, expires: int) -> str:
        """The first 16 hex digits of a Baidu token's mark, which need no ledger to be checked."""
        return hmac.new(self._token, f"{kind}|{account}|{expires}".encode(), hashlib.sha256).hexdigest()[:16]

    def token_seal(self, kind: str, account: str, expires: int, generation: int) -> str:
        """The other 16 hex digits, which also cover the client's generation."""
        text = f"{kind}|{account}|{expires}|{generation}"
        return hmac.new(self._token, text.encode(), hashlib.sha256).hexdigest()[:16]

    def derived(self, purpose: str, length: int = 32) -> str:
        """Hex digits (at most 64) that only the key's holder can compute, the same every time."""
        return hmac.new(self._demo, purpose.encode(), hashlib.sha256).hexdigest()[:length]

    def face_token(self, client_id: str, image: bytes) -> str:
        """The 32 hex digits that stand for this image towards this client.

        The same image gives the same token; two clients get different ones for it, so that a token neither tells a
        client what another one has sent nor can be tried by whoever holds the photo.
        """
        digest = hashlib.sha256(image).digest()
        return hmac.new(self._face, client_id.encode() + b"\0" + digest, hashlib.sha256).hexdigest()[:32]

    def seal(self, secret: bytes, bound: str) -> bytes:
        """Encrypt, bound to a name."""
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        nonce = os.urandom(_NONCE_BYTES)
        return _FORMAT + nonce + AESGCM(self._seal).encrypt(nonce, secret, bound.encode())

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
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        if sealed[:1] != _FORMAT or len(sealed) < 1 + _NONCE_BYTES + 16:
            raise VaultError("not a sealed secret")
        nonce, text = sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :]
        try:
            return AESGCM(self._seal).decrypt(nonce, text, bound.encode())
        except InvalidTag:
            raise VaultError("a sealed secret does not open with this key") from None


def load_key(environ: Mapping[str, str], beside: Path | None) -> bytes:
    """The master key.

    ``FACEGATE_KEY`` is 32 bytes as 64 hex digits or base64, or ``kms:<base64 ciphertext>`` that AWS KMS decrypts.
    Without it, and with an SQLite ledger, a key is made once and kept in a file beside the database that only its
    owner may read (0600). The database without its key file opens nothing.

    Args:
        environ: The environment.
        beside: The SQLite database file; None for any other ledger.

    Raises:
        ConfigError: There is no key and none may be made, or it is malformed, or the key file is open to others.
    """
    given = environ.get("FACEGATE_KEY", "").strip()
    if given.startswith("kms:"):
        return _from_kms(given[4:])
    if given:
        return _decode(given)
    if beside is None:
        raise ConfigError("FACEGATE_KEY is missing: 32 random bytes as hex or base64, or kms:<ciphertext>")
    return _key_file(beside.with_name(beside.name + ".key"))


def _decode(text: str) -> bytes:
    for decode in (bytes.fromhex, lambda t: base64.b64decode(t, validate=True)):
        try:
            key = decode(text)
        except (ValueError, binascii.Error):
            continue
        if len(key) == KEY_BYTES:
            return key
    raise ConfigError("FACEGATE_KEY must be 32 bytes, as 64 hex digits or base64")


def _from_kms(text: str) -> bytes:
    import boto3
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        blob = base64.b64decode(text, validate=True)
        return bytes(boto3.client("kms").decrypt(CiphertextBlob=blob)["Plaintext"])
    except (binascii.Error, BotoCoreError, ClientError) as error:
        raise ConfigError(f"FACEGATE_KEY: KMS does not decrypt it ({type(error).__name__})") from None


def _key_file(path: Path) -> bytes:
    try:
        if not path.exists():
            # Written whole under another name, then linked: whoever comes first wins, nobody reads half a key.
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
        if path.stat().st_mode & 0o077:
            raise ConfigError(f"{path.name} may be read by others: chmod 600 it")
        return _decode(path.read_text("ascii").strip())
    except OSError as error:
        raise ConfigError(f"{path.name}: {error.strerror}") from None
