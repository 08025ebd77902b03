"""Signs texts that the router gives to browsers: session cookies, and codes in redirects.

A signed text has a purpose, and is worthless for any other one. Pure: no I/O, no clock.
"""

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Iterable, Mapping
from typing import Any

SALT = b"hero_router sessions 1"


class Signer:
    """Signs JSON objects with HMAC-SHA256; all routers with the same secrets make the same key."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def sign(self, purpose: str, content: Mapping[str, Any]) -> str:
        """Sign a JSON object; returns a text of letters, digits, `-`, `_` and one dot."""
        body = _encoded(json.dumps(content, separators=(",", ":")).encode("utf-8"))
        return f"{body}.{self._mac(purpose, body)}"

    def read(self, purpose: str, text: str) -> dict[str, Any] | None:
        """The content of a signed text; None if it was not signed here, or for another purpose."""
        body, _, mac = text.partition(".")
        try:
            good = hmac.compare_digest(self._mac(purpose, body).encode(), mac.encode("ascii"))
        except UnicodeEncodeError:
            return None
        return _decoded(body) if good else None

    def derive(self, purpose: str, text: str) -> str:
        """A secret text for another one: 43 letters, digits, `-` and `_`, always the same."""
        return self._mac(purpose, text)

    def _mac(self, purpose: str, body: str) -> str:
        message = f"{purpose}\n{body}".encode("utf-8", "surrogateescape")
        return _encoded(hmac.digest(self._key, message, "sha256"))


def derive_key(secrets: Iterable[str]) -> bytes:
    """Derive the key from all secrets of the settings, so that all are needed to sign.

    The derivation is slow on purpose (50 ms), as a signed text allows to try secrets offline.
    """
    joined = "\n".join(sorted(secrets)).encode("utf-8", "surrogateescape")
    return hashlib.scrypt(joined, salt=SALT, n=2**14, r=8, p=1, dklen=32)


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def _decoded(body: str) -> dict[str, Any] | None:
    try:
        found = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    except (binascii.Error, ValueError):
        return None
    return found if isinstance(found, dict) else None
