"""Passes on a W3C trace context, or starts one (https://www.w3.org/TR/trace-context/). Pure.

The router records no spans. So a context that a trusted caller gives is passed on as it is: a span
id of the router's own would name a span that nobody can find.
"""

import re
from collections.abc import Callable, Iterable

PARENT, STATE = b"traceparent", b"tracestate"

_ZEROS = re.compile(rb"0+")
_FORM = re.compile(rb"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")


def trace_fields(
    fields: Iterable[tuple[bytes, bytes]], *, trusted: bool, token_hex: Callable[[int], str]
) -> list[tuple[bytes, bytes]]:
    """The trace context of a request as a service gets it.

    `token_hex` gives random bytes as hexadecimal digits. A context that is begun here is marked as
    sampled: whoever records spans does it, as without a context. `tracestate` goes with a valid
    `traceparent` only.
    """
    given = [each for each in fields if each[0].lower() in (PARENT, STATE)] if trusted else []
    parents = [value for name, value in given if name.lower() == PARENT]
    if len(parents) == 1 and _is_valid(parents[0]):
        return given
    return [begun(token_hex(24))]


def begun(digits: str) -> tuple[bytes, bytes]:
    """The `traceparent` of a trace that begins here: 32 digits for the trace, 16 for the parent."""
    return PARENT, f"00-{digits[:32]}-{digits[32:]}-01".encode("ascii")


def trace_id(fields: Iterable[tuple[bytes, bytes]]) -> str:
    """The trace id in a trace context that `trace_fields` gave."""
    parent = next(value for name, value in fields if name.lower() == PARENT)
    return parent.split(b"-", 2)[1].decode("ascii")


def _is_valid(parent: bytes) -> bool:
    """Whether a `traceparent` is well formed; versions after 00 may have more at the end."""
    found = _FORM.fullmatch(parent)
    if found is None or found[1] == b"ff" or (found[1] == b"00" and found[5] is not None):
        return False
    return _ZEROS.fullmatch(found[2]) is None and _ZEROS.fullmatch(found[3]) is None
