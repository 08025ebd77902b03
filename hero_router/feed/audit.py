"""Checks that the mirror is what Redis holds: a foreign change of a record makes no event.

The tail compares the two now and then at one position, over its own connection. Redis sends the
registry as it is: a digest made by a script would keep it busy for more than twice as long.
"""

import asyncio
import random
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import Any

from hero_router.codec import InvalidJson, decode_trusted
from hero_router.feed.mirror import Mirror
from hero_router.store.snapshot import raw_record

AUDIT_SECONDS = 30.0
"""Longest time between two audits. Each worker takes a random part of it, half at least, so that
they do not all ask at once."""

AGAIN_SECONDS = AUDIT_SECONDS + 5.0
"""Time after a difference until it is reported once more: some clients may have loaded the state
from a worker that had not noticed yet. By then every worker has."""

BATCH = 256
"""Records to parse and compare before other tasks get their turn: about five milliseconds."""


class Schedule:
    """When the next audit is due, and when a difference is reported again.

    `clock` is monotonic seconds; `jitter` is a random number in [0, 1).
    """

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._clock, self._jitter = clock, jitter
        self._again_at: float | None = None
        self.done()

    @property
    def due(self) -> bool:
        """Whether it is time to compare."""
        return self._clock() >= self._next_at

    def done(self) -> None:
        """Mirror and registry are equal now."""
        self._next_at = self._clock() + AUDIT_SECONDS * (0.5 + self._jitter() / 2)

    def differed(self) -> None:
        """A difference was just reported to the clients."""
        self._again_at = self._clock() + AGAIN_SECONDS

    def take_repetition(self) -> bool:
        """Whether a difference is to be reported again now; true only once for each."""
        due = self._again_at is not None and self._clock() >= self._again_at
        if due:
            self._again_at = None
        return due


async def compared(
    mirror: Mirror, texts: Mapping[str, str]
) -> tuple[dict[str, Mapping[str, Any]], set[str]]:
    """The valid records among these, and the ids of those that differ from the mirror.

    Invalid records were reported when they came. The mirror must not change meanwhile.
    """
    valid, differing, items = dict[str, Mapping[str, Any]](), set[str](), list(texts.items())
    for start in range(0, len(items), BATCH):
        part = _records(items[start : start + BATCH])
        differing |= mirror.differing(part)
        valid |= part
        await asyncio.sleep(0)
    return valid, differing | mirror.lacking(valid.keys())


def _records(texts: Iterable[tuple[str, str]]) -> dict[str, Mapping[str, Any]]:
    valid = {}
    for key, raw in texts:
        with suppress(InvalidJson, TypeError):
            valid[key] = raw_record(key, decode_trusted(raw))
    return valid
