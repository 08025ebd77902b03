"""Removes or escapes control characters in texts of services and in file names.

Every text that a service sends is cleaned here once, so later layers may rely on its length and on
valid Unicode. A cleaned text must still be shown as text, never as HTML.
"""

import unicodedata

MAX_TEXT = 2_000
"""Maximum number of characters of a text such as a description."""
MAX_NAME = 256
"""Maximum number of characters of a name or a title."""


def clean(value: object, limit: int = MAX_TEXT) -> str:
    """A service's text without control characters, cut to at most `limit` characters.

    Control and format characters (newline, ESC, RTL override …) and lone surrogates become U+FFFD;
    a value that is no string becomes "".
    """
    if not isinstance(value, str):
        return ""
    text = value[:limit]
    if not text.isprintable():
        text = "".join("\ufffd" if _is_control(char) else char for char in text)
    return text if len(value) <= limit else text[:-1] + "…"


def readable(name: bytes) -> str:
    """A file name as text; bytes that are not UTF-8, and control characters, become escapes.

    A byte that is not UTF-8 becomes `\\xNN`. Different names give different texts, and
    `upstream.path_text` reads them back: a backslash is doubled, and `\\x80` to `\\xff` stand
    for single bytes only.
    """
    text = name.replace(b"\\", b"\\\\").decode("utf-8", "backslashreplace")
    if text.isprintable():
        return text
    return "".join(_escape(char) if _is_control(char) else char for char in text)


def _escape(char: str) -> str:
    code = ord(char)
    if 0x80 <= code <= 0xFF:  # the short form stands for a byte that is not UTF-8
        return f"\\u{code:04x}"
    return char.encode("unicode_escape").decode("ascii")


def _is_control(char: str) -> bool:
    return unicodedata.category(char) in {"Cc", "Cf", "Cs", "Zl", "Zp"}
