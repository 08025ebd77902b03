"""`Entry`: one event of the stream in the memory of a worker, with its encoded SSE frame.

An entry is made once; `Ring` and `LatestByService` hold the same object.
"""

from typing import NamedTuple

from hero_router import sse
from hero_router.feed.filters import Tags, tags_of
from hero_router.model import Event
from hero_router.position import Position


class Entry(NamedTuple):
    """One event with its position, SSE frame and filter tags.

    Every client is sent the same `frame`. `at` is when the event was published, in Unix ms by
    Redis's clock; 0: unknown.
    """

    position: Position
    frame: bytes
    tags: Tags
    at: int


def make_entry(event: Event) -> Entry:
    """Make the `Entry` of an event of the stream."""
    return Entry(event.position, frame(event), tags_of(event), event.at)


def frame(event: Event) -> bytes:
    """The SSE frame of an event, with the time at which it was published (`at`), if known.

    An entry that hero_router did not write becomes a `ping`, so that positions have no gap.
    """
    name = "ping" if event.type is None else event.type
    return sse.frame_text(name, _with_time(event), position=event.position)


def _with_time(event: Event) -> str:
    if not event.at or "at" in event.payload:
        return event.data
    if not event.payload:
        return f'{{"at":{event.at}}}'
    _, brace, fields = event.data.partition("{")
    return f'{brace}"at":{event.at},{fields}'
