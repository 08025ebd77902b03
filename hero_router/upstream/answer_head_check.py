"""Refuses invalid answer heads that the HTTP parser (httptools) accepts. Pure: no I/O, no clock."""

import re
from collections.abc import Iterable

Field = tuple[bytes, bytes]

_REASON = re.compile(rb"[\t -~\x80-\xff]*")
"""A reason phrase (RFC 9112, section 4)."""


def check_line(version: str, status: int, reason: bytes) -> None:
    """Refuse an invalid status line. Raises ValueError."""
    if version not in ("1.1", "1.0"):
        raise ValueError("its version of HTTP is not known")
    if status < 100:
        raise ValueError("its status is no status")
    if reason and not _REASON.fullmatch(reason):
        raise ValueError("its reason phrase has control characters")


def is_framed(status: int, fields: Iterable[Field]) -> bool:
    """Whether a head says where its body ends. Raises ValueError: its coding is not known."""
    names = [name.lower() for name, _ in fields]
    if b"transfer-encoding" in names:
        _check_coding(fields)
        return True
    return b"content-length" in names or status in (204, 304)


def _check_coding(fields: Iterable[Field]) -> None:
    """Refuse a body that is coded in another way than in chunks. Raises ValueError.

    Its receiver would not learn of the other coding, as `Transfer-Encoding` is for one hop only.
    """
    codings = [value.lower() for name, value in fields if name.lower() == b"transfer-encoding"]
    if codings != [b"chunked"]:
        raise ValueError("its transfer coding is not known")


def protocols(values: Iterable[bytes]) -> frozenset[bytes]:
    """The protocols in `Upgrade` fields (RFC 9110, section 7.8), in lower case."""
    names = (name.strip().lower() for value in values for name in value.split(b","))
    return frozenset(filter(None, names))
