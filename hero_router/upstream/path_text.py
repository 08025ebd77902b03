"""Converts a socket's path between bytes, readable text and base64.

The kernel's names are bytes of any kind. A service record holds a path as text and as base64: so a
program need not parse the text, and a path that a person copies from the page can be converted back
to bytes. Pure: no I/O, no clock.
"""

import base64
import binascii
import re

from hero_router.sanitize import readable

_ESCAPE = re.compile(r"\\(?:(\\)|x([0-9a-f]{2})|u([0-9a-f]{4})|U([0-9a-f]{8})|([tnr]))|\\")
_SHORT = {"t": b"\t", "n": b"\n", "r": b"\r"}


def parse_readable(text: str) -> bytes:
    """Convert readable text back to the bytes from which `sanitize.readable` made it.

    Raises:
        ValueError: `sanitize.readable` makes this text from no bytes.
    """
    parts, start = [], 0
    for match in _ESCAPE.finditer(text):
        parts += [text[start : match.start()].encode(), _unescaped(match)]
        start = match.end()
    raw = b"".join([*parts, text[start:].encode()])
    if readable(raw) != text:
        raise ValueError("no name is shown like this")
    return raw


def to_base64(raw: bytes) -> str:
    """Convert a path to base64 (RFC 4648, section 4), as in service records."""
    return base64.b64encode(raw).decode("ascii")


def from_base64(text: str) -> bytes:
    """Convert base64 back to the bytes of a path.

    Raises:
        ValueError: the text is not base64 as `to_base64` writes it.
    """
    try:
        raw = base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError(f"not base64: {error}") from None
    if to_base64(raw) != text:
        raise ValueError("not base64: unused bits are set")
    return raw


def _unescaped(match: re.Match[str]) -> bytes:
    backslash, byte, short_code, long_code, letter = match.groups()
    if backslash:
        return b"\\"
    if byte:
        return bytes.fromhex(byte)
    if letter:
        return _SHORT[letter]
    if code := short_code or long_code:
        return chr(int(code, 16)).encode()
    raise ValueError("a backslash that begins no escape")
