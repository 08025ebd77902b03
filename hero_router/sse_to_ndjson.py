"""Rewrites frames of the event stream as NDJSON: one JSON object per line. Pure: no I/O, no clock.

Only frames that `sse` has written are read here: their fields have a fixed order, and their data is
one line of ASCII JSON already, so that nothing has to be decoded.
"""

import re
from collections.abc import Mapping

from hero_router import sse

MEDIA_TYPE = "application/x-ndjson"

HEADERS: Mapping[str, str] = {**sse.HEADERS, "Content-Type": f"{MEDIA_TYPE}; charset=utf-8"}

_FRAME = re.compile(
    rb"(?:retry: ([0-9]+)\n)?(?:id: ([0-9]+-[0-9]+)\n)?(?:event: (\w+)\ndata: ([^\n]*)\n)?\n"
)


def lines(frames: bytes) -> bytes:
    """The whole frames as lines `{"id": …, "event": …, "data": …}`, the same events in order.

    `id` is null for a frame without a position. A `retry:` becomes the member `retry_ms`; a frame
    with nothing else is an event `retry` without data.

    Raises:
        ValueError: the bytes are not whole frames of `sse`.
    """
    made, end = list[bytes](), 0
    for frame in _FRAME.finditer(frames):
        if frame.start() != end:
            break
        made.append(_line(*frame.groups()))
        end = frame.end()
    if end != len(frames):
        raise ValueError("not whole frames of the event stream")
    return b"".join(made)


def _line(
    retry: bytes | None, position: bytes | None, event: bytes | None, data: bytes | None
) -> bytes:
    given = b"null" if position is None else b'"%b"' % position
    more = b"" if retry is None else b',"retry_ms":%b' % retry
    return b'{"id":%b,"event":"%b","data":%b%b}\n' % (given, event or b"retry", data or b"{}", more)
