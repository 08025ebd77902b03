"""Makes, reads and writes the Ed25519 keys of nodes (RFC 8032), signs with them and checks.

A public key is written as `ed25519:` and its 32 bytes in base64url.
"""

import base64
import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import Self

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from hero_router.errors import ConfigError

PREFIX = "ed25519:"


class PublicKey:
    """The public half of a node's key."""

    def __init__(self, text: str) -> None:
        """Take a key in the form that `NodeKey.public` has; `settings.peers` has checked it."""
        raw = base64.urlsafe_b64decode(text.removeprefix(PREFIX) + "=")
        self._key = Ed25519PublicKey.from_public_bytes(raw)

    def verifies(self, signature: bytes, data: bytes) -> bool:
        """Whether the private half has signed the data."""
        with suppress(InvalidSignature):
            self._key.verify(signature, data)
            return True
        return False


class NodeKey:
    """A node's own key."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key
        raw = base64.urlsafe_b64encode(key.public_key().public_bytes_raw())
        self.public = PREFIX + raw.rstrip(b"=").decode("ascii")
        """The public half as text."""

    @classmethod
    def make(cls) -> Self:
        """A new key."""
        return cls(Ed25519PrivateKey.generate())

    @classmethod
    def read(cls, path: Path, where: str) -> Self:
        """The key in a PEM file; `where` is the setting that names the file.

        Raises:
            ConfigError: the file cannot be read, others may read it, or it holds no such key.
        """
        try:
            with path.open("rb") as file:
                mode, data = os.fstat(file.fileno()).st_mode, file.read()
        except OSError as error:
            raise ConfigError(f"{where}: {path} cannot be read: {error.strerror}") from None
        if mode & stat.S_IRWXO:
            raise ConfigError(f"{where}: every user may read or change {path}: chmod 600 it")
        try:
            key = load_pem_private_key(data, password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            key = None
        if not isinstance(key, Ed25519PrivateKey):
            raise ConfigError(
                f"{where}: {path} does not hold an Ed25519 private key without a passphrase; "
                "`hero_router node-key` makes one"
            )
        return cls(key)

    def write(self, path: Path) -> None:
        """Write the key to a new file that only its owner can read. Raises OSError."""
        data = self._key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)

    def sign(self, data: bytes) -> bytes:
        """The signature of the data."""
        return self._key.sign(data)
